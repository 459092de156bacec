"""What one sign-in asks of the database and of the cache: no more than it needs, and by index."""

import re
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from redis.connection import AbstractConnection

from lms.domain import access, audit
from lms.domain.tries import Limit
from lms.models import Person
from tests.factories.people import PASSWORD, a_cui, a_person

EMAIL = "ana@example.org"
# The entry of the trail and the place of its head: one statement where the database can.
TRAIL = {"postgresql": ["WITH lms_auditevent"], "sqlite": ["INSERT lms_auditevent", "UPDATE lms_audithead"]}


def visit() -> list[str]:
    """What is asked of the database, in order."""
    begins = ["SELECT lms_person", "SELECT mfa_authenticator", "BEGIN", "UPDATE lms_person", "SELECT lms_audithead"]
    return [*begins, *TRAIL[connection.vendor], "INSERT django_session", "COMMIT"]


@pytest.fixture(autouse=True)
def no_tries_before():
    cache.clear()


def sign_in(client: Client, password: str = PASSWORD) -> int:
    return client.post("/entrar/", {"identifier": EMAIL, "password": password}).status_code


def kinds(captured: CaptureQueriesContext) -> list[str]:
    """Each statement as its verb and the table that it is about."""
    told = []
    for one in captured.captured_queries:
        verb = one["sql"].split()[0]
        table = re.search(r'(?:FROM|INTO|UPDATE) "?(\w+)', one["sql"])
        told.append(f"{verb} {table[1]}" if table else verb)
    return told


@pytest.mark.django_db(transaction=True)
def test_who_comes_in_costs_two_questions_and_one_transaction():
    """The trail's lock is taken after the person's row, or two visits could wait for each other."""
    a_person(email=EMAIL, password=PASSWORD)
    assert sign_in(Client()) == 302  # what is asked once in the life of a process is asked here
    with CaptureQueriesContext(connection) as captured:
        assert sign_in(Client()) == 302
    assert kinds(captured) == visit()


@pytest.mark.django_db(transaction=True)
def test_a_wrong_password_and_a_name_that_nobody_has_ask_the_same():
    def asked() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert sign_in(Client(), "mal") == 422
        return kinds(captured)

    sign_in(Client(), "mal")
    of_nobody = asked()
    a_person(email=EMAIL, password=PASSWORD)
    assert asked() == of_nobody
    assert of_nobody[0] == "SELECT lms_person"


@pytest.mark.django_db
@pytest.mark.skipif(not settings.REDIS_URL, reason="asks Redis itself")
def test_who_comes_in_costs_four_questions_to_redis(monkeypatch):
    """Three counts before the password, and all of them settled after it. Others may ask the same Redis meanwhile."""
    a_person(email=EMAIL, password=PASSWORD)
    sign_in(Client())
    sent = []
    send = AbstractConnection.send_packed_command
    monkeypatch.setattr(
        AbstractConnection,
        "send_packed_command",
        lambda connection, *args, **options: sent.append(args) or send(connection, *args, **options),
    )
    assert sign_in(Client()) == 302
    assert len(sent) == 4


@pytest.mark.django_db
def test_of_many_who_count_at_once_none_is_lost():
    limit = Limit("at-once", most=100, seconds=900)
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _number: limit.count("one"), range(200)))
    assert sorted(told) == list(range(1, 201))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _number: limit.give_back("one"), range(150)))
    assert limit.count("one") == 51


@pytest.mark.django_db
def test_a_count_that_is_gone_is_not_given_back():
    limit = Limit("gone", most=1, seconds=900)
    limit.give_back("one")
    assert [limit.take("one"), limit.take("one")] == [True, False]
    limit.forget("one")
    assert limit.count("one") == 1


@pytest.mark.django_db
def test_a_session_gets_a_new_key_and_the_old_one_opens_nothing():
    a_person(email=EMAIL, password=PASSWORD)
    client = Client()
    planted = client.session
    planted["kept"] = "yes"
    planted.save()
    old = client.cookies["sessionid"] = planted.session_key
    assert sign_in(client) == 302
    assert client.cookies["sessionid"].value != old
    assert client.session["kept"] == "yes"
    assert list(Session.objects.values_list("session_key", flat=True)) == [client.cookies["sessionid"].value]
    stranger = Client()
    stranger.cookies["sessionid"] = old
    assert stranger.get("/mi-cuenta/").status_code == 302


@pytest.mark.django_db
def test_what_a_session_holds_is_written_again_only_when_it_changed(client):
    client.force_login(a_person())
    session = client.session
    session.load()
    session["one"] = 1
    session.save()
    with CaptureQueriesContext(connection) as captured:
        session.save()
    assert not captured.captured_queries
    session["one"] = 2
    session.save()
    assert client.session["one"] == 2


@pytest.mark.django_db
def test_a_visit_leaves_its_day_and_a_chain_that_holds():
    person = a_person(email=EMAIL, password=PASSWORD)
    assert sign_in(Client()) == 302
    person.refresh_from_db()
    assert person.last_login is not None
    assert list(audit.find_faults()) == []


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["cui", "email", "phone"])
def test_whoever_comes_in_is_found_by_an_index(how):
    known = {"cui": a_cui(), "email": EMAIL, "phone": "55551234"}
    # In an empty table any index is as good as any other.
    Person.objects.bulk_create(Person(given_names="Ana", surnames=f"Apellido{n}") for n in range(500))
    person = a_person(**known)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {Person._meta.db_table}")
    with CaptureQueriesContext(connection) as captured:
        assert access.find_person(known[how]) == person
    [asked] = captured.captured_queries
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + asked["sql"])
        plan = "\n".join(str(line) for line in cursor.fetchall())
    column = {"cui": "cui_digest"}.get(how, how)
    assert re.search(rf"(Index Cond: \(\(?{column}|SEARCH lms_person USING INDEX [^(]*\({column}=)", plan), plan


@pytest.mark.django_db
def test_an_email_is_kept_and_found_in_small_letters():
    Person.objects.create_superuser(email="Jefa@Example.org", password=PASSWORD)
    found = access.find_person("JEFA@example.ORG")
    assert found is not None
    assert found.email == "jefa@example.org"


@pytest.mark.django_db
def test_emails_that_were_kept_with_capitals_are_written_small():
    old, taken, other = a_person(), a_person(), a_person(email="otra@example.org")
    Person.objects.filter(pk=old.pk).update(email="Vieja@Example.org")
    Person.objects.filter(pk=taken.pk).update(email="Otra@example.org")
    import_module("lms.migrations.0015_write_emails_in_small_letters").write_small(apps, None)
    emails = Person.objects.filter(pk__in=[old.pk, taken.pk, other.pk]).order_by("pk").values_list("email", flat=True)
    assert list(emails) == ["vieja@example.org", "Otra@example.org", "otra@example.org"]
