"""The back-office's page of translations: courses by language, and what each still lacks."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from wagtail.admin import messages
from wagtail.models import Page

from courses.domain import tongues, translating
from courses.models import BankQuestion, CoursePage, LessonPage, Quiz
from courses.models.reach import EDIT, bank_for, quizzes_for
from lms.domain.errors import RuleBroken
from lms.permissions import needs


def frame(title: str) -> dict:
    """Where a page of the translations stands."""
    index = {"url": reverse("courses_translations:index"), "label": _("Traducciones")}
    crumbs = [index] if title != _("Traducciones") else []
    return {
        "page_title": title,
        "header_title": title,
        "header_icon": "globe",
        "breadcrumbs_items": [*crumbs, {"url": "", "label": title}],
    }


def _editable(request: HttpRequest, model: type[Page], pk: int) -> Page:
    """A page that the person may write; any other does not exist."""
    page = get_object_or_404(model, pk=pk)
    if not page.permissions_for_user(request.user).can_edit():
        raise Http404
    return page


@needs(EDIT)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Each course with its translations and how much they lack."""
    courses = [
        (course, [translating.lacking(one) for one in translating.translations_of(course)])
        for course in translating.courses_for(request.user)
    ]
    context = {"courses": courses, "languages": tongues.languages()} | frame(_("Traducciones"))
    return render(request, "wagtailadmin/courses/translations.html", context)


@needs(EDIT)
@require_safe
def work(request: HttpRequest, page_id: int) -> HttpResponse:
    """What a translation lacks, as work to do."""
    course = _editable(request, CoursePage, page_id)
    title = f"{course.title} · {course.locale.get_display_name()}"
    lacking = translating.lacking(course)
    questions = BankQuestion.objects.filter(pk__in=[one.version.question_id for one in lacking.questions])
    quizzes = Quiz.objects.filter(pk__in=[one.pk for one in lacking.quizzes])
    context = {
        "course": course,
        "lacking": lacking,
        "questions": set(bank_for(request.user, questions, to_edit=True).values_list("pk", flat=True)),
        "quizzes": set(quizzes_for(request.user, quizzes).values_list("pk", flat=True)),
    } | frame(title)
    return render(request, "wagtailadmin/courses/translation.html", context)


@needs(EDIT)
@require_POST
def begin(request: HttpRequest, page_id: int) -> HttpResponse:
    """Begin the translation of a course into `language`, and go on with what it lacks."""
    course = _editable(request, CoursePage, page_id)
    try:
        begun = translating.translate_course(course, code=request.POST.get("language", ""), by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
        return redirect("courses_translations:index")
    messages.success(request, _("La traducción está empezada, sin publicar. Esto es lo que le falta."))
    return redirect("courses_translations:work", begun.pk)


@needs(EDIT)
@require_POST
def begin_lesson(request: HttpRequest, page_id: int) -> HttpResponse:
    """Copy a lesson into `language` and open it where its words are replaced."""
    lesson = _editable(request, LessonPage, page_id)
    try:
        begun = translating.translate_lesson(lesson, code=request.POST.get("language", ""), by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
        return redirect("courses_translations:index")
    return redirect("wagtailadmin_pages:edit", begun.pk)
