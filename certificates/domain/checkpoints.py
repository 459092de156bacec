"""What is published of the log each day, signed, and what anybody can be shown against it."""

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from certificates import keyring
from certificates.models import Certificate, Checkpoint, LogHead, LogLeaf
from lms.domain import audit

from . import log, merkle, testimony, witnesses

ED25519 = b"\x01"  # as signed notes number the kinds of key (C2SP signed-note)


class LogChanged(RuntimeError):
    """What was published of the log does not stand in it any more; nothing is signed over that."""


@dataclass(frozen=True)
class Proof:
    """That leaf `index` is among the first `size`: digests in hex, in the order of RFC 9162, section 2.1.3.1."""

    index: int
    size: int
    leaf: str
    path: list[str]


def origin() -> str:
    """The log's name, for ever: the host that it is published on."""
    return f"{urlsplit(settings.PUBLIC_URL).netloc}/registro-publico"


def publish() -> Checkpoint:
    """The checkpoint of today, signed now unless it was before. May be called any number of times.

    Raises `LogChanged` where the one before is no longer a part of the log, or one was published that we do not know,
    `keyring.KeyMissing`.
    """
    day = timezone.localdate()
    if found := Checkpoint.objects.filter(day=day).first():
        return found
    with transaction.atomic():
        # Whoever appends holds this row until the end: what we count is there, and nobody signs beside us.
        LogHead.objects.get_or_create(pk=1, defaults={"digest": audit.GENESIS})
        head = LogHead.objects.select_for_update().get(pk=1)
        if found := Checkpoint.objects.filter(day=day).first():
            return found
        before = Checkpoint.objects.last()
        if before and (before.size > head.length or root_of(before.size) != before.root):
            raise LogChanged(f"the checkpoint of {before.day} over {before.size} leaves does not hold any more")
        if lost := testimony.lost_notes(since=before.day if before else None):
            raise LogChanged(f"the checkpoint of {lost[-1][0]} was published and is lost: manage.py after_restore")
        root = root_of(head.length)
        made = Checkpoint.objects.create(day=day, size=head.length, root=root, note=sign(head.length, root))
        facts = {"size": made.size, "root": made.root}
        witnesses.ask(made)
        audit.record("log.checkpoint_signed", by=None, subject=f"certificates.Checkpoint:{day}", facts=facts)
        testimony.keep_note_later(made)
    return made


def frozen() -> dict:
    """What a new certificate freezes of the newest checkpoint, to print it short; nothing where there is none yet."""
    newest = Checkpoint.objects.last()
    if newest is None:
        return {}
    return {"log": {"day": newest.day.isoformat(), "size": newest.size, "root": newest.root}}


def root_of(size: int) -> str:
    """The root over the first `size` leaves, in hex. `LogChanged` where a node of it is missing."""
    return _folded([(0, size)])[0]


def _folded(stretches: list[merkle.Stretch]) -> list[str]:
    known = log.nodes(merkle.places(stretches))
    try:
        return [merkle.fold(stretch, known).hex() for stretch in stretches]
    except KeyError as missing:
        raise LogChanged(f"the node {missing} is missing") from missing


def inclusion(leaf: LogLeaf, size: int) -> Proof:
    """The proof that a leaf is among the first `size`. Raises `ValueError` where it came later."""
    path = _folded(merkle.inclusion(leaf.index, size))
    return Proof(index=leaf.index, size=size, leaf=log.digest_of(leaf.entry).hex(), path=path)


def consistency(first: int, second: int) -> list[str]:
    """The proof that the first `first` leaves stand among the first `second`, digests in hex.

    Raises `ValueError` where nothing proves it, and for more leaves than were ever published.
    """
    newest = Checkpoint.objects.last()
    if newest is None or second > newest.size:
        raise ValueError(f"{second} leaves were never published")
    return _folded(merkle.consistency(first, second))


def leaves_of(certificate: Certificate) -> list[LogLeaf]:
    """One for each of its events, the oldest first."""
    return list(LogLeaf.objects.filter(event__certificate=certificate).select_related("event").order_by("index"))


# The note (C2SP signed-note and tlog-checkpoint) -----------------------------------------------------------------
def sign(size: int, root: str) -> str:
    """A checkpoint as a signed note, with the newest key of the log."""
    text = f"{origin()}\n{size}\n{b64encode(bytes.fromhex(root)).decode()}\n"
    key = keyring.current(keyring.Use.LOG)
    signature = _key_hash(key) + key.private.sign(text.encode())
    return f"{text}\n— {origin()} {b64encode(signature).decode()}\n"


def holds(made: Checkpoint) -> bool:
    """Whether its note says what the row says, signed with a key that is or was the log's."""
    text, _gap, line = made.note.rpartition("\n\n")
    text += "\n"
    name, *said = text.splitlines() or [""]
    if said != [str(made.size), b64encode(bytes.fromhex(made.root)).decode()]:
        return False
    try:
        signature = b64decode(line.rpartition(" ")[2].strip(), validate=True)
    except binascii.Error:
        return False
    return any(
        _is_signed(key, text.encode(), signature[4:])
        for key in keyring.history(keyring.Use.LOG)
        if signature[:4] == _key_hash(key, name)
    )


def _is_signed(key: keyring.Key, text: bytes, signature: bytes) -> bool:
    try:
        _public(key).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def verifier_keys() -> list[str]:
    """The keys of the log, as those want them who check signed notes: `name+hash+base64`, the newest first."""
    found = []
    for key in reversed(keyring.history(keyring.Use.LOG)):
        public = b64encode(ED25519 + _raw(key)).decode()
        found.append(f"{origin()}+{_key_hash(key).hex()}+{public}")
    return found


def _key_hash(key: keyring.Key, name: str = "") -> bytes:
    return sha256((name or origin()).encode() + b"\n" + ED25519 + _raw(key)).digest()[:4]


def _raw(key: keyring.Key) -> bytes:
    return _public(key).public_bytes_raw()


def _public(key: keyring.Key) -> Ed25519PublicKey:
    public = key.certificate.public_key()
    if not isinstance(public, Ed25519PublicKey):
        raise TypeError(f"key {key.name} is not the log's")
    return public
