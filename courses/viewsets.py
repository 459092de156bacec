"""Back-office views of quizzes, and the doors to courses and tools, declared."""

from functools import wraps
from typing import Any

from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from wagtail.admin.menu import MenuItem
from wagtail.admin.panels import ObjectList
from wagtail.admin.ui.tables import BooleanColumn, Column
from wagtail.snippets.views import chooser
from wagtail.snippets.views.chooser import SnippetChooserViewSet
from wagtail.snippets.views.snippets import CreateView, DeleteView, EditView, SnippetViewSet

from courses.domain import competencies
from courses.forms import CompetencyForm, QuizForm
from courses.models import Competency, LearningPath, Quiz, Term
from courses.models.reach import EDIT, quizzes_for
from lms import permissions
from lms.viewsets.base import Guarded


class OwnQuizzesAlone:
    """A viewset whose views know only the quizzes that the person may write; another's does not exist."""

    def construct_view(self, view_class, **kwargs):
        """The view behind the guard."""
        view = super().construct_view(view_class, **kwargs)  # type: ignore[misc]

        @wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if "pk" in kwargs:
                mine = quizzes_for(request.user, Quiz.objects.all())
                get_object_or_404(mine, pk=unquote(str(kwargs["pk"])))
            return view(request, *args, **kwargs)

        return guarded


class QuizCreateView(CreateView):
    """A new quiz is of whoever writes it."""

    def save_instance(self) -> Quiz:
        """Whoever writes it keeps it."""
        self.form.instance.made_by = self.request.user
        return super().save_instance()


class _Offered:
    """In a lesson one places quizzes that one may write."""

    def get_object_list(self):
        """In the order of their titles."""
        return quizzes_for(self.request.user, Quiz.objects.all())  # type: ignore[attr-defined]


class QuizChooseView(_Offered, chooser.ChooseView):
    """The dialogue."""


class QuizChooseResultsView(_Offered, chooser.ChooseResultsView):
    """Its list."""


class QuizChosenMultipleView(chooser.SnippetChosenMultipleView):
    """Several at once."""

    def get_objects(self, pks):
        """One's own among them."""
        return quizzes_for(self.request.user, Quiz.objects.filter(pk__in=pks))


class QuizChooserViewSet(OwnQuizzesAlone, SnippetChooserViewSet):
    """Choosing a quiz for a lesson."""

    choose_view_class = QuizChooseView
    choose_results_view_class = QuizChooseResultsView
    chosen_multiple_view_class = QuizChosenMultipleView


class QuizViewSet(OwnQuizzesAlone, SnippetViewSet):
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
    add_view_class = QuizCreateView
    chooser_viewset_class = QuizChooserViewSet

    def get_queryset(self, request: HttpRequest):
        """Those that one may write, with the number of questions."""
        return quizzes_for(request.user, Quiz.objects.annotate(question_count=Count("items")))


class Named:
    """A page whose heading is there for who hears it, too: the snippets' own frame leaves it out."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the title that the frame makes the heading of."""
        return {"title": self.get_header_title(), **super().get_context_data(**kwargs)}  # type: ignore[misc, attr-defined]


class PathAddView(Named, CreateView):
    """Write a path."""


class PathEditView(Named, EditView):
    """Change a path."""


class LearningPathViewSet(Guarded, SnippetViewSet):
    """Learning paths: list, write, take away."""

    action = "manage_paths"
    model = LearningPath
    add_view_class = PathAddView
    edit_view_class = PathEditView
    icon = "list-ol"
    url_prefix = "rutas"
    menu_label = _("Rutas de aprendizaje")
    menu_order = 96
    add_to_admin_menu = True
    list_display = [
        "title",
        BooleanColumn("is_published", label=_("Publicada")),
        Column("course_count", label=_("Cursos")),
    ]
    search_fields = ["title"]
    search_backend_name = None

    def get_queryset(self, request: HttpRequest):
        """With the number of courses."""
        return LearningPath.objects.annotate(course_count=Count("items"))


class CompetencyAddView(Named, CreateView):
    """Write a competency."""

    def save_instance(self) -> Competency:
        """The trail says who did."""
        made = super().save_instance()
        competencies.note_change(made, {}, by=self.request.user)
        return made


class CompetencyEditView(Named, EditView):
    """Change what it is called, or what posts ask of it."""

    def save_instance(self) -> Competency:
        """The trail says what is otherwise now."""
        before = competencies.said(self.object)
        made = super().save_instance()
        competencies.note_change(made, before, by=self.request.user)
        return made


class CompetencyDeleteView(DeleteView):
    """Take one away. What was certified keeps its name; courses prove it no longer, posts ask for it no longer."""

    @transaction.atomic
    def delete_action(self) -> None:
        """The trail says who did."""
        before = competencies.said(self.object)
        super().delete_action()
        competencies.note_change(self.object, before, by=self.request.user)


class CompetencyViewSet(Guarded, SnippetViewSet):
    """Competencies and what each post asks of them: list, write, take away."""

    action = competencies.ACTION
    model = Competency
    add_view_class = CompetencyAddView
    edit_view_class = CompetencyEditView
    delete_view_class = CompetencyDeleteView
    edit_handler = ObjectList(Competency.panels, base_form_class=CompetencyForm)
    icon = "pick"
    url_prefix = "competencias"
    menu_label = _("Competencias")
    menu_order = 97
    add_to_admin_menu = True
    list_display = [
        "name",
        Column("levels", label=_("Niveles"), accessor=lambda one: ", ".join(one.levels.values())),
        Column("post_count", label=_("Puestos que la piden")),
        Column("course_count", label=_("Cursos que la demuestran")),
        BooleanColumn("is_derived", label=_("Por confirmar")),
    ]
    search_fields = ["name", "description"]
    search_backend_name = None

    def get_queryset(self, request: HttpRequest):
        """With how many posts ask for it, and how many courses prove it."""
        posts, courses = Count("asked", distinct=True), Count("courses__translation_key", distinct=True)
        return Competency.objects.annotate(post_count=posts, course_count=courses)


class TermAddView(Named, CreateView):
    """Write a word."""


class TermEditView(Named, EditView):
    """Change a word."""


class TermChooserViewSet(Guarded, SnippetChooserViewSet):
    """Choosing words for a lesson."""

    action = EDIT


class TermViewSet(Guarded, SnippetViewSet):
    """The glossary: list, write, where a word is used. It is one for all who write lessons."""

    action = EDIT
    model = Term
    add_view_class = TermAddView
    edit_view_class = TermEditView
    chooser_viewset_class = TermChooserViewSet
    icon = "list-ul"
    url_prefix = "glosario"
    menu_label = _("Glosario")
    menu_order = 122
    add_to_admin_menu = True
    list_display = ["word", Column("meaning", label=_("Qué significa"))]
    search_fields = ["word", "meaning"]
    search_backend_name = None


class CoursesMenuItem(MenuItem):
    """A door for those who write courses."""

    def is_shown(self, request: HttpRequest) -> bool:
        """Trainers and administrators."""
        return permissions.allows(request.user, EDIT)


class ToolsMenuItem(MenuItem):
    """A door for those who write tools."""

    def is_shown(self, request: HttpRequest) -> bool:
        """Not those whose role ends at a course."""
        return permissions.nationwide(request.user, EDIT)
