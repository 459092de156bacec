"""App configuration."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MediaConfig(AppConfig):
    """The app `media`."""

    name = "media"
    verbose_name = _("Videos")

    def ready(self) -> None:
        """Registers the system checks, and what hangs on a person."""
        import_module("media.checks")
        import_module("media.domain.belongings")
