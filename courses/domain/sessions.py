"""Sessions held in person: planning them, changing, cancelling, closing; taking a seat and giving it back.

Locks are taken in the order enrolment, session.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import marking, notices
from courses.models import Activity, Enrolment, InPersonSession, Registration
from lms.domain import audit, identity
from lms.domain.errors import RuleBroken
from lms.models import Person

# What whoever comes must know: a change of one of these is told, and is a new sequence of the calendar.
TOLD = ("starts_at", "ends_at", "municipality", "room", "trainer", "notes")
InTime = Callable[[InPersonSession, datetime], None]
PLANNED = (*TOLD, "meeting", "hours", "seats")


def sessions_for(person: Person) -> QuerySet[InPersonSession]:
    """The sessions that somebody plans and notes: of the courses that they write, and those that they hold."""
    keys = marking.courses_of(person).values("translation_key")
    return InPersonSession.objects.filter(Q(activity__course_key__in=keys) | Q(trainer=person))


def with_taken(sessions):
    """Adds `taken`, how many seats are held."""
    held = Q(registrations__cancelled_at=None, registrations__enrolment__joined_into=None)
    return sessions.annotate(taken=Count("registrations", filter=held & Q(registrations__isnull=False)))


@transaction.atomic
def plan(*, activity: Activity, by: Person | None, **fields: Any) -> InPersonSession:
    """Add a session. Raises `in_person.other_kind`, `in_person.backwards`."""
    if activity.kind != Activity.Kind.ATTENDANCE:
        raise RuleBroken("in_person.other_kind", _("Esta actividad no es presencial."))
    _assert_forward(fields["starts_at"], fields["ends_at"])
    made = InPersonSession.objects.create(activity=activity, **fields)
    _record("in_person.planned", made, by)
    return made


@transaction.atomic
def change(*, session: InPersonSession, by: Person | None, **fields: Any) -> InPersonSession:
    """Change what was planned; whoever holds a seat keeps it.

    Raises `in_person.closed`, `in_person.cancelled`, `in_person.backwards`, `in_person.seats_taken`.
    """
    session = _locked(session)
    _assert_open(session)
    changed = [name for name in PLANNED if name in fields and getattr(session, name) != fields[name]]
    for name in changed:
        setattr(session, name, fields[name])
    _assert_forward(session.starts_at, session.ends_at)
    taken = session.registrations.active().count()
    if session.seats < taken:
        raise RuleBroken(
            "in_person.seats_taken", _("Ya hay %(n)d personas inscritas: el cupo no puede ser menor.") % {"n": taken}
        )
    if set(changed) & set(TOLD):
        session.sequence += 1
    if changed:
        session.changed_at = timezone.now()
        session.save(update_fields=[*changed, "sequence", "changed_at"])
        if set(changed) & set(TOLD):
            notices.ask_session(session)
        _record("in_person.changed", session, by, fields=changed)
    return session


@transaction.atomic
def cancel(*, session: InPersonSession, reason: str, by: Person | None) -> InPersonSession:
    """It will not be held. Raises `in_person.reason`, `in_person.closed`, `in_person.cancelled`, `in_person.held`."""
    session = _locked(session)
    _assert_open(session)
    _assert_reason(reason)
    if session.attendance.filter(is_present=True).exists():
        raise RuleBroken("in_person.held", _("Ya hay asistencia anotada: esta sesión sí se dio."))
    session.cancelled_at = session.changed_at = timezone.now()
    session.cancel_reason = reason.strip()
    session.sequence += 1
    session.save(update_fields=["cancelled_at", "changed_at", "cancel_reason", "sequence"])
    notices.ask_session(session)
    _record("in_person.cancelled", session, by, reason=session.cancel_reason)
    return session


@transaction.atomic
def close(*, session: InPersonSession, by: Person | None) -> InPersonSession:
    """The attendance is final. Repeating it changes nothing. Raises `in_person.cancelled`, `in_person.too_early`."""
    session = _locked(session)
    if session.closed_at:
        return session
    _assert_open(session)
    if session.starts_at > timezone.now():
        raise RuleBroken("in_person.too_early", _("La sesión todavía no ha empezado."))
    session.closed_at = timezone.now()
    session.save(update_fields=["closed_at"])
    _record("in_person.closed", session, by)
    return session


@transaction.atomic
def reopen(*, session: InPersonSession, reason: str, by: Person | None) -> InPersonSession:
    """Let the attendance be corrected. Raises `in_person.reason`."""
    session = _locked(session)
    _assert_reason(reason)
    if session.closed_at:
        session.closed_at = None
        session.save(update_fields=["closed_at"])
        _record("in_person.reopened", session, by, reason=reason.strip())
    return session


@transaction.atomic
def register(*, enrolment: Enrolment, session: InPersonSession, by: Person | None, at=None) -> Registration:
    """Take a seat, giving back the one in a parallel session; repeating it gives the same seat.

    Raises `in_person.not_enrolled`, `in_person.other_course`, `in_person.begun`, `in_person.full`,
    `in_person.cancelled`, `in_person.closed`.
    """
    return _register(enrolment, session, by, at or timezone.now(), _assert_ahead)


@transaction.atomic
def seat_at_door(*, enrolment: Enrolment, session: InPersonSession, by: Person | None, at=None) -> Registration:
    """As `register`, by whoever holds the session, and until it ends. Raises `in_person.over` after that."""
    return _register(enrolment, session, by, at or timezone.now(), _assert_lasting)


def _register(
    enrolment: Enrolment, session: InPersonSession, by: Person | None, at: datetime, assert_in_time: InTime
) -> Registration:
    enrolment = _enrolled(enrolment, session)
    session = _locked(session)
    assert_in_time(session, at)
    held = {one.session_id: one for one in _parallel(enrolment, session).select_related("session")}
    if session.pk in held:
        return held.pop(session.pk)
    if any(other.session.cancelled_at is None and other.session.starts_at <= at for other in held.values()):
        raise RuleBroken("in_person.begun", _("La sesión en la que está ya empezó: no se puede cambiar."))
    return seat(enrolment=enrolment, session=session, by=by, at=at)


def seat(*, enrolment: Enrolment, session: InPersonSession, by: Person | None, at: datetime) -> Registration:
    """The next seat of a session whose row is locked; a parallel one is given back. Raises `in_person.full`."""
    if session.registrations.active().count() >= session.seats:
        raise RuleBroken("in_person.full", _("Esta sesión ya no tiene cupo. Elija otra."))
    _parallel(enrolment, session).update(cancelled_at=at)
    last = session.registrations.aggregate(last=Max("number"))["last"] or 0
    made = Registration.objects.create(session=session, enrolment=enrolment, number=last + 1, registered_at=at)
    _record("in_person.registered", session, by, person=str(enrolment.person.public_id))
    return made


def _parallel(enrolment: Enrolment, session: InPersonSession) -> QuerySet[Registration]:
    """The seats that somebody holds in this session and in those beside it."""
    return Registration.objects.active().filter(
        enrolment=enrolment, session__activity=session.activity_id, session__meeting=session.meeting
    )


def give_back_all(*, enrolment: Enrolment, at: datetime) -> None:
    """Whoever leaves the course leaves the seats in what has not begun."""
    Registration.objects.active().filter(enrolment=enrolment, session__starts_at__gt=at).update(cancelled_at=at)


@transaction.atomic
def give_back(*, enrolment: Enrolment, session: InPersonSession, by: Person | None, at=None) -> None:
    """Give the seat back, until the session begins. Repeating it changes nothing. Raises `in_person.begun`."""
    at = at or timezone.now()
    enrolment = Enrolment.objects.select_for_update(of=("self",), no_key=True).get(pk=enrolment.pk)
    session = _locked(session)
    held = session.registrations.active().filter(enrolment=enrolment).first()
    if held is None:
        return
    if session.cancelled_at is None and session.starts_at <= at:
        raise RuleBroken("in_person.begun", _("La sesión ya empezó: su inscripción queda como está."))
    held.cancelled_at = at
    held.save(update_fields=["cancelled_at"])
    _record("in_person.seat_given_back", session, by, person=str(enrolment.person.public_id))


def _enrolled(enrolment: Enrolment, session: InPersonSession) -> Enrolment:
    """The enrolment, locked."""
    locked = Enrolment.objects.select_for_update(of=("self",), no_key=True)
    enrolment = locked.select_related("course", "person").get(pk=enrolment.pk)
    if enrolment.course_key != session.activity.course_key:
        raise RuleBroken("in_person.other_course", _("Esa sesión no es de este curso."))
    if not enrolment.is_active:
        raise RuleBroken("in_person.not_enrolled", _("Inscríbase primero en el curso."))
    return enrolment


def _locked(session: InPersonSession) -> InPersonSession:
    rows = InPersonSession.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("activity", "municipality").get(pk=session.pk)


def _assert_open(session: InPersonSession) -> None:
    if session.cancelled_at:
        raise RuleBroken("in_person.cancelled", _("Esta sesión se canceló."))
    if session.closed_at:
        raise RuleBroken(
            "in_person.closed", _("La asistencia de esta sesión está cerrada. Para corregirla, ábrala de nuevo.")
        )


def _assert_ahead(session: InPersonSession, at: datetime) -> None:
    _assert_offered(session)
    if session.starts_at <= at:
        raise RuleBroken("in_person.begun", _("La sesión ya empezó. Si está ahí, anote su asistencia con el código."))


def _assert_lasting(session: InPersonSession, at: datetime) -> None:
    _assert_offered(session)
    if session.ends_at <= at:
        raise RuleBroken("in_person.over", _("La sesión ya terminó: no se inscribe a nadie más."))


def _assert_offered(session: InPersonSession) -> None:
    _assert_open(session)
    if session.activity.retired_at:
        raise RuleBroken("in_person.cancelled", _("Esta parte del curso ya no está publicada."))


def _assert_reason(reason: str) -> None:
    if not reason.strip():
        raise RuleBroken("in_person.reason", _("Escriba por qué."))
    identity.assert_no_number(reason)


def _assert_forward(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise RuleBroken("in_person.backwards", _("La sesión tiene que terminar después de empezar."))


def _record(action: str, session: InPersonSession, by: Person | None, **facts: Any) -> None:
    about = {"course": str(session.activity.course_key), **facts}
    audit.record(action, by=by, subject=f"courses.inpersonsession:{session.public_id}", facts=about)
