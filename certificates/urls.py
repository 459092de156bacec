"""Addresses of this app."""

from django.urls import path

from certificates.views import (
    files,
    keys,
    offline,
    own_data,
    public_log,
    record,
    revocation,
    signed,
    staff,
    tracking,
    verification,
)

app_name = "certificates"
urlpatterns = [
    path(".well-known/did.json", keys.did, name="did"),
    path(".well-known/jwks.json", keys.jwks, name="jwks"),
    path("mi-expediente/", record.record, name="record"),
    path("mi-expediente/certificados/<uuid:public_id>.pdf", record.download, name="download"),
    path("mi-cuenta/datos-personales/descarga/mis-datos.pdf", own_data.as_pdf, name="own_data_pdf"),
    # In capitals, for a QR holds more of those; telephones and people may write it small.
    path("O/<str:text>", signed.signed, name="signed"),
    path("o/<str:text>", signed.signed, name="signed_small"),
    path("verificar/", verification.verify, name="verify"),
    path("verificar/archivo/", files.compare, name="compare_file"),
    path("verificar/archivo/<str:digest>.json", files.by_digest, name="file_by_digest"),
    path("verificar/sin-conexion/", offline.page, name="offline"),
    path("verificar/sin-conexion/sw.js", offline.service_worker, name="offline_worker"),
    path("verificar/sin-conexion/app.webmanifest", offline.manifest, name="offline_manifest"),
    path("verificar/<str:code>/", verification.certificate, name="certificate"),
    path("verificar/<str:code>/prueba.json", public_log.proof, name="proof"),
    path("estados/<str:name>.json", keys.status_list, name="status_list"),
    path("registro-publico/", public_log.index, name="log"),
    path("registro-publico/punto-de-control.txt", public_log.newest, name="newest_checkpoint"),
    path("registro-publico/consistencia.json", public_log.consistency, name="consistency"),
    path("registro-publico/<str:day>.txt", public_log.of_day, name="checkpoint"),
    path("seguimiento/", tracking.tracking, name="tracking"),
    path("seguimiento/certificados.xlsx", tracking.export_xlsx, name="export_xlsx"),
    path("seguimiento/certificados.csv", tracking.export_csv, name="export_csv"),
    path("seguimiento/<uuid:public_id>/revocacion/", revocation.revoke, name="revoke"),
    path("personal/formacion/", staff.overview, name="staff_overview"),
    path("personal/<municipality:code>/formacion/", staff.gaps_page, name="staff_gaps"),
    path("personal/<municipality:code>/formacion.xlsx", staff.gaps_xlsx, name="staff_gaps_xlsx"),
    path("personal/<municipality:code>/formacion.csv", staff.gaps_csv, name="staff_gaps_csv"),
    path("personal/<uuid:public_id>/formacion/", staff.training, name="staff_training"),
]
