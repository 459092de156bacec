"""What this app adds to Wagtail's back-office."""

from wagtail import hooks
from wagtail.permissions import register_permission_policy

from certificates.models import Certificate
from certificates.viewsets import READ, certificate_viewset
from lms.viewsets.base import TablePolicy

register_permission_policy(Certificate, TablePolicy(Certificate, READ, verbs=("view",)))


@hooks.register("register_admin_viewset")
def register_viewsets():
    """The register."""
    return [certificate_viewset]
