"""What is drawn of sessions in person: the sheet to sign, and the code for a screen without a script."""

from io import BytesIO
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import override
from django.views.decorators.http import require_safe

from certificates.pdf.attendance_sheet import Sheet, render_sheet
from certificates.pdf.screen_code import render_svg
from courses.domain import attendance, rotating
from courses.models import CoursePage, InPersonSession
from courses.models.reach import EDIT
from courses.views.sessions import session_or_404
from lms.permissions import needs

PRIVATE = {"Cache-Control": "private, no-store"}


@needs(EDIT)
@require_safe
def sheet(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The sheet to print. Who came without a seat writes themselves into a blank row."""
    session = session_or_404(request, public_id)
    rows = [row for row in attendance.rows_of(session) if row.number]
    places = attendance.places_of(rows)
    people = [(row.number, str(row.enrolment.person), places.get(row.enrolment.person_id, "")) for row in rows]
    return FileResponse(
        BytesIO(render_sheet(_sheet(session), people)),
        filename=f"hoja-{session.code}.pdf",
        content_type="application/pdf",
        headers=PRIVATE,
    )


def _sheet(session: InPersonSession) -> Sheet:
    course = CoursePage.objects.filter(translation_key=session.activity.course_key).first()
    starts, ends = timezone.localtime(session.starts_at), timezone.localtime(session.ends_at)
    with override("es"):  # a paper of the country, whoever prints it
        day = formats.date_format(starts, r"l j \d\e F \d\e Y")
    return Sheet(
        issuer=settings.CERTIFICATE_ISSUER,
        title=course.title if course else session.activity.title,
        part=session.activity.title,
        code=session.code,
        facts=(
            ("Fecha", f"{day}, {starts:%H:%M}–{ends:%H:%M}"),
            ("Lugar", f"{session.room}, {session.municipality}"),
            ("Facilita", str(session.trainer or "")),
        ),
    )


@needs(EDIT)
@require_safe
def code(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The code of this moment, for a screen that cannot make it."""
    session = session_or_404(request, public_id)
    step = rotating.step_at(timezone.now())
    address = reverse("courses:scan", args=[session.code, step, rotating.mac_of(session, step)])
    picture = render_svg(request.build_absolute_uri(address))
    return HttpResponse(picture, content_type="image/svg+xml", headers=PRIVATE)
