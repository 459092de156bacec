"""Back-office views of quizzes, and the doors to courses and tools, declared."""

from django.db.models import Count
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.admin.menu import MenuItem
from wagtail.admin.panels import ObjectList
from wagtail.admin.ui.tables import Column
from wagtail.snippets.views.snippets import SnippetViewSet

from courses.forms import QuizForm
from courses.models import Quiz
from lms import permissions


class QuizViewSet(SnippetViewSet):
    """Quizzes: list, write, where they are used."""

    model = Quiz
    icon = "tasks"
    url_prefix = "cuestionarios"
    menu_label = _("Cuestionarios")
    menu_order = 120
    add_to_admin_menu = True
    edit_handler = ObjectList(Quiz.panels, base_form_class=QuizForm)
    list_display = [
        "title",
        Column("question_count", label=_("Preguntas"), sort_key="question_count"),
        Column("pass_percent", label=_("Se aprueba con (%)"), sort_key="pass_percent"),
        Column("max_attempts", label=_("Intentos (0: sin límite)")),
    ]
    search_fields = ["title"]
    search_backend_name = None

    def get_queryset(self, request: HttpRequest):
        """With the number of questions."""
        return Quiz.objects.annotate(question_count=Count("questions"))


class EditorMenuItem(MenuItem):
    """A door for those who write courses."""

    def is_shown(self, request: HttpRequest) -> bool:
        """Trainers and administrators."""
        return permissions.allows(request.user, "edit_course")
