"""Writing down what plans ask for: of one row, or of many people who are all new, with a statement for each table.

The rules are those of `people` and `appointments`; the trail gets one event for each row. Called inside the transaction
that also moves the list on.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils import timezone

from lms.domain import appointments, audit, people
from lms.models import Appointment, Person, StaffImport
from lms.models.inserting import insert, insert_all

from .plans import Kind, Plan
from .rows import StaffRow

ACTION = "person.imported"
GROUP = 100
Facts = dict[str, object]


def together(plans: Sequence[Plan]) -> Iterator[list[Plan]]:
    """The rows in their order, cut where they can no longer be written at once.

    A group has up to `GROUP` new people and whatever changes nothing between them, or one row that changes somebody.
    Two of one name never share a group: to the later one the earlier may be a namesake, who must be there to be found.
    """
    group: list[Plan] = []
    names: set[tuple[int, str]] = set()
    for plan in plans:
        name = (plan.row.municipality.pk, plan.row.written) if plan.kind is Kind.NEW else None
        if plan.kind is Kind.CHANGE or name in names or len(names) == GROUP:
            if group:
                yield group
            group, names = [], set()
        if plan.kind is Kind.CHANGE:
            yield [plan]
            continue
        group.append(plan)
        if name:
            names.add(name)
    if group:
        yield group


def apart(plans: Sequence[Plan], numbers: set[int]) -> Iterator[list[Plan]]:
    """A group in parts: each of the rows `numbers` by itself, and what stands before, between and after them."""
    part: list[Plan] = []
    for plan in plans:
        if plan.row.number not in numbers:
            part.append(plan)
            continue
        if part:
            yield part
        yield [plan]
        part = []
    if part:
        yield part


def take_in(plan: Plan, staff_import: StaffImport, by: Person) -> None:
    """Do what the plan of one row says."""
    row, facts = plan.row, _facts(plan, staff_import)
    if plan.kind is Kind.NEW:
        person = plan.person = _new_person(row)
        insert(person)
        facts["new"] = True
    else:
        person = plan.person  # type: ignore[assignment]  # whom `look_again` locked
        _fill(person, plan.fills, facts)
    _change_appointments(plan, person, facts, by)
    audit.record(ACTION, by=by, subject=appointments.subject_of(person), facts=facts)
    if plan.appoints and plan.kind is not Kind.NEW:
        appointments.tell_confirmed(person)


def take_in_new(plans: Sequence[Plan], staff_import: StaffImport, by: Person) -> None:
    """The same for new people alone, all or none. The plans stay as they are, should it be undone."""
    added = [_new_person(plan.row) for plan in plans]
    insert_all(added, known_by="public_id")
    held, about = [], []
    for plan, person in zip(plans, added, strict=True):
        facts = {**_facts(plan, staff_import), "new": True}
        held.append(_appointment(plan.row, person, facts, by))
        about.append((appointments.subject_of(person), facts))
    insert_all(held, known_by="public_id")
    audit.record_all(ACTION, by=by, about=about)


def _facts(plan: Plan, staff_import: StaffImport) -> Facts:
    return {"import": str(staff_import.public_id), "row": plan.row.number}


def _new_person(row: StaffRow) -> Person:
    person = Person(born_on=row.born_on, joined_at=timezone.now())
    people.set_fields(
        person,
        given_names=row.given_names,
        surnames=row.surnames,
        cui=row.cui,
        email=row.email,
        phone=row.phone,
    )
    person.set_unusable_password()
    person.keep_name_findable()
    return person


def _fill(person: Person, fills: dict[str, Any], facts: Facts) -> None:
    if not fills:
        return
    facts["fields"] = sorted(fills)
    if "born_on" in fills:
        person.born_on = fills["born_on"]
    people.set_fields(person, **{name: value for name, value in fills.items() if name != "born_on"})
    person.save(update_fields=["born_on", "email", "phone", "cui_digest", "cui_encrypted"])


def _appointment(row: StaffRow, person: Person, facts: Facts, by: Person) -> Appointment:
    facts |= {"post": row.post.code, "municipality": row.municipality.code, "starts_on": str(row.starts_on)}
    return appointments.draft(
        person=person,
        post=row.post,
        municipality=row.municipality,
        starts_on=row.starts_on,  # type: ignore[arg-type]
        ends_on=row.ends_on,
        renglon=row.renglon,
        act=row.act,
        by=by,
    )


def _change_appointments(plan: Plan, person: Person, facts: Facts, by: Person) -> None:
    if plan.appoints:
        insert(_appointment(plan.row, person, facts, by))
    if plan.completes:
        held, values = plan.completes
        for name, value in values.items():
            setattr(held, name, value)
        held.save(update_fields=list(values))
        facts |= {"appointment": str(held.public_id), "completed": sorted(values)}
    if plan.confirms and person != by:
        appointments.confirm_appointment(appointment=plan.confirms, by=by)
    if plan.ends and plan.row.ends_on:
        appointments.end_appointment(appointment=plan.ends, ends_on=plan.row.ends_on, by=by)
