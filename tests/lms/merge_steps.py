"""Merging by hand for tests, and what a verb refuses it with."""

import pytest

from lms.domain import duplicates
from lms.domain.errors import RuleBroken
from lms.models import Merge, Person


def merge(one: Person, other: Person, by: Person | None, **given) -> Merge:
    return duplicates.merge(survivor=one, absorbed=other, reason="Mismo DPI a la vista.", by=by, **given)


def refusal(verb, **given) -> str:
    with pytest.raises(RuleBroken) as broken:
        verb(**given)
    return broken.value.code


def fresh(person: Person) -> Person:
    return Person.objects.get(pk=person.pk)
