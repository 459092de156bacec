"""Answering a quiz: one question a screen, each answer saved, a look over all before sending, a result with reasons."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from courses.domain import grading
from courses.models import Activity, Answer, Attempt, CoursePage, Enrolment, LessonPage
from lms.domain.errors import RuleBroken


def attempt_or_404(request: HttpRequest, public_id: UUID) -> Attempt:
    """The signed-in person's attempt; anybody else's does not exist."""
    attempts = Attempt.objects.select_related("quiz", "activity__quiz", "enrolment__course")
    return get_object_or_404(attempts, public_id=public_id, enrolment__person=request.user)


def lesson_address(activity: Activity, course: CoursePage) -> str:
    """Where the quiz stands in its lesson, or the course when the lesson is no longer published."""
    lesson = LessonPage.objects.live().filter(translation_key=activity.lesson_key).first()
    if lesson and lesson.url:
        return f"{lesson.url}#a-{activity.block_key}"
    return course.url or reverse("courses:learning")


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Begin, or go on where one stopped. A visit by address alone leads to the lesson."""
    activity = get_object_or_404(Activity.objects.select_related("quiz"), public_id=public_id, quiz__isnull=False)
    enrolments = Enrolment.objects.active().for_person(request.user).select_related("course")
    enrolment = get_object_or_404(enrolments, course_key=activity.course_key)
    if request.method == "GET":
        return redirect(lesson_address(activity, enrolment.course))
    try:
        attempt = grading.start(
            enrolment=enrolment, activity=activity, attempt_id=_uuid_or_404(request.POST.get("attempt_id", ""))
        )
    except RuleBroken as broken:
        messages.error(request, broken.message)
        return redirect(lesson_address(activity, enrolment.course))
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
    if attempt.closed_at:
        return redirect("courses:attempt_result", attempt.public_id)
    answers = list(attempt.answers.all())
    if not 1 <= number <= len(answers):
        raise Http404
    error = ""
    if request.method == "POST":
        error = _save(request, attempt, answers[number - 1])
        if not error and request.headers.get("X-Requested-With") == "fetch":
            return HttpResponse(status=204)
        if not error:
            return redirect(_next_address(request.POST.get("go", ""), attempt, number, len(answers)))
    context = {
        "attempt": attempt,
        "answer": answers[number - 1],
        "number": number,
        "total": len(answers),
        "answered_count": sum(1 for given in answers if given.answered_at),
        "error": error,
    }
    return render(request, "courses/attempt_question.html", context, status=422 if error else 200)


def _save(request: HttpRequest, attempt: Attempt, given: Answer) -> str:
    """Keep an answer; gives the words of the rule it breaks, if any."""
    try:
        grading.answer(attempt=attempt, question_key=given.question_key, chosen=request.POST.getlist("chosen"))
    except RuleBroken as broken:
        return broken.message
    return ""


def _next_address(go: str, attempt: Attempt, number: int, total: int) -> str:
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
    if attempt.closed_at:
        return redirect("courses:attempt_result", attempt.public_id)
    answers = list(attempt.answers.all())
    context = {
        "attempt": attempt,
        "answers": answers,
        "unanswered": [given for given in answers if not given.answered_at],
    }
    return render(request, "courses/attempt_review.html", context)


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
        return redirect(lesson_address(attempt.activity, attempt.enrolment.course))
    return redirect("courses:attempt_result", attempt.public_id)


@login_required
@require_safe
def result(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The score, each question with its reason, and what comes next."""
    attempt = attempt_or_404(request, public_id)
    if not attempt.closed_at:
        return redirect("courses:attempt_review", attempt.public_id)
    answers = list(attempt.answers.all())
    context = {
        "attempt": attempt,
        "answers": answers,
        "right_count": sum(1 for given in answers if given.is_right),
        "counted": sum(1 for given in answers if given.is_right is not None),
        "standing": grading.standing(enrolment=attempt.enrolment, activity=attempt.activity),
        "lesson_address": lesson_address(attempt.activity, attempt.enrolment.course),
    }
    return render(request, "courses/attempt_result.html", context)
