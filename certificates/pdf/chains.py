"""What shows, years later, that a certificate held: its chain, and that nobody had revoked any of it."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from asn1crypto import x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    CertificateFetchError,
    PathBuildingError,
    PathValidationError,
    ValidationError,
)
from pyhanko_certvalidator.fetchers import Fetchers
from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend

PATIENCE_SECONDS = 10
MOST_LINKS = 8


class NotShown(Exception):
    """It cannot be shown that a certificate holds. Says why."""


@dataclass(frozen=True)
class Evidence:
    """Each as DER: the certificates from the one in question to its root, lists of revocations, answers of OCSP."""

    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


def gather(certificate: x509.Certificate, beside: Iterable[x509.Certificate]) -> Evidence:
    """What is to be had now, from where the certificates of the chain themselves say; `beside` may be of the chain.

    For an hour it is not asked for again. Raises `NotShown`, also where one of them was revoked.
    """
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return _gather(certificate.dump(), tuple(one.dump() for one in beside), hour)


@lru_cache(maxsize=8)
def _gather(certificate: bytes, beside: tuple[bytes, ...], _hour: datetime) -> Evidence:
    loaded = x509.Certificate.load(certificate), [x509.Certificate.load(one) for one in beside]
    return asyncio.run(_ask(*loaded))


async def _ask(certificate: x509.Certificate, beside: list[x509.Certificate]) -> Evidence:
    backend = RequestsFetcherBackend(per_request_timeout=PATIENCE_SECONDS)
    chain = await _chain(certificate, beside, backend.get_fetchers())
    kept = tuple(one.dump() for one in chain)
    if len(chain) == 1:
        return Evidence(kept)  # nobody stands above it who could have revoked it
    context = ValidationContext(
        trust_roots=chain[-1:],
        other_certs=chain[1:-1],
        allow_fetching=True,
        revocation_mode="hard-fail",
        fetcher_backend=backend,
    )
    try:
        await CertificateValidator(certificate, chain[1:-1], validation_context=context).async_validate_path()
    except (PathBuildingError, PathValidationError, ValidationError) as problem:
        raise NotShown(str(problem)) from problem
    crls, ocsps = (tuple(one.dump() for one in some) for some in (context.crls, context.ocsps))
    return Evidence(kept, crls, ocsps)


async def _chain(
    certificate: x509.Certificate, beside: list[x509.Certificate], fetchers: Fetchers
) -> list[x509.Certificate]:
    """From the certificate to one that vouches for itself."""
    chain = [certificate]
    while chain[-1].subject != chain[-1].issuer:
        above = _issuer(chain[-1], beside) or await _fetched(chain[-1], fetchers)
        if above is None or len(chain) == MOST_LINKS:
            raise NotShown(f"nobody has the certificate of {chain[-1].issuer.human_friendly}")
        chain.append(above)
    return chain


def _issuer(certificate: x509.Certificate, among: Iterable[x509.Certificate]) -> x509.Certificate | None:
    known = certificate.authority_key_identifier
    for one in among:
        is_key = known is None or one.key_identifier is None or one.key_identifier == known
        if one.subject == certificate.issuer and is_key:
            return one
    return None


async def _fetched(certificate: x509.Certificate, fetchers: Fetchers) -> x509.Certificate | None:
    try:
        found = [one async for one in fetchers.cert_fetcher.fetch_cert_issuers(certificate)]
    except CertificateFetchError as problem:
        raise NotShown(str(problem)) from problem
    return _issuer(certificate, found)
