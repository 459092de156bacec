"""What is published of the log: signed once a day, proven to strangers, and never over a log that was changed."""

import base64
import json
from datetime import date, timedelta
from hashlib import sha256
from importlib import import_module
from types import SimpleNamespace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.apps import apps
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from certificates import keyring
from certificates.domain import checkpoints
from certificates.domain.checking import find_faults
from certificates.models import Certificate, Checkpoint, LogHead, LogLeaf, LogNode
from certificates.tasks import publish_checkpoint
from lms.models import AuditEvent
from tests.certificates import rfc9162
from tests.factories.certificates import a_certificate, a_revocation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_keys(settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "keys"


def on(day: date) -> Checkpoint:
    """The checkpoint of today, dated to `day` by whoever may still change the table: its own test."""
    made = checkpoints.publish()
    _open("certificates_checkpoint")
    Checkpoint.objects.filter(pk=made.pk).update(day=day)
    made.day = day
    return made


def _open(table: str) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_update")
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_delete")


def tamper(sql: str, *values: object) -> None:
    for table in ("certificate", "certificateevent", "logleaf", "lognode", "checkpoint"):
        _open(f"certificates_{table}")
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def faults() -> list[str]:
    return [fault for fault in find_faults() if "triggers" not in fault and "PDF" not in fault]


def read(note: str, keys: list[str]) -> tuple[str, int, bytes]:
    """A stranger reads a checkpoint (C2SP signed-note, tlog-checkpoint): the log's name, its size and its root."""
    text, _gap, lines = note.rpartition("\n\n")
    text += "\n"
    for key in keys:
        name, hashed, kind_and_public = key.split("+", 2)
        content = base64.b64decode(kind_and_public)
        assert sha256(name.encode() + b"\n" + content).digest()[:4].hex() == hashed
        assert content[:1] == b"\x01"
        dash, signer, signature = lines.removesuffix("\n").split(" ")
        assert (dash, signer) == ("—", name)
        raw = base64.b64decode(signature)
        if raw[:4].hex() == hashed:
            Ed25519PublicKey.from_public_bytes(content[1:]).verify(raw[4:], text.encode())
            origin, size, root = text.splitlines()
            return origin, int(size), base64.b64decode(root)
    raise InvalidSignature


def test_a_stranger_reads_the_checkpoint_and_finds_the_certificate_in_it(client):
    mine, *_others = [a_certificate() for _ in range(5)]
    publish_checkpoint()
    note = client.get(reverse("certificates:newest_checkpoint")).content.decode()
    origin, size, root = read(note, checkpoints.verifier_keys())
    assert (origin.rpartition("/")[2], size) == ("registro-publico", 5)
    answer = client.get(reverse("certificates:proof", args=[mine.code])).json()
    assert answer["checkpoint"] == note
    (event,) = answer["events"]
    leaf = json.dumps(event["entry"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    path = [bytes.fromhex(one) for one in event["proof"]["path"]]
    assert rfc9162.includes(leaf, event["index"], size, path, root)
    assert event["entry"]["person_name"] == mine.person_name
    forged = leaf.replace(mine.person_name.encode(), b"Otra persona")
    assert forged != leaf
    assert not rfc9162.includes(forged, event["index"], size, path, root)


def test_what_was_published_once_stands_in_what_is_published_later(client):
    for _ in range(3):
        a_certificate()
    old = on(timezone.localdate() - timedelta(days=1))
    for _ in range(4):
        a_certificate()
    new = checkpoints.publish()
    said = client.get(reverse("certificates:consistency"), {"desde": old.size, "hasta": new.size}).json()
    path = [bytes.fromhex(one) for one in said["path"]]
    assert rfc9162.is_consistent(3, 7, bytes.fromhex(old.root), bytes.fromhex(new.root), path)
    days = [row["day"] for row in Checkpoint.objects.order_by("day").values("day")]
    for day in days:
        assert client.get(reverse("certificates:checkpoint", args=[day.isoformat()])).status_code == 200


def test_one_a_day_however_often_it_is_asked_for():
    a_certificate()
    first = checkpoints.publish()
    a_certificate()
    publish_checkpoint()
    assert list(Checkpoint.objects.values_list("size", flat=True)) == [1]
    assert checkpoints.publish() == first
    assert AuditEvent.objects.filter(action="log.checkpoint_signed").count() == 1


def test_an_empty_log_is_signed_too():
    made = checkpoints.publish()
    assert (made.size, made.root) == (0, sha256().hexdigest())
    assert checkpoints.holds(made)
    assert faults() == []


def test_nothing_is_signed_over_a_log_that_was_changed():
    """Whoever changed the past and made leaves, chain and tree anew is stopped by what was published before."""
    for _ in range(3):
        a_certificate()
    on(timezone.localdate() - timedelta(days=1))
    tamper("UPDATE certificates_lognode SET digest = %s WHERE level = 1", "00" * 32)
    with pytest.raises(checkpoints.LogChanged, match="does not hold any more"):
        checkpoints.publish()
    assert Checkpoint.objects.count() == 1


@pytest.mark.parametrize("sql", ["DELETE FROM certificates_lognode WHERE level = 1", "shorter"])
def test_nothing_is_signed_over_a_log_that_became_shorter(sql):
    for _ in range(3):
        a_certificate()
    on(timezone.localdate() - timedelta(days=1))
    if sql == "shorter":
        LogHead.objects.update(length=2)
    else:
        tamper(sql)
    with pytest.raises(checkpoints.LogChanged):
        checkpoints.publish()


TAMPERED = {
    "a node": "UPDATE certificates_lognode SET digest = '00' WHERE level = 1",
    "a leaf's node": "UPDATE certificates_lognode SET digest = '00' WHERE level = 0 AND \"index\" = 1",
    "a node gone": "DELETE FROM certificates_lognode WHERE level = 1",
    "a leaf's node gone": 'DELETE FROM certificates_lognode WHERE level = 0 AND "index" = 2',
    "a node too many": "INSERT INTO certificates_lognode (level, \"index\", digest) VALUES (7, 0, 'x')",
    "a root": "UPDATE certificates_checkpoint SET root = 'ab' || substr(root, 3)",
    "a size": "UPDATE certificates_checkpoint SET size = 2",
    "a size beyond": "UPDATE certificates_checkpoint SET size = 9",
    "a note": "UPDATE certificates_checkpoint SET note = replace(note, '3', '4')",
    "a signature": "UPDATE certificates_checkpoint SET note = note || 'AAAA'",
    "no note": "UPDATE certificates_checkpoint SET note = ''",
}


@pytest.mark.parametrize("what", TAMPERED)
def test_every_row_of_the_tree_that_was_changed_is_named(what):
    for _ in range(3):
        a_certificate()
    checkpoints.publish()
    assert faults() == []
    tamper(TAMPERED[what])
    found = faults()
    assert found
    assert all(one.startswith(("node", "checkpoint")) for one in found)


def test_a_past_that_was_made_anew_from_leaf_to_head_is_named_by_what_was_published():
    """Register, event, leaf, chain, head and tree all agree; only the checkpoint remembers."""
    for _ in range(2):
        a_certificate()
    made = checkpoints.publish()
    tamper("DELETE FROM certificates_lognode")
    tamper("DELETE FROM certificates_logleaf")
    LogHead.objects.all().delete()
    for event in [one.events.get() for one in Certificate.objects.order_by("-pk")]:
        checkpoints.log.append(event)
    assert faults() == [f"checkpoint of 2 leaves: there are not as many, or they do not make the root {made.root[:12]}"]


def test_the_migration_makes_the_tree_of_the_leaves_that_there_are():
    for one in [a_certificate() for _ in range(5)][:2]:
        a_revocation(one, reason="Prueba")
    rows = LogNode.objects.order_by("pk").values_list("level", "index", "digest")
    known = list(rows)
    tamper("DELETE FROM certificates_lognode")
    migration = import_module("certificates.migrations.0007_keep_the_tree_over_the_log")
    migration.grow(apps, SimpleNamespace(connection=connection))
    assert list(rows.all()) == known


def test_what_an_old_key_signed_still_holds_and_a_strangers_does_not(settings, tmp_path):
    a_certificate()
    made = checkpoints.publish()
    keyring.ensure(anew=True)
    assert checkpoints.holds(made)
    assert len(checkpoints.verifier_keys()) == 2
    settings.SEAL_KEYS_DIR = tmp_path / "another"
    keyring.ensure()
    assert not checkpoints.holds(made)


def test_two_certificates_of_one_person_do_not_say_so(client):
    """Nothing in their proofs is the same but what both papers say; whoever knows the key of the record can tell."""
    one = a_certificate()
    other = a_certificate(person=one.person)
    checkpoints.publish()
    said = [
        client.get(reverse("certificates:proof", args=[each.code])).json()["events"][0]["entry"]
        for each in (one, other)
    ]
    assert str(one.person.public_id) not in json.dumps(said)
    assert said[0]["person_sha256"] != said[1]["person_sha256"]
    bound = f"{one.person.public_id}:{sha256(one.code.encode()).hexdigest()}"
    assert said[0]["person_sha256"] == sha256(bound.encode()).hexdigest()


def test_reasons_and_people_are_not_for_everybody(client):
    one = a_certificate()
    a_revocation(one, reason="Un motivo reservado")
    checkpoints.publish()
    said = client.get(reverse("certificates:proof", args=[one.code])).content.decode()
    assert "motivo reservado" not in said
    assert [event["kind"] for event in json.loads(said)["events"]] == ["issued", "revoked"]
    assert "entry" not in json.loads(said)["events"][1]
    page = client.get(reverse("certificates:log")).content.decode()
    assert one.person_name not in page
    assert one.code not in page


def test_what_came_after_the_newest_checkpoint_has_no_proof_yet(client):
    checkpoints.publish()
    one = a_certificate()
    (event,) = client.get(reverse("certificates:proof", args=[one.code])).json()["events"]
    assert event["proof"] is None
    with pytest.raises(ValueError, match="no leaf"):
        checkpoints.inclusion(LogLeaf.objects.get(), 0)


@pytest.mark.parametrize("asked", [{}, {"desde": "x", "hasta": 1}, {"desde": 0, "hasta": 1}, {"desde": 1, "hasta": 9}])
def test_a_question_that_has_no_answer_is_told_what_to_ask(client, asked):
    a_certificate()
    checkpoints.publish()
    response = client.get(reverse("certificates:consistency"), asked)
    assert response.status_code == 400
    assert "«desde»" in response.json()["detail"]


@pytest.mark.parametrize("day", ["ayer", "2026-13-01", "2020-01-01"])
def test_a_day_without_a_checkpoint_is_not_there(client, day):
    assert client.get(reverse("certificates:checkpoint", args=[day])).status_code == 404


def test_before_the_first_checkpoint_the_page_says_so(client):
    assert client.get(reverse("certificates:newest_checkpoint")).status_code == 404
    assert "Todavía no hay ninguno" in client.get(reverse("certificates:log")).content.decode()


def test_a_code_that_is_not_there_gives_no_proof(client):
    assert client.get(reverse("certificates:proof", args=["0" * 26])).status_code == 404
