"""Who was there. Rows are only added; what the newest says, holds. Enough hours complete the part, for good."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import attended, completion
from courses.models import Activity, Attendance, Enrolment, InPersonSession, Registration
from lms.domain import audit, identity
from lms.domain.errors import RuleBroken
from lms.models import Appointment, Person

# Doors open before the hour.
EARLY = timedelta(hours=1)
Way = Attendance.Way


@dataclass(frozen=True)
class Mark:
    """What somebody notes: `client_id` is made where it is noted, so that it counts once however often it comes."""

    client_id: UUID
    is_present: bool
    way: str
    happened_at: datetime | None = None
    reason: str = ""
    is_late: bool = False


@transaction.atomic
def note(*, session: InPersonSession, enrolment: Enrolment, mark: Mark, by: Person) -> tuple[Attendance, bool]:
    """Keep a mark; whether it is new comes with it. The same one again changes nothing.

    Raises `attendance.conflict` (the same id, another content), `attendance.closed`, `attendance.cancelled`,
    `attendance.too_early`, `attendance.other_course`, `attendance.own`, `attendance.needs_reason`,
    `text.number_in_it`.
    """
    identity.assert_no_number(mark.reason)
    enrolment = Enrolment.objects.select_for_update(of=("self",), no_key=True).get(pk=enrolment.pk)
    locked = InPersonSession.objects.select_for_update(of=("self",), no_key=True)
    session = locked.select_related("activity").get(pk=session.pk)
    if known := Attendance.objects.filter(client_id=mark.client_id).first():
        return _same(known, session, enrolment, mark), False
    now = timezone.now()
    _assert_notable(session, enrolment, mark, by, now)
    before = state_of(session=session, enrolment=enrolment)
    if before is not None and before.is_present != mark.is_present and not mark.reason.strip():
        raise RuleBroken(
            "attendance.needs_reason", _("Esta asistencia ya estaba anotada de otra manera. Escriba por qué cambia.")
        )
    made, is_new = Attendance.objects.get_or_create(
        client_id=mark.client_id,
        defaults={
            "session": session,
            "enrolment": enrolment,
            "is_present": mark.is_present,
            "way": mark.way,
            "is_late": mark.is_late,
            "noted_by": by,
            "happened_at": min(mark.happened_at or now, now),
            "received_at": now,
            "reason": mark.reason.strip(),
        },
    )
    if not is_new:
        return _same(made, session, enrolment, mark), False
    if before is not None and before.is_present != made.is_present:
        _record_correction(made, by)
    settle(enrolments=[enrolment.pk], lesson_key=session.activity.lesson_key)
    return made, True


def _same(known: Attendance, session: InPersonSession, enrolment: Enrolment, mark: Mark) -> Attendance:
    said = (known.session_id, known.enrolment_id, known.is_present, known.way, known.reason)
    if said != (session.pk, enrolment.pk, mark.is_present, mark.way, mark.reason.strip()):
        raise RuleBroken("attendance.conflict", _("Esta marca ya llegó con otro contenido. No se cambió nada."))
    return known


def _assert_notable(session: InPersonSession, enrolment: Enrolment, mark: Mark, by: Person, now: datetime) -> None:
    if enrolment.course_key != session.activity.course_key:
        raise RuleBroken("attendance.other_course", _("Esa persona no está en este curso."))
    if session.cancelled_at:
        raise RuleBroken("attendance.cancelled", _("Esta sesión se canceló."))
    if session.closed_at:
        raise RuleBroken(
            "attendance.closed", _("La asistencia de esta sesión está cerrada. Para corregirla, ábrala de nuevo.")
        )
    if now < session.starts_at - EARLY:
        raise RuleBroken("attendance.too_early", _("La sesión todavía no ha empezado."))
    if mark.way != Way.QR and by.pk == enrolment.person_id:
        raise RuleBroken("attendance.own", _("Su propia asistencia la anota otra persona, o usted con el código."))


def state_of(*, session: InPersonSession, enrolment: Enrolment) -> Attendance | None:
    """What holds of somebody at a session; None where nothing was noted."""
    return Attendance.objects.filter(session=session, enrolment=enrolment).order_by("-pk").first()


def settle(*, enrolments: Iterable, lesson_key: UUID | None = None, at: datetime | None = None) -> None:
    """Complete the parts that somebody was at long enough. Repeating it changes nothing."""
    rows = Attendance.objects.filter(
        enrolment__in=Enrolment.objects.active().filter(pk__in=enrolments),
        is_present=True,
        session__activity__retired_at=None,
    ).exclude(session__activity__completions__enrolment=F("enrolment"))
    if lesson_key:
        rows = rows.filter(session__activity__lesson_key=lesson_key)
    pairs = set(rows.values_list("enrolment", "session__activity"))
    if not pairs:
        return
    hours = attended.hours_of({enrolment for enrolment, _activity in pairs})
    people = Enrolment.objects.in_bulk([enrolment for enrolment, _activity in pairs])
    activities = Activity.objects.in_bulk([activity for _enrolment, activity in pairs])
    for enrolment, activity in sorted(pairs):
        _complete(people[enrolment], activities[activity], hours.get((enrolment, activity), Decimal(0)), at)


def _complete(enrolment: Enrolment, activity: Activity, there: Decimal, at: datetime | None) -> None:
    if there < attended.needed_hours(activity):
        return
    facts = {"attended_hours": f"{there:.1f}", "hours": f"{activity.hours:.1f}", "min_percent": activity.min_percent}
    completion.complete_activity(enrolment=enrolment, activity=activity, facts=facts, at=at)


@dataclass(frozen=True)
class Row:
    """Somebody on the list of a session. `number` is their place on the sheet; empty for who came without a seat."""

    enrolment: Enrolment
    number: int | None
    newest: Attendance | None

    @property
    def is_present(self) -> bool | None:
        """None where nothing was noted."""
        return None if self.newest is None else self.newest.is_present


def rows_of(session: InPersonSession) -> list[Row]:
    """Everybody with a seat in the order of the sheet, then who came without one. Two queries."""
    related = ("enrolment__person", "enrolment__course")
    newest: dict[int, Attendance] = {}
    for one in session.attendance.select_related(*related, "noted_by").order_by("pk"):
        newest[one.enrolment_id] = one
    seats = Registration.objects.active().filter(session=session).select_related(*related).order_by("number")
    listed = [Row(one.enrolment, one.number, newest.pop(one.enrolment_id, None)) for one in seats]
    came = sorted(newest.values(), key=lambda one: (str(one.enrolment.person), one.pk))
    return listed + [Row(one.enrolment, None, one) for one in came if one.enrolment.joined_into_id is None]


def places_of(rows: Iterable[Row]) -> dict[int, str]:
    """Where the people of some rows work today, by the key of the person. One query."""
    people = [row.enrolment.person_id for row in rows]
    held = Appointment.objects.current().filter(person__in=people).order_by("pk")
    return dict(held.values_list("person", "municipality__name_common"))


def history_of(session: InPersonSession) -> dict[int, list[Attendance]]:
    """Every row of whoever was noted more than once, by enrolment, the oldest first."""
    found: dict[int, list[Attendance]] = defaultdict(list)
    for one in session.attendance.select_related("noted_by").order_by("pk"):
        found[one.enrolment_id].append(one)
    return {key: rows for key, rows in found.items() if len(rows) > 1}


def _record_correction(made: Attendance, by: Person) -> None:
    facts = {
        "course": str(made.session.activity.course_key),
        "person": str(made.enrolment.person.public_id),
        "is_present": made.is_present,
        "reason": made.reason,
    }
    subject = f"courses.inpersonsession:{made.session.public_id}"
    audit.record("attendance.corrected", by=by, subject=subject, facts=facts)
