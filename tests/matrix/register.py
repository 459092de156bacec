"""What the register and the career record hold in a world: certificates, acts, lists, entries, links, checkpoints."""

import uuid
from datetime import timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from certificates.domain import career, checkpoints, revocation, sharing
from certificates.models import CareerShare, Certificate, CertificateBatch, CertificateBundle
from lms.models import Person
from tests.factories.career import a_declaration, a_paper
from tests.factories.certificates import a_certificate
from tests.factories.people import an_employee, somebody_with_role

from .world import Found, Side, World, by_key

SAID = {"course_key": str(uuid.uuid4()), "edition": 1, "course_title": "x", "kind": "diploma", "hours": "1.0"}
SAID |= {"started_on": "2026-01-01", "completed_on": "2026-01-01"}


def batch(world: World, owner: Person) -> Found:
    return by_key(CertificateBatch.objects.create(facts=SAID, reason="x", asked_by=owner))


def bundle(world: World, side: Side) -> Found:
    key = str(a_certificate(person=an_employee(side.municipality.code)).public_id)
    until = timezone.now() + timedelta(days=1)
    path = default_storage.save(f"certificates/paquetes/{uuid.uuid4()}.zip", ContentFile(b"x"))
    made = {"form": "zip", "certificates": [key], "path": path, "bytes": 1, "expires_at": until}
    return by_key(CertificateBundle.objects.create(asked_by=somebody_with_role("certifier"), **made))


def certificate(world: World, side: Side) -> Found:
    certificate: Certificate = a_certificate(person=an_employee(side.municipality.code))
    return by_key(certificate, code=certificate.code)


def act(world: World, side: Side) -> Found:
    certificate: Certificate = a_certificate(person=an_employee(side.municipality.code))
    asked = {"reason_kind": "error", "reason": "x", "by": somebody_with_role("administrator")}
    return by_key(revocation.ask(certificate=certificate, **asked))


def career_entry(world: World, side: Side, *, is_checked: bool = False) -> Found:
    entry = a_declaration(an_employee(side.municipality.code), evidence=a_paper())
    if is_checked:
        career.check(entry=entry, by=somebody_with_role("administrator"))
    return by_key(entry)


def career_link(owner: Person) -> Found:
    """A row: minors have none, and walk here too."""
    code, ends = uuid.uuid4().hex, timezone.now() + timedelta(days=1)
    return by_key(
        CareerShare.objects.create(person=owner, code_sha256=sharing._digest(code), expires_at=ends), code=code
    )


def checkpoint(world: World, side: Side) -> Found:
    made = checkpoints.publish()
    return Found({"day": made.day.isoformat()}, query={"desde": made.size, "hasta": made.size})
