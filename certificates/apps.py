"""App configuration."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CertificatesConfig(AppConfig):
    """The app `certificates`."""

    name = "certificates"
    verbose_name = _("Certificados")

    def ready(self) -> None:
        """Listen to `course_completed` and `link_confirmed`; register what hangs on a person."""
        from certificates import checks, receivers  # noqa: F401, PLC0415 models are loaded only now
        from courses.signals import course_completed  # noqa: PLC0415
        from lms.signals import link_confirmed  # noqa: PLC0415

        course_completed.connect(receivers.ask_for_certificate, dispatch_uid="certificates.ask_for_certificate")
        link_confirmed.connect(receivers.ask_for_waiting, dispatch_uid="certificates.ask_for_waiting")
        import_module("certificates.domain.belongings")
        import_module("certificates.domain.career_notices")
        import_module("certificates.domain.expiring")
