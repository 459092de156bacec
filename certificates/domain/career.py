"""The ledger of a person's career: entries that are declared, and the steps that others take about them.

An entry goes declared → checked (somebody of Human Resources had the original before them) → certified (by ANAM, by
somebody else). It may be refused, be withdrawn by the person while nobody looked at it, or be annulled when it was
checked or certified by mistake. Nothing is ever changed: each step is an annotation of its own, and so is each in the
log, as a salted digest. What people write stands beside, where it can be erased.
"""

import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from functools import partial
from hashlib import sha256

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from certificates.models import AnnotationDetails, CareerAnnotation
from lms import permissions
from lms.domain import audit, identity, people
from lms.domain.errors import RuleBroken
from lms.models import Appointment, Municipality, Person

from . import log
from .evidence import FOLDER, Evidence

CHECK, CERTIFY, READ = "check_career", "certify_career", "read_career"
Step = CareerAnnotation.Step
ALLOWED: dict[str, frozenset[str]] = {
    Step.DECLARED: frozenset({Step.CHECKED, Step.REFUSED, Step.WITHDRAWN}),
    Step.CHECKED: frozenset({Step.CERTIFIED, Step.REFUSED, Step.ANNULLED}),
    Step.CERTIFIED: frozenset({Step.ANNULLED}),
}
MOST_WAITING = 30
"""How many entries of one person may wait to be looked at."""
MOST_HOURS = 5000
MODALITIES = ("in_person", "at_a_distance", "mixed")


@dataclass(frozen=True)
class Said:
    """What somebody declares. `hours` with at most one decimal; `modality` one of `MODALITIES`."""

    title: str
    institution: str
    hours: Decimal
    started_on: date
    ended_on: date
    modality: str


@transaction.atomic
def declare(
    *, person: Person, said: Said, evidence: Evidence | None, by: Person, kind: str = CareerAnnotation.Kind.TRAINING
) -> CareerAnnotation:
    """Add an entry to one's own record. Whatever fails leaves no row and no file.

    Raises `career.not_yours`, `career.title_missing`, `career.hours`, `career.days`, `career.modality`,
    `career.too_many`, `text.number_in_it`.
    """
    _assert_sound(said)
    locked = Person.objects.select_for_update(of=("self",), no_key=True).get(pk=person.pk)
    if by != person or not locked.may_sign_in:
        raise RuleBroken("career.not_yours", _("Cada persona declara lo suyo, desde su propia cuenta."))
    if CareerAnnotation.objects.for_person(person).waiting_for().count() >= MOST_WAITING:
        words = _("Tiene %(n)d formaciones por cotejar. Espere a que las revisen, o retire alguna.")
        raise RuleBroken("career.too_many", words % {"n": MOST_WAITING})
    held = person.appointments.current(said.ended_on).confirmed().select_related("municipality__department", "post")
    post = held.last()
    facts = {
        "hours": f"{said.hours:.1f}",
        "modality": said.modality,
        "started_on": said.started_on.isoformat(),
        "ended_on": said.ended_on.isoformat(),
        "evidence_sha256": evidence.sha256 if evidence else "",
    }
    entry = CareerAnnotation(
        person=person,
        kind=kind,
        asked=_asked(person),
        municipality=post.municipality if post else None,
        municipality_name=str(post.municipality) if post else "",
        post=post.post if post else None,
        post_name=post.post.name if post else "",
        facts=facts,
        occurred_on=said.ended_on,
        recorded_by=by,
    )
    return _write(entry, {"title": said.title, "institution": said.institution}, evidence)


def _assert_sound(said: Said) -> None:
    if not said.title or not said.institution or len(said.title) > 200 or len(said.institution) > 200:
        raise RuleBroken("career.title_missing", _("Escriba qué estudió y dónde, en 200 letras o menos cada uno."))
    for text in (said.title, said.institution):
        identity.assert_no_number(text)
    if not 0 < said.hours <= MOST_HOURS:
        raise RuleBroken("career.hours", _("Escriba cuántas horas duró: más de 0 y hasta %(n)d.") % {"n": MOST_HOURS})
    if not said.started_on <= said.ended_on <= timezone.localdate():
        raise RuleBroken("career.days", _("Revise las fechas: termina después de empezar, y no después de hoy."))
    if said.modality not in MODALITIES:
        raise RuleBroken("career.modality", _("Elija si fue en persona, a distancia o de las dos formas."))


def _asked(person: Person) -> Municipality | None:
    """Whose Human Resources compare it: where the person has a confirmed post today; of minors, ANAM alone."""
    if people.is_minor(person.born_on):
        return None
    held: Appointment | None = person.appointments.current().confirmed().select_related("municipality").last()
    return held.municipality if held else None


def withdraw(*, entry: CareerAnnotation, by: Person) -> CareerAnnotation:
    """Take back what one declared, while nobody has looked at it. Raises `career.not_yours`, `career.step`."""
    if not _is_of(entry, by):
        raise RuleBroken("career.not_yours", _("Cada persona retira lo suyo."))
    return _step(entry, Step.WITHDRAWN, by)


def check(*, entry: CareerAnnotation, by: Person) -> CareerAnnotation:
    """Say that it was compared with the original. Raises `career.own`, `career.not_allowed`, `career.step`."""
    _assert_may(entry, by, CHECK)
    return _step(entry, Step.CHECKED, by)


def certify(*, entry: CareerAnnotation, by: Person) -> CareerAnnotation:
    """Make it part of what ANAM certifies. Never by whoever checked it.

    Raises `career.own`, `career.not_allowed`, `career.same_person`, `career.step`.
    """
    _assert_may(entry, by, CERTIFY)
    return _step(entry, Step.CERTIFIED, by)


def refuse(*, entry: CareerAnnotation, reason: str, by: Person) -> CareerAnnotation:
    """Do not accept it, and say why: whoever may check it, and what is checked, whoever may certify it.

    Raises `career.own`, `career.not_allowed`, `career.reason_missing`, `career.step`, `text.number_in_it`.
    """
    is_checked = entry.steps.filter(step=Step.CHECKED).exists()
    _assert_may(entry, by, CERTIFY if is_checked else CHECK)
    return _step(entry, Step.REFUSED, by, reason)


def annul(*, entry: CareerAnnotation, reason: str, by: Person) -> CareerAnnotation:
    """Let what was checked or certified by mistake count no longer; both stay written. Raises as `refuse`."""
    _assert_may(entry, by, CERTIFY)
    return _step(entry, Step.ANNULLED, by, reason)


def _assert_may(entry: CareerAnnotation, by: Person, action: str) -> None:
    if _is_of(entry, by):
        raise RuleBroken("career.own", _("Lo suyo lo revisa otra persona."))
    if not within_reach(by, action).filter(pk=entry.pk).exists():
        raise RuleBroken("career.not_allowed", _("Su rol no le permite revisar esta anotación."))


def within_reach(by: Person, action: str) -> QuerySet[CareerAnnotation]:
    """The entries on which somebody may do `action`: those that ask their town halls, or all; never their own."""
    found = CareerAnnotation.objects.entries().filter(person__erased_at=None)
    found = found.exclude(person__in=Person.objects.family(by))
    if permissions.nationwide(by, action):
        return found
    return found.filter(asked__in=permissions.municipalities_for(by, action).values("pk"))


def to_check(by: Person) -> QuerySet[CareerAnnotation]:
    """What waits to be compared with its original, the oldest first."""
    waiting = CareerAnnotation.objects.waiting_for()
    return within_reach(by, CHECK).filter(pk__in=waiting.values("pk")).order_by("pk")


def to_certify(by: Person) -> QuerySet[CareerAnnotation]:
    """What was checked, by somebody else, and waits to be certified; the oldest first."""
    waiting = CareerAnnotation.objects.waiting_for(Step.CHECKED)
    mine = CareerAnnotation.objects.filter(step=Step.CHECKED, recorded_by__in=Person.objects.family(by))
    found = within_reach(by, CERTIFY).filter(pk__in=waiting.values("pk"))
    return found.exclude(pk__in=mine.values("about")).order_by("pk")


def _is_of(entry: CareerAnnotation, by: Person) -> bool:
    return Person.objects.family(by).filter(pk=entry.person_id).exists()


@transaction.atomic
def _step(entry: CareerAnnotation, step: str, by: Person, reason: str | None = None) -> CareerAnnotation:
    """Write a step about an entry, if it may be taken from where it stands. `reason` None: none is asked."""
    reason = _sound_reason(reason)
    locked = CareerAnnotation.objects.select_for_update(of=("self",), no_key=True).get(pk=entry.pk)
    if locked.person.erased_at:
        raise RuleBroken("career.step", _("Los datos de esta persona se borraron."))
    steps = list(locked.steps.all())
    if step not in ALLOWED.get(state_of(one.step for one in steps), frozenset()):
        raise RuleBroken("career.step", _("Esta anotación ya cambió. Vuelva a la lista y mire cómo quedó."))
    checkers = [one.recorded_by_id for one in steps if one.step == Step.CHECKED]
    if step == Step.CERTIFIED and Person.objects.family(by).filter(pk__in=checkers).exists():
        raise RuleBroken("career.same_person", _("La certifica otra persona, no quien la cotejó."))
    taken = CareerAnnotation(
        person=locked.person,
        kind=locked.kind,
        step=step,
        about=locked,
        asked=locked.asked,
        municipality=locked.municipality,
        municipality_name=locked.municipality_name,
        post=locked.post,
        post_name=locked.post_name,
        occurred_on=timezone.localdate(),
        recorded_by=by,
    )
    return _write(taken, {"reason": reason} if reason else {}, None)


def _sound_reason(reason: str | None) -> str:
    if reason is None:
        return ""
    reason = " ".join(reason.split())
    if not 3 <= len(reason) <= 300:
        raise RuleBroken("career.reason_missing", _("Escriba el motivo, en 300 letras o menos."))
    identity.assert_no_number(reason)
    return reason


def state_of(steps: Iterable[str]) -> str:
    """Where an entry stands after these steps, in whatever order they are read."""
    order = Step.values
    return max(steps, key=order.index, default=str(Step.DECLARED))


def _write(annotation: CareerAnnotation, texts: dict[str, str], evidence: Evidence | None) -> CareerAnnotation:
    """Keep an annotation with its details, its evidence and its leaf, and tell the trail."""
    details = AnnotationDetails(annotation=annotation, texts=texts, salt=secrets.token_hex(16))
    if evidence:
        details.name, details.suffix, details.bytes = evidence.name, evidence.suffix, len(evidence.content)
        wanted = f"{FOLDER}/{annotation.public_id}/{uuid.uuid4()}{evidence.suffix}"
        details.path = default_storage.save(wanted, ContentFile(evidence.content))
    try:
        annotation.salt, annotation.details_sha256 = secrets.token_hex(16), digest_of_details(details)
        annotation.save()
        details.annotation = annotation
        details.save()
        log.append_annotation(annotation, build_entry(annotation))
        _tell(annotation)
    except BaseException:
        if details.path:
            default_storage.delete(details.path)
        raise
    return annotation


ACTIONS = {
    Step.DECLARED: "career.declared",
    Step.CHECKED: "career.checked",
    Step.CERTIFIED: "career.certified",
    Step.REFUSED: "career.refused",
    Step.WITHDRAWN: "career.withdrawn",
    Step.ANNULLED: "career.annulled",
}


def _tell(annotation: CareerAnnotation) -> None:
    facts = {"annotation": str((annotation.about or annotation).public_id)}
    subject = f"lms.person:{annotation.person.public_id}"
    audit.record(ACTIONS[Step(annotation.step)], by=annotation.recorded_by, subject=subject, facts=facts)


# What the log says of it -------------------------------------------------------------------------------------------


def digest_of_details(details: AnnotationDetails) -> str:
    """Over what was written and the name of the evidence, with the salt that goes when they go."""
    said = {"texts": details.texts, "name": details.name, "suffix": details.suffix, "bytes": details.bytes}
    return sha256(f"{details.salt}\n{audit.canonical(said)}".encode()).hexdigest()


def canonical(annotation: CareerAnnotation) -> str:
    """The whole row as the one text that it has, keys of people and places instead of the database's."""
    row = {
        "id": str(annotation.public_id),
        "person": str(annotation.person.public_id),
        "kind": annotation.kind,
        "step": annotation.step,
        "about": str(annotation.about.public_id) if annotation.about else "",
        "asked": annotation.asked.code if annotation.asked else "",
        "municipality": annotation.municipality.code if annotation.municipality else "",
        "municipality_name": annotation.municipality_name,
        "post": annotation.post.code if annotation.post else "",
        "post_name": annotation.post_name,
        "facts": annotation.facts,
        "occurred_on": annotation.occurred_on.isoformat(),
        "recorded_at": annotation.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "recorded_by": str(annotation.recorded_by.public_id),
        "details_sha256": annotation.details_sha256,
        "salt": annotation.salt,
    }
    return audit.canonical(row)


def build_entry(annotation: CareerAnnotation) -> dict:
    """What the log says of an annotation: that there is one, when, and a digest that nobody can guess from."""
    return {
        "event": "annotated",
        "at": annotation.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "annotation": str(annotation.public_id),
        "annotation_sha256": sha256(canonical(annotation).encode()).hexdigest(),
    }


# Letting go --------------------------------------------------------------------------------------------------------


def erase(person: Person) -> int:
    """What was written in somebody's record, with the evidence; the rows stay, with digests. Returns how many."""
    mine = CareerAnnotation.objects.filter(person=person).order_by("pk")
    list(mine.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))  # steps being taken end first
    rows = list(AnnotationDetails.objects.filter(annotation__person=person))
    paths = [one.path for one in rows if one.path]
    AnnotationDetails.objects.filter(pk__in=[one.pk for one in rows]).update(
        texts={}, salt="", name="", suffix="", path="", bytes=0, erased_at=timezone.now()
    )
    for path in paths:
        transaction.on_commit(partial(default_storage.delete, path))
    return len(rows)
