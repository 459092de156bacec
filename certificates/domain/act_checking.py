"""Reading what two people did to the register, and what it led to. Nothing is written."""

from collections.abc import Iterator
from datetime import datetime

from django.db.migrations.recorder import MigrationRecorder

from certificates.models import Certificate, CertificateAct, CertificateEvent
from lms.models import Person

from . import by_hand, correction, log

KINDS = CertificateEvent.Kind
_STATES: dict[str, str] = {
    CertificateAct.Kind.REVOCATION: KINDS.REVOKED,
    CertificateAct.Kind.SUSPENSION: KINDS.SUSPENDED,
    CertificateAct.Kind.LIFTING: KINDS.REINSTATED,
}
# Revocations from before it took one person, and have no act.
BEGAN = ("certificates", "0012_keep_what_two_people_did")


def find_faults() -> Iterator[str]:
    """Each fault as a sentence that names its row."""
    yield from _acts()
    yield from _events_without()
    yield from _chains()


def _acts() -> Iterator[str]:
    """Two human beings each; those that were certified are what the log tells of, and led to what they asked for."""
    rows = CertificateAct.objects.select_related(
        *("certificate", "person", "municipality", "asked_by", "decided_by", "batch"),
        *("event__leaf", "event__certificate__supersedes"),
    )
    for act in rows.order_by("pk").iterator(chunk_size=500):
        for fault in _faults_of(act):
            yield f"act {act.public_id}: {fault}"


def _faults_of(act: CertificateAct) -> Iterator[str]:
    if act.decided_by and _root(act.decided_by) == _root(act.asked_by):
        yield "was asked and decided by one person"
    if (act.decision == CertificateAct.Decision.CERTIFIED) != (act.event is not None):
        yield "was certified and led to nothing, or led to something and was not"
    if act.batch and act.decided_by_id and act.decided_by_id != act.batch.decided_by_id:
        yield "was not decided by whoever decided its list"
    if act.event is None:
        return
    leaf = getattr(act.event, "leaf", None)
    if leaf and leaf.entry.get("act_sha256") != log.digest_of_act(act):
        yield f"is not the one that leaf {leaf.index} tells of"
    if not _led_to_what_it_asked(act, act.event):
        yield "led to something else than it asked"


def _led_to_what_it_asked(act: CertificateAct, event: CertificateEvent) -> bool:
    found = event.certificate
    if act.kind in _STATES:
        return (event.kind, found.pk) == (_STATES[act.kind], act.certificate_id)
    if event.kind != KINDS.ISSUED or found.person_id != act.person_id:
        return False
    if act.kind == CertificateAct.Kind.CORRECTION:
        return found.supersedes_id == act.certificate_id and correction.is_carried_out(act, found)
    return by_hand.is_carried_out(act, found)


def _root(person: Person) -> int:
    return person.merged_into_id or person.pk


def _events_without() -> Iterator[str]:
    """What takes two people has their act."""
    lacking = CertificateEvent.objects.filter(act=None).select_related("certificate").order_by("pk")
    for event in lacking.filter(kind=KINDS.REVOKED, at__gte=_began()):
        yield f"certificate {event.certificate.reference}: was revoked without an act of two people"
    for event in lacking.filter(kind__in=(KINDS.SUSPENDED, KINDS.REINSTATED)):
        yield f"certificate {event.certificate.reference}: was {event.kind} without an act of two people"
    for event in lacking.filter(kind=KINDS.ISSUED, certificate__owed=None, certificate__renewal=None):
        yield f"certificate {event.certificate.reference}: is owed to nobody and has no act of two people"
    orphans = CertificateEvent.objects.filter(kind=KINDS.SUPERSEDED, certificate__superseded_by=None)
    for event in orphans.select_related("certificate").order_by("pk"):
        yield f"certificate {event.certificate.reference}: was superseded by none"


def _began() -> datetime:
    """Since when this installation asks for two people."""
    app, name = BEGAN
    applied = MigrationRecorder.Migration.objects.filter(app=app, name=name).values_list("applied", flat=True)
    return applied[0]


def _chains() -> Iterator[str]:
    """A successor is of the same person, course and edition, one revision later, and what it follows holds no more."""
    for one in Certificate.objects.exclude(supersedes=None).select_related("person", "supersedes__person"):
        before = one.supersedes
        if before is None:
            continue
        said = (one.course_key, one.edition, one.revision, _root(one.person))
        if said != (before.course_key, before.edition, before.revision + 1, _root(before.person)):
            yield f"certificate {one.reference}: is no revision of {before.reference}, which it supersedes"
        if not before.events.filter(kind=KINDS.SUPERSEDED).exists():
            yield f"certificate {before.reference}: has a successor and was not superseded"
