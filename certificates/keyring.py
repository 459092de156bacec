"""The keys that certificates are sealed with: outside the database, in files or in a token (`token_keys`).

`settings.SEAL_KEYS_DIR` (mode 0700) holds two files for each key: `<use>-<name>.key` (PKCS #8, mode 0600) and
`<use>-<name>.crt`, the certificate that its issuer made out to itself. The newest key of a use seals. Older ones stay
published for ever, so that what they sealed can be checked; their `.key` may be destroyed, their `.crt` never. A key
that lives in a token has a `.token` in place of the `.key`. Files are read once and kept in memory.
"""

import fcntl
import os
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import NameOID
from django.conf import settings

from certificates import token_keys

_ED25519_PUBLIC = b"\xed\x01"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
VALID_FOR = timedelta(days=3653)
KeyMissing = token_keys.KeyMissing


class Use(Enum):
    """What a key is for: the seal of the PDF, the facts in its QR (ES256); the credential inside, the log (EdDSA)."""

    SEAL = "seal"
    CREDENTIAL = "credential"
    LOG = "log"
    QR = "qr"


_P256 = (Use.SEAL, Use.QR)


@dataclass(frozen=True)
class Key:
    """`name` is the thumbprint of its JWK (RFC 7638).

    `private` is of the kind that its use asks for (P-256, Ed25519), or None where only the certificate is kept. One in
    a token signs and does not leave it, and raises `KeyMissing` while it cannot be reached.
    """

    name: str
    use: Use
    certificate: x509.Certificate
    private: Any

    @property
    def since(self) -> datetime:
        """When it was made."""
        return self.certificate.not_valid_before_utc


def current(use: Use) -> Key:
    """The key to seal with now. Embedded, one is made where there is none; in production that raises `KeyMissing`."""
    if found := _newest(use):
        return found
    if settings.PRODUCTION:
        raise KeyMissing(f"{settings.SEAL_KEYS_DIR} holds no key of use {use.value}: manage.py make_seal_keys")
    ensure()
    return current(use)


def history(use: Use) -> list[Key]:
    """Every key of a use that there ever was, the oldest first."""
    return [key for key in _read(_folder(), _state()) if key.use is use]


def ensure(*, anew: bool = False) -> list[Key]:
    """Have a key of each use, or make new ones beside the old; returns those that were made.

    Where settings name a token they are made in it; raises `KeyMissing` where it cannot, and then makes none.
    """
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = [use for use in Use if anew or not _newest(use)]
        token_keys.assert_able((use.value, use in _P256) for use in wanted if token_keys.holds(use.value))
        return [_make(use, folder) for use in wanted]


def public_jwk(key: Key) -> dict[str, str]:
    """The public half as a JWK (RFC 7517, RFC 8037), without what is not part of its thumbprint."""
    return _jwk(key.certificate.public_key())


def public_multibase(key: Key) -> str:
    """The public half of an Ed25519 key as a Multikey (W3C Controlled Identifiers 1.0, §2.2.2): `z6Mk…`."""
    public = key.certificate.public_key()
    if not isinstance(public, Ed25519PublicKey):
        raise TypeError("only Ed25519 keys are published as Multikeys")
    return multibase(_ED25519_PUBLIC + public.public_bytes_raw())


def multibase(content: bytes) -> str:
    """Bytes as base58btc, with the letter in front that says so (W3C Controlled Identifiers 1.0, §2.4)."""
    number, letters = int.from_bytes(content, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        letters = _BASE58[digit] + letters
    zeros = len(content) - len(content.lstrip(b"\0"))
    return f"z{_BASE58[0] * zeros}{letters}"


def _newest(use: Use) -> Key | None:
    usable = [key for key in history(use) if key.private]
    return usable[-1] if usable else None


def _folder() -> Path:
    return Path(settings.SEAL_KEYS_DIR)


def _state() -> tuple[str, ...]:
    """The names of the files: a key is never changed, so a new name is all that can be new."""
    folder = _folder()
    return tuple(sorted(os.listdir(folder))) if folder.is_dir() else ()


@lru_cache(maxsize=4)
def _read(folder: Path, names: tuple[str, ...]) -> tuple[Key, ...]:
    found = []
    for name in names:
        stem, _dot, ending = name.rpartition(".")
        if ending != "crt" or stem.startswith("."):
            continue
        certificate = x509.load_pem_x509_certificate((folder / name).read_bytes())
        use, _dash, thumbprint = stem.partition("-")
        found.append(Key(thumbprint, Use(use), certificate, _private(folder / stem, certificate)))
    return tuple(sorted(found, key=lambda key: (key.since, key.name)))


def _private(path: Path, certificate: x509.Certificate) -> Any:
    """The private half that lies beside a certificate, without an ending; None where none does."""
    secret, place = Path(f"{path}.key"), Path(f"{path}.token")
    if secret.exists():
        return serialization.load_pem_private_key(secret.read_bytes(), None)
    return token_keys.load(place, certificate.public_key()) if place.exists() else None


def _make(use: Use, folder: Path) -> Key:
    """Make a key. The certificate comes last: without it the key is not there yet."""
    private, ending, secret = _generate(use)
    # Never in the same second as the one before: the newest is known by it.
    since = max([datetime.now(UTC).replace(microsecond=0), *(key.since + timedelta(seconds=1) for key in history(use))])
    certificate = _certify(private, since)
    name = _thumbprint(private.public_key())
    _write(folder / f"{use.value}-{name}.{ending}", secret, 0o600)
    _write(folder / f"{use.value}-{name}.crt", certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return Key(name, use, certificate, private)


def _generate(use: Use) -> tuple[Any, str, bytes]:
    """A new private key, the ending of the file that tells of it, and what that file says."""
    if token_keys.holds(use.value):
        private, place = token_keys.make(use.value, p256=use in _P256)
        return private, "token", place.encode()
    private = ec.generate_private_key(ec.SECP256R1()) if use in _P256 else Ed25519PrivateKey.generate()
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, "key", secret


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all; it outlives a power cut."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _certify(private: ec.EllipticCurvePrivateKey | Ed25519PrivateKey, since: datetime) -> x509.Certificate:
    """The certificate of a key, signed by itself: whom it belongs to is said by where it is published."""
    issuer = settings.CERTIFICATE_ISSUER[:64]  # as long as a name may be (RFC 5280, appendix A.1)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "GT"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, issuer),
            x509.NameAttribute(NameOID.COMMON_NAME, issuer),
        ]
    )
    may = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    ) | {"encipher_only": False, "decipher_only": False}
    identifier = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **may), critical=True)
        .add_extension(identifier, critical=False)
        .sign(private, hashes.SHA256() if isinstance(private, ec.EllipticCurvePrivateKey) else None)
    )


def _thumbprint(public: ec.EllipticCurvePublicKey | Ed25519PublicKey) -> str:
    """RFC 7638: over the required members, in the order of their names, without spaces."""
    members = ",".join(f'"{name}":"{value}"' for name, value in sorted(_jwk(public).items()))
    return _base64url(sha256(f"{{{members}}}".encode()).digest())


def _jwk(public: object) -> dict[str, str]:
    if isinstance(public, Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public.public_bytes_raw())}
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise TypeError(f"no key of ours: {public}")
    numbers = public.public_numbers()
    x, y = (_base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def _base64url(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
