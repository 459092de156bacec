"""What this app adds to Wagtail's back-office."""

from django.urls import path, reverse_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.models import AbstractPage
from wagtail.permissions import register_permission_policy
from wagtail.snippets.models import register_snippet

from courses.models.reach import AuthoringPolicy
from courses.views import authoring
from courses.viewsets import CoursesMenuItem, QuizViewSet, ToolsMenuItem

authoring_policy = AuthoringPolicy()
register_permission_policy(AbstractPage, authoring_policy)
register_snippet(QuizViewSet)


@hooks.register("register_admin_urls")
def register_doors():
    """Short addresses for the menu."""
    return [
        path("cursos/", authoring.courses, name="courses_authoring"),
        path("herramientas/", authoring.tools, name="tools_authoring"),
    ]


@hooks.register("construct_page_chooser_queryset")
def offer_ones_own(pages, request):
    """Choosers browse what the explorer shows, no more."""
    return pages & authoring_policy.explorable_instances(request.user)


@hooks.register("register_admin_menu_item")
def register_courses():
    """Courses come first."""
    return CoursesMenuItem(_("Cursos"), reverse_lazy("courses_authoring"), icon_name="openquote", order=90)


@hooks.register("register_admin_menu_item")
def register_tools():
    """Then the toolbox."""
    return ToolsMenuItem(_("Herramientas"), reverse_lazy("tools_authoring"), icon_name="cogs", order=95)
