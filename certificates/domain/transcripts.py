"""What a career record says: a fold over its annotations, the same in whatever order they are read."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from certificates.models import AnnotationDetails, CareerAnnotation
from lms.models import Person

from . import career

Step = CareerAnnotation.Step
MODALITIES = {
    "in_person": _("en persona"),
    "at_a_distance": _("a distancia"),
    "mixed": _("en persona y a distancia"),
}
COUNTED = frozenset({Step.DECLARED, Step.CHECKED, Step.CERTIFIED})


@dataclass(frozen=True)
class Entry:
    """A declared thing and where it stands; `steps` by what they are."""

    annotation: CareerAnnotation
    steps: dict[str, CareerAnnotation]

    @property
    def state(self) -> str:
        """One of `CareerAnnotation.Step`."""
        return career.state_of(self.steps)

    @property
    def state_name(self) -> str:
        """In words."""
        return str(Step(self.state).label)

    @property
    def counts(self) -> bool:
        """Whether it is part of the record still."""
        return self.state in COUNTED

    @property
    def is_open(self) -> bool:
        """Whether its owner can still take it back."""
        return self.state == Step.DECLARED

    @property
    def last(self) -> CareerAnnotation:
        """The step that counts, or the declaration."""
        return self.steps.get(self.state, self.annotation)

    @property
    def title(self) -> str:
        """What was studied."""
        return self._texts.get("title", "")

    @property
    def institution(self) -> str:
        """Where."""
        return self._texts.get("institution", "")

    @property
    def reason(self) -> str:
        """Why it was not accepted, or is annulled."""
        return _details(self.last).texts.get("reason", "") if self.steps else ""

    @property
    def evidence(self) -> AnnotationDetails | None:
        """The paper, if one was brought."""
        found = _details(self.annotation)
        return found if found.path else None

    @property
    def hours(self) -> Decimal:
        """As declared."""
        return Decimal(self.annotation.facts.get("hours", "0"))

    @property
    def started_on(self) -> date:
        """The first day."""
        return date.fromisoformat(self.annotation.facts["started_on"])

    @property
    def ended_on(self) -> date:
        """The last day."""
        return self.annotation.occurred_on

    @property
    def modality(self) -> str:
        """In words."""
        return str(MODALITIES[self.annotation.facts["modality"]])

    @property
    def _texts(self) -> dict:
        return _details(self.annotation).texts


def _details(annotation: CareerAnnotation) -> AnnotationDetails:
    return annotation.details


def fold(annotations: Iterable[CareerAnnotation]) -> list[Entry]:
    """The entries with their steps, the newest first."""
    entries: dict[int, CareerAnnotation] = {}
    steps: dict[int, dict[str, CareerAnnotation]] = defaultdict(dict)
    for one in annotations:
        if one.about_id is None:
            entries[one.pk] = one
        else:
            steps[one.about_id][one.step] = one
    found = [Entry(one, steps[key]) for key, one in entries.items()]
    return sorted(found, key=lambda entry: (entry.ended_on, entry.annotation.pk), reverse=True)


def entries_of(person: Person) -> list[Entry]:
    """Everything that somebody declared, in one query."""
    return fold(CareerAnnotation.objects.for_person(person).select_related("details", "recorded_by"))


def entries_for(annotations: list[CareerAnnotation]) -> list[Entry]:
    """These entries in their order, with their steps; one query."""
    steps = CareerAnnotation.objects.select_related("details", "recorded_by").filter(about__in=annotations)
    found = {entry.annotation.pk: entry for entry in fold([*annotations, *steps])}
    return [found[one.pk] for one in annotations]


def entry_of(annotation: CareerAnnotation) -> Entry:
    """One entry."""
    return entries_for([annotation])[0]
