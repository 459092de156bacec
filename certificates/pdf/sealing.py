"""Sealing a finished file: PAdES baseline B-B (ETSI EN 319 142-1), B-T where an authority stamps the time.

With no authority the same file, key and moment give the same bytes: ECDSA by RFC 6979, and nothing else is random.
"""

import io
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import cms_embedder
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from . import additions, envelope
from .appending import Writer
from .finishing import SEAL_FIELD

# In letters of hexadecimal: twice the bytes of the CMS. A token of time brings certificates of its own.
RESERVED, RESERVED_WITH_TIME = 8192, 32768
TIMESTAMP_PATIENCE_SECONDS = 10


class SealBroken(Exception):
    """The file is not as it was sealed, or was not sealed by the issuer. Says why."""


def seal(
    finished: bytes,
    *,
    private: ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    at: datetime,
    time_authority: str = "",
) -> bytes:
    """The file with the seal in its field, after which nothing may be added to it.

    `at` is the moment that the seal claims; `time_authority` is the address (RFC 3161) of who proves a moment. Raises
    whatever asking it raises.
    """
    out = io.BytesIO(finished)
    steps = cms_embedder.PdfCMSEmbedder().write_cms(
        field_name=SEAL_FIELD, writer=Writer(out), existing_fields_only=True
    )
    next(steps)
    signature = SignatureObject(
        timestamp=at,
        subfilter=SigSeedSubFilter.PADES,
        bytes_reserved=RESERVED_WITH_TIME if time_authority else RESERVED,
    )
    only_this = cms_embedder.SigMDPSetup(md_algorithm=envelope.DIGEST, certify=True, docmdp_perms=MDPPerm.NO_CHANGES)
    steps.send(cms_embedder.SigObjSetup(sig_placeholder=signature, mdp_setup=only_this))
    prepared, sealed = steps.send(cms_embedder.SigIOSetup(md_algorithm=envelope.DIGEST, in_place=True))
    stamper = HTTPTimeStamper(time_authority, timeout=TIMESTAMP_PATIENCE_SECONDS) if time_authority else None
    if stamper:
        cms = envelope.around_with_time(prepared.document_digest, private, certificate, stamper)
    else:
        cms = envelope.around(prepared.document_digest, private, certificate)
    steps.send(cms)
    return sealed.getvalue()


def check(content: bytes, certificates: Iterable[x509.Certificate]) -> str:
    """The digest (SHA-256) of the file before it was sealed. Raises `SealBroken`.

    Sealed means: one seal, over the whole file as it was then, made with the key of one of `certificates`, and nothing
    behind it but proofs of time (`additions`).
    """
    try:
        sealed = additions.read(content)
    except additions.Refused as problem:
        raise SealBroken(str(problem)) from problem
    known = [envelope.as_asn1(certificate) for certificate in certificates]
    if sealed.seal.signer_cert.dump() not in {one.dump() for one in known}:
        raise SealBroken("it was sealed with a key of somebody else")
    try:
        context = ValidationContext(trust_roots=known, allow_fetching=False, moment=sealed.seal.self_reported_timestamp)
        status = validate_pdf_signature(sealed.seal, context)
    except (SignatureValidationError, PdfReadError, ValueError) as problem:
        raise SealBroken(f"its seal cannot be read: {problem}") from problem
    proof = status.timestamp_validity  # of the time: whole, but by an authority that need not be known here
    holds = status.intact and status.valid and status.trusted and (proof is None or (proof.intact and proof.valid))
    if not holds or status.coverage is not SignatureCoverageLevel.ENTIRE_FILE:
        raise SealBroken(f"its seal does not hold: {status.summary()}")
    return sha256(_before(content)).hexdigest()


def _before(content: bytes) -> bytes:
    """The file as it was before anything was added to it."""
    return content[: content.index(additions.END) + len(additions.END)]
