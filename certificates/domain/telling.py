"""What the register knows about a person, for the person."""

from typing import Any

from django.utils.translation import gettext_lazy, ngettext

from certificates.models import CareerShare, Certificate, CertificateAct
from courses.domain.competencies import in_words
from lms.domain import own_data
from lms.domain.telling import day, moment
from lms.models import Person

from . import transcripts


def tell(person: Person) -> dict[str, Any]:
    """Every certificate as the register has it, with its code and what happened to it; what was declared; the links;
    what was asked about certificates and decided.
    """
    rows = Certificate.objects.for_person(person).prefetch_related("events")
    links = CareerShare.objects.filter(person=person).prefetch_related("openings")
    entries = transcripts.entries_of(person)
    decided = CertificateAct.objects.exclude(decided_at=None).filter(person__in=Person.objects.family(person))
    return {
        "certificates": [_certificate(one) for one in rows],
        "career_entries": [_entry(one) for one in entries],
        "career_links": [_link(one) for one in links],
        "register_acts": [_act(one) for one in decided],
    }


def _act(one: CertificateAct) -> dict:
    return {
        "kind": str(one.get_kind_display()),
        "reason": one.reason,
        "asked_at": moment(one.asked_at),
        "decision": str(one.get_decision_display()),
        "answer": one.answer or None,
        "decided_at": moment(one.decided_at),
    }


def _entry(one: transcripts.Entry) -> dict:
    return {
        "title": one.title,
        "institution": one.institution,
        "hours": float(one.hours),
        "started_on": day(one.started_on),
        "ended_on": day(one.ended_on),
        "modality": one.modality,
        "file": one.evidence.name if one.evidence else None,
        "state": one.state_name,
        "reason": one.reason or None,
        "declared_at": moment(one.annotation.recorded_at),
        "answered_at": moment(one.last.recorded_at) if one.steps else None,
    }


def _link(one: CareerShare) -> dict:
    return {
        "parts": str(one.get_parts_display()),
        "note": one.note or None,
        "made_at": moment(one.made_at),
        "expires_at": moment(one.expires_at),
        "ended_at": moment(one.ended_at),
        "openings": [
            {"hour_at": moment(opening.hour), "device": str(opening.get_device_display()), "times": opening.count}
            for opening in one.openings.all()
        ],
    }


def _certificate(one: Certificate) -> dict:
    return {
        "reference": one.reference,
        "code": one.grouped_code,
        "kind": one.kind,
        "person_name": one.person_name,
        "course": one.course_title,
        "hours": float(one.hours),
        "score_percent": one.score_percent,
        "started_on": day(one.started_on),
        "completed_on": day(one.completed_on),
        "municipality": one.municipality_name or None,
        "post": one.post_name or None,
        "issuer": one.issuer,
        "issued_at": moment(one.issued_at),
        "verify_url": one.facts["verify_url"],
        "programme": one.facts["programme"],
        "competency": in_words(one.facts["competency"]) if "competency" in one.facts else None,
        "events": [
            {"kind": str(event.get_kind_display()), "at": moment(event.at), "reason": event.reason or None}
            for event in one.events.all()
        ],
    }


def held(people: list[Person]) -> list[str]:
    """What there is, in sentences."""
    count = Certificate.objects.filter(person__in=people).count()
    words = ngettext("%(n)d constancia o diploma", "%(n)d constancias o diplomas", count)
    return [words % {"n": count}] if count else []


own_data.describe(
    own_data.Part(
        name="certificates",
        title=gettext_lazy("Sus constancias y diplomas"),
        why=gettext_lazy("Para que cualquiera a quien usted se los muestre pueda comprobar que son auténticos."),
        held=held,
    )
)
