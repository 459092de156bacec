"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MediaConfig(AppConfig):
    """The app `media`."""

    name = "media"
    verbose_name = _("Videos")
