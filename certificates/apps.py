"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CertificatesConfig(AppConfig):
    """The app `certificates`."""

    name = "certificates"
    verbose_name = _("Certificados")

    def ready(self) -> None:
        """Listen to `course_completed`."""
        from certificates.receivers import owe_certificate  # noqa: PLC0415 models are loaded only now
        from courses.signals import course_completed  # noqa: PLC0415

        course_completed.connect(owe_certificate, dispatch_uid="certificates.owe_certificate")
