"""A worksheet by itself: to fill in, to print; and in the back-office what was handed in."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from courses.domain import worksheets
from courses.models import Enrolment
from courses.models.reach import EDIT
from courses.views.rules import course_or_404, frame
from lms.domain.errors import RuleBroken
from lms.permissions import needs

PER_PAGE = 30
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
    context = {
        "worksheet": found,
        "enrolment": enrolment,
        "filled": filled,
        "rows": [(one, texts.get(one.key, ""), range(one.lines)) for one in found.prompts],
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
    given = {one.key: request.POST[one.field] for one in found.prompts if one.field in request.POST}
    hands_in = "hand_in" in request.POST
    try:
        worksheets.keep(enrolment=enrolment, worksheet=found, given=given, hands_in=hands_in)
    except RuleBroken as broken:
        return _show(request, found, enrolment, typed=given, error=broken.message)
    if by_script:
        return HttpResponse(status=204)
    messages.success(request, _("Ficha entregada. Puede seguir escribiendo.") if hands_in else _("Ficha guardada."))
    return redirect(request.path)


@needs(EDIT)
@require_safe
def handed_in(request: HttpRequest, course_key: UUID) -> HttpResponse:
    """The worksheets that learners of a course handed in, with what they wrote."""
    course = course_or_404(request, course_key)
    page = Paginator(worksheets.handed_in(course), PER_PAGE).get_page(request.GET.get("p"))
    return render(
        request, "wagtailadmin/courses/worksheets.html", {"page": page} | frame(course, _("Fichas entregadas"))
    )
