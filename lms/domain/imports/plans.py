"""What has to be done with a row, found out and not done yet."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from lms import permissions
from lms.domain import people
from lms.domain.errors import RuleBroken
from lms.models import Appointment, Person

from .catalogue import ACTION
from .known import Known, Seen
from .rows import StaffRow


class Kind(Enum):
    """What has to be done with a row."""

    OUT = "out"
    SAME = "same"
    NEW = "new"
    CHANGE = "change"


@dataclass(slots=True)
class Plan:
    """What a row asks for: whose, which fields get a value, and what happens to which appointment.

    `told` is how many faults the row had before anybody was looked up.
    """

    row: StaffRow
    kind: Kind = Kind.OUT
    person: Person | None = None
    fills: dict[str, Any] = field(default_factory=dict)
    appoints: bool = False
    confirms: Appointment | None = None
    ends: Appointment | None = None
    completes: tuple[Appointment, dict[str, str]] | None = None
    told: int = 0


class Planner:
    """Plans a stretch of rows with a handful of queries, whatever their number."""

    def __init__(self, by: Person, seen: Seen) -> None:
        self._by = by
        self._seen = seen
        self._reach = permissions.municipalities_for(by, ACTION)
        self._is_nationwide = permissions.nationwide(by, ACTION)

    def plan(self, rows: Iterable[StaffRow]) -> list[Plan]:
        """In the order of the rows. Every fault that a row has is on it afterwards."""
        rows = list(rows)
        for row in rows:
            self._seen.take(row)
        known = Known(rows, self._reach)
        return [self._plan(row, known) for row in rows]

    def again(self, plan: Plan) -> Plan:
        """Plan one row anew, with people as they are now; their appointments stay locked. What it said is forgotten."""
        del plan.row.faults[plan.told :]
        return self._plan(plan.row, Known([plan.row], self._reach, locked=True))

    def _plan(self, row: StaffRow, known: Known) -> Plan:
        plan = Plan(row, told=len(row.faults))
        if row.municipality is None or not row.full_name:
            return plan
        plan.person = known.find(row)
        if plan.person:
            self._seen.take_person(row, plan.person)
            if not plan.person.is_active:
                row.fault("", "person.closed")
        if row.faulty():
            return plan
        if plan.person is None:
            plan.kind, plan.appoints = Kind.NEW, True
            self._assert_of_age(plan)
            return plan
        if self._is_over(row, known.appointments[plan.person.pk]):
            plan.kind = Kind.SAME
            return plan
        self._plan_appointment(plan, plan.person, known)
        plan.fills = self._fills(row, plan.person, known)
        changes = plan.appoints or plan.fills or plan.confirms or plan.ends or plan.completes
        plan.kind = Kind.CHANGE if changes else Kind.SAME
        if changes and plan.person.pk in known.guarded:
            self._assert_within_reach(plan, plan.person)
        self._assert_of_age(plan)
        return plan

    def _assert_of_age(self, plan: Plan) -> None:
        """As `appointments.appoint`: a town hall makes no minor its own."""
        born_on = (plan.person and plan.person.born_on) or plan.row.born_on
        if (plan.appoints or plan.confirms) and people.is_minor(born_on) and not self._is_nationwide:
            plan.row.fault("born_on", "appointment.minor")
            plan.kind = Kind.OUT

    def _is_over(self, row: StaffRow, appointments: list[Appointment]) -> bool:
        """Whether the very appointment of the row was ended or refused: an old list does not bring it back.

        A row without a first day may speak of any that was.
        """
        if _held(row, appointments):
            return False
        for one in _same(row, appointments):
            if one.starts_on != row.starts_on and not row.is_start_assumed:
                continue
            if one.refused_at:
                row.doubt("starts_on", "appointment.was_refused")
            elif one.ends_on:
                row.doubt("starts_on", "appointment.over", day=f"{one.ends_on:%d/%m/%Y}")
            else:
                continue
            return True
        return False

    def _plan_appointment(self, plan: Plan, person: Person, known: Known) -> None:
        row = plan.row
        held = _held(row, known.appointments[person.pk])
        if held and row.ends_on and held.ends_on is None:
            plan.ends = held
        if held is None:
            plan.appoints = True
            return
        if held.is_awaiting and person != self._by:
            plan.confirms = held
        empty = {name: getattr(row, name) for name in ("renglon", "act") if not getattr(held, name)}
        if filled := {name: value for name, value in empty.items() if value}:
            plan.completes = (held, filled)

    def _fills(self, row: StaffRow, person: Person, known: Known) -> dict[str, Any]:
        """Only what is empty; of those who sign in already neither e-mail nor phone, which open their account."""
        fills: dict[str, Any] = {}
        if row.digest and not person.cui_digest:
            fills["cui"] = row.cui
        if row.born_on and not person.born_on:
            fills["born_on"] = row.born_on
        contacts = {name: getattr(row, name) for name in ("email", "phone")}
        wanted = {name: value for name, value in contacts.items() if value and not getattr(person, name)}
        if wanted and (person.last_login or person.has_usable_password()):
            row.doubt("", "person.kept_own")
        else:
            fills |= wanted
        if fills and person.pk in known.held_elsewhere and not self._is_nationwide:
            row.doubt("", "person.held_elsewhere")
            return {}
        return fills

    def _assert_within_reach(self, plan: Plan, person: Person) -> None:
        try:
            people.assert_may_change(person, self._by, "manage_staff")
        except RuleBroken:
            plan.row.fault("", "person.not_allowed")
            plan.kind = Kind.OUT


def _same(row: StaffRow, appointments: list[Appointment]) -> list[Appointment]:
    return [one for one in appointments if (one.post_id, one.municipality_id) == (row.post.pk, row.municipality.pk)]


def _held(row: StaffRow, appointments: list[Appointment]) -> Appointment | None:
    """The appointment that the row speaks of: with its last day, or one that lasts."""
    same = [one for one in _same(row, appointments) if one.refused_at is None]
    lasting = [one for one in same if one.ends_on is None and (not row.ends_on or one.starts_on <= row.ends_on)]
    exact = [one for one in same if one.ends_on == row.ends_on] if row.ends_on else []
    return next(iter(exact + lasting), None)
