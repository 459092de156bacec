"""What this app adds to Wagtail's back-office."""

from django.urls import include, path, reverse_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.models import AbstractPage
from wagtail.permissions import register_permission_policy
from wagtail.snippets.models import register_snippet

from courses.bank_viewsets import MarkingMenuItem, question_chooser_viewset
from courses.models.reach import AuthoringPolicy
from courses.views import authoring, bank, bank_files, marking, translations
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


@hooks.register("register_admin_viewset")
def register_chooser():
    """Choosing a question for a quiz."""
    return question_chooser_viewset


@hooks.register("register_admin_urls")
def register_bank():
    """The bank of questions."""
    patterns = [
        path("", bank.index, name="index"),
        path("agregar/", bank.kinds, name="kinds"),
        path("agregar/<str:kind>/", bank.add, name="add"),
        path("temas/", bank.topics, name="topics"),
        path("temas/agregar/", bank.topic_add, name="topic_add"),
        path("temas/<int:pk>/", bank.topic_edit, name="topic_edit"),
        path("importar/", bank_files.bring, name="import"),
        path("exportar/", bank_files.export, name="export"),
        path("<uuid:public_id>/", bank.preview, name="preview"),
        path("<uuid:public_id>/cambiar/", bank.edit, name="edit"),
        path("<uuid:public_id>/versiones/", bank.history, name="history"),
        path("<uuid:public_id>/archivar/", bank.archive, name="archive"),
        path("<uuid:public_id>/restaurar/", bank.restore, name="restore"),
    ]
    return [path("preguntas/", include((patterns, "courses_bank")))]


@hooks.register("register_admin_urls")
def register_marking():
    """What a person marks."""
    patterns = [
        path("", marking.index, name="index"),
        path("<uuid:public_id>/<int:number>/", marking.mark, name="mark"),
    ]
    return [path("por-calificar/", include((patterns, "courses_marking")))]


@hooks.register("register_admin_menu_item")
def bank_in_menu():
    """Beside the quizzes."""
    return CoursesMenuItem(_("Preguntas"), reverse_lazy("courses_bank:index"), icon_name="help", order=121)


@hooks.register("register_admin_menu_item")
def marking_in_menu():
    """With how many wait."""
    return MarkingMenuItem(_("Por calificar"), reverse_lazy("courses_marking:index"), icon_name="edit", order=122)


@hooks.register("register_admin_urls")
def register_translations():
    """Courses in several languages."""
    patterns = [
        path("", translations.index, name="index"),
        path("<int:page_id>/", translations.work, name="work"),
        path("<int:page_id>/empezar/", translations.begin, name="begin"),
        path("lecciones/<int:page_id>/empezar/", translations.begin_lesson, name="begin_lesson"),
    ]
    return [path("traducciones/", include((patterns, "courses_translations")))]


@hooks.register("register_admin_menu_item")
def translations_in_menu():
    """After the courses and the tools."""
    return CoursesMenuItem(_("Traducciones"), reverse_lazy("courses_translations:index"), icon_name="globe", order=97)
