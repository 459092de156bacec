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


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_refuses_to_change_what_was_recorded(change):
    event = three_events()[0]
    rows = AuditEvent.objects.filter(pk=event.pk)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        rows.update(actor="x") if change == "update" else rows.delete()
    assert AuditEvent.objects.get(pk=event.pk).actor == event.actor


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
