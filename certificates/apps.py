"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CertificatesConfig(AppConfig):
    """The app `certificates`."""

    name = "certificates"
    verbose_name = _("Certificados")
