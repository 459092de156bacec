"""What a certificate says, signed and so short that its QR holds it: whoever reads that needs nobody's line.

A CBOR Web Token (RFC 8392) in a COSE_Sign1 (RFC 9052), by ES256 with a key of its own use, in base32 behind an address:
a telephone's camera opens that, and the page at `/verificar/sin-conexion/` reads the token itself.
docs/decisions/0053 has the layout.
"""

import binascii
import re
from base64 import b32decode, b32encode, urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from django.urls import reverse

from certificates import keyring
from certificates.models import Certificate

from . import cbor, codes
from .shown import Shown

ES256, ALGORITHM, KEY_ID = -7, 1, 4  # RFC 9053, RFC 9052
EXPIRES, ISSUED, CODE, FACTS = 4, 6, 7, -65537  # claims of RFC 8392, and one of our own
TAG = b"\xd2"  # a COSE_Sign1 follows
KEY_ID_BYTES = 8  # of the 32 that a key is named by
NAME_BYTES, TITLE_BYTES, DIGEST_BYTES = 96, 64, 16
MOST_LETTERS = 1200  # no QR that is printed holds more
KINDS = {1: "constancia", 2: "diploma", 3: "competencia"}
GUATEMALA = ZoneInfo("America/Guatemala")
EPOCH = date(1970, 1, 1)
_LETTERS = re.compile(rf"[A-Za-z2-7]{{1,{MOST_LETTERS}}}")
_ADDRESS = re.compile(rf"/o/([a-z2-7]{{60,{MOST_LETTERS}}})\s*$", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"[1-9]\d{0,4}", re.ASCII)


class NotOurs(Exception):
    """The text is no signed facts of ours. Says why."""


@dataclass(frozen=True)
class Facts:
    """What was signed. `list` and `index` are its bit in the lists of states; a long text ends in `…`.

    `digests` are those of what was too long.
    """

    code: str
    reference: str
    kind: str
    person_name: str
    course_title: str
    hours: Decimal
    completed_on: date
    issued_at: datetime
    expires_on: date | None
    list: str
    index: int | None
    digests: tuple[bytes, ...] = ()


def address_for(certificate: Certificate) -> str:
    """What the QR says: the address of the signed facts, all in capitals; the same for the same facts and key.

    Raises `keyring.KeyMissing`.
    """
    text = b32encode(_sign(_payload(certificate), keyring.current(keyring.Use.QR))).decode().rstrip("=")
    where = urlsplit(certificate.facts["verify_url"])
    return f"{where.scheme}://{where.netloc}".upper() + reverse("certificates:signed", args=[text])


def find(typed: str) -> str:
    """The letters of signed facts in what somebody pasted; empty where there are none."""
    found = _ADDRESS.search(typed)
    return found[1].upper() if found else ""


def read(text: str) -> Facts:
    """The facts in the letters of an address, capitals or not. Raises `NotOurs`."""
    return _facts(_verified(text))


def says(facts: Facts, certificate: Certificate | Shown) -> bool:
    """Whether the register says of a certificate what was signed."""
    return _facts(_payload(certificate)) == facts


def check(text: str, certificate: Certificate) -> None:
    """Raises `NotOurs` unless the letters, or their address, hold what the certificate says, signed by us."""
    if _verified(text.rpartition("/")[2]) != _payload(certificate):
        raise NotOurs("it says something else")


def _sign(payload: bytes, key: keyring.Key) -> bytes:
    protected = cbor.encode({ALGORITHM: ES256, KEY_ID: key_id(key)})
    made = key.private.sign(_to_be_signed(protected, payload), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    signature = b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(made))
    return TAG + cbor.encode([protected, {}, payload, signature])


def _verified(text: str) -> bytes:
    """The signed payload. Raises `NotOurs`."""
    protected, payload, signature = _parts(_content(text))
    try:
        header = cbor.decode(protected)
    except cbor.NotCbor as problem:
        raise NotOurs("its head cannot be read") from problem
    keys = {key_id(key): key for key in keyring.history(keyring.Use.QR)}
    key = next((key for name, key in keys.items() if header == {ALGORITHM: ES256, KEY_ID: name}), None)
    if key is None:
        raise NotOurs("it was signed with a key of somebody else")
    public = key.certificate.public_key()
    numbers = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise TypeError(f"key {key.name} signs no facts")
    try:
        public.verify(encode_dss_signature(*numbers), _to_be_signed(protected, payload), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as problem:
        raise NotOurs("its signature does not hold") from problem
    return payload


def _content(text: str) -> bytes:
    """The bytes that the letters stand for, each in one way only."""
    if not _LETTERS.fullmatch(text):
        raise NotOurs("these are not its letters")
    letters = text.upper()
    try:
        content = b32decode(letters + "=" * (-len(letters) % 8))
    except binascii.Error as problem:
        raise NotOurs("it is cut off") from problem
    if b32encode(content).decode().rstrip("=") != letters:
        raise NotOurs("its last letter is another")
    return content


def _parts(content: bytes) -> tuple[bytes, bytes, bytes]:
    try:
        message = cbor.decode(content.removeprefix(TAG)) if content.startswith(TAG) else None
    except cbor.NotCbor as problem:
        raise NotOurs("it cannot be read") from problem
    match message:
        case [bytes(protected), dict(rest), bytes(payload), bytes(signature)] if not rest and len(signature) == 64:
            return protected, payload, signature
    raise NotOurs("it is something else")


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    return cbor.encode(["Signature1", protected, b"", payload])


def key_id(key: keyring.Key) -> bytes:
    """As signed facts name a key: the first bytes of its thumbprint."""
    return urlsafe_b64decode(key.name + "=")[:KEY_ID_BYTES]


def _payload(certificate: Certificate | Shown) -> bytes:
    """The claims, from frozen columns alone."""
    numbers = {kind: number for number, kind in KINDS.items()}
    where, index = _bit(certificate)
    said: list[cbor.Value] = [
        certificate.reference,
        numbers.get(certificate.kind, certificate.kind),
        _short(certificate.person_name, NAME_BYTES),
        _short(certificate.course_title, TITLE_BYTES),
        int(certificate.hours * 10),
        (certificate.completed_on - EPOCH).days,
        where,
        index,
    ]
    claims: dict[int, cbor.Value] = {
        ISSUED: int(certificate.issued_at.timestamp()),
        CODE: codes.to_bytes(certificate.code),
        FACTS: said,
    }
    if last := _last_day(certificate):
        claims[EXPIRES] = int(datetime.combine(last + timedelta(days=1), datetime.min.time(), GUATEMALA).timestamp())
    return cbor.encode(claims)


def _last_day(certificate: Certificate | Shown) -> date | None:
    """The last day on which it is in force, where it has one."""
    said = getattr(certificate, "expires_on", None) or certificate.facts.get("expires_on")
    return date.fromisoformat(said) if isinstance(said, str) else said


def _bit(certificate: Certificate | Shown) -> tuple[cbor.Value, int | None]:
    """The list of states and the bit in it; of a list that is named after the number's series, only its own number."""
    status = certificate.facts.get("status")
    if not status:
        return None, None
    name = urlsplit(status["list"]).path.rpartition("/")[2].removesuffix(".json")
    own = name.removeprefix(f"{certificate.reference.rpartition('-')[0]}-")
    return (int(own) if _NUMBER.fullmatch(own) else name), status["index"]


def _short(text: str, most: int) -> cbor.Value:
    """A text of no more than so many bytes; of a longer one its beginning, and a digest of all of it."""
    if len(text.encode()) <= most:
        return text
    begin = text.encode()[: most - DIGEST_BYTES].decode(errors="ignore").rstrip()
    return [f"{begin}…", sha256(text.encode()).digest()[:DIGEST_BYTES]]


def _facts(payload: bytes) -> Facts:
    """What we signed, so nobody else chose its form."""
    claims: dict = cbor.decode(payload)  # type: ignore[assignment]
    reference, kind, name, title, tenths, day, where, index = claims[FACTS]
    expires = claims.get(EXPIRES)
    return Facts(
        code=codes.from_bytes(claims[CODE]),
        reference=reference,
        kind=KINDS.get(kind, kind),
        person_name=name if isinstance(name, str) else name[0],
        course_title=title if isinstance(title, str) else title[0],
        hours=Decimal(tenths) / 10,
        completed_on=EPOCH + timedelta(days=day),
        issued_at=datetime.fromtimestamp(claims[ISSUED], UTC),
        expires_on=datetime.fromtimestamp(expires - 1, GUATEMALA).date() if expires else None,
        list=f"{reference.rpartition('-')[0]}-{where}" if isinstance(where, int) else where or "",
        index=index,
        digests=tuple(one[1] for one in (name, title) if isinstance(one, list)),
    )
