"""What this app adds to Wagtail's back-office."""

from django.urls import include, path
from wagtail import hooks
from wagtail.permissions import register_permission_policy

from certificates.domain import acts
from certificates.models import Certificate, CertificateAct
from certificates.views import session_papers
from certificates.viewsets import READ, act_viewset, certificate_viewset
from lms.viewsets.base import TablePolicy

register_permission_policy(Certificate, TablePolicy(Certificate, READ, verbs=("view",)))
register_permission_policy(CertificateAct, TablePolicy(CertificateAct, acts.CERTIFY, verbs=("view",)))


@hooks.register("register_admin_viewset")
def register_viewsets():
    """The register, and what two people do to it."""
    return [certificate_viewset, act_viewset]


@hooks.register("register_admin_urls")
def register_papers():
    """What is drawn of sessions in person: here, since only this app draws."""
    patterns = [
        path("<uuid:public_id>/hoja.pdf", session_papers.sheet, name="sheet"),
        path("<uuid:public_id>/codigo.svg", session_papers.code, name="code"),
    ]
    return [path("presencial/", include((patterns, "certificates_sessions")))]
