"""A certificate that follows from no completion: of a workshop on paper, say. One asks for it, another certifies."""

import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from certificates.models import Certificate, CertificateAct, OwedCertificate
from courses.domain.competencies import in_words
from courses.models import CoursePage
from lms.domain import audit, people
from lms.domain.errors import RuleBroken
from lms.domain.texts import fold
from lms.models import Appointment, Municipality, Person, Post

from . import asking, competencies, correction, issuing, validity

# Whatever is taught outside the platform has a key made of its name and last day: the same workshop gives one to each.
_OF_TITLES = UUID("6c7c1c1e-5d37-4c57-9a0b-0d7a4f5f7a11")


def ask(*, person: Person, reason: str, by: Person, **said: Any) -> CertificateAct:
    """Ask for a certificate for somebody; `said` as for `facts_of`.

    The post and the place on it are those that the person held, confirmed, on the last day. Raises as
    `asking.checked_reason`, `asking.assert_reaches`, `facts_of`, `assert_lacks` and `assert_not_asked`.
    """
    reason = asking.checked_reason(reason)
    facts = facts_of(**said)
    with transaction.atomic():
        holder = lock_holder(person)
        asking.assert_not_oneself(holder, by)
        held = held_on(holder, date.fromisoformat(facts["completed_on"]))
        asking.assert_reaches(held.municipality if held else None, by)
        assert_lacks(holder, facts)
        assert_not_asked(holder, facts)
        return put_down(holder, held, facts, reason=reason, by=by)


def put_down(holder: Person, held: Appointment | None, facts: dict, *, reason: str, by: Person) -> CertificateAct:
    """The act of one person, where nothing stands in its way."""
    municipality = held.municipality if held else None
    kind, facts = CertificateAct.Kind.ISSUE, facts | place_of(held)
    return asking.put_down(kind=kind, person=holder, municipality=municipality, facts=facts, reason=reason, by=by)


def place_of(held: Appointment | None) -> dict[str, str]:
    """What the paper says of a post."""
    return {
        "municipality": held.municipality.code if held else "",
        "municipality_name": str(held.municipality) if held else "",
        "post": held.post.code if held else "",
        "post_name": held.post.name if held else "",
    }


def facts_of(
    *,
    kind: str,
    started_on: date,
    completed_on: date,
    course: CoursePage | None = None,
    title: str = "",
    hours: Any = 0,
) -> dict[str, Any]:
    """What the paper will say: of a course of the platform its title, hours and last day, else what is given.

    Raises `act.kind_unknown`, `act.title_missing`, `act.hours_out_of_range`, `act.ends_before_it_starts`.
    """
    if kind not in CoursePage.CertificateKind.values or not kind:
        raise RuleBroken("act.kind_unknown", _("Elija la clase de certificado."))
    title = " ".join(unicodedata.normalize("NFC", course.title if course else title).split())
    hours = round(Decimal(course.hours if course else hours or 0), 1)
    correction.assert_sound(
        {
            "person_name": "-",
            "course_title": title,
            "hours": hours,
            "started_on": started_on,
            "completed_on": completed_on,
        }
    )
    lasts = validity.facts(course) if course else {}
    # Another kind of paper than the course's own says that somebody was there, not what they are able to do.
    proven = course.proven if course and kind == course.certificate_kind else {}
    ends = validity.last_day(completed_on, lasts.get("months"))
    key = course.translation_key if course else uuid5(_OF_TITLES, f"{fold(title)}|{completed_on.isoformat()}")
    return {
        "course_key": str(key),
        "edition": course.edition if course else 1,
        "course_title": title,
        "kind": kind,
        "hours": f"{hours:.1f}",
        "started_on": started_on.isoformat(),
        "completed_on": completed_on.isoformat(),
        **({"expires_on": ends.isoformat(), "validity": lasts} if ends else {}),
        **competencies.facts(proven),
    }


def held_on(holder: Person, day: date) -> Appointment | None:
    """The post that somebody held on a day, confirmed by now; the newest of several."""
    held = holder.appointments.current(on=day).confirmed()
    return held.select_related("municipality__department", "post").last()


def lock_holder(person: Person) -> Person:
    """The record that stands for somebody; a merge waits until we are done. Raises `act.merged_meanwhile`."""
    keys = {person.pk, person.merged_into_id or person.pk}
    rows = {row.pk: row for row in Person.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")}
    holder = rows[max(keys, key=lambda key: (rows[key].merged_into_id is None, key))]
    if holder.merged_into_id:
        raise RuleBroken(
            "act.merged_meanwhile", _("El registro de la persona acaba de unirse a otro. Pruebe de nuevo.")
        )
    return holder


def assert_lacks(holder: Person, facts: dict[str, Any]) -> None:
    """Raises `act.not_certifiable`, `act.held_already`, `act.owed_already`."""
    if not people.may_be_certified(holder):
        message = _("Nadie respalda todavía a esta persona: confirme primero su nombramiento o su red.")
        raise RuleBroken("act.not_certifiable", message)
    edition = {"course_key": UUID(facts["course_key"]), "edition": facts["edition"]}
    held = Certificate.objects.in_force().for_person(holder).of_edition(**edition).first()
    if held:
        message = _("La persona ya tiene el certificado %(number)s de esto.") % {"number": held.reference}
        raise RuleBroken("act.held_already", message)
    owed = OwedCertificate.objects.filter(
        completion__course_key=edition["course_key"],
        completion__edition=edition["edition"],
        completion__person__in=Person.objects.family(holder),
        issued_at=None,
    )
    if owed.exists():
        raise RuleBroken("act.owed_already", _("La persona ya completó este curso: su certificado está en camino."))


def assert_not_asked(holder: Person, facts: dict[str, Any]) -> None:
    """Raises `act.already_asked` where the same waits already."""
    waiting = CertificateAct.objects.waiting().filter(person__in=Person.objects.family(holder))
    if waiting.filter(facts__course_key=facts["course_key"], facts__edition=facts["edition"]).exists():
        message = _("Ese certificado ya está pedido y espera a que otra persona decida.")
        raise RuleBroken("act.already_asked", message)


def changes(act: CertificateAct) -> Iterator[correction.Change]:
    """What is asked, line by line."""
    yield correction.Change(_("Persona"), "", act.person.holder.full_name)
    yield from changes_of(act.facts)


def changes_of(facts: dict[str, Any]) -> Iterator[correction.Change]:
    """The same of what a whole list shares."""
    kinds = dict(CoursePage.CertificateKind.choices)
    yield correction.Change(_("Clase"), "", str(kinds.get(facts["kind"], facts["kind"])))
    for name, label in correction.COLUMNS.items():
        shown = f"{name}_name" if f"{name}_name" in facts else name
        if shown in facts:
            yield correction.Change(str(label), "", correction.in_words(name, facts[shown]))
    if "expires_on" in facts:
        yield correction.Change(_("Vence"), "", correction.in_words("expires_on", facts["expires_on"]))
    if "competency" in facts:
        yield correction.Change(_("Competencia"), "", in_words(facts["competency"]))


def lock(act: CertificateAct) -> None:
    """Hold the person whom the act is for."""
    lock_holder(act.person)


def carry_out(act: CertificateAct) -> None:
    """Issue what was certified, if it is lacking still. For `acts.certify`. Raises as `assert_lacks`."""
    holder = lock_holder(act.person)
    assert_lacks(holder, act.facts)
    made = issuing.write(
        asking.moment_of(act),
        owed=None,
        person=act.person,
        person_name=unicodedata.normalize("NFC", holder.full_name),
        score_percent=None,
        issuer=settings.CERTIFICATE_ISSUER,
        facts=issuing.frozen_facts([], act.facts["kind"], UUID(act.facts["course_key"]))
        | act.facts.get("validity", {})
        | competencies.facts(act.facts.get("competency", {})),
        **_columns(act),
    )
    issuing.enter(made, by=act.decided_by, act=act)
    audit.record(
        "certificate.issued",
        by=act.decided_by,
        subject=f"certificates.Certificate:{made.public_id}",
        facts={"reference": made.reference},
    )


def is_carried_out(act: CertificateAct, made: Certificate) -> bool:
    """Whether a certificate says what was asked, and follows no other."""
    same = all(getattr(made, name) == value for name, value in _columns(act).items())
    return made.supersedes is None and same and made.facts.get("competency") == act.facts.get("competency")


def _columns(act: CertificateAct) -> dict[str, Any]:
    facts = act.facts
    ends = facts.get("expires_on")
    return {
        "course_key": UUID(facts["course_key"]),
        "edition": facts["edition"],
        "course_title": facts["course_title"],
        "kind": facts["kind"],
        "hours": Decimal(facts["hours"]),
        "started_on": date.fromisoformat(facts["started_on"]),
        "completed_on": date.fromisoformat(facts["completed_on"]),
        "expires_on": date.fromisoformat(ends) if ends else None,
        "municipality": Municipality.objects.filter(code=facts["municipality"]).first(),
        "municipality_name": facts["municipality_name"],
        "post": Post.objects.filter(code=facts["post"]).first(),
        "post_name": facts["post_name"],
    }
