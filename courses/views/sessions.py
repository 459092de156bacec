"""Sessions in person in the back-office: what is planned, planning, changing, cancelling, closing."""

from collections.abc import Callable
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from wagtail.admin import messages

from courses.domain import marking, sessions
from courses.models import Activity, CoursePage, InPersonSession
from courses.models.reach import EDIT
from courses.session_forms import ReasonForm, SessionForm
from lms.domain.errors import RuleBroken
from lms.permissions import needs


def frame(title: str, *between: tuple[str, str], subtitle: str = "") -> dict:
    """Where a page stands; `between` are (address, name) of the pages above."""
    above = [(reverse("courses_sessions:index"), _("Sesiones presenciales")), *between]
    crumbs = [{"url": url, "label": label} for url, label in above if label != title]
    return {
        "page_title": title,
        "header_title": title,
        "page_subtitle": subtitle,
        "header_icon": "group",
        "breadcrumbs_items": [*crumbs, {"url": "", "label": title}],
    }


def frame_of(session: InPersonSession, title: str) -> dict:
    """The same for a page on one session."""
    name = f"{timezone.localtime(session.starts_at):%d/%m/%Y} · {session.municipality}"
    above = (reverse("courses_sessions:attendance", args=[session.public_id]), name)
    return frame(title, above, subtitle=f"{session.activity} · {name}") | {"session": session}


def session_or_404(request: HttpRequest, public_id: UUID) -> InPersonSession:
    """A session that somebody plans and notes; another's does not exist."""
    mine = sessions.sessions_for(request.user).select_related("activity", "municipality__department", "trainer")
    return get_object_or_404(mine, public_id=public_id)


def parts_for(request: HttpRequest) -> QuerySet[Activity]:
    """The parts held in person of the courses that somebody writes."""
    keys = marking.courses_of(request.user).values("translation_key")
    return Activity.objects.current().filter(kind=Activity.Kind.ATTENDANCE, course_key__in=keys)


@needs(EDIT)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every part with its sessions, and those that one holds in others' courses."""
    parts = list(parts_for(request).order_by("course_key", "order"))
    mine = sessions.with_taken(sessions.sessions_for(request.user))
    by_part: dict[int, list[InPersonSession]] = {}
    for one in mine.select_related("activity", "municipality__department", "trainer"):
        by_part.setdefault(one.activity_id, []).append(one)
    written = {part.pk for part in parts}
    elsewhere = {one.activity_id: one.activity for some in by_part.values() for one in some} if by_part else {}
    others = [activity for key, activity in elsewhere.items() if key not in written]
    keys = {part.course_key for part in [*parts, *others]}
    titles = dict(CoursePage.objects.filter(translation_key__in=keys).values_list("translation_key", "title"))
    rows = [
        (titles.get(part.course_key, ""), part, by_part.get(part.pk, []), part.pk in written)
        for part in [*parts, *others]
    ]
    context = {"rows": sorted(rows, key=lambda row: row[0])}
    return render(request, "wagtailadmin/courses/sessions.html", context | frame(_("Sesiones presenciales")))


@needs(EDIT)
def add(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Plan a session of a part."""
    part = get_object_or_404(parts_for(request), public_id=public_id)
    form = SessionForm(request.POST or None, instance=InPersonSession(activity=part), initial={"hours": part.hours})
    title = _("Programar una sesión")
    return _written(
        request, form, frame(title, subtitle=str(part)), lambda **said: sessions.plan(activity=part, **said)
    )


@needs(EDIT)
def change(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change what was planned."""
    session = session_or_404(request, public_id)
    form = SessionForm(request.POST or None, instance=InPersonSession.objects.get(pk=session.pk))
    shown = frame_of(session, _("Cambiar la sesión"))
    return _written(request, form, shown, lambda **said: sessions.change(session=session, **said))


def _written(request: HttpRequest, form: SessionForm, shown: dict, write: Callable) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            made = write(by=request.user, **form.cleaned_data)
        except RuleBroken as broken:
            form.add_error(None, broken.message)
        else:
            messages.success(request, _("Se guardó la sesión."))
            return redirect("courses_sessions:attendance", made.public_id)
    context = {"form": form, "action": _("Guardar")}
    status = 422 if request.method == "POST" else 200
    return render(request, "wagtailadmin/courses/session_form.html", context | shown, status=status)


@needs(EDIT)
def cancel(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """It will not be held."""
    return _reasoned(request, public_id, _("Cancelar la sesión"), sessions.cancel, _("Se canceló la sesión."))


@needs(EDIT)
def reopen(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Let the attendance be corrected."""
    return _reasoned(
        request, public_id, _("Abrir de nuevo la asistencia"), sessions.reopen, _("La asistencia está abierta.")
    )


def _reasoned(request: HttpRequest, public_id: UUID, title: str, verb: Callable, done: str) -> HttpResponse:
    session = session_or_404(request, public_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            verb(session=session, reason=form.cleaned_data["reason"], by=request.user)
        except RuleBroken as broken:
            form.add_error(None, broken.message)
        else:
            messages.success(request, done)
            return redirect("courses_sessions:attendance", public_id)
    context = {"form": form, "action": title} | frame_of(session, title)
    status = 422 if request.method == "POST" else 200
    return render(request, "wagtailadmin/courses/session_form.html", context, status=status)


@needs(EDIT)
@require_POST
def close(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The attendance is final."""
    session = session_or_404(request, public_id)
    try:
        sessions.close(session=session, by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
    else:
        messages.success(request, _("La asistencia quedó cerrada."))
    return redirect("courses_sessions:attendance", public_id)
