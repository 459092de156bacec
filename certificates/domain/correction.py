"""A certificate with a mistake gets a successor, with the next number. The old one and its file stay as they are."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certificates.models import Certificate, CertificateAct, CertificateEvent
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Municipality, Person, Post

from . import asking, issuing, log, templates, validity

# What may be put right, as it is called on the page.
COLUMNS = {
    "person_name": gettext_lazy("Nombre"),
    "course_title": gettext_lazy("Curso"),
    "hours": gettext_lazy("Horas"),
    "started_on": gettext_lazy("Inicio"),
    "completed_on": gettext_lazy("Finalización"),
    "post": gettext_lazy("Puesto"),
    "municipality": gettext_lazy("Municipio"),
}
# Taken over as they are; all else of a certificate is its own.
_KEPT = [
    *("person", "course_key", "edition", "person_name", "course_title", "kind", "hours", "started_on"),
    *("completed_on", "score_percent", "municipality", "municipality_name", "post", "post_name", "issuer"),
    "expires_on",
]


@dataclass(frozen=True)
class Change:
    """One thing that is put right, in words."""

    label: str
    before: str
    after: str


def ask(
    *, certificate: Certificate, reason_kind: str, reason: str, by: Person, wanted: dict[str, Any]
) -> CertificateAct:
    """Ask for a successor that says `wanted` (by column, as in `COLUMNS`) where it differs.

    Raises `act.nothing_changes`, `act.name_missing`, `act.title_missing`, `act.hours_out_of_range`,
    `act.ends_before_it_starts`, and as `revocation.ask`.
    """
    reason = asking.checked_reason(reason)
    if reason_kind not in CertificateAct.Reason.values:
        raise RuleBroken("act.reason_kind_unknown", _("Elija uno de los motivos de la lista."))
    with transaction.atomic():
        locked = asking.lock_asked(certificate, by)
        asking.assert_reaches(wanted.get("municipality", locked.municipality), by)
        return asking.put_down(
            kind=CertificateAct.Kind.CORRECTION,
            certificate=locked,
            person=locked.person,
            municipality=locked.municipality,
            reason_kind=reason_kind,
            reason=reason,
            facts=_differences(locked, wanted),
            by=by,
        )


def _differences(certificate: Certificate, wanted: dict[str, Any]) -> dict[str, dict[str, str]]:
    said = {name: _clean(name, value) for name, value in wanted.items() if name in COLUMNS}
    assert_sound({**{name: getattr(certificate, name) for name in COLUMNS}, **said})
    changed = [name for name, value in said.items() if _plain(name, value) != _plain(name, getattr(certificate, name))]
    if not changed:
        raise RuleBroken("act.nothing_changes", _("Cambie por lo menos un dato."))
    facts: dict[str, dict[str, str]] = {"before": {}, "after": {}}
    for name in changed:
        facts["before"] |= _frozen(name, getattr(certificate, name), certificate)
        facts["after"] |= _frozen(name, said[name])
    return facts


def assert_sound(said: dict[str, Any]) -> None:
    """Whether a paper can say this. Raises as `ask` and `by_hand.ask` tell."""
    if not said["person_name"]:
        raise RuleBroken("act.name_missing", _("Escriba el nombre completo."))
    if not said["course_title"]:
        raise RuleBroken("act.title_missing", _("Escriba el nombre del curso."))
    if not Decimal("0.5") <= said["hours"] <= Decimal(2000):
        raise RuleBroken("act.hours_out_of_range", _("Las horas van de 0.5 a 2000."))
    if said["completed_on"] < said["started_on"]:
        raise RuleBroken("act.ends_before_it_starts", _("Termina antes de empezar: revise las fechas."))


def _clean(name: str, value: Any) -> Any:
    """Names and titles in one form of Unicode, one blank between words; hours with one decimal."""
    if name in {"person_name", "course_title"}:
        return " ".join(unicodedata.normalize("NFC", value).split())
    return round(Decimal(value), 1) if name == "hours" else value


def _plain(name: str, value: Any) -> str:
    """A column as the act keeps it."""
    if name in {"post", "municipality"}:
        return value.code if value else ""
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:.1f}" if isinstance(value, Decimal) else str(value)


def _frozen(name: str, value: Any, certificate: Certificate | None = None) -> dict[str, str]:
    """The column, and of a place or post also what it is called, or was on the paper."""
    found = {name: _plain(name, value)}
    if name == "post":
        found["post_name"] = certificate.post_name if certificate else (value.name if value else "")
    if name == "municipality":
        found["municipality_name"] = certificate.municipality_name if certificate else str(value or "")
    return found


def changes(act: CertificateAct) -> Iterator[Change]:
    """Old beside new, in the order of the page."""
    before, after = act.facts["before"], act.facts["after"]
    for name, label in COLUMNS.items():
        if name in after:
            shown = f"{name}_name" if f"{name}_name" in after else name
            yield Change(str(label), in_words(name, before[shown]), in_words(name, after[shown]))
    if "completed_on" in after and act.certificate:
        old, new = (
            act.certificate.expires_on,
            validity.corrected(act.certificate, date.fromisoformat(after["completed_on"])),
        )
        if old != new:
            yield Change(str(_("Vence")), _day(old), _day(new))


def in_words(name: str, value: str) -> str:
    """A column as an act keeps it, as people read it."""
    if name in {"started_on", "completed_on", "expires_on"}:
        return _day(date.fromisoformat(value))
    return number_format(Decimal(value).normalize(), use_l10n=True) if name == "hours" else value or "—"


def _day(day: date | None) -> str:
    return date_format(day, "DATE_FORMAT") if day else "—"


def differs_from_record(name: str, person: Person) -> bool:
    """Whether a name is not the one that the person's record has: to be said, never to be refused."""
    return " ".join(unicodedata.normalize("NFC", person.holder.full_name).split()) != name


def is_carried_out(act: CertificateAct, made: Certificate) -> bool:
    """Whether a certificate says what was asked, and all else as the one that it follows."""
    if made.supersedes is None:
        return False
    should = _wanted(made.supersedes, act.facts["after"])
    return all(getattr(made, name) == value for name, value in should.items())


def lock(act: CertificateAct) -> None:
    """Hold what the act is about."""
    asking.lock(asking.certificate_of(act))


def carry_out(act: CertificateAct) -> None:
    """Issue the successor, and have the old one say that it was superseded. Raises `act.not_in_force`."""
    old = asking.lock_in_force(asking.certificate_of(act))
    columns = _wanted(old, act.facts["after"])
    kind, at = CertificateEvent.Kind.SUPERSEDED, asking.moment_of(act)
    new = issuing.write(at, supersedes=old, facts=_taken_over(old), **columns)
    log.append(CertificateEvent.objects.create(certificate=old, kind=kind, at=at, by=act.decided_by))
    issuing.enter(new, by=act.decided_by, act=act)
    audit.record(
        "certificate.corrected",
        by=act.decided_by,
        subject=f"certificates.Certificate:{new.public_id}",
        facts={"reference": new.reference, "before": old.reference},
    )


def _wanted(old: Certificate, after: dict[str, str]) -> dict[str, Any]:
    """The columns of the successor."""
    columns = {name: getattr(old, name) for name in _KEPT} | _columns(after)
    if "completed_on" in after:
        columns["expires_on"] = validity.corrected(old, columns["completed_on"])
    return columns


def _taken_over(old: Certificate) -> dict:
    """What the paper says beyond the columns; its address and its bit are its own."""
    kept = {name: value for name, value in old.facts.items() if name not in {"verify_url", "status"}}
    return kept | {"layout": templates.LAYOUT}


def _columns(after: dict[str, str]) -> dict[str, Any]:
    """What was asked, as columns."""
    made: dict[str, Any] = dict(after)
    for name in ("started_on", "completed_on"):
        if name in made:
            made[name] = date.fromisoformat(made[name])
    if "hours" in made:
        made["hours"] = Decimal(made["hours"])
    if "post" in made:
        made["post"] = Post.objects.filter(code=made["post"]).first()
    if "municipality" in made:
        made["municipality"] = Municipality.objects.filter(code=made["municipality"]).first()
    return made
