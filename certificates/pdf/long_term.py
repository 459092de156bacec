"""Proof of time for the long run (PAdES B-LTA): what shows that the newest proof held, and a newer one over it all."""

import asyncio
import io
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from asn1crypto import cms
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.sign.general import CMSExtractionError, SigningError, extract_certificate_info
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter

from . import additions, chains, envelope
from .appending import Writer
from .sealing import RESERVED_WITH_TIME, TIMESTAMP_PATIENCE_SECONDS

FIELD = "Hora"  # and a number
# In letters of hexadecimal, more than the newest token has: its authority's next one is hardly longer.
SPARE = 2048


class NotExtended(Exception):
    """A proof of time cannot be added now. Says why."""


class AuthorityAway(NotExtended):
    """The authority does not answer, or gives no time."""


def extend(content: bytes, *, time_authority: str) -> bytes:
    """The sealed file with one addition: the evidence for the seal or its newest proof of time, and a new proof.

    `content` is as it was sealed, with or without additions. Raises `NotExtended`, also where evidence is not to be had
    or somebody of the chain was revoked.
    """
    try:
        sealed = additions.read(content)
        newest = _newest(sealed)
        asked = [newest] if sealed.proofs else [sealed.seal.signed_data, newest]
        evidence = [shown for shown in map(_shown, asked) if shown]
        extended = _proven(content, evidence, f"{FIELD} {len(sealed.proofs) + 1}", newest, time_authority)
        additions.read(extended)
    except (additions.Refused, chains.NotShown) as problem:
        raise NotExtended(str(problem)) from problem
    return extended


def _proven(
    content: bytes, evidence: list[chains.Evidence], name: str, newest: cms.SignedData, time_authority: str
) -> bytes:
    """With room for what the authority answered last, or, where it answers more by now, with the most room."""
    stamper = HTTPTimeStamper(time_authority, timeout=TIMESTAMP_PATIENCE_SECONDS)
    for reserved in (2 * len(newest.dump()) + SPARE, RESERVED_WITH_TIME):
        with suppress(SigningError):
            return _append(content, evidence, name, stamper, reserved)
    raise AuthorityAway("the authority answers more than there is room for")


def good_until(content: bytes) -> datetime | None:
    """The end of the certificate that the newest proof of time was made with; None where none was added.

    Raises `NotExtended` where something else was added.
    """
    try:
        proofs = additions.read(content).proofs
    except additions.Refused as problem:
        raise NotExtended(str(problem)) from problem
    return proofs[-1].signer_cert.not_valid_after if proofs else None


def _newest(sealed: additions.Sealed) -> cms.SignedData:
    if sealed.proofs:
        return sealed.proofs[-1].signed_data
    for token in extract_tst_data_iter(sealed.seal.signer_info, signed=False):
        return token
    raise chains.NotShown("its seal has no proof of time that could be kept")


def _shown(signed: cms.SignedData) -> chains.Evidence | None:
    """The evidence for who signed; None for one whose time is over, for whom nobody answers any more."""
    try:
        found = extract_certificate_info(signed)
    except CMSExtractionError as problem:
        raise chains.NotShown(f"nobody says who signed: {problem}") from problem
    if found.signer_cert.not_valid_after < datetime.now(UTC):
        return None
    return chains.gather(found.signer_cert, found.other_certs)


def _append(
    content: bytes, evidence: Iterable[chains.Evidence], name: str, stamper: HTTPTimeStamper, reserved: int
) -> bytes:
    out = io.BytesIO(content)
    writer = Writer(out)
    proof = DocumentTimestamp(bytes_reserved=reserved)
    field = {"/FT": pdf_name("/Sig"), "/T": pdf_string(name), "/V": writer.add_object(proof)}
    said = generic.DictionaryObject({pdf_name(key): value for key, value in field.items()})
    writer.root["/AcroForm"]["/Fields"].append(writer.add_object(said))
    writer.root["/DSS"] = writer.add_object(_store(writer, evidence))
    writer.update_root()
    steps = proof.fill(writer, envelope.DIGEST, in_place=True)
    prepared, _out = next(steps)
    steps.send(_asked(stamper, prepared.document_digest))
    return out.getvalue()


def _asked(stamper: HTTPTimeStamper, digest: bytes) -> cms.ContentInfo:
    try:
        return asyncio.run(stamper.async_timestamp(digest, envelope.DIGEST))
    except (OSError, *additions.UNREADABLE) as problem:
        raise AuthorityAway(f"the authority gives no time: {problem}") from problem


def _store(writer: Writer, evidence: Iterable[chains.Evidence]) -> generic.DictionaryObject:
    """What the store has already, and what is new of the evidence."""
    kept = additions.store_of(writer.root)
    store = generic.DictionaryObject({pdf_name("/Type"): pdf_name("/DSS")})
    for name, part in zip(additions.STORED, ("certificates", "crls", "ocsps"), strict=True):
        held = {one.get_object().data: one for one in kept.get(name, ())}
        for content in (content for shown in evidence for content in getattr(shown, part)):
            if content not in held:
                held[content] = writer.add_object(_packed(content))
        if held:
            store[pdf_name(name)] = generic.ArrayObject(held.values())
    return store


def _packed(content: bytes) -> generic.StreamObject:
    """As it is, or packed until it ends otherwise than with a carriage return (as `finishing` says why)."""
    stream = generic.StreamObject(stream_data=content)
    while stream.encoded_data.endswith(b"\r"):
        stream.apply_filter(pdf_name("/FlateDecode"), allow_duplicates=True)
    return stream
