"""Addresses of this app."""

from django.urls import path

from certificates.views import record, revocation, tracking, verification

app_name = "certificates"
urlpatterns = [
    path("mi-expediente/", record.record, name="record"),
    path("mi-expediente/certificados/<uuid:public_id>.pdf", record.download, name="download"),
    path("verificar/", verification.verify, name="verify"),
    path("verificar/<str:code>/", verification.certificate, name="certificate"),
    path("seguimiento/", tracking.tracking, name="tracking"),
    path("seguimiento/certificados.xlsx", tracking.export_xlsx, name="export_xlsx"),
    path("seguimiento/certificados.csv", tracking.export_csv, name="export_csv"),
    path("seguimiento/<uuid:public_id>/revocacion/", revocation.revoke, name="revoke"),
]
