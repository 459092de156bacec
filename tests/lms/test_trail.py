"""Reading the trail: labels for every action, search, files, one event, and who came and went."""

import ast
import csv
import io
import re
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lms import permissions
from lms.domain import audit, powers, trail
from lms.models import AuditEvent
from lms.viewsets.trail import NearerEndPaginator
from tests.factories.people import PASSWORD, a_cui, a_person, somebody_with_role

pytestmark = pytest.mark.django_db
GUATEMALA = ZoneInfo("America/Guatemala")
INDEX = "lms_audit:index"


def strings_of(node: ast.expr) -> set[str]:
    """What an expression may be: a text, either branch of a choice, or the beginning of an f-string with a star."""
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    if isinstance(node, ast.IfExp):
        return strings_of(node.body) | strings_of(node.orelse)
    if isinstance(node, ast.JoinedStr):
        return {f"{node.values[0].value}*"}
    return set()


def recorded_in(tree: ast.Module) -> set[str]:
    """The actions that a module hands to the trail, by itself or through a function of its own."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name.endswith("record") and node.args:
                found |= strings_of(node.args[0])
            found |= {text for key in node.keywords if key.arg == "action" for text in strings_of(key.value)}
        if isinstance(node, ast.Assign) and "action" in ast.unparse(node.targets[0]):
            value = node.value.elts[0] if isinstance(node.value, ast.Tuple) else node.value
            found |= strings_of(value)
    return {text for text in found if "." in text and " " not in text}


def test_every_action_that_the_code_records_is_said_in_words():
    found = set()
    for app in ("lms", "media", "courses", "certificates"):
        for path in Path(settings.BASE_DIR, app).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if "audit" in text and "migrations" not in path.parts:
                found |= recorded_in(ast.parse(text))
    begun = {text.removesuffix("*") for text in found if text.endswith("*")}
    assert {text for text in found - set(trail.ACTIONS) if not text.endswith("*")} == set()
    assert [start for start in begun if not any(action.startswith(start) for action in trail.ACTIONS)] == []
    assert {"role.granted", "person.closed", "enrolment.made", "session.opened"} <= found


def test_every_action_of_the_table_of_policy_is_said_in_words():
    assert set(powers.ACTIONS) == set(permissions.policy()["actions"])


@pytest.fixture
def auditor(client):
    person = somebody_with_role("auditor")
    client.force_login(person)
    return person


def listed(client, **query) -> list[str]:
    return [event.action for event in client.get(reverse(INDEX), query).context["object_list"]]


@pytest.fixture
def events():
    """Ana acts on Beto on two days, from two places; somebody else does something else."""
    ana, beto, other = (a_person(given_names=name, surnames="López Demo") for name in ("Ana", "Beto", "Carla"))
    with time_machine.travel(datetime(2026, 3, 1, 23, 30, tzinfo=GUATEMALA)):
        token = audit.origin.set("10.0.0.7")
        audit.record("person.closed", by=ana, subject=f"lms.person:{beto.public_id}", facts={"reason": "=1+1"})
        audit.origin.reset(token)
    with time_machine.travel(datetime(2026, 3, 2, 0, 30, tzinfo=GUATEMALA)):
        token = audit.origin.set("10.0.0.71")
        audit.record("person.reopened", by=ana, subject=f"lms.person:{beto.public_id}")
        audit.origin.reset(token)
    audit.record("video.added", by=other, subject="media.video:x")
    audit.record("course.completed", by=None)
    return ana, beto, other


def test_it_is_searched_by_name_action_day_origin_and_subject(client, auditor, events):
    ana, beto, _other = events
    both = ["person.reopened", "person.closed"]
    assert listed(client) == ["course.completed", "video.added", *both]
    assert listed(client, person="ana lopez") == both
    assert listed(client, person="beto") == both
    assert listed(client, person="carla") == ["video.added"]
    assert listed(client, person="nadie así") == []
    assert listed(client, action="person.closed") == ["person.closed"]
    assert listed(client, at_from="2026-03-02", at_to="2026-03-02") == ["person.reopened"]
    assert listed(client, at_to="2026-03-01") == ["person.closed"]
    assert listed(client, origin="10.0.0.7") == ["person.closed"]
    assert listed(client, origin="10.0.0.") == both
    assert listed(client, subject=str(beto.public_id)) == both
    assert listed(client, subject=f"lms.person:{beto.public_id}", action="person.closed") == ["person.closed"]
    assert listed(client, subject=f"lms.person:{ana.public_id}") == []


def test_it_names_people_and_says_what_they_did(client, auditor, events):
    _ana, beto, _other = events
    text = client.get(reverse(INDEX)).content.decode()
    for words in ("Ana López Demo", "Beto López Demo", "Cerró una cuenta", "motivo: =1+1", "10.0.0.71", "el sistema"):
        assert words in text, words
    assert reverse("lms_people:inspect", args=[beto.pk]) in text
    assert "person.closed" not in re.sub(r'value="[^"]*"', "", text)


def test_a_thousand_events_ask_the_database_as_often_as_three(client, auditor, django_assert_num_queries):
    person = a_person()
    for number in range(3):
        audit.record("person.changed", by=person, subject=f"lms.person:{a_person().public_id}", facts={"n": number})
    client.get(reverse(INDEX))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse(INDEX))
    for _number in range(30):
        audit.record("person.changed", by=a_person(), subject=f"lms.person:{a_person().public_id}")
    with django_assert_num_queries(len(few)):
        client.get(reverse(INDEX))


@pytest.mark.parametrize("column", ["at", "origin", "subject", "actor", "action"])
def test_each_search_has_an_index(column):
    with connection.cursor() as cursor:
        indexes = connection.introspection.get_constraints(cursor, AuditEvent._meta.db_table)
    assert any(row["index"] and row["columns"][0] == column for row in indexes.values())


def rows_of(answer) -> list[list[str]]:
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_what_is_filtered_is_taken_away_safely_and_the_trail_knows(client, auditor, events):
    cui = a_cui()
    audit.record("person.changed", by=a_person(cui=cui, given_names="=HYPERLINK(1)"), facts={})
    heading, *rows = rows_of(client.get(reverse("lms_audit:export", args=["csv"]), {"person": "ana lopez"}))
    assert heading[2:5] == ["Quién", "Qué", "Sobre"]
    assert [row[3] for row in rows] == ["Reabrió una cuenta", "Cerró una cuenta"]
    told = AuditEvent.objects.get(action="audit.exported")
    assert told.facts == {"form": "csv", "filters": {}, "by_name": True, "rows": 2}
    assert told.actor == str(auditor.public_id)
    everything = rows_of(client.get(reverse("lms_audit:export", args=["csv"])))
    assert [cell for row in everything for cell in row if cell[:1] in {"=", "+", "-", "@"}] == []
    assert cui not in str(everything)
    book = client.get(reverse("lms_audit:export", args=["xlsx"]), {"action": "person.closed"})
    assert b"".join(book.streaming_content)[:2] == b"PK"
    assert AuditEvent.objects.filter(action="audit.exported").latest("pk").facts["filters"] == {
        "action": "person.closed"
    }
    assert client.get(reverse("lms_audit:export", args=["exe"])).status_code == 404


def test_a_book_that_excel_could_not_hold_is_refused(client, auditor, events, monkeypatch):
    monkeypatch.setattr(trail, "EXCEL_ROWS", 2)
    answer = client.get(reverse("lms_audit:export", args=["xlsx"]), follow=True)
    assert answer.redirect_chain == [(reverse(INDEX), 302)]
    assert "Descargue CSV" in answer.content.decode()
    assert not AuditEvent.objects.filter(action="audit.exported").exists()


def test_one_event_shows_its_digest_and_its_neighbours(client, auditor, events):
    first, second, third, _last = AuditEvent.objects.order_by("pk")
    text = client.get(reverse("lms_audit:inspect", args=[second.pk])).content.decode()
    for words in (second.digest, second.previous_digest, "coincide con su huella", second.subject):
        assert words in text
    for neighbour in (first, third):
        assert reverse("lms_audit:inspect", args=[neighbour.pk]) in text
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER lms_auditevent_no_update")
        else:
            cursor.execute("ALTER TABLE lms_auditevent DISABLE TRIGGER USER")
        cursor.execute("UPDATE lms_auditevent SET origin = '' WHERE id = %s", [second.pk])
    assert "alguien tocó la bitácora" in client.get(reverse("lms_audit:inspect", args=[second.pk])).content.decode()


def test_who_came_who_left_and_who_was_refused(client):
    person = a_person(email="ana@example.org", password=PASSWORD)
    door = reverse("lms:sign_in")
    client.post(door, {"identifier": "ana@example.org", "password": "otra cosa"}, REMOTE_ADDR="10.1.2.3")
    client.post(door, {"identifier": "ana@example.org", "password": PASSWORD}, REMOTE_ADDR="10.1.2.3")
    client.post(reverse("lms:sign_out"), REMOTE_ADDR="10.1.2.3")
    told = AuditEvent.objects.filter(action__startswith="session.").order_by("pk")
    key = str(person.public_id)
    assert [(event.action, event.actor, event.origin) for event in told] == [
        ("session.refused", "", "10.1.2.3"),
        ("session.opened", key, "10.1.2.3"),
        ("session.closed", key, "10.1.2.3"),
    ]
    assert "ana@example.org" not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize("role", ["trainer", "certifier", "hr_delegate", "department_delegate"])
def test_nobody_else_reads_it(client, role, events):
    client.force_login(somebody_with_role(role))
    event = AuditEvent.objects.first()
    addresses = [
        reverse(INDEX),
        reverse("lms_audit:inspect", args=[event.pk]),
        reverse("lms_audit:export", args=["csv"]),
    ]
    assert [client.get(address).status_code for address in addresses] == [403, 403, 403]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"since": date(2026, 1, 1), "until": date(2026, 6, 30)},
        {"action": "role.granted", "since": date(2026, 1, 1)},
        {"action": "role.granted"},
    ],
)
def test_a_page_of_a_long_trail_is_read_without_sorting_it(asked):
    """A million events take as long as a hundred: the index hands them over in the order of the page."""
    page = trail.find(**asked)[:50]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
            cursor.execute("SET LOCAL enable_sort = off")  # done only if it must be
    plan = page.explain()
    assert "INDEX" in plan.upper()
    assert "TEMP B-TREE" not in plan
    assert [
        line for line in plan.splitlines() if "Sort" in line and "Incremental Sort" not in line and "Key" not in line
    ] == []


@pytest.fixture
def five_at_once():
    """Five events of two moments, so that a stretch ends in the middle of one."""
    first, second = datetime(2026, 1, 5, 9, tzinfo=GUATEMALA), datetime(2026, 1, 5, 10, tzinfo=GUATEMALA)
    for at in (first, first, second, second, second):
        with time_machine.travel(at, tick=False):
            audit.record("course.completed", by=None)


def test_a_file_is_read_from_where_the_stretch_before_ended(five_at_once, monkeypatch):
    everything = [row[0] for row in trail.rows(trail.find())]
    monkeypatch.setattr(trail, "STRETCH", 2)
    with CaptureQueriesContext(connection) as asked:
        assert [row[0] for row in trail.rows(trail.find())] == everything
    assert everything == list(AuditEvent.objects.order_by("-at", "-pk").values_list("pk", flat=True))
    read = [one["sql"] for one in asked if "LIMIT 2" in one["sql"]]
    assert len(read) == len(everything) // 2 + 1
    assert not any("OFFSET" in sql or "DECLARE" in sql for sql in read)


def test_the_last_page_is_read_from_its_own_end(five_at_once):
    found = trail.find()
    pages = NearerEndPaginator(found, 2)
    newest = list(found)
    for number in pages.page_range:
        assert list(pages.page(number)) == newest[2 * number - 2 : 2 * number]
    with CaptureQueriesContext(connection) as asked:
        list(NearerEndPaginator(found, 2).page(pages.num_pages))
    assert " ASC" in asked[-1]["sql"]
    assert "OFFSET" not in asked[-1]["sql"]
