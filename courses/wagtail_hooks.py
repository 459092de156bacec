"""What this app adds to Wagtail's back-office."""

from django.urls import path, reverse_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.snippets.models import register_snippet

from courses.views import authoring
from courses.viewsets import EditorMenuItem, QuizViewSet

register_snippet(QuizViewSet)


@hooks.register("register_admin_urls")
def register_doors():
    """Short addresses for the menu."""
    return [
        path("cursos/", authoring.courses, name="courses_authoring"),
        path("herramientas/", authoring.tools, name="tools_authoring"),
    ]


@hooks.register("register_admin_menu_item")
def register_courses():
    """Courses come first."""
    return EditorMenuItem(_("Cursos"), reverse_lazy("courses_authoring"), icon_name="openquote", order=90)


@hooks.register("register_admin_menu_item")
def register_tools():
    """Then the toolbox."""
    return EditorMenuItem(_("Herramientas"), reverse_lazy("tools_authoring"), icon_name="cogs", order=95)
