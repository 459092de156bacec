"""The CMS around a seal (RFC 5652, CAdES): made by pyHanko once for a key, and then filled.

For one certificate two of them differ in the digest of the file and in the signature alone: nothing else in them is of
the moment. The signature of ECDSA is 68 to 72 bytes long, mostly, so there is a mould for each length.
"""

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

DIGEST = "sha256"
_NO_DIGEST = sha256(b"a digest that no file has").digest()
_NO_SIGNATURE = sha256(b"a signature that no key makes").digest()


@dataclass(frozen=True)
class _Mould:
    """`signed` and `whole` are cut where the digest goes, and `whole` where the signature goes."""

    signed: tuple[bytes, bytes]
    whole: tuple[bytes, bytes, bytes]


class _Signer(Signer):
    """Keeps what it was asked to sign."""

    def __init__(self, certificate: x509.Certificate):
        super().__init__(signing_cert=as_asn1(certificate), cert_registry=SimpleCertificateStore())
        self.asked = b""

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        self.asked = data
        return self.answer()

    def answer(self) -> bytes:
        """What stands where the signature goes."""
        raise NotImplementedError


class _Sealer(_Signer):
    """A key that is kept in memory as it is."""

    def __init__(self, private: ec.EllipticCurvePrivateKey, certificate: x509.Certificate):
        super().__init__(certificate)
        self._private = private

    def answer(self) -> bytes:
        return _sign(self._private, self.asked)


class _Dummy(_Signer):
    """Answers with so many bytes that are no signature."""

    def __init__(self, certificate: x509.Certificate, length: int):
        super().__init__(certificate)
        self._length = length

    def answer(self) -> bytes:
        return (_NO_SIGNATURE * (self._length // len(_NO_SIGNATURE) + 1))[: self._length]


def around(digest: bytes, private: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    """The CMS of a file's SHA-256, without a time from an authority."""
    signature = _sign(private, digest.join(_mould(certificate, 0).signed))
    before, between, behind = _mould(certificate, len(signature)).whole
    return before + digest + between + signature + behind


def around_with_time(
    digest: bytes, private: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, stamper: TimeStamper
) -> bytes:
    """The same with the time that an authority stamps. Raises whatever asking it raises."""
    return _made(_Sealer(private, certificate), digest, stamper)


@lru_cache(maxsize=32)
def _mould(certificate: x509.Certificate, length: int) -> _Mould:
    """For signatures of so many bytes."""
    signer = _Dummy(certificate, length)
    made = _made(signer, _NO_DIGEST)
    before, rest = _cut(made, _NO_DIGEST)
    return _Mould(_cut(signer.asked, _NO_DIGEST), (before, *_cut(rest, signer.answer())))


def _cut(content: bytes, at: bytes) -> tuple[bytes, bytes]:
    if at and content.count(at) != 1:
        raise ValueError("the CMS of a seal has another form than it had")
    before, _at, behind = content.partition(at) if at else (content, b"", b"")
    return before, behind


def _made(signer: _Signer, digest: bytes, stamper: TimeStamper | None = None) -> bytes:
    return asyncio.run(signer.async_sign(digest, DIGEST, use_pades=True, timestamper=stamper)).dump()


def _sign(private: ec.EllipticCurvePrivateKey, content: bytes) -> bytes:
    return private.sign(content, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def as_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """As pyHanko reads certificates."""
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
