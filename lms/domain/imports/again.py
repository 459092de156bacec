"""Looking at a row again in the moment it is written: by then its plan may be minutes old."""

from collections.abc import Sequence
from datetime import date

from django.db import connection

from lms.models import Appointment, Person

from .plans import Kind, Plan, Planner
from .rows import StaffRow

CHANGED = "person.changed_meanwhile"


def look_again(planner: Planner, plan: Plan) -> Plan:
    """The plan itself while it still holds, else one made anew; call it in the transaction that does the row.

    Whom the row speaks of is locked from here on, with their appointments. Raises `Person.DoesNotExist` when the record
    is gone.
    """
    if plan.person is None:
        return _of_somebody_new(planner, plan)
    person = Person.objects.select_for_update().get(pk=plan.person.pk)
    if person.erased_at:
        return kept_out(plan, "person.erased_meanwhile")
    if person.merged_into_id:
        return kept_out(plan, "person.merged_meanwhile")
    fresh = planner.again(plan)
    if fresh.person != person and not plan.row.faulty():
        return kept_out(plan, CHANGED)
    return fresh


def kept_out(plan: Plan, code: str, field: str = "") -> Plan:
    """The row stays out for this alone."""
    del plan.row.faults[plan.told :]
    plan.row.fault(field, code)
    return Plan(plan.row, Kind.OUT, plan.person, told=plan.told)


def _of_somebody_new(planner: Planner, plan: Plan) -> Plan:
    # CUI, e-mail and phone are the database's to keep apart; a name is asked for with as little as it takes.
    if not with_namesakes([plan.row]):
        return plan
    fresh = planner.again(plan)
    # Whoever came in meanwhile is not locked, and not what the dry run foretold.
    return kept_out(plan, CHANGED) if fresh.person else fresh


def with_namesakes(rows: Sequence[StaffRow]) -> set[int]:
    """Which of these rows, each of somebody new, name somebody who may be known here: their numbers, by one statement.

    Whom the CUI or the date of birth rules out is nobody's namesake.
    """
    # A question in the place of a value keeps PostgreSQL from joining the rows with everybody there is, and COALESCE a
    # planner without statistics from walking everybody by the index of a column that is mostly empty.
    person, appointment = Person._meta.db_table, Appointment._meta.db_table
    places = ", ".join(["(%s, %s, %s, %s, %s, %s, %s)"] * len(rows))
    sql = (
        f"WITH asked (number, heard, written, place, has_cui, is_dated, born_on) AS (VALUES {places}) "  # noqa: S608 own names
        f"SELECT number FROM asked WHERE (SELECT 1 FROM {person} p "
        "WHERE p.name_sound = asked.heard AND p.search_text = asked.written "
        "AND COALESCE(p.merged_into_id, 0) = 0 AND p.erased_at IS NULL "
        f"AND EXISTS (SELECT 1 FROM {appointment} a WHERE a.person_id = p.id AND a.municipality_id = asked.place) "
        "AND (asked.has_cui = 0 OR COALESCE(p.cui_digest, '') = '') "
        "AND (asked.is_dated = 0 OR p.born_on IS NULL OR p.born_on = asked.born_on) LIMIT 1) = 1"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for row in rows for value in _question(row)])
        return {number for (number,) in cursor.fetchall()}


def _question(row: StaffRow) -> tuple[int | str | None, ...]:
    born_on = connection.ops.adapt_datefield_value(row.born_on or date.min)
    return (
        row.number,
        row.heard,
        row.written,
        row.municipality.pk,
        int(bool(row.digest)),
        int(row.born_on is not None),
        born_on,
    )
