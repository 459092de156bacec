"""The Open Badges 3.0 credential of a certificate: what the paper says, for machines (1EdTech OB 3.0, W3C VCDM 2.0).

Built from the frozen facts alone and proven by `eddsa-rdfc-2022`, which is deterministic. Whom it speaks of is named
by an identifier that is made of the certificate's random code, so that two certificates of one person share none.
"""

import json
from datetime import UTC, date, datetime
from hashlib import sha256
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3.ldp import verify_data_integrity_proof

from certificates import keyring
from certificates.models import Certificate
from certificates.pdf import kind_title, reason_of, words

from . import quads, vc_jwt
from .dids import did_of
from .status_lists import entries_of

CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]
SCHEMA = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
_OF_SUBJECTS = UUID("5b3f7a52-0c0e-4c39-9f0c-2f8a8f6f0a46")
_OF_RESULTS = UUID("0f6f0d3c-6e5b-4e0f-8a51-8a4c1d2b9e77")
_OF_COMPETENCIES = UUID("b7d0a3d6-2b57-4d5e-8f5f-6a1e6f0c9d31")


class CredentialBroken(Exception):
    """The credential is not as it was issued. Says why."""


def issue(certificate: Certificate) -> str:
    """The proven credential as JSON; the same text for the same facts and key. Raises `keyring.KeyMissing`."""
    key = keyring.current(keyring.Use.CREDENTIAL)
    document = build(certificate)
    method = f"{document['issuer']['id']}#{key.name}"
    created = _moment(max(certificate.issued_at, key.since))
    said = quads.canonical_proof(created, method), quads.canonical(document)
    proof = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": created,
        "verificationMethod": method,
        "proofPurpose": "assertionMethod",
        "proofValue": keyring.multibase(key.private.sign(b"".join(sha256(text.encode()).digest() for text in said))),
    }
    document["proof"] = [proof]  # the schema asks for a list, for there may be several
    return json.dumps(document, ensure_ascii=False, indent=1)


def as_token(certificate: Certificate) -> str:
    """The same as a JSON Web Token, for readers that know no JSON-LD; the same text for the same facts and key.

    Raises `keyring.KeyMissing`.
    """
    return vc_jwt.sign(build(certificate), keyring.current(keyring.Use.CREDENTIAL))


def check(text: str, certificate: Certificate) -> None:
    """Raises `CredentialBroken` unless it is the credential of the certificate, proven with a key of ours."""
    try:
        document = json.loads(text)
        name = document["proof"][0]["verificationMethod"].rpartition("#")[2]
        said = document["id"], document["credentialSubject"]["licenseNumber"]
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        raise CredentialBroken(f"it cannot be read: {problem}") from problem
    if said != (certificate.facts["verify_url"], certificate.reference):
        raise CredentialBroken("it is that of another certificate")
    keys = {key.name: key for key in keyring.history(keyring.Use.CREDENTIAL)}
    if name not in keys:
        raise CredentialBroken("it was proven with a key of somebody else")
    public = keys[name].certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    try:
        verify_data_integrity_proof(document, public)
    except LibOpenBadgesException as problem:
        raise CredentialBroken(f"its proof does not hold: {problem}") from problem


def build(certificate: Certificate) -> dict:
    """The credential without its proof."""
    address = certificate.facts["verify_url"]
    parts = urlsplit(address)
    status = entries_of(certificate)
    return {
        "@context": CONTEXT,
        "id": address,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": f"{kind_title(certificate)}: {certificate.course_title}",
        "issuer": {
            "id": did_of(address),
            "type": ["Profile"],
            "name": certificate.issuer,
            "url": f"{parts.scheme}://{parts.netloc}/",
        },
        "validFrom": _moment(certificate.issued_at),
        **({"validUntil": _end(certificate.expires_on)} if certificate.expires_on else {}),
        "credentialSubject": _subject(certificate),
        **_status(status),
    }


def _status(entries: list[dict]) -> dict:
    """The bits, and the schema of 1EdTech where it holds: it knows one status at most, the W3C any number."""
    if len(entries) > 1:
        return {"credentialStatus": entries}
    schema = {"credentialSchema": [{"id": SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}]}
    return {"credentialStatus": entries[0], **schema} if entries else schema


def _subject(certificate: Certificate) -> dict:
    """Whom it certifies what: name, post and municipality as on the paper, days, mark."""
    held = ", ".join(part for part in (certificate.post_name, certificate.municipality_name) if part)
    subject: dict = {
        "id": f"urn:uuid:{uuid5(_OF_SUBJECTS, certificate.code)}",
        "type": ["AchievementSubject"],
        "identifier": [
            {
                "type": "IdentityObject",
                "hashed": False,
                "identityHash": certificate.person_name,
                "identityType": "name",
            }
        ],
        "licenseNumber": certificate.reference,
        "activityStartDate": _begin(certificate.started_on),
        "activityEndDate": _begin(certificate.completed_on),
        "achievement": _achievement(certificate),
    }
    if held:
        subject["role"] = held
    if results := _results(certificate):
        subject["result"] = results
    return subject


def _results(certificate: Certificate) -> list[dict]:
    """The mark, and the level of the competency that is proven."""
    results = []
    if certificate.score_percent is not None:
        value = str(certificate.score_percent)
        results.append({"type": ["Result"], "resultDescription": _result_id(certificate), "value": value})
    if proven := certificate.facts.get("competency"):
        reached = {"resultDescription": _competency_id(proven), "achievedLevel": _level_id(proven)}
        results.append({"type": ["Result"], **reached, "value": proven["level_name"]})
    return results


def _achievement(certificate: Certificate) -> dict:
    said = f"{kind_title(certificate)} {reason_of(certificate)} «{certificate.course_title}»"
    achievement: dict = {
        "id": f"urn:uuid:{certificate.course_key}",
        "type": ["Achievement"],
        "achievementType": "Course",
        "name": certificate.course_title,
        "version": str(certificate.edition),
        "inLanguage": "es",
        "description": f"Curso de {words.hours(certificate.hours)}.",
        "criteria": {"narrative": f"{said}, de {words.hours(certificate.hours)}."},
    }
    if described := _described_results(certificate):
        achievement["resultDescription"] = described
    return achievement


def _described_results(certificate: Certificate) -> list[dict]:
    """What the results of `_results` mean. Of the levels only the one that is proven was frozen."""
    described: list[dict] = []
    if certificate.score_percent is not None:
        described.append(
            {
                "id": _result_id(certificate),
                "type": ["ResultDescription"],
                "name": "Nota obtenida, sobre 100",
                "resultType": "Percent",
                "valueMin": "0",
                "valueMax": "100",
            }
        )
    if proven := certificate.facts.get("competency"):
        level = {"id": _level_id(proven), "type": ["RubricCriterionLevel"], "name": proven["level_name"]}
        described.append(
            {
                "id": _competency_id(proven),
                "type": ["ResultDescription"],
                "name": f"Competencia demostrada: {proven['name']}",
                "resultType": "RubricCriterionLevel",
                "rubricCriterionLevel": [level | {"level": str(proven["level"])}],
            }
        )
    return described


def _competency_id(proven: dict) -> str:
    return f"urn:uuid:{uuid5(_OF_COMPETENCIES, proven['key'])}"


def _level_id(proven: dict) -> str:
    return "urn:uuid:" + str(uuid5(_OF_COMPETENCIES, f"{proven['key']}/{proven['level']}"))


def _result_id(certificate: Certificate) -> str:
    return f"urn:uuid:{uuid5(_OF_RESULTS, str(certificate.course_key))}"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _begin(day: date) -> str:
    """The day's first moment in Guatemala, which has no summer time."""
    return f"{day.isoformat()}T00:00:00-06:00"


def _end(day: date) -> str:
    """The day's last second there."""
    return f"{day.isoformat()}T23:59:59-06:00"
