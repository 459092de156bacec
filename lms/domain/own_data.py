"""Everything kept about one person: the parts of it, who is behind a record, and the whole as one document.

The document is what the person downloads (docs/decisions/0014). Its shape, version 1:

    {"format": "aula-municipal/own-data", "version": 1, "made_at": moment,
     "record": {"kernel": {…}, "media": {…}, "courses": {…}, "certificates": {…}},
     "joined_records": [the same shape for each record that was joined to this one]}

Moments are ISO 8601 with their offset, days ISO; no key of a database row stands in it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from lms.models import Person

from . import audit, belongings, identity
from .errors import RuleBroken

FORMAT, VERSION = "aula-municipal/own-data", 1


@dataclass(frozen=True)
class Part:
    """What the page says of one app's part: its title, why it is kept, and what there is, in sentences.

    `name` is that of the app's `Belongings`. `held(people)` takes the records of one person and counts, it loads none.
    """

    name: str
    title: Any
    why: Any
    held: Callable[[list[Person]], list[str]]


@dataclass
class _Register:
    parts: dict[str, Part] = field(default_factory=dict)


_register = _Register()


def describe(part: Part) -> None:
    """Make what the page says of an app's part known."""
    _register.parts[part.name] = part


def parts() -> list[Part]:
    """What the page says, in the order of the apps."""
    return [_register.parts[name] for name in sorted(_register.parts, key=_order)]


def _order(name: str) -> int:
    names = [entry.name for entry in belongings.all_of_them()]
    return names.index(name) if name in names else len(names)


def family(person: Person) -> list[Person]:
    """The record and those that were joined to it."""
    return sorted(Person.objects.family(person), key=lambda one: (one.pk != person.pk, one.pk))


def build_document(person: Person) -> dict:
    """Everything kept about somebody, as JSON (see the head of this module)."""
    with translation.override("es"):  # the file says the same in whatever language it was asked for
        record, *joined = [_told(one) for one in family(person)]
    return {
        "format": FORMAT,
        "version": VERSION,
        "made_at": timezone.localtime().isoformat(timespec="seconds"),
        "record": record,
        "joined_records": joined,
    }


def see_cui(*, person: Person, by: Person) -> str:
    """One's own CUI in clear, with an event that says that one looked. Raises `own_data.not_yours`."""
    _assert_own(person, by)
    with transaction.atomic():
        audit.record("own_data.cui_seen", by=by, subject=f"lms.person:{person.public_id}")
    return identity.decrypt_cui(person.cui_encrypted) if person.cui_encrypted else ""


def take_away(*, person: Person, by: Person, form: str) -> dict:
    """The document, for the person alone, with an event that says that it was taken as `form` (json or pdf).

    Raises `own_data.not_yours`.
    """
    _assert_own(person, by)
    with transaction.atomic():
        audit.record("own_data.downloaded", by=by, subject=f"lms.person:{person.public_id}", facts={"form": form})
    return build_document(person)


def _assert_own(person: Person, by: Person) -> None:
    if by != person:
        raise RuleBroken("own_data.not_yours", _("Solo la propia persona puede ver todos sus datos."))


def _told(person: Person) -> dict:
    return {entry.name: entry.tell(person) for entry in belongings.all_of_them()}
