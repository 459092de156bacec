"""The staff of town halls: lists, who is waiting, who sounds alike, looking at a CUI."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import models, transaction
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lms import permissions
from lms.models import Appointment, Municipality, Person
from lms.models.people import AppointmentQuerySet, PersonQuerySet

from . import audit, identity, people
from .appointments import subject_of
from .errors import RuleBroken
from .sheets import Cell
from .texts import sound


class Situation(models.TextChoices):
    """How people of a town hall's list stand to it."""

    PRESENT = "", gettext_lazy("Personal de hoy")
    WAITING = "por-confirmar", gettext_lazy("Por confirmar")
    FORMER = "anterior", gettext_lazy("Personal anterior")


class RevealReason(models.TextChoices):
    """Why somebody looks at a whole CUI."""

    CONTRACT = "contract", gettext_lazy("Contrato, acta o planilla")
    CHECK = "check", gettext_lazy("Comparar con el DPI de la persona")
    OFFICE = "office", gettext_lazy("Trámite ante otra institución")


def appointments_in(places: QuerySet[Municipality]) -> AppointmentQuerySet:
    """Every appointment in some municipalities that was not refused, held, coming or past."""
    return Appointment.objects.filter(municipality__in=places.values("pk"), refused_at=None)


def known_to(by: Person, action: str) -> PersonQuerySet:
    """The people whom `by` finds in lists of staff: who works, worked or will work in their municipalities."""
    held = appointments_in(permissions.municipalities_for(by, action)).filter(person=OuterRef("pk"))
    return Person.objects.filter(Exists(held), merged_into=None, erased_at=None)


def people_of(municipality: Municipality, situation: str = Situation.PRESENT, **wanted: object) -> PersonQuerySet:
    """Who is on the list of a town hall in this situation, with appointments there as `wanted` (post, renglon).

    Each carries `held`: those appointments, the newest first.
    """
    everyone = Appointment.objects.filter(municipality=municipality, refused_at=None)
    lasting = everyone & Appointment.objects.lasting()
    mine = {Situation.FORMER: everyone, Situation.WAITING: lasting.awaiting()}.get(Situation(situation), lasting)
    mine = mine.filter(**wanted)
    found = Person.objects.filter(Exists(mine.filter(person=OuterRef("pk"))), merged_into=None, erased_at=None)
    if situation == Situation.FORMER:
        found = found.exclude(Exists(lasting.filter(person=OuterRef("pk"))))
    shown = mine.select_related("post").order_by("-starts_on", "-pk")
    return found.prefetch_related(Prefetch("appointments", queryset=shown, to_attr="held"))


@dataclass(frozen=True)
class Figures:
    """A town hall's staff in numbers: `present` includes those who wait."""

    present: int
    waiting: int
    former: int


def figures(municipality: Municipality) -> Figures:
    """Count the people of a town hall's lists."""
    counts = {situation: people_of(municipality, situation).order_by().count() for situation in Situation}
    return Figures(counts[Situation.PRESENT], counts[Situation.WAITING], counts[Situation.FORMER])


def with_counts(places: QuerySet[Municipality]) -> QuerySet[Municipality]:
    """Municipalities with `present` and `waiting`: how many people work there, and how many of them await an answer."""
    is_lasting = Q(appointments__in=Appointment.objects.lasting())
    is_awaiting = is_lasting & Q(appointments__confirmed_at=None)
    return places.select_related("department").annotate(
        present=Count("appointments__person", filter=is_lasting, distinct=True),
        waiting=Count("appointments__person", filter=is_awaiting, distinct=True),
    )


def waiting_for(by: Person, municipality: Municipality | None = None) -> AppointmentQuerySet:
    """The appointments that `by` may confirm, the oldest first; their own are not among them."""
    places = permissions.municipalities_for(by, "manage_staff")
    found = appointments_in(places).awaiting().exclude(person=by)
    if municipality:
        found = found.filter(municipality=municipality)
    return found.filter(person__merged_into=None, person__erased_at=None).order_by("starts_on", "pk")


def count_waiting(by: Person) -> int:
    """How many appointments wait for a delegate of town halls; 0 for the nation's, who answer only where asked."""
    if not permissions.allows(by, "manage_staff") or permissions.nationwide(by, "manage_staff"):
        return 0
    return waiting_for(by).count()


def sounding_like(given_names: str, surnames: str, municipality: Municipality) -> list[Person]:
    """People who work or worked there and whose names sound the same, so that nobody is entered twice."""
    everyone = Appointment.objects.filter(municipality=municipality)
    found = Person.objects.filter(
        Exists(everyone.filter(person=OuterRef("pk"))),
        name_sound=sound(f"{given_names} {surnames}")[:200],
        merged_into=None,
        erased_at=None,
    )
    shown = everyone.filter(refused_at=None).select_related("post").order_by("-starts_on")
    return list(found.prefetch_related(Prefetch("appointments", queryset=shown, to_attr="held"))[:10])


def may_read(person: Person, by: Person) -> bool:
    """Whether `by` may read contact details and the other posts of `person`, beyond what the list says."""
    try:
        people.assert_reaches(person, by, "manage_staff")
    except RuleBroken:
        return False
    return True


def may_change(person: Person, by: Person) -> bool:
    """Whether `by` may correct the details of `person` here; one's own are corrected in one's account."""
    try:
        people.assert_may_change(person, by, "manage_staff")
    except RuleBroken:
        return False
    return by != person


def reveal_cui(*, person: Person, reason: str, by: Person) -> str:
    """A whole CUI, grouped as on the DPI, for somebody who needs it; the trail keeps who, when, from where and why.

    `reason` is a `RevealReason`. Raises `cui.reason_missing`, `cui.absent`, and as `people.assert_reaches`.
    """
    people.assert_reaches(person, by, "reveal_cui")
    if reason not in RevealReason:
        raise RuleBroken("cui.reason_missing", _("Elija para qué necesita ver el CUI."))
    if not person.cui_encrypted:
        raise RuleBroken("cui.absent", _("Esta persona no tiene CUI anotado."))
    with transaction.atomic():
        audit.record("cui.revealed", by=by, subject=subject_of(person), facts={"reason": str(reason)})
    cui = identity.decrypt_cui(person.cui_encrypted)
    return f"{cui[:4]} {cui[4:9]} {cui[9:]}"


def headings() -> list[str]:
    """The first row of the list as a file. There is no phone, e-mail or whole CUI in it."""
    return [
        _("Apellidos"),
        _("Nombres"),
        _("CUI (solo el final)"),
        _("Puesto"),
        _("Renglón"),
        _("Desde"),
        _("Hasta"),
        _("Acta o acuerdo"),
        _("Estado"),
    ]


def rows(listed: PersonQuerySet) -> Iterator[list[Cell]]:
    """One row an appointment of `people_of`, read in stretches so that memory does not grow with them."""
    for person in listed.iterator(chunk_size=1000):
        masked = identity.masked_cui(person.cui_encrypted)
        for held in person.held:  # type: ignore[attr-defined]  # `people_of` prefetches it
            state = _("Confirmado") if held.confirmed_at else _("Por confirmar")
            dates: list[Cell] = [held.starts_on, held.ends_on]
            names: list[Cell] = [person.surnames, person.given_names, masked, held.post.name, held.renglon]
            yield [*names, *dates, held.act, state]


def record_export(*, municipality: Municipality, by: Person, form: str, filters: Iterable[str], count: int) -> None:
    """Tell the trail who took which list away: of the filters only which were used, not what was looked for."""
    facts = {"form": form, "municipality": municipality.code, "filters": sorted(filters), "people": count}
    with transaction.atomic():
        audit.record("staff.exported", by=by, facts=facts)
