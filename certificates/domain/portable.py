"""A record to take away: as a sealed paper, as a Comprehensive Learner Record, as a CV for machines, as a list.

All are made of the same lines (`lines`) and, but for the paper's own owner, of nothing that says more than they do: no
CUI, no address, no telephone.
"""

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from openbadgeslib.ob3.clr import build_clr_credential, bundled_clr_contexts

from certificates import keyring
from certificates.models import Certificate
from certificates.pdf import paper, seal, words
from certificates.pdf.metadata import Description
from certificates.pdf.paper import Piece
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.domain.sheets import Cell
from lms.models import Person

from . import competencies, lines, proofs, record
from .dids import did_of
from .lines import Line

AUTHOR = "Asociación Nacional de Municipalidades de la República de Guatemala"
CLR_CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
]
"""In the order that the schema of CLR 2.0 asks for; the library has the last two the other way round."""
CLR_SCHEMA = "https://purl.imsglobal.org/spec/clr/v2p0/schema/json/clr_v2p0_clrcredential_schema.json"
MOST_MEMBERS = 100
MOST_BYTES = 248 * 1024
"""Of the credentials in one file: with what is around them a proven document has at most 256 KiB."""


def note_download(person: Person, *, by: Person, form: str) -> None:
    """Tell the trail who took a record away, and how."""
    with transaction.atomic():
        audit.record("career.downloaded", by=by, subject=f"lms.person:{person.public_id}", facts={"form": form})


# On paper ----------------------------------------------------------------------------------------------------------


def as_paper(person: Person, *, at: datetime | None = None) -> bytes:
    """The sealed PDF, in Spanish as every paper of the house. Raises `keyring.KeyMissing`."""
    at = timezone.localtime(at or timezone.now()).replace(microsecond=0)
    found = record.find(person)
    described = Description(
        title="Expediente de Carrera Municipal",
        author=AUTHOR,
        subject=f"Puestos, formación y certificados de {person.full_name}",
        keyword="expediente",
        at=at,
    )
    with translation.override("es"):
        unsigned = paper.render(described, _pieces(person, found, at))
    return sealed(unsigned, at)


def sealed(unsigned: bytes, at: datetime) -> bytes:
    """A finished paper with the house's seal, which claims the moment `at`."""
    key = keyring.current(keyring.Use.SEAL)
    return seal(
        unsigned,
        private=key.private,
        certificate=key.certificate,
        at=max(at, key.since),
        time_authority=settings.SEAL_TIME_AUTHORITY,
    )


def _pieces(person: Person, found: record.Record, at: datetime) -> Iterator[tuple[Piece, str]]:
    shown = lines.lines_of(found)
    yield Piece.TITLE, "Expediente de Carrera Municipal"
    yield Piece.HEADING, person.full_name
    yield (
        Piece.QUIET,
        f"Hecho el {words.day(at.date())}, a las {at:%H:%M}. De lo que dice «Certificado» responde ANAM; lo que dice "
        "«Cotejado» se comparó con su original en Recursos Humanos; lo que dice «Declarado» lo dice solo la persona.",
    )
    for kind, total in lines.sums(shown):
        yield Piece.TEXT, f"{kind}: {words.hours(total)}."
    for modality, total in lines.by_modality(shown):
        yield Piece.TEXT, f"De ellas {modality}: {words.hours(total)}."
    yield Piece.HEADING, "Puestos"
    held = [one.appointment for one in found.periods if one.appointment]
    for post in held:
        until = f"al {words.day(post.ends_on)}" if post.ends_on else "a la fecha"
        yield Piece.NAME, f"{post.post.name}, {post.municipality}"
        stands = "Declarado, sin confirmar" if post.is_awaiting else "Confirmado por la municipalidad"
        yield Piece.TEXT, f"Del {words.day(post.starts_on)} {until}. {stands}."
    if not held:
        yield Piece.TEXT, "Ninguno anotado."
    yield from _competencies(found)
    yield Piece.HEADING, "Formación y certificados"
    for line in shown:
        yield Piece.NAME, line.title
        modality = f" {line.modality}" if line.modality else ""
        yield Piece.TEXT, f"{line.institution}. {words.hours(line.hours)}{modality}, {_period(line)}."
        yield Piece.TEXT, " · ".join(part for part in (line.state, line.reference, _address(line)) if part)
    if not shown:
        yield Piece.TEXT, "Todavía ninguna."


def _competencies(found: record.Record) -> Iterator[tuple[Piece, str]]:
    """What counts today, and what has expired; nothing where there is none."""
    able = competencies.fold(found.certificates)
    if able:
        yield Piece.HEADING, "Competencias"
    for held in able:
        yield Piece.NAME, held.name
        for proof in (held.proof, held.lapsed):
            if proof:
                paper = f"{proof.certificate.reference} · {proof.certificate.facts['verify_url']}"
                yield Piece.TEXT, f"Nivel {proof.level_name}. {_until(proof, is_over=proof is held.lapsed)} · {paper}"


def _until(proof: competencies.Proof, *, is_over: bool) -> str:
    if proof.until is None:
        return "No vence"
    return f"{'Venció' if is_over else 'Vigente hasta'} el {words.day(proof.until)}"


def _period(line: Line) -> str:
    return words.period(line.started_on, line.ended_on)


def _address(line: Line) -> str:
    return line.certificate.facts["verify_url"] if line.certificate else ""


# For machines ------------------------------------------------------------------------------------------------------


def as_clr(person: Person, *, at: datetime | None = None) -> str:
    """A proven ClrCredential (1EdTech CLR 2.0) around the credentials of the certificates, word for word.

    Raises `career.nothing_to_take` without any that has its file, and `keyring.KeyMissing`.
    """
    standing = [one for one in record.find(person).certificates if lines.is_standing(one)]
    members = _fitting([json.loads(one.file.credential) for one in standing if _has_credential(one)])
    if not members:
        words_ = _(
            "Todavía no tiene certificados en vigor con su archivo. Cuando tenga uno, podrá llevarse este formato."
        )
        raise RuleBroken("career.nothing_to_take", words_)
    key = keyring.current(keyring.Use.CREDENTIAL)
    issuer = members[0]["issuer"]
    did = did_of(members[0]["id"])
    named = {"type": "IdentityObject", "hashed": False, "identityHash": person.full_name, "identityType": "name"}
    document = build_clr_credential(
        {**issuer, "id": did},
        [named],
        members,
        credential_id=f"urn:uuid:{uuid.uuid4()}",
        valid_from=at or timezone.now(),
    )
    document["@context"] = CLR_CONTEXT
    document["name"] = "Expediente de Carrera Municipal"
    document["partial"] = len(members) < len(standing)
    document["credentialSchema"] = [{"id": CLR_SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}]
    document["credentialSubject"]["type"] = ["ClrSubject"]
    proven = proofs.prove(document, key, f"{did}#{key.name}", more=bundled_clr_contexts())
    proven["proof"] = [proven["proof"]] if isinstance(proven["proof"], dict) else proven["proof"]
    return json.dumps(proven, ensure_ascii=False, indent=1)


def _has_credential(certificate: Certificate) -> bool:
    return hasattr(certificate, "file") and bool(certificate.file.credential)


def _fitting(members: list[dict]) -> list[dict]:
    """The first of them, as many as one proven document may hold."""
    total = 0
    for place, member in enumerate(members[:MOST_MEMBERS]):
        total += len(json.dumps(member, ensure_ascii=False, separators=(",", ":")).encode()) + 1
        if total > MOST_BYTES:
            return members[:place]
    return members[:MOST_MEMBERS]


def as_cv(person: Person) -> str:
    """Education and work as JSON, after the parts of a Europass CV; it is not Europass' own format, and says so."""
    found = record.find(person)
    document: dict[str, Any] = {
        "format": "aula-municipal-cv",
        "note": "Inspirado en las partes del CV Europass (formación y experiencia); no es el formato de Europass.",
        "madeAt": timezone.localtime().isoformat(timespec="seconds"),
        "person": {"name": person.full_name},
        "workExperience": [
            {
                "position": post.post.name,
                "employer": f"Municipalidad de {post.municipality}",
                "from": post.starts_on.isoformat(),
                "to": post.ends_on.isoformat() if post.ends_on else None,
                "confirmed": not post.is_awaiting,
            }
            for post in (one.appointment for one in found.periods)
            if post
        ],
        "educationAndTraining": [
            {
                "title": line.title,
                "organisation": line.institution,
                "from": line.started_on.isoformat(),
                "to": line.ended_on.isoformat(),
                "hours": float(line.hours),
                "modality": line.modality or None,
                "state": line.state,
                "reference": line.reference or None,
                "verifyAt": _address(line) or None,
            }
            for line in lines.lines_of(found)
        ],
    }
    document["competencies"] = [
        {
            "name": proof.name,
            "level": proof.level,
            "levelName": proof.level_name,
            "until": proof.until.isoformat() if proof.until else None,
            "inForce": proof is held.proof,
            "reference": proof.certificate.reference,
            "verifyAt": proof.certificate.facts["verify_url"],
        }
        for held in competencies.fold(found.certificates)
        for proof in (held.proof, held.lapsed)
        if proof
    ]
    return json.dumps(document, ensure_ascii=False, indent=1)


# As a list ---------------------------------------------------------------------------------------------------------


def headings() -> list[str]:
    """The first row."""
    return [
        _("Formación"),
        _("Institución"),
        _("Horas"),
        _("De qué forma"),
        _("Empezó"),
        _("Terminó"),
        _("Estado"),
        _("Número"),
        _("Se comprueba en"),
        _("Puesto"),
        _("Municipalidad"),
        _("Competencia"),
        _("Nivel"),
    ]


def rows(person: Person) -> Iterator[list[Cell]]:
    """One row for each line of the record."""
    for line in lines.lines_of(record.find(person)):
        yield [
            line.title,
            line.institution,
            line.hours,
            line.modality,
            line.started_on,
            line.ended_on,
            line.state,
            line.reference,
            _address(line),
            line.post,
            line.place,
            line.proven.get("name", ""),
            line.proven.get("level_name", ""),
        ]
