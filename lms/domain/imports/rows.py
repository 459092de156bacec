"""One row of a list as it stands in the file; a resource of django-import-export reads its cells, a widget a field."""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from import_export import fields, resources
from import_export.widgets import Widget

from lms.domain import identity, people
from lms.domain.texts import fold, sound
from lms.models import Municipality, Post

from . import cells
from .catalogue import Catalogue
from .cells import CellFault, is_nothing, text_of

NAME_LENGTH = people.NAME_LENGTH
FOLDED_LENGTH = 200  # as `Person.keep_name_findable`
EXAMPLE_CUI = "0" * 13


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field of a row; `field` is empty when it is the row as a whole."""

    field: str
    code: str
    facts: dict[str, Any]
    is_warning: bool = False


@dataclass(slots=True)
class StaffRow:
    """What a row says. `number` is the spreadsheet's; `digest` finds its CUI.

    `written` and `heard` are the folded name and its sound, as a person's are kept.
    """

    number: int
    cui: str = ""
    given_names: str = ""
    more_given_names: str = ""
    surnames: str = ""
    second_surname: str = ""
    married_surname: str = ""
    born_on: date | None = None
    email: str = ""
    phone: str = ""
    post: Post = None  # type: ignore[assignment]  # a row without one has a fault and goes no further
    renglon: str = ""
    starts_on: date | None = None
    is_start_assumed: bool = False
    ends_on: date | None = None
    act: str = ""
    municipality: Municipality = None  # type: ignore[assignment]  # likewise
    digest: str = ""
    written: str = ""
    heard: str = ""
    faults: list[Fault] = field(default_factory=list)

    def fault(self, name: str, code: str, **facts: object) -> None:
        """Keep the row out, and say why."""
        self.faults.append(Fault(name, code, facts))

    def doubt(self, name: str, code: str, **facts: object) -> None:
        """Let the row in, and say what to look at."""
        self.faults.append(Fault(name, code, facts, is_warning=True))

    def faulty(self, *names: str) -> bool:
        """Whether the row stays out; with names, whether because of one of those fields."""
        return any(not one.is_warning and (not names or one.field in names) for one in self.faults)

    @property
    def full_name(self) -> str:
        """As a person's."""
        return f"{self.given_names} {self.surnames}".strip()


class PostWidget(Widget):
    """A post of the catalogue."""

    def clean(self, value, row=None, **kwargs) -> Post | None:
        """The post, or None. Raises as `Catalogue.post`."""
        text = text_of(value)
        return None if is_nothing(text) else kwargs["catalogue"].post(text)


class MunicipalityWidget(Widget):
    """A municipality of the catalogue, with the department of the same row."""

    def clean(self, value, row=None, **kwargs) -> Municipality | None:
        """The municipality, or None. Raises as `Catalogue.municipality`."""
        department = (row or {}).get("department")
        return None if is_nothing(text_of(value)) else kwargs["catalogue"].municipality(value, department)


def _field(name: str, widget: Widget) -> fields.Field:
    return fields.Field(attribute=name, column_name=name, widget=widget)


class StaffResource(resources.Resource):
    """Reads a row, given as field → cell, into a `StaffRow`; a cell that cannot be read leaves its fault there."""

    cui = _field("cui", cells.CuiWidget())
    given_names = _field("given_names", cells.NameWidget())
    more_given_names = _field("more_given_names", cells.NameWidget())
    surnames = _field("surnames", cells.NameWidget())
    second_surname = _field("second_surname", cells.NameWidget())
    married_surname = _field("married_surname", cells.NameWidget())
    born_on = _field("born_on", cells.BirthWidget())
    email = _field("email", cells.EmailWidget())
    phone = _field("phone", cells.PhoneWidget())
    post = _field("post", PostWidget())
    renglon = _field("renglon", cells.RenglonWidget())
    starts_on = _field("starts_on", cells.DutyWidget())
    ends_on = _field("ends_on", cells.DutyWidget())
    act = _field("act", cells.LineWidget())
    municipality = _field("municipality", MunicipalityWidget())

    def get_import_fields(self) -> list[fields.Field]:
        """The same for every row: found once."""
        return self._import_fields

    @cached_property
    def _import_fields(self) -> list[fields.Field]:
        return super().get_import_fields()

    def import_field(self, field, instance, row, is_m2m=False, **kwargs) -> None:
        """Read one cell; a fault does not keep the other cells from being read."""

        def doubt(code: str, **facts: object) -> None:
            instance.doubt(field.attribute, code, **facts)

        try:
            super().import_field(field, instance, row, is_m2m, doubt=doubt, **kwargs)
        except CellFault as fault:
            instance.fault(field.attribute, fault.code, **fault.facts)


class Reader:
    """Reads rows of one list by its mapping.

    `today` is the day the list was handed in: it stands for a missing start.
    """

    def __init__(self, catalogue: Catalogue, mapping: dict[str, int], today: date) -> None:
        self._catalogue = catalogue
        self._mapping = mapping
        self._today = today
        self._resource = StaffResource()

    def read(self, number: int, row: tuple[object, ...]) -> StaffRow:
        """What the row says, with what is wrong in its cells."""
        given = {key: row[index] if index < len(row) else None for key, index in self._mapping.items()}
        read = StaffRow(number)
        self._resource.import_instance(read, given, catalogue=self._catalogue, today=self._today)
        if read.cui == EXAMPLE_CUI:
            read.fault("", "row.example")
            return read
        self._put_names_together(read, given)
        self._ask_for_what_is_missing(read)
        read.written, read.heard = fold(read.full_name)[:FOLDED_LENGTH], sound(read.full_name)[:FOLDED_LENGTH]
        if read.cui:
            read.digest = identity.cui_digest(read.cui)
        return read

    def _put_names_together(self, read: StaffRow, given: dict[str, object]) -> None:
        more = _following(read.more_given_names, given.get("more_given_names"))
        read.given_names = " ".join(filter(None, (read.given_names, more)))
        second, married = _following(read.second_surname, given.get("second_surname")), read.married_surname
        if married:
            bare = married.split(" ", 1)[1] if fold(married).startswith("de ") else married
            married = f"de {bare}"
        read.surnames = " ".join(filter(None, (read.surnames, second, married)))
        for name in ("given_names", "surnames"):
            if len(getattr(read, name)) > NAME_LENGTH:
                read.fault(name, "person.name_too_long")

    def _ask_for_what_is_missing(self, read: StaffRow) -> None:
        if not read.given_names and not read.faulty("given_names", "more_given_names"):
            read.fault("given_names", "given_names.missing")
        if not read.surnames and not read.faulty("surnames", "second_surname", "married_surname"):
            read.fault("surnames", "surnames.missing")
        if read.post is None and not read.faulty("post"):
            read.fault("post", "post.missing")
        if read.municipality is None and not read.faulty("municipality"):
            read.municipality = self._catalogue.default
            if read.municipality is None:
                read.fault("municipality", "municipality.missing")
        if read.starts_on is None and not read.faulty("starts_on"):
            if read.ends_on and read.ends_on < self._today:
                read.fault("starts_on", "starts_on.missing")
            read.starts_on, read.is_start_assumed = self._today, True
        elif read.starts_on and read.ends_on and read.ends_on < read.starts_on:
            read.fault("ends_on", "appointment.ends_before_it_starts")


def _following(name: str, cell: object) -> str:
    """A name from a cell of its own as it stands after another: `DE LOS ÁNGELES` begins small."""
    first, _space, rest = name.partition(" ")
    begins_small = rest and fold(first) in cells.PARTICLES and text_of(cell).isupper()
    return f"{first.lower()} {rest}" if begins_small else name
