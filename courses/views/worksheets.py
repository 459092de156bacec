"""A worksheet by itself: to fill in, to print; and in the back-office what was handed in."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from courses.domain import worksheets
from courses.models import Enrolment, FilledWorksheet
from courses.models.reach import EDIT
from courses.views.rules import course_or_404, frame
from lms.domain.errors import RuleBroken
from lms.permissions import needs

PER_PAGE = 30
LONGEST_PAGE = 40
Typed = dict[str, str] | None
BY_SCRIPT = "aula"  # what the page's own script says of itself


@require_http_methods(["GET", "HEAD", "POST"])
def worksheet(request: HttpRequest, lesson_key: UUID, language: str, block_key: UUID) -> HttpResponse:
    """The worksheet; whoever is in the course writes on it, with a script or without."""
    found = worksheets.find(lesson_key=lesson_key, language=language, block_key=block_key)
    if found is None:
        raise Http404
    if request.method == "POST":
        return _keep(request, found)
    return _show(request, found, worksheets.find_enrolment(request.user, found))


def _show(
    request: HttpRequest,
    found: worksheets.Worksheet,
    enrolment: Enrolment | None,
    *,
    typed: Typed = None,
    error: str = "",
) -> HttpResponse:
    """With what was typed, where that could not be kept."""
    filled = worksheets.find_filled(enrolment, found) if enrolment else None
    kept = {key: one["text"] for key, one in filled.answers.items()} if filled else {}
    texts = kept | dict(typed or {})
    numbers = _numbers(filled)
    context = {
        "worksheet": found,
        "enrolment": enrolment,
        "filled": filled,
        "rows": [(one, texts.get(one.key, ""), range(one.lines), numbers.get(one.key, 0)) for one in found.prompts],
        "longest": worksheets.LONGEST,
        "error": error,
    }
    return render(request, "courses/worksheet.html", context, status=422 if error else 200)


def _keep(request: HttpRequest, found: worksheets.Worksheet) -> HttpResponse:
    by_script = request.headers.get("X-Requested-With") == BY_SCRIPT
    if not request.user.is_authenticated:
        return HttpResponse(status=401) if by_script else redirect_to_login(request.get_full_path())
    enrolment = worksheets.find_enrolment(request.user, found)
    if enrolment is None:
        messages.error(request, _("Inscríbase en el curso para guardar su ficha."))
        return redirect(found.lesson.course.url or "courses:catalogue")
    given = _given(request, found)
    hands_in = "hand_in" in request.POST
    try:
        filled, joined = worksheets.keep(enrolment=enrolment, worksheet=found, given=given, hands_in=hands_in)
    except RuleBroken as broken:
        typed = {key: one.text for key, one in given.items()}
        return _show(request, found, enrolment, typed=typed, error=broken.message)
    if by_script:
        return _tell(request, found, filled, joined)
    if joined:
        messages.warning(
            request,
            _("En otro aparato también escribió aquí. Quedaron las dos respuestas, una debajo de otra: revíselas."),
        )
    messages.success(request, _("Ficha entregada. Puede seguir escribiendo.") if hands_in else _("Ficha guardada."))
    return redirect(request.path)


def _numbers(filled: FilledWorksheet | None) -> dict[str, int]:
    return {key: one.get("number", 1) for key, one in filled.answers.items()} if filled else {}


def _given(request: HttpRequest, found: worksheets.Worksheet) -> dict[str, worksheets.Given]:
    given, page = {}, request.POST.get("page", "")[:LONGEST_PAGE]
    for one in found.prompts:
        if one.field in request.POST:
            over = request.POST.get(one.over, "")
            number = int(over) if over.isascii() and over.isdecimal() and len(over) < 10 else None
            given[one.key] = worksheets.Given(request.POST[one.field], number, page)
    return given


def _tell(request: HttpRequest, found: worksheets.Worksheet, filled: FilledWorksheet, joined: set[str]) -> HttpResponse:
    """The numbers that stand now, and the texts that two devices wrote; scripts of before ask for nothing."""
    if request.headers.get("Accept") != "application/json":
        return HttpResponse(status=204)
    fields = {one.key: one.field for one in found.prompts}
    numbers = {fields[key]: number for key, number in _numbers(filled).items() if key in fields}
    texts = {fields[key]: filled.answers[key]["text"] for key in joined}
    return JsonResponse({"numbers": numbers, "joined": texts})


@needs(EDIT)
@require_safe
def handed_in(request: HttpRequest, course_key: UUID) -> HttpResponse:
    """The worksheets that learners of a course handed in, with what they wrote."""
    course = course_or_404(request, course_key)
    page = Paginator(worksheets.handed_in(course), PER_PAGE).get_page(request.GET.get("p"))
    return render(
        request, "wagtailadmin/courses/worksheets.html", {"page": page} | frame(course, _("Fichas entregadas"))
    )
