"""What hangs on a person in the apps above the kernel: each says how to tell it, to merge it and to let it go.

The kernel does not know enrolments or certificates. An app registers its `Belongings` once, when it starts (as jobs are
registered with `jobs.performs`); `duplicates`, the download of one's data and erasure ask all of them in order. A test
holds that every model that names a person is claimed by exactly one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lms.models import Person


@dataclass(frozen=True)
class Belongings:
    """One app's part of a person's record.

    `name` is its key in the download. `tell(person)` returns JSON. `merge(survivor, absorbed)` moves what can be moved,
    inside the caller's transaction, and returns a JSON journal from which `unmerge(survivor, absorbed, journal)` puts
    everything back where it belongs. `erase(person)` removes what need not be held and returns counts by kind;
    `assert_erasable(person)` raises `RuleBroken` when that has to wait, asked once of the record that stands for all
    its family, before anything goes.
    `claims` names the models, as `app_label.ModelName`; `history` the columns (`app_label.ModelName.field`) that only
    say by whom something was done, or that no merge can move: they stay with the record they name. `count(person)` says
    in short phrases how much there is, for whoever compares two records.
    """

    name: str
    claims: frozenset[str]
    tell: Callable[[Person], Any]
    merge: Callable[[Person, Person], Any]
    unmerge: Callable[[Person, Person, Any], None]
    erase: Callable[[Person], dict[str, int]]
    history: frozenset[str] = frozenset()
    count: Callable[[Person], list[str]] = lambda _person: []
    assert_erasable: Callable[[Person], None] = lambda _person: None


@dataclass
class _Register:
    entries: dict[str, Belongings] = field(default_factory=dict)


_register = _Register()


def register(entry: Belongings) -> None:
    """Make an app's part known; a second entry of the same name replaces the first."""
    _register.entries[entry.name] = entry


def all_of_them() -> list[Belongings]:
    """Every registered part, in the order of registration: the kernel's own first, then the apps upward."""
    return list(_register.entries.values())
