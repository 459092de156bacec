"""App configuration."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoursesConfig(AppConfig):
    """The app `courses`."""

    name = "courses"
    verbose_name = _("Cursos")

    def ready(self) -> None:
        """Listen to what pages do; register what hangs on a person."""
        from courses import receivers  # noqa: PLC0415 models are only there now

        receivers.connect()
        import_module("courses.domain.belongings")
        # What presses comes first: a text to a telephone says the first line alone.
        import_module("courses.domain.due_sources")
        import_module("courses.domain.entry_sources")
        import_module("courses.domain.digest_sources")
