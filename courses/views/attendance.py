"""Noting attendance in the back-office: the list for the thumb, the signed sheet typed back, the code on the screen."""

import uuid
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from pydantic import ValidationError
from wagtail.admin import messages

from courses.domain import attendance, rotating
from courses.models import Attendance, CoursePage, Enrolment, InPersonSession
from courses.models.reach import EDIT
from courses.schemas import MarksIn
from courses.session_forms import FindForm
from courses.views.sessions import frame_of, session_or_404
from lms.domain.errors import RuleBroken
from lms.permissions import needs

SAID = {"si": True, "no": False}
STATUS = {"attendance.conflict": 409}


@dataclass
class Line:
    """A row of a form: what holds, what was chosen, what is wrong with it."""

    row: attendance.Row
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    chosen: str = ""
    reason: str = ""
    error: str = ""

    @property
    def key(self) -> str:
        """The names of its fields end with it."""
        return str(self.row.enrolment.public_id)


def lines_of(session: InPersonSession) -> list[Line]:
    """As it stands."""
    chosen = {True: "si", False: "no", None: ""}
    return [Line(row, chosen=chosen[row.is_present]) for row in attendance.rows_of(session)]


@needs(EDIT)
@never_cache
def list_page(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Everybody with a seat, with large targets; with a script it goes on without a line."""
    session = session_or_404(request, public_id)
    way = Attendance.Way.HAND if request.POST.get("way") == "hand" else Attendance.Way.LIST
    return _marked(request, session, way, "attendance.html", _("Asistencia"))


@needs(EDIT)
@never_cache
def sheet_page(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The signed sheet typed back, in its order."""
    session = session_or_404(request, public_id)
    return _marked(request, session, Attendance.Way.SHEET, "attendance_sheet.html", _("Pasar la hoja firmada"))


def _marked(request: HttpRequest, session: InPersonSession, way: str, template: str, title: str) -> HttpResponse:
    lines = lines_of(session)
    if request.method == "POST":
        saved = sum(_note(request, session, line, way) for line in _posted(request, session, lines))
        if saved:
            said = ngettext("Se guardó %(n)d marca.", "Se guardaron %(n)d marcas.", saved) % {"n": saved}
            messages.success(request, said)
        if not any(line.error for line in lines):
            return redirect(request.path)
        messages.error(request, _("Lo señalado no se guardó. Lo demás sí."))
    context = {
        "lines": lines,
        "history": attendance.history_of(session),
        "find_form": FindForm(),
        "course": CoursePage.objects.filter(translation_key=session.activity.course_key).first(),
        "present": sum(line.row.is_present is True for line in lines),
        "has_begun": timezone.now() >= session.starts_at - attendance.EARLY,
        "is_own": [line.key for line in lines if line.row.enrolment.person_id == request.user.pk],
    }
    shown = context | frame_of(session, title)
    status = 422 if request.method == "POST" else 200
    return render(request, f"wagtailadmin/courses/{template}", shown, status=status)


def _posted(request: HttpRequest, session: InPersonSession, lines: list[Line]) -> list[Line]:
    """The lines where something was chosen that does not hold yet, with what was written in them."""
    known = {line.key for line in lines}
    for name in request.POST:
        key = name.removeprefix("m-")
        if name != key and key not in known and (found := _find(session, key)):
            lines.append(Line(attendance.Row(found, None, attendance.state_of(session=session, enrolment=found))))
    changed = []
    for line in lines:
        said = request.POST.get(f"m-{line.key}", "")
        if said not in SAID or SAID[said] == line.row.is_present:
            continue
        line.chosen, line.reason = said, request.POST.get(f"r-{line.key}", "")[:300]
        line.client_id = request.POST.get(f"id-{line.key}", "")[:40] or line.client_id
        changed.append(line)
    return changed


def _find(session: InPersonSession, key: str) -> Enrolment | None:
    """Somebody of the course."""
    try:
        of_course = Enrolment.objects.active().filter(course_key=session.activity.course_key)
        return of_course.select_related("person").filter(public_id=UUID(key)).first()
    except ValueError:
        return None


def _note(request: HttpRequest, session: InPersonSession, line: Line, way: str) -> bool:
    try:
        mark = attendance.Mark(UUID(line.client_id), SAID[line.chosen], way, reason=line.reason)
        attendance.note(session=session, enrolment=line.row.enrolment, mark=mark, by=request.user)
    except RuleBroken as broken:
        line.error = broken.message
    except ValueError:
        line.error = _("Vuelva a marcarlo.")
        line.client_id = str(uuid.uuid4())
    return not line.error


@needs(EDIT)
@require_POST
def marks(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What a telephone noted without a line; each mark with a verdict, so that it knows what it may forget."""
    session = session_or_404(request, public_id)
    try:
        sent = MarksIn.model_validate_json(request.body)
    except ValidationError as wrong:
        return JsonResponse({"detail": wrong.errors(include_url=False, include_input=False)}, status=422)
    return JsonResponse({"verdicts": [_verdict(request, session, one) for one in sent.marks]})


def _verdict(request: HttpRequest, session: InPersonSession, one) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": str(one.id), "enrolment": str(one.enrolment), "code": "", "message": ""}
    enrolment = _find(session, str(one.enrolment))
    if enrolment is None:
        gone = _("Esa persona ya no está en este curso.")
        return answer | {"status": 422, "code": "attendance.other_course", "message": gone}
    mark = attendance.Mark(one.id, one.present, Attendance.Way.LIST, happened_at=one.at, reason=one.reason)
    try:
        _row, is_new = attendance.note(session=session, enrolment=enrolment, mark=mark, by=request.user)
    except RuleBroken as broken:
        status = STATUS.get(broken.code, 422)
        return answer | {"status": status, "code": broken.code, "message": str(broken.message)}
    return answer | {"status": 201 if is_new else 200}


@needs(EDIT)
@never_cache
@require_safe
def screen(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The code that changes, large. The key is on this page alone; with it the screen needs no line."""
    session = session_or_404(request, public_id)
    now = timezone.now()
    step = rotating.step_at(now)
    address = reverse("courses:scan", args=[session.code, 0, "x"]).removesuffix("0/x/")
    context = {
        "session": session,
        "course": get_object_or_404(CoursePage.objects.filter(translation_key=session.activity.course_key)[:1]),
        "key": rotating.key_of(session).hex(),
        "now": int(now.timestamp() * 1000),
        "step": step,
        "seconds": rotating.STEP_SECONDS,
        "address": request.build_absolute_uri(address),
        "is_open": not (session.closed_at or session.cancelled_at),
    }
    return render(request, "courses/screen.html", context)
