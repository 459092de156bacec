"""What this app adds to Wagtail's back-office."""

from django.urls import include, path, reverse_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.permissions import register_permission_policy

from certificates.domain import acts
from certificates.models import Certificate, CertificateAct
from certificates.views import session_papers, templates
from certificates.viewsets import READ, TemplatesMenuItem, act_viewset, certificate_viewset
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


@hooks.register("register_admin_urls")
def register_templates():
    """How certificates look."""
    patterns = [
        path("", templates.index, name="index"),
        path("nueva/", templates.add, name="add"),
        path("nueva/muestra.pdf", templates.sample, name="new_sample"),
        path("<uuid:public_id>/", templates.edit, name="edit"),
        path("<uuid:public_id>/publicar/", templates.publish, name="publish"),
        path("<uuid:public_id>/uso/", templates.use, name="use"),
        path("<uuid:public_id>/quitar/", templates.remove, name="remove"),
        path("<uuid:public_id>/muestra.pdf", templates.sample, name="sample"),
    ]
    return [path("plantillas/", include((patterns, "certificates_templates")))]


@hooks.register("register_admin_menu_item")
def templates_in_menu():
    """Beside the certificates."""
    url = reverse_lazy("certificates_templates:index")
    return TemplatesMenuItem(_("Plantillas"), url, icon_name="doc-full-inverse", order=351)
