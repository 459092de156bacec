"""What a learner does about sessions in person: a seat, giving it back, the calendar, the code on the screen."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courses.domain import calendar, rotating, sessions
from courses.models import CoursePage, Enrolment, InPersonSession
from courses.views.quiz import lesson_address
from lms.domain.errors import RuleBroken
from lms.domain.tries import Limit
from lms.views.limits import QUARTER, line_asking

# Codes that no screen ever showed; those that were shown are not counted.
FORGED_BY_LINE = Limit("scan-line", most=60, seconds=QUARTER)
SEEN = "scan"
# Signing in may take a while; the code was seen when its address came here first.
SEEN_FOR = timedelta(minutes=30)


def _mine_or_404(request: HttpRequest, public_id: UUID) -> tuple[InPersonSession, Enrolment]:
    """A session of a course that somebody is in; others do not exist."""
    session = get_object_or_404(
        InPersonSession.objects.select_related("activity", "municipality__department"), public_id=public_id
    )
    mine = Enrolment.objects.active().for_person(request.user).select_related("course")
    return session, get_object_or_404(mine, course_key=session.activity.course_key)


@login_required
@require_POST
def register(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take a seat."""
    done = _("Tiene un lugar en la sesión. Guárdela en su calendario para no olvidarla.")
    return _change(request, public_id, sessions.register, done)


@login_required
@require_POST
def give_back(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give the seat to somebody else."""
    return _change(request, public_id, sessions.give_back, _("Devolvió su lugar. Otra persona puede tomarlo."))


def _change(request: HttpRequest, public_id: UUID, verb: Callable[..., object], done: str) -> HttpResponse:
    """Do something about one's own seat, say what came of it, and go back to the lesson."""
    session, enrolment = _mine_or_404(request, public_id)
    try:
        verb(enrolment=enrolment, session=session, by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
    else:
        messages.success(request, done)
    return redirect(lesson_address(session.activity, enrolment.course))


@login_required
@require_safe
def calendar_file(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The session for a calendar."""
    session, enrolment = _mine_or_404(request, public_id)
    url = request.build_absolute_uri(lesson_address(session.activity, enrolment.course))
    return HttpResponse(
        calendar.render(session, host=calendar.host(), url=url),
        content_type="text/calendar; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="sesion-{session.code}.ics"',
            "Cache-Control": "private, no-store",
        },
    )


@never_cache
@require_http_methods(["GET", "POST"])
def scan(request: HttpRequest, code: str, step: int, mac: str) -> HttpResponse:
    """The code on the screen. Opening it shows who one is; pressing the button notes it. A visitor signs in first."""
    session = _shown_or_404(request, code, step, mac)
    seen_at = _seen_at(request)
    if not request.user.is_authenticated:
        return _remember(request, redirect_to_login(request.get_full_path()), seen_at)
    context = {"session": session, "course": _course_of(session), "error": ""}
    if request.method == "GET":
        return _remember(request, render(request, "courses/scan.html", context), seen_at)
    try:
        row = rotating.accept(
            session=session, person=request.user, scan=rotating.Scan(step, mac, seen_at or timezone.now())
        )
    except RuleBroken as broken:
        context["error"] = broken.message
        return render(request, "courses/scan.html", context, status=422)
    late = _("Su asistencia quedó anotada. El código llegó tarde: quien facilita lo verá así.")
    messages.success(request, late if row.is_late else _("Su asistencia quedó anotada."))
    return redirect(lesson_address(session.activity, row.enrolment.course))


def _shown_or_404(request: HttpRequest, code: str, step: int, mac: str) -> InPersonSession:
    """The session that showed this code; guessing is counted, and soon not answered."""
    line = line_asking(request)
    sessions_of_code = InPersonSession.objects.select_related("activity", "municipality__department")
    session = sessions_of_code.filter(code=code).first()
    if session is None or FORGED_BY_LINE.is_spent(line) or not rotating.is_genuine(session, step, mac):
        FORGED_BY_LINE.take(line)
        raise Http404
    return session


def _course_of(session: InPersonSession) -> CoursePage | None:
    return CoursePage.objects.live().filter(translation_key=session.activity.course_key).first()


def _seen_at(request: HttpRequest) -> datetime | None:
    """When this browser brought this code first, as we told it to keep; None when it did not."""
    said = request.get_signed_cookie(SEEN, default="", salt=request.path, max_age=SEEN_FOR)
    try:
        return datetime.fromisoformat(said) if said else None
    except ValueError:
        return None


def _remember(request: HttpRequest, answer: HttpResponse, seen_at: datetime | None) -> HttpResponse:
    if seen_at is None:
        answer.set_signed_cookie(
            SEEN,
            timezone.now().isoformat(),
            salt=request.path,
            max_age=SEEN_FOR,
            path=request.path,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure(),
        )
    return answer
