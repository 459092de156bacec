"""What somebody might do to a certificate that is not theirs to change: sixteen ways, each to a copy of one."""

import copy
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pikepdf
from django.test import override_settings

from certificates import keyring
from certificates.domain import credentials, signed_facts
from certificates.keyring import Use
from certificates.models import Certificate, CertificateFile
from certificates.pdf import appending, render, seal
from tests.certificates.seals import graft, sealed_parts


@dataclass(frozen=True)
class Issued:
    """A certificate as the register has it, its row and its bytes; `theirs` is where somebody else keeps keys."""

    certificate: Certificate
    file: CertificateFile
    content: bytes
    theirs: Path


@dataclass(frozen=True)
class Alteration:
    """`blind` are those of `seals.readings` that cannot know of it; `lies` is what else in it is refused.

    `lies` holds "credential" or "qr": what the file brings of it is then not what we gave out.
    """

    name: str
    make: Callable[[Issued, Issued], bytes]
    blind: tuple[str, ...] = ()
    lies: tuple[str, ...] = ()


def _flip(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def _seal_starts(content: bytes) -> int:
    return content.index(b"/Contents <")


def _byte_of_the_cms(one: Issued, other: Issued) -> bytes:
    """The last of the signature itself; what follows it is filling."""
    cms = sealed_parts(one.content)[1]
    return graft(one.content, _flip(cms, len(cms.rstrip(b"\0")) - 1))


def _redrawn(one: Issued, credential: str = "", qr: str = "", **said: Any) -> bytes:
    """Drawn anew so that it says something else, with the seal of the true one in it."""
    unsigned = render(_saying(one, **said), credential or one.file.credential, qr or one.file.qr)
    return graft(_sealed_by_them(one, unsigned), sealed_parts(one.content)[1])


def _saying(one: Issued, **said: Any) -> Certificate:
    twin = copy.deepcopy(one.certificate)
    for name, value in said.items():
        setattr(twin, name, value)
    return twin


def _sealed_by_them(one: Issued, unsigned: bytes) -> bytes:
    with override_settings(SEAL_KEYS_DIR=one.theirs):
        key = keyring.current(Use.SEAL)
    return seal(unsigned, private=key.private, certificate=key.certificate, at=key.since)


def _all_by_them(one: Issued, other: Issued) -> bytes:
    """Drawn, said and sealed as we do it, by somebody with keys of their own."""
    twin = _saying(one, person_name="Quien No Fue")
    with override_settings(SEAL_KEYS_DIR=one.theirs):
        made = render(twin, credentials.issue(twin), signed_facts.address_for(twin))
    return _sealed_by_them(one, made)


def _credential_reworded(one: Issued, other: Issued) -> bytes:
    document = json.loads(one.file.credential)
    document["credentialSubject"]["identifier"][0]["identityHash"] = "Quien No Fue"
    return _redrawn(one, json.dumps(document, ensure_ascii=False, indent=1), person_name="Quien No Fue")


def _attachment_swapped(one: Issued, other: Issued) -> bytes:
    """By an editor that writes the whole file anew."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(one.content)) as pdf:
        pdf.Root.AF[0].EF.F.write(other.file.credential.encode())
        pdf.save(out)
    return out.getvalue()


def _updated(one: Issued, other: Issued) -> bytes:
    content = io.BytesIO(one.content)
    writer = appending.Writer(content)
    writer.update_container(writer.root["/Pages"]["/Kids"][0])
    writer.write_in_place()
    return content.getvalue()


def _unsealed(one: Issued, other: Issued) -> bytes:
    return render(one.certificate, one.file.credential, one.file.qr)


ALTERATIONS = [
    Alteration("a byte before the seal", lambda one, other: _flip(one.content, _seal_starts(one.content) // 2)),
    Alteration("a byte behind it", lambda one, other: _flip(one.content, len(one.content) - 40)),
    Alteration("a byte of it", _byte_of_the_cms),
    Alteration("another name", lambda one, other: _redrawn(one, person_name="Quien No Fue")),
    Alteration("more hours", lambda one, other: _redrawn(one, hours=one.certificate.hours + Decimal(40))),
    Alteration("another course", lambda one, other: _redrawn(one, course_title="Doctorado")),
    Alteration(
        "another day", lambda one, other: _redrawn(one, completed_on=one.certificate.completed_on + timedelta(days=1))
    ),
    Alteration("updated", _updated),
    Alteration("another's QR", lambda one, other: _redrawn(one, qr=other.file.qr), lies=("qr",)),
    Alteration("another's credential", lambda one, other: _redrawn(one, other.file.credential), lies=("credential",)),
    Alteration("the credential reworded", _credential_reworded, lies=("credential",)),
    Alteration("attachment swapped", _attachment_swapped, lies=("credential",)),
    Alteration("another house", _all_by_them, blind=("poppler",), lies=("credential", "qr")),
    Alteration("another's seal", lambda one, other: graft(one.content, sealed_parts(other.content)[1])),
    Alteration("a line after the end", lambda one, other: one.content + b"%\n"),
    Alteration("no seal", _unsealed),
]
