"""A question of a lesson answered for practice; works without JavaScript, asks for no account, keeps nothing."""

from types import SimpleNamespace
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from courses.domain import practising
from courses.domain.grading import UNFIT
from courses.questions import answers, showing


@require_http_methods(["GET", "POST"])
def practise(request: HttpRequest, lesson_key: UUID, language: str, block_key: UUID) -> HttpResponse:
    """The question by itself, and after an answer what is to be said of that answer."""
    practice = practising.find(lesson_key=lesson_key, language=language, block_key=block_key, person=request.user)
    if practice is None:
        raise Http404
    said, mark, error, given = practice.asked, None, "", {}
    if request.method == "POST":
        try:
            given = answers.read(said.body, request.POST, practice.prefix)
            if answers.is_empty(said.body, given):
                error = _("Responda primero; después le decimos si acertó.")
            else:
                mark = practising.grade(practice, given)
        except answers.UnfitAnswer as unfit:
            error = str(UNFIT[unfit.code])
    context = {
        "practice": practice,
        "lesson": practice.lesson,
        "field": showing.show(said, given, seed=str(block_key), name=practice.prefix),
        "answer": SimpleNamespace(version=practice.version, lang=practice.lang),
        "mark": mark,
        "error": error,
    }
    return render(request, "courses/practice.html", context, status=422 if error else 200)
