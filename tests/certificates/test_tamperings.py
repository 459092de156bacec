"""Somebody with the database in their hands changes one row: `verify_registry` names it. Fifty ways, and none at all.

The register is made once; each change is made within a savepoint that is taken back.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, transaction

from certificates.domain import checkpoints, rendering, status_lists
from certificates.domain.checking import PROTECTED, find_faults
from certificates.models import Certificate, CertificateAct, CertificateEvent, Checkpoint, Series
from tests.factories.certificates import a_certificate, a_correction, a_lifting, a_revocation, a_suspension
from tests.factories.people import an_employee

OTHER = "f" * 64


@dataclass(frozen=True)
class Register:
    """What stands, was revoked, was superseded, supersedes, stands, is suspended, and was suspended once.

    The leaves: 0 to 5 issues, 6 the revocation, 7 that one was superseded, 8 the issue of its successor, then two
    suspensions and the lifting of the second.
    """

    plain: Certificate
    revoked: Certificate
    superseded: Certificate
    successor: Certificate
    other: Certificate
    suspended: Certificate
    lifted: Certificate
    revocation: CertificateAct
    correction: CertificateAct
    suspension: CertificateAct
    series: Series
    checkpoint: Checkpoint


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker) -> Iterator[Register]:
    """The register, for the whole module; nothing of it stays."""
    with django_db_blocker.unblock():
        hold = transaction.atomic()
        hold.__enter__()
        try:
            yield _make()
        finally:
            transaction.set_rollback(True)
            hold.__exit__(None, None, None)


def _make() -> Register:
    plain, revoked, superseded, other, suspended, lifted = [a_certificate(person=an_employee()) for _ in range(6)]
    event = a_revocation(revoked)
    successor = a_correction(superseded, person_name="Ana Xʼol")
    suspension = a_suspension(suspended)
    a_suspension(lifted)
    a_lifting(lifted)
    for one in (plain, revoked, superseded, successor, other, suspended, lifted):
        rendering.ensure_file(one)
    checkpoint = checkpoints.publish()
    _open_to_change()
    correction = CertificateAct.objects.get(kind="correction")
    return Register(
        *(plain, revoked, superseded, successor, other, suspended, lifted),
        *(event.act, correction, suspension.act, Series.objects.get(), checkpoint),
    )


def _open_to_change() -> None:
    """Take the triggers away, as somebody would who owns the tables."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in PROTECTED:
            if connection.vendor == "postgresql":
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            else:
                cursor.execute(f"DROP TRIGGER {table}_no_update")
                cursor.execute(f"DROP TRIGGER {table}_no_delete")
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # never asked for: all is taken back


@pytest.fixture
def register(made: Register, django_db_blocker) -> Iterator[Register]:
    """The same, as if nobody had touched it."""
    with django_db_blocker.unblock():
        hold = transaction.atomic()
        hold.__enter__()
        try:
            yield made
        finally:
            transaction.set_rollback(True)
            hold.__exit__(None, None, None)


def faults() -> list[str]:
    """What is found, less the triggers that are missing."""
    return [fault for fault in find_faults() if not fault.startswith("table ")]


def test_nobody_touched_it(register):
    assert faults() == []


def change(table: str, column: str, value: object, **where: object) -> Callable[[], None]:
    """One column of the row of `where` by SQL."""

    def do() -> None:
        said = " AND ".join(f'"{name}" = %s' for name in where)
        with connection.cursor() as cursor:
            cursor.execute(
                f'UPDATE certificates_{table} SET "{column}" = %s WHERE {said}',  # noqa: S608 no input
                [value, *where.values()],
            )
            assert cursor.rowcount == 1

    return do


def remove(table: str, **where: object) -> Callable[[], None]:
    """The row of `where`, by SQL."""

    def do() -> None:
        said = " AND ".join(f'"{name}" = %s' for name in where)
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM certificates_{table} WHERE {said}", list(where.values()))  # noqa: S608
            assert cursor.rowcount == 1

    return do


Tampering = Callable[[Register], tuple[Callable[[], None], str]]


def of_plain(column: str, value: object = None, *, said: str = "", new: Callable | None = None) -> Tampering:
    """A column of a certificate; `new` makes the value where it needs the register."""

    def make(r: Register) -> tuple[Callable[[], None], str]:
        named = said or f"certificate {r.plain.reference}"
        return change("certificate", column, new(r) if new else value, id=r.plain.pk), named

    return make


def of_event(which: str, kind: str, column: str, value: object) -> Tampering:
    """A column of an event of one of the certificates."""

    def make(r: Register) -> tuple[Callable[[], None], str]:
        one: Certificate = getattr(r, which)
        event = CertificateEvent.objects.get(certificate=one, kind=kind)
        return change("certificateevent", column, value, id=event.pk), f"certificate {one.reference}"

    return make


def of_act(which: str, column: str, value: object = None, new: Callable | None = None) -> Tampering:
    """A column of an act."""

    def make(r: Register) -> tuple[Callable[[], None], str]:
        act: CertificateAct = getattr(r, which)
        return change("certificateact", column, new(r) if new else value, id=act.pk), f"act {act.public_id}"

    return make


def of_its(table: str, column: str = "", value: object = None, new: Callable | None = None) -> Tampering:
    """A column of what hangs on a certificate; without column the whole row."""

    def make(r: Register) -> tuple[Callable[[], None], str]:
        where, named = {"certificate_id": r.plain.pk}, f"certificate {r.plain.reference}"
        return (change(table, column, new(r) if new else value, **where) if column else remove(table, **where)), named

    return make


def of_checkpoint(column: str = "", value: object = None, new: Callable | None = None) -> Tampering:
    """A column of the day's checkpoint; without column the whole row."""

    def make(r: Register) -> tuple[Callable[[], None], str]:
        where, named = {"id": r.checkpoint.pk}, f"checkpoint of {r.checkpoint.day}"
        does = change("checkpoint", column, new(r) if new else value, **where) if column else None
        return does or remove("checkpoint", **where), named

    return make


def of_log(does: Callable[[], None], said: str) -> Tampering:
    """What stands at a known place of the log."""
    return lambda r: (does, said)


def _course_key(r: Register) -> str:
    return r.other.course_key.hex if connection.vendor == "sqlite" else str(r.other.course_key)


EARLY = "2020-01-01 00:00:00+00:00"
TAMPERINGS: dict[str, Tampering] = {
    # The register
    "name": of_plain("person_name", "Otra Persona"),
    "name as it is searched": of_plain("person_name_folded", "otra persona"),
    "title": of_plain("course_title", "Otro curso"),
    "kind": of_plain("kind", "certificacion"),
    "hours": of_plain("hours", "400.0"),
    "first day": of_plain("started_on", "2020-01-01"),
    "last day": of_plain("completed_on", "2020-01-31"),
    "score": of_plain("score_percent", 100),
    "name of the place": of_plain("municipality_name", "Mixco, Guatemala"),
    "place": of_plain("municipality_id"),
    "name of the post": of_plain("post_name", "Alcalde"),
    "post": of_plain("post_id"),
    "issuer": of_plain("issuer", "Otra institución"),
    "moment of issue": of_plain("issued_at", EARLY),
    "end": of_plain("expires_on", "2099-12-31"),
    "programme": of_plain("facts", new=lambda r: json.dumps(r.plain.facts | {"programme": ["Otro"]})),
    "code": of_plain("code", "0" * 26),
    "reference": of_plain("reference", "ANAM-2020-000001", said="certificate ANAM-2020-000001"),
    "number": of_plain("number", 99),
    "edition": of_plain("edition", 7),
    "revision": of_plain("revision", 2),
    "person": of_plain("person_id", new=lambda r: r.other.person_id),
    "course": of_plain("course_key", new=_course_key),
    "forerunner": of_plain("supersedes_id", new=lambda r: r.other.pk),
    "what it was owed for": of_plain("owed_id"),
    "public id": of_plain("public_id", "0" * 32),
    "successor cut off": lambda r: (
        change("certificate", "supersedes_id", None, id=r.successor.pk),
        f"certificate {r.successor.reference}",
    ),
    # Its events
    "revocation undone": of_event("revoked", "revoked", "kind", "issued"),
    "supersession undone": of_event("superseded", "superseded", "kind", "issued"),
    "suspension undone": of_event("suspended", "suspended", "kind", "issued"),
    "suspension lifted": of_event("suspended", "suspended", "kind", "reinstated"),
    "suspension of somebody else": lambda r: (
        change("certificateevent", "certificate_id", r.other.pk, id=r.suspension.event_id),
        f"certificate {r.other.reference}",
    ),
    "suspension that is no revocation": of_event("suspended", "suspended", "kind", "revoked"),
    "lifting undone": of_event("lifted", "reinstated", "kind", "suspended"),
    "moment of a suspension": of_event("suspended", "suspended", "at", EARLY),
    "moment of an event": of_event("plain", "issued", "at", EARLY),
    "whose event": of_event("revoked", "revoked", "by_id", None),
    "reason of an event": of_event("revoked", "revoked", "reason", "Otro"),
    # The log
    "leaf's entry": of_log(change("logleaf", "entry", json.dumps({"event": "issued"}), index=2), "leaf 2"),
    "leaf's digest": of_log(change("logleaf", "digest", OTHER, index=2), "leaf 2"),
    "leaf's chain": of_log(change("logleaf", "previous_digest", OTHER, index=2), "leaf 2"),
    "leaf's place": of_log(change("logleaf", "index", 40, index=2), "leaf 40"),
    "leaf gone": lambda r: (remove("logleaf", index=2), f"certificate {r.superseded.reference}"),
    "node's digest": of_log(change("lognode", "digest", OTHER, level=1, index=0), "node 1/0"),
    "node's place": of_log(change("lognode", "index", 40, level=1, index=0), "node 1/40"),
    "node gone": of_log(remove("lognode", level=1, index=0), "node 1/0"),
    "head's length": of_log(change("loghead", "length", 3, id=1), "head of the log"),
    "head's digest": of_log(change("loghead", "digest", OTHER, id=1), "head of the log"),
    "head gone": of_log(remove("loghead", id=1), "head of the log"),
    "checkpoint's size": of_checkpoint("size", 3),
    "checkpoint's root": of_checkpoint("root", OTHER),
    "checkpoint's note": of_checkpoint("note", new=lambda r: f"{r.checkpoint.note}x"),
    "checkpoint's day": of_checkpoint("day", "2020-01-01"),
    "checkpoint gone": of_checkpoint(),
    # What hangs on a certificate
    "bit": of_its("statusentry", "index", 131_071),
    "list of bits": of_its("statusentry", "list", "OTRA-2020-1"),
    "bit gone": of_its("statusentry"),
    "file's path": of_its("certificatefile", "path", new=lambda r: r.other.file.path),
    "file's size": of_its("certificatefile", "bytes", 1),
    "file's digest": of_its("certificatefile", "sha256", OTHER),
    "drawing's digest": of_its("certificatefile", "unsigned_sha256", OTHER),
    "file's key": of_its("certificatefile", "sealed_with", ""),
    "file's credential": of_its("certificatefile", "credential", "{}"),
    "file gone": of_its("certificatefile"),
    "counter": lambda r: (change("series", "last_number", 9, id=r.series.pk), f"series {r.series}"),
    "year of the series": lambda r: (
        change("series", "year", 2020, id=r.series.pk),
        f"certificate {r.plain.reference}",
    ),
    "owed row": lambda r: (change("owedcertificate", "issued_at", None, id=r.plain.owed_id), f"row {r.plain.owed_id}"),
    # What two people did
    "suspension's reason": of_act("suspension", "reason", "Otro"),
    "suspension's kind of reason": of_act("suspension", "reason_kind", "other"),
    "suspension's kind": of_act("suspension", "kind", "lifting"),
    "suspension's act gone": lambda r: (
        remove("certificateact", id=r.suspension.pk),
        f"certificate {r.suspended.reference}",
    ),
    "act's reason": of_act("revocation", "reason", "Otro"),
    "act's kind of reason": of_act("revocation", "reason_kind", "holder"),
    "who asked": of_act("revocation", "asked_by_id", new=lambda r: r.other.person_id),
    "who certified": of_act("revocation", "decided_by_id", new=lambda r: r.other.person_id),
    "when it was certified": of_act("revocation", "decided_at", EARLY),
    "whose act": of_act("revocation", "certificate_id", new=lambda r: r.other.pk),
    "what was asked": of_act("correction", "facts", json.dumps({"before": {}, "after": {"person_name": "y"}})),
    "for whom it was asked": of_act("correction", "person_id", new=lambda r: r.other.person_id),
    "act gone": lambda r: (
        remove("certificateact", id=r.revocation.pk),
        f"certificate {r.revoked.reference}",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_it_is_named(register, name):
    do, named = TAMPERINGS[name](register)
    do()
    assert [fault for fault in faults() if named in fault]


def test_they_are_fifty_and_more():
    assert len(TAMPERINGS) >= 50


def test_another_content_of_a_file_is_named(register):
    path = register.plain.file.path
    with default_storage.open(path) as stored:
        kept = stored.read()
    try:
        default_storage.delete(path)
        default_storage.save(path, ContentFile(kept.replace(b"%PDF-1.7", b"%PDF-1.6", 1)))
        assert faults() == [
            f"certificate {register.plain.reference}: its file {path} is not the one that was drawn",
        ]
    finally:
        default_storage.delete(path)
        default_storage.save(path, ContentFile(kept))


def test_a_bit_that_says_otherwise_is_named(register):
    """The rows of the events are what the lists are made from; the leaves say what should be in them."""
    change("certificateevent", "kind", "reinstated", id=register.suspension.event_id)()
    entry = register.suspended.status_entry
    assert f"list of states {entry.list} (suspension): bit {entry.index} is not set" in faults()
    assert f"certificate {register.suspended.reference}: was reinstated after it was issued" in faults()


def test_a_list_that_somebody_changed_where_it_is_kept_is_named(register, monkeypatch):
    """The kept copy of a signed list goes out as it is: it is read too."""
    entry, publish = register.suspended.status_entry, status_lists.publish
    monkeypatch.setattr(status_lists, "publish", lambda name, purpose="revocation": publish(name, "revocation"))
    wrong = {fault for fault in faults() if fault.startswith("list of states")}
    assert f"list of states {entry.list} (suspension): bit {entry.index} is not set" in wrong
    assert len(wrong) == 3  # and the bits of what was revoked and superseded stand there instead


def test_it_stands_again_afterwards(register):
    """None of them was found only because of another's traces."""
    assert faults() == []
