"""Lists of staff for tests, taken through their steps: handed in, tried out, taken in."""

import pytest

from lms.domain import imports, jobs
from lms.domain.errors import RuleBroken
from lms.models import Appointment, Municipality, Person, StaffImport
from tests.factories import staff_lists

HEADINGS = ["cui", "nombres", "apellidos", "nacimiento", "correo", "teléfono", "puesto", "renglón", "desde", "hasta",
            "acta", "municipio"]  # fmt: skip
NAMES = ["cui", "given", "surnames", "born", "email", "phone", "post", "renglon", "starts", "ends", "act", "place"]


def line(**cells: object) -> list[object]:
    """A good row, but for what is said."""
    good = {"given": "Ana Lucía", "surnames": "Ceiba Demo", "post": "RECEP", "starts": "15/01/2024"}
    return [{**good, **cells}.get(name) for name in NAMES]


def take(by: Person, *rows: list[object], place: str | None = "1413") -> StaffImport:
    municipality = Municipality.objects.get(code=place) if place else None
    content = staff_lists.as_xlsx(rows, HEADINGS)
    return imports.take(file_name="nómina.xlsx", content=content, municipality=municipality, by=by)


def check(staff_import: StaffImport, by: Person) -> StaffImport:
    jobs.run(imports.start_check(staff_import=staff_import, mapping=staff_import.mapping, by=by).pk)
    staff_import.refresh_from_db()
    return staff_import


def run(staff_import: StaffImport, by: Person) -> StaffImport:
    jobs.run(imports.start_run(staff_import=staff_import, by=by).pk)
    staff_import.refresh_from_db()
    return staff_import


def bring_in(by: Person, *rows: list[object], place: str | None = "1413") -> StaffImport:
    return run(check(take(by, *rows, place=place), by), by)


def said(staff_import: StaffImport) -> list[tuple[int, str, str]]:
    return [(fault.row, fault.field, fault.code) for fault in staff_import.faults.all()]


def broken_code(verb, **arguments) -> str:
    with pytest.raises(RuleBroken) as caught:
        verb(**arguments)
    return caught.value.code


def state_of_everything() -> list:
    people_ = Person.objects.order_by("pk").values_list("pk", "given_names", "surnames", "email", "phone", "cui_digest")
    held = Appointment.objects.order_by("pk").values_list(
        "pk", "person", "post", "starts_on", "ends_on", "confirmed_at"
    )
    return [list(people_), list(held)]
