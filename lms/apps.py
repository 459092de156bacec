"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LmsConfig(AppConfig):
    """The app `lms`."""

    name = "lms"
    verbose_name = _("Personas y municipios")
