"""What this app adds to Wagtail's back-office."""

from django.urls import include, path, reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.widgets.button import Button
from wagtail.models import AbstractPage
from wagtail.permissions import register_permission_policy
from wagtail.snippets.models import register_snippet

from courses.bank_viewsets import (
    CountingMenuItem,
    ReviewMenuItem,
    answers_to_mark,
    pages_to_review,
    question_chooser_viewset,
    questions_to_answer,
)
from courses.models import CoursePage, Quiz
from courses.models.reach import AuthoringPolicy, writes
from courses.views import (
    analysis,
    attendance,
    authoring,
    bank,
    bank_files,
    door,
    evaluation,
    handed,
    marking,
    people,
    regrading,
    retention,
    review,
    rules,
    sessions,
    statements,
    talk_office,
    tongues,
    translations,
    worksheets,
)
from courses.viewsets import (
    CompetencyViewSet,
    CoursesMenuItem,
    LearningPathViewSet,
    QuizViewSet,
    TermViewSet,
    ToolsMenuItem,
)

authoring_policy = AuthoringPolicy()
register_permission_policy(AbstractPage, authoring_policy)
register_snippet(QuizViewSet)
register_snippet(TermViewSet)
register_snippet(LearningPathViewSet)
register_snippet(CompetencyViewSet)


@hooks.register("register_admin_urls")
def register_doors():
    """Short addresses for the menu."""
    return [
        path("cursos/", authoring.courses, name="courses_authoring"),
        path("herramientas/", authoring.tools, name="tools_authoring"),
        path("revision/", review.index, name="courses_review"),
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


@hooks.register("register_admin_menu_item")
def review_in_menu():
    """With how many wait."""
    url = reverse_lazy("courses_review")
    return ReviewMenuItem(_("Revisión"), url, icon_name="clipboard-list", order=98, waiting=pages_to_review)


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
        path("<uuid:public_id>/versiones/comparar/", regrading.compare, name="compare"),
        path("<uuid:public_id>/analisis/", analysis.of_question, name="analysis"),
        path("cuestionarios/<uuid:public_id>/analisis/", analysis.of_quiz, name="quiz_analysis"),
        path("<uuid:public_id>/recalificar/", regrading.regrade, name="regrade"),
        path("<uuid:public_id>/recalificar/avance/", regrading.progress, name="regrade_progress"),
        path("<uuid:public_id>/recalificar/csv/", regrading.sheet, name="regrade_sheet"),
        path("<uuid:public_id>/idiomas/", tongues.index, name="tongues"),
        path("<uuid:public_id>/idiomas/<slug:code>/", tongues.question, name="tongue"),
        path("cuestionarios/<uuid:public_id>/idiomas/<slug:code>/", tongues.quiz, name="quiz_tongue"),
        path("<uuid:public_id>/archivar/", bank.archive, name="archive"),
        path("<uuid:public_id>/restaurar/", bank.restore, name="restore"),
    ]
    return [path("preguntas/", include((patterns, "courses_bank")))]


@hooks.register("register_snippet_listing_buttons")
def analysis_of_quizzes(snippet, user, next_url=None):
    """From a quiz of the list to how its questions do."""
    if isinstance(snippet, Quiz):
        address = reverse("courses_bank:quiz_analysis", args=[snippet.public_id])
        yield Button(_("Análisis de las preguntas"), address, icon_name="table", priority=30)


@hooks.register("register_admin_urls")
def register_rules():
    """What a course asks for, and of whom."""
    key = "<uuid:course_key>/"
    asked = [
        path(f"{key}reglas/", rules.index, name="index"),
        path(f"{key}reglas/cambiar/", rules.edit, name="edit"),
        path(f"{key}reglas/efecto/", rules.effect, name="effect"),
        path(f"{key}reglas/efecto/contar/", rules.again, name="again"),
        path(f"{key}reglas/retirar/", rules.withdraw, name="withdraw"),
    ]
    of_whom = [
        path(f"{key}personas/", people.index, name="index"),
        path(f"{key}fichas/", worksheets.handed_in, name="worksheets"),
        path("personas/<uuid:public_id>/", people.person, name="person"),
        path("excepciones/<uuid:public_id>/retirar/", people.withdraw, name="withdraw"),
    ]
    return [
        path("cursos/", include((asked, "courses_rules"))),
        path("cursos/", include((of_whom, "courses_people"))),
    ]


@hooks.register("register_page_header_buttons")
def rules_of_a_course(page, user, view_name, next_url=None):
    """From the page of a course to what it asks for."""
    if isinstance(page.specific_deferred, CoursePage) and page.permissions_for_user(user).can_edit():
        address = reverse("courses_rules:index", args=[page.translation_key])
        yield Button(_("Qué pide el curso"), address, icon_name="clipboard-list", priority=15)
        handed_in = reverse("courses_people:worksheets", args=[page.translation_key])
        yield Button(_("Fichas entregadas"), handed_in, icon_name="form", priority=16)


@hooks.register("register_admin_urls")
def register_marking():
    """What a person marks."""
    patterns = [
        path("", marking.index, name="index"),
        path("<uuid:public_id>/<int:number>/", marking.mark, name="mark"),
        path("archivos/<uuid:public_id>/", handed.to_mark, name="file"),
    ]
    return [path("por-calificar/", include((patterns, "courses_marking")))]


@hooks.register("register_page_header_buttons")
def invite(page, user, view_name, next_url=None):
    """From a published course to its invitations."""
    if isinstance(page.specific_deferred, CoursePage) and page.live and writes(user, page):
        address = reverse("courses:course_invitations", args=[page.translation_key])
        yield Button(_("Invitaciones"), address, icon_name="mail", priority=60)


@hooks.register("register_admin_urls")
def register_sessions():
    """What is held in person."""
    patterns = [
        path("", sessions.index, name="index"),
        path("partes/<uuid:public_id>/agregar/", sessions.add, name="add"),
        path("<uuid:public_id>/", attendance.list_page, name="attendance"),
        path("<uuid:public_id>/cambiar/", sessions.change, name="change"),
        path("<uuid:public_id>/cancelar/", sessions.cancel, name="cancel"),
        path("<uuid:public_id>/cierre/", sessions.close, name="close"),
        path("<uuid:public_id>/apertura/", sessions.reopen, name="reopen"),
        path("<uuid:public_id>/marcas/", attendance.marks, name="marks"),
        path("<uuid:public_id>/hoja/", attendance.sheet_page, name="sheet"),
        path("<uuid:public_id>/buscar/", door.find, name="find"),
        path("<uuid:public_id>/inscripcion/", door.register, name="register"),
        path("<uuid:public_id>/pantalla/", attendance.screen, name="screen"),
    ]
    return [path("presencial/", include((patterns, "courses_sessions")))]


@hooks.register("register_admin_menu_item")
def sessions_in_menu():
    """After the courses."""
    return CoursesMenuItem(_("Presencial"), reverse_lazy("courses_sessions:index"), icon_name="group", order=92)


@hooks.register("register_admin_urls")
def register_retention():
    """Where people stop watching."""
    patterns = [
        path("", retention.index, name="index"),
        path("<uuid:public_id>/", retention.of_video, name="video"),
    ]
    return [path("donde-dejan-de-ver/", include((patterns, "courses_retention")))]


@hooks.register("register_admin_menu_item")
def retention_in_menu():
    """After the quizzes."""
    return CoursesMenuItem(
        _("Dónde dejan de ver"), reverse_lazy("courses_retention:index"), icon_name="media", order=123
    )


@hooks.register("register_admin_urls")
def register_talk():
    """What learners ask under lessons."""
    patterns = [
        path("", talk_office.index, name="index"),
        path("<uuid:public_id>/", talk_office.question, name="question"),
    ]
    return [path("dudas/", include((patterns, "courses_talk")))]


@hooks.register("register_admin_urls")
def register_evaluations():
    """What people say of courses."""
    patterns = [
        path("", evaluation.index, name="index"),
        path("<int:pk>/", evaluation.results, name="results"),
        path("<int:pk>/xapi/", statements.of_own_course, name="statements"),
    ]
    return [path("evaluaciones/", include((patterns, "courses_evaluation")))]


@hooks.register("register_admin_menu_item")
def evaluations_in_menu():
    """After what waits."""
    url = reverse_lazy("courses_evaluation:index")
    return CoursesMenuItem(_("Evaluaciones"), url, icon_name="clipboard-list", order=124)


@hooks.register("register_admin_menu_item")
def talk_in_menu():
    """With how many wait: a longer name would hide the number."""
    url = reverse_lazy("courses_talk:index")
    return CountingMenuItem(_("Dudas"), url, icon_name="comment", order=123, waiting=questions_to_answer)


@hooks.register("register_admin_menu_item")
def bank_in_menu():
    """Beside the quizzes."""
    return CoursesMenuItem(_("Preguntas"), reverse_lazy("courses_bank:index"), icon_name="help", order=121)


@hooks.register("register_admin_menu_item")
def marking_in_menu():
    """With how many wait."""
    url = reverse_lazy("courses_marking:index")
    return CountingMenuItem(_("Por calificar"), url, icon_name="edit", order=122, waiting=answers_to_mark)


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
