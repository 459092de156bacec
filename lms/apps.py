"""App configuration."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LmsConfig(AppConfig):
    """The app `lms`."""

    name = "lms"
    verbose_name = _("Personas y municipios")

    def ready(self) -> None:
        """Register the system checks, which ask the models, what hangs on a person, and what the kernel hears."""
        import_module("lms.checks")
        import_module("lms.receivers")
        import_module("lms.domain.kernel_belongings")
