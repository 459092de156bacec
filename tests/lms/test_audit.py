"""The trail of events: chained, append-only, and checked."""

import threading

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from lms.domain import audit
from lms.models import AuditEvent, AuditHead
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db
# As somebody with the database's own tools would: past the triggers.
DISARM = {
    "sqlite": ["DROP TRIGGER lms_auditevent_no_update", "DROP TRIGGER lms_auditevent_no_delete"],
    "postgresql": ["ALTER TABLE lms_auditevent DISABLE TRIGGER USER"],
}


def three_events() -> list[AuditEvent]:
    person = a_person()
    facts = ({}, {"número": 7, "lista": ["ẍ", 1.5, None]}, {"b": 1, "a": {"z": True, "y": "ʼ"}})
    return [audit.record(f"test.{n}", by=person, subject=f"x:{n}", facts=fact) for n, fact in enumerate(facts)]


def tamper(sql: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        for statement in DISARM[connection.vendor]:
            cursor.execute(statement)
        cursor.execute(sql, parameters)


def test_a_whole_chain_has_no_fault(capsys):
    events = three_events()
    assert events[0].previous_digest == audit.GENESIS
    assert [event.previous_digest for event in events[1:]] == [event.digest for event in events[:-1]]
    assert list(audit.find_faults()) == []
    call_command("verify_audit")
    assert "3 events, none changed" in capsys.readouterr().out


def test_an_empty_trail_is_whole():
    assert list(audit.find_faults()) == []


def test_a_touched_row_is_named(capsys):
    touched = three_events()[1]
    tamper("UPDATE lms_auditevent SET actor = %s WHERE id = %s", "alguien", touched.pk)
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit")
    assert ended.value.code == 1
    assert f"event {touched.pk} was changed" in capsys.readouterr().err


@pytest.mark.parametrize(("row", "fault"), [(0, "does not follow"), (1, "does not follow"), (2, "newest events")])
def test_a_removed_row_is_noticed(row, fault):
    tamper("DELETE FROM lms_auditevent WHERE id = %s", three_events()[row].pk)
    assert [found for found in audit.find_faults() if fault in found]


def test_a_row_forged_with_its_own_digest_is_noticed():
    events = three_events()
    entry = {"at": events[1].at.isoformat(), "actor": "otro", "action": "test.1", "subject": "x:1", "facts": {}}
    digest = audit.chain_digest(events[1].previous_digest, entry)
    sql = "UPDATE lms_auditevent SET actor = 'otro', facts = '{}', digest = %s WHERE id = %s"
    tamper(sql, digest, events[1].pk)
    assert list(audit.find_faults()) == [f"event {events[2].pk} does not follow the one before it"]


def five_events() -> list[AuditEvent]:
    """From two places and from none, as requests, tasks and commands leave them."""
    person, found = a_person(), []
    for number, place in enumerate(("10.0.0.1", "", "10.0.0.2", "10.0.0.2", "")):
        token = audit.origin.set(place)
        found.append(audit.record(f"test.{number}", by=person, subject=f"x:{number}", facts={"n": number}))
        audit.origin.reset(token)
    return found


@pytest.mark.parametrize("row", [0, 2, 4])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("origin", "10.9.9.9"),
        ("origin", ""),
        ("actor", "otro"),
        ("action", "otra.cosa"),
        ("subject", "x:otra"),
        ("facts", '{"n": 99}'),
        ("at", "2020-01-01 00:00:00+00"),
        ("digest", "0" * 63 + "1"),
        ("previous_digest", "0" * 63 + "1"),
    ],
)
def test_whatever_is_touched_names_its_row(row, column, value):
    touched = five_events()[row]
    if getattr(touched, column) == value:
        value = "10.9.9.9"  # an event without an address gets one
    tamper(f"UPDATE lms_auditevent SET {column} = %s WHERE id = %s", value, touched.pk)  # noqa: S608 our own list
    faults = list(audit.find_faults())
    assert [fault for fault in faults if fault.startswith(f"event {touched.pk} ")], faults


@pytest.mark.parametrize("rows", [(0,), (1, 2), (4,), (3, 4), (0, 1, 2, 3, 4)])
def test_whatever_is_removed_is_told_where(rows):
    events = five_events()
    keys = ", ".join(str(events[row].pk) for row in rows)
    tamper(f"DELETE FROM lms_auditevent WHERE id IN ({keys})")  # noqa: S608 numbers
    after = [event.pk for event in events if event.pk > events[rows[-1]].pk]
    wanted = f"event {after[0]} does not follow" if after else "the newest events are missing"
    faults = list(audit.find_faults())
    assert len(faults) == 1
    assert faults[0].startswith(wanted)


def forged(previous: str, **fields) -> dict:
    """A row with a right digest of its own, as somebody who knows the code would write it."""
    event = AuditEvent(actor="nadie", action="test.forged", **fields)
    return {"event": event, "digest": audit.chain_digest(previous, audit._entry(event)), "previous": previous}


def insert(row: dict, key: int) -> None:
    event = row["event"]
    sql = """INSERT INTO lms_auditevent (id, at, actor, action, subject, origin, facts, previous_digest, digest)
        VALUES (%s, %s, %s, %s, '', '', '{}', %s, %s)"""
    tamper(sql, key, event.at, event.actor, event.action, row["previous"], row["digest"])


def test_a_row_put_in_at_the_end_is_noticed():
    last = five_events()[-1]
    insert(forged(last.digest), last.pk + 1)
    assert list(audit.find_faults()) == ["the newest events are missing: the head does not match"]


def test_a_row_put_in_between_is_noticed():
    events = five_events()
    with connection.cursor() as cursor:
        for statement in DISARM[connection.vendor]:
            cursor.execute(statement)
        for event in reversed(events[2:]):
            cursor.execute("UPDATE lms_auditevent SET id = %s WHERE id = %s", [event.pk + 10, event.pk])
        # Two rows may not name the same one before them, so the one after is bent as well.
        cursor.execute("UPDATE lms_auditevent SET previous_digest = %s WHERE id = %s", ["f" * 64, events[2].pk + 10])
        row = forged(events[1].digest, at=events[1].at)
        sql = """INSERT INTO lms_auditevent (id, at, actor, action, subject, origin, facts, previous_digest, digest)
            VALUES (%s, %s, 'nadie', 'test.forged', '', '', '{}', %s, %s)"""
        cursor.execute(sql, [events[1].pk + 1, row["event"].at, row["previous"], row["digest"]])
    faults = list(audit.find_faults())
    assert f"event {events[2].pk + 10} does not follow the one before it" in faults
    assert f"event {events[2].pk + 10} was changed" in faults


def test_two_rows_that_changed_places_are_named():
    events = five_events()
    first, second = events[1], events[2]
    with connection.cursor() as cursor:
        for statement in DISARM[connection.vendor]:
            cursor.execute(statement)
        for old, new in ((first.pk, -1), (second.pk, first.pk), (-1, second.pk)):
            cursor.execute("UPDATE lms_auditevent SET id = %s WHERE id = %s", [new, old])
    named = {fault.split()[1] for fault in audit.find_faults()}
    assert named == {str(first.pk), str(second.pk), str(events[3].pk)}


def test_the_command_names_every_row_and_ends_badly(capsys):
    events = five_events()
    tamper("UPDATE lms_auditevent SET actor = 'otro' WHERE id IN (%s, %s)", events[0].pk, events[3].pk)
    with pytest.raises(SystemExit) as ended:
        call_command("verify_audit")
    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert f"event {events[0].pk} was changed" in told
    assert f"event {events[3].pk} was changed" in told


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_refuses_to_change_what_was_recorded(change):
    event = three_events()[0]
    rows = AuditEvent.objects.filter(pk=event.pk)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        rows.update(actor="x") if change == "update" else rows.delete()
    assert AuditEvent.objects.get(pk=event.pk).actor == event.actor


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite empties a table row by row")
def test_the_database_refuses_to_empty_the_trail_at_once():
    three_events()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE lms_auditevent")
    assert AuditEvent.objects.count() == 3


def test_an_undone_change_leaves_no_event():
    with transaction.atomic():
        audit.record("test.undone", by=None)
        transaction.set_rollback(True)
    assert not AuditEvent.objects.exists()
    audit.record("test.done", by=None)
    assert list(audit.find_faults()) == []


@pytest.mark.django_db(transaction=True)
def test_events_written_at_once_form_one_chain():
    audit.record("test.first", by=None)

    def write(number: int) -> None:
        try:
            for turn in range(5):
                audit.record("test.together", by=None, subject=f"{number}.{turn}")
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert AuditEvent.objects.count() == 21
    assert list(audit.find_faults()) == []
    assert AuditHead.objects.count() == 1
