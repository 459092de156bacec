"""Answering a quiz: one question a screen, each answer saved, a look over all before sending, a result with reasons."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from courses.domain import gain, grading, handing_in, tongues
from courses.models import Activity, Answer, Attempt, CoursePage, Enrolment, LessonPage
from courses.questions import Files, answers, showing
from lms.domain.errors import RuleBroken


def attempt_or_404(request: HttpRequest, public_id: UUID) -> Attempt:
    """The signed-in person's attempt; anybody else's does not exist."""
    attempts = Attempt.objects.select_related("quiz", "activity__quiz", "enrolment__course__locale")
    return get_object_or_404(tongues.with_titles(attempts), public_id=public_id, enrolment__person=request.user)


def lesson_address(activity: Activity, course: CoursePage, language: str = "") -> str:
    """Where the quiz stands in its lesson, in `language` if that is published; or the course, if none is."""
    found = LessonPage.objects.live().filter(translation_key=activity.lesson_key)
    lesson = _translated(found, language) if language else None
    lesson = lesson or found.sources().first()
    if lesson and lesson.url:
        return f"{lesson.url}#a-{activity.block_key}"
    return course.url or reverse("courses:learning")


def _translated(lessons: QuerySet[LessonPage], language: str) -> LessonPage | None:
    """The lesson in a language other than the source's, where its course is published too."""
    lesson = lessons.filter(locale__language_code=language).first()
    return lesson if lesson and lesson.get_parent().live else None


def back_to_lesson(attempt: Attempt) -> str:
    """The lesson of an attempt, in the language in which the person reads."""
    return lesson_address(attempt.activity, attempt.enrolment.course, attempt.language)


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Begin, or go on where one stopped. A visit by address alone leads to the lesson."""
    activity = get_object_or_404(Activity.objects.select_related("quiz"), public_id=public_id, quiz__isnull=False)
    enrolments = Enrolment.objects.active().for_person(request.user).select_related("course")
    enrolment = get_object_or_404(enrolments, course_key=activity.course_key)
    language = request.POST.get("language", "")
    if request.method == "GET":
        return redirect(lesson_address(activity, enrolment.course))
    attempt_id = _uuid_or_404(request.POST.get("attempt_id", ""))
    try:
        attempt = grading.start(enrolment=enrolment, activity=activity, attempt_id=attempt_id, language=language)
    except RuleBroken as broken:
        messages.error(request, broken.message)
        return redirect(lesson_address(activity, enrolment.course, language))
    waiting = attempt.answers.filter(answered_at=None).first()
    if attempt.closed_at:
        return redirect("courses:attempt_result", attempt.public_id)
    if waiting is None:
        return redirect("courses:attempt_review", attempt.public_id)
    return redirect("courses:attempt_question", attempt.public_id, waiting.order)


def _uuid_or_404(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


@login_required
@require_http_methods(["GET", "POST"])
def question(request: HttpRequest, public_id: UUID, number: int) -> HttpResponse:
    """One question; a POST keeps its answer and goes where the pressed button says (204 for a script)."""
    attempt = attempt_or_404(request, public_id)
    if attempt.closed_at or _is_over(attempt):
        return _close(request, attempt)
    asked = _asked(attempt)
    if not 1 <= number <= len(asked):
        raise Http404
    error, given = "", asked[number - 1]
    if request.method == "POST":
        error, given = _save(request, attempt, given)
        if not error and request.headers.get("X-Requested-With") == "fetch":
            return HttpResponse(status=204)
        if not error and "language" in request.POST:
            tongues.read_in(attempt, request.POST["language"])
        if not error:
            return redirect(_next_address(_way(request), attempt, number, len(asked)))
    field = showing.show(given.asked, given.given, seed=str(attempt.public_id))
    context = {
        "attempt": attempt,
        "answer": given,
        "field": field,
        "tongues": tongues.offered(attempt, asked),
        "number": number,
        "total": len(asked),
        "answered_count": sum(1 for one in asked if one.answered_at),
        "seconds_left": _seconds_left(attempt),
        "error": error,
        "halfway": handing_in.halfway(attempt, number) if field.kind == "files" else [],
    }
    return render(request, "courses/attempt_question.html", context, status=422 if error else 200)


def _asked(attempt: Attempt) -> list[Answer]:
    every = attempt.answers.select_related("version__question", "graded_by", "translation")
    return list(every.prefetch_related("version__question__pictures__image", "changes__regrading", "handed"))


def _seconds_left(attempt: Attempt) -> int | None:
    return max(0, int((attempt.ends_at - timezone.now()).total_seconds())) if attempt.ends_at else None


def _is_over(attempt: Attempt) -> bool:
    return attempt.ends_at is not None and timezone.now() > attempt.ends_at + grading.GRACE


def _close(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    """What is closed shows what came of it; what has no time left is handed in as it is."""
    if not attempt.closed_at:
        try:
            grading.hand_in(attempt=attempt)
        except RuleBroken as broken:
            messages.error(request, broken.message)
            return redirect(back_to_lesson(attempt))
        messages.info(request, _("Se terminó el tiempo. Enviamos lo que usted había guardado."))
    return redirect("courses:attempt_result", attempt.public_id)


def _save(request: HttpRequest, attempt: Attempt, asked: Answer) -> tuple[str, Answer]:
    """Keep an answer. Gives the words of the rule it breaks, if any, and the answer with what was typed."""
    body = asked.version.said.body
    if isinstance(body, Files):
        return _save_files(request, attempt, asked), asked
    try:
        given = answers.read(body, request.POST)
        return "", grading.answer(attempt=attempt, order=asked.order, given=given)
    except answers.UnfitAnswer as unfit:
        return str(grading.UNFIT[unfit.code]), asked
    except RuleBroken as broken:
        return broken.message, asked


def _save_files(request: HttpRequest, attempt: Attempt, asked: Answer) -> str:
    """Take in what was chosen and take back what is not wanted. Gives the words of the rule it breaks, if any."""
    try:
        if unwanted := request.POST.get("remove", ""):
            handing_in.take_back(attempt=attempt, order=asked.order, public_id=unwanted)
        given = {"attempt": attempt, "order": asked.order, "public_id": _id_of_file(request)}
        if "arrived" in request.POST and given["public_id"]:
            handing_in.take_arrived(**given)
        for file in request.FILES.getlist("answer"):
            handing_in.take(file=file, size=file.size, name=file.name, **given)
    except RuleBroken as broken:
        return broken.message
    return ""


def _id_of_file(request: HttpRequest) -> UUID | None:
    """What a script called the one file that it sends, or sent in pieces, so that it may come again after a cut."""
    try:
        is_one = len(request.FILES.getlist("answer")) == (0 if "arrived" in request.POST else 1)
        return UUID(request.POST["file_id"]) if is_one else None
    except (KeyError, ValueError):
        return None


def _way(request: HttpRequest) -> str:
    """Where the pressed button leads; one that takes a file back or changes the language leads nowhere else."""
    return "stay" if {"remove", "language"} & set(request.POST) else request.POST.get("go", "")


def _next_address(go: str, attempt: Attempt, number: int, total: int) -> str:
    if go == "stay":
        return reverse("courses:attempt_question", args=[attempt.public_id, number])
    if go == "previous" and number > 1:
        return reverse("courses:attempt_question", args=[attempt.public_id, number - 1])
    if go == "review" or number == total:
        return reverse("courses:attempt_review", args=[attempt.public_id])
    return reverse("courses:attempt_question", args=[attempt.public_id, number + 1])


@login_required
@require_safe
def review(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """All questions before sending, with those that have no answer named first."""
    attempt = attempt_or_404(request, public_id)
    if attempt.closed_at or _is_over(attempt):
        return _close(request, attempt)
    asked = _asked(attempt)
    context = {
        "attempt": attempt,
        "answers": asked,
        "unanswered": [one for one in asked if not one.answered_at],
        "unfinished": [one for one in asked if one.answered_at and not _is_whole(one)],
        "seconds_left": _seconds_left(attempt),
    }
    return render(request, "courses/attempt_review.html", context)


def _is_whole(one: Answer) -> bool:
    return answers.is_whole(one.version.said.body, one.given)


@login_required
@require_http_methods(["GET", "POST"])
def hand_in(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Send all answers. Pressed twice, it is sent once."""
    attempt = attempt_or_404(request, public_id)
    if request.method == "GET":
        return redirect("courses:attempt_review", attempt.public_id)
    try:
        grading.hand_in(attempt=attempt)
    except RuleBroken as broken:
        messages.error(request, broken.message)
        return redirect(back_to_lesson(attempt))
    return redirect("courses:attempt_result", attempt.public_id)


@login_required
@require_safe
def result(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The score, each question with its reason, and what comes next."""
    attempt = attempt_or_404(request, public_id)
    if not attempt.closed_at:
        return redirect("courses:attempt_review", attempt.public_id)
    asked = _asked(attempt)
    tongues.note_solutions(asked, attempt.language)
    changes = sorted((change for one in asked for change in one.changes.all()), key=lambda change: change.pk)
    context = {
        "attempt": attempt,
        "answers": asked,
        "changes": changes,
        "was_passed": any(change.was_passed for change in changes),
        "right_count": sum(1 for one in asked if one.is_right and one.points),
        "counted": sum(1 for one in asked if one.points),
        "standing": grading.standing(enrolment=attempt.enrolment, activity=attempt.activity),
        "change": gain.of_attempt(attempt),
        "lesson_address": back_to_lesson(attempt),
    }
    return render(request, "courses/attempt_result.html", context)
