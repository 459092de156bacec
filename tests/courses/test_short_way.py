"""The short way of a write of progress says and guards what the way of every request does."""

import gzip
import json

import pytest
from django.conf import settings as those
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client

from courses import middleware
from courses.domain import storing
from courses.models import LearningEvent, WatchSegment
from lms.domain import audit
from lms.models import Person, RoleGrant
from tests.courses.event_cases import a_learner, watched
from tests.courses.test_events_api import ADDRESS, plain
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db
MARK = "a" * 32
SHORT = "courses.middleware.ShortWayMiddleware"
LONG = [one for one in those.MIDDLEWARE if one != SHORT]


@pytest.fixture
def learner():
    return a_learner()


@pytest.fixture
def short(monkeypatch):
    """The statuses that were answered on the short way."""
    said, finished = [], middleware.ShortWayMiddleware._finished

    def note(self, request, response):
        said.append(response.status_code)
        return finished(self, request, response)

    monkeypatch.setattr(middleware.ShortWayMiddleware, "_finished", note)
    return said


def a_client(person=None, **more) -> Client:
    """A browser with a mark against forgery, signed in."""
    made = Client(enforce_csrf_checks=True, raise_request_exception=False, **more)
    if person:
        made.force_login(person)
    made.cookies["csrftoken"] = MARK
    return made


def batch(learner, number: int = 1) -> str:
    return json.dumps({"events": [plain(watched(learner, 2 * one, 2 * one + 2)) for one in range(number)]})


def post(client, body, *, method="POST", kind="application/json", query="", **headers):
    given = {"X-CSRFToken": MARK, **{name.replace("_", "-"): value for name, value in headers.items() if value}}
    given = {name: value for name, value in given.items() if value != "-"}
    return client.generic(
        method, ADDRESS + query, body, content_type=kind, headers=given, secure=those.SECURE_SSL_REDIRECT
    )


def both(settings, person, *asked, **headers) -> list:
    """The same request on the short way and on the long one."""
    found = []
    for chain in (those.MIDDLEWARE, LONG):
        settings.MIDDLEWARE = chain
        found.append(post(a_client(person), *asked, **headers))
    return found


def said(answer) -> tuple:
    """All of an answer but the order of its headers."""
    return answer.status_code, answer.content, dict(answer.items()), answer.cookies.output()


def test_everything_that_stands_in_the_way_of_every_request_was_weighed():
    known = [*middleware.DONE_HERE, *middleware.LEFT_OUT]
    assert sorted(known) == sorted(those.MIDDLEWARE)
    assert those.MIDDLEWARE[0] == SHORT
    assert not those.DISALLOWED_USER_AGENTS
    assert not those.SESSION_SAVE_EVERY_REQUEST


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Accept_Language": "en-GB,en;q=0.8"},
        {"Accept_Language": "xx", "Cookie": ""},
        {"Origin": "http://testserver", "X_Forwarded_For": "10.0.0.1"},
    ],
)
def test_an_answer_is_the_same_on_both_ways(settings, learner, short, headers):
    sent = batch(learner)
    post(a_client(learner.person), sent)
    its, theirs = (said(one) for one in both(settings, learner.person, sent, **headers))
    assert its == theirs
    assert its[0] == 200
    assert json.loads(its[1])["verdicts"][0]["is_repeated"]
    assert short == [200, 200]


def test_an_answer_over_https_is_the_same_on_both_ways(settings, learner, short):
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 3600
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    sent = batch(learner)
    post(a_client(learner.person), sent, Referer="https://testserver/")
    its, theirs = (said(one) for one in both(settings, learner.person, sent, Referer="https://testserver/"))
    assert its == theirs
    assert its[2]["Strict-Transport-Security"] == "max-age=3600; includeSubDomains; preload"
    assert short == [200, 200]


def test_what_is_longer_than_a_packet_is_compressed(learner, short):
    answer = post(a_client(learner.person), batch(learner, 25), Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(answer.content))["verdicts"]) == 25
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert short == [200]


def test_it_is_one_statement_to_know_who_asks_and_three_to_keep_it(learner, short, django_assert_num_queries):
    client = a_client(learner.person)
    post(client, batch(learner))
    statements = 4 if connection.vendor == "postgresql" else 6
    with django_assert_num_queries(statements + 2):  # a savepoint and its release
        assert post(client, json.dumps({"events": [plain(watched(learner, 10, 20))]})).status_code == 200
    assert short == [200, 200]
    assert WatchSegment.objects.count() == 2


def ended(person):
    Session.objects.all().delete()


def closed(person):
    Person.objects.filter(pk=person.pk).update(is_active=False)


def another_epoch(person):
    Person.objects.filter(pk=person.pk).update(session_epoch=7)


def another_password(person):
    Person.objects.filter(pk=person.pk).update(password="!other")


def a_role(person):
    RoleGrant.objects.create(person=person, role="auditor")


def a_superuser(person):
    Person.objects.filter(pk=person.pk).update(is_superuser=True)


@pytest.mark.parametrize(
    ("change", "status"),
    [(ended, 401), (closed, 401), (another_epoch, 401), (another_password, 401), (a_role, 403), (a_superuser, 403)],
)
def test_who_may_not_any_more_is_refused_at_once_and_in_the_same_words(settings, learner, short, change, status):
    clients = []
    for chain in (those.MIDDLEWARE, LONG):
        settings.MIDDLEWARE = chain
        clients.append(a_client(learner.person))
        assert post(clients[-1], json.dumps({"events": []})).status_code == 200
    change(learner.person)
    its, theirs = (said(post(client, batch(learner))) for client in clients)
    assert its == theirs
    assert its[0] == status
    assert short == []
    assert not LearningEvent.objects.exists()


REFUSED = [
    ({"X_CSRFToken": "-"}, 403),
    ({"X_CSRFToken": "b" * 32}, 403),
    ({"Origin": "https://elsewhere.example"}, 403),
    ({"X_Aula_Person": "00000000-0000-0000-0000-000000000001"}, 403),
    ({"query": "?a=%00"}, 400),
    ({"Host": "elsewhere.example"}, 400),
    ({"method": "PUT"}, 405),
]


@pytest.mark.parametrize(("how", "status"), REFUSED)
def test_what_is_refused_is_refused_on_the_long_way(settings, learner, short, how, status):
    settings.ALLOWED_HOSTS = ["testserver"]
    its, theirs = both(settings, learner.person, batch(learner), **how)
    assert said(its) == said(theirs)
    assert its.status_code == status
    assert short == []
    assert not LearningEvent.objects.exists()


@pytest.mark.parametrize("body", ["{", '{"events": [{}]}', '{"events": [], "x": 1}', '{"events": []}', "x" * 70_000])
def test_what_cannot_be_read_goes_the_long_way(settings, learner, short, body):
    its, theirs = both(settings, learner.person, body)
    assert said(its) == said(theirs)
    assert short == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_what_does_not_call_itself_json_goes_the_long_way(learner, short, kind):
    assert post(a_client(learner.person), batch(learner), kind=kind).status_code == 200
    assert short == []


def test_what_is_as_long_as_many_pages_goes_the_long_way(learner, short):
    assert post(a_client(learner.person), batch(learner) + " " * middleware.MOST_BYTES).status_code == 200
    assert short == []


def test_tokens_of_two_people_go_the_long_way(settings, learner, short):
    other = a_learner()
    mixed = json.dumps({"events": [plain(watched(one, 0, 2)) for one in (learner, other)]})
    for person, outcomes in ((learner.person, ["stored", "unknown"]), (other.person, ["unknown", "stored"])):
        its, theirs = both(settings, person, mixed)
        assert [one["outcome"] for one in its.json()["verdicts"]] == outcomes
        assert its.status_code == theirs.status_code
    assert short == []


@pytest.mark.parametrize("secure", [True, False])
def test_each_language_and_line_has_its_own_headers(settings, learner, short, secure):
    """One server answers all of them in turn."""
    settings.SECURE_HSTS_SECONDS = 3600
    client, sent, found = a_client(learner.person), batch(learner), []
    post(client, sent)
    for language, line in [("es", secure), ("en", secure), ("es", not secure)]:
        headers = {"X-CSRFToken": MARK, "Accept-Language": language, "Referer": "https://testserver/"}
        answer = client.post(ADDRESS, sent, content_type="application/json", headers=headers, secure=line)
        found.append((answer["Content-Language"], "Strict-Transport-Security" in answer))
    assert found == [("es", secure), ("en", secure), ("es", not secure)]
    assert short == [200] * 4


def test_a_plain_line_is_led_to_https_before_anything_is_read(settings, learner, short):
    client, sent = a_client(learner.person), batch(learner)
    settings.SECURE_SSL_REDIRECT = True
    client.handler._middleware_chain = None
    answer = client.post(ADDRESS, sent, content_type="application/json", headers={"X-CSRFToken": MARK})
    assert answer.status_code == 301
    assert short == []
    assert not LearningEvent.objects.exists()


def test_a_page_of_somebody_else_goes_the_long_way(settings, learner, short):
    its, theirs = both(settings, an_employee(), batch(learner))
    assert said(its) == said(theirs)
    assert json.loads(its.content)["verdicts"][0]["outcome"] == "unknown"
    assert short == []


def test_the_trail_is_told_where_a_request_comes_from(settings, learner, monkeypatch, short):
    told, store = [], storing.store

    def note(*rows, **said):
        told.append(audit.origin.get())
        return store(*rows, **said)

    monkeypatch.setattr(storing, "store", note)
    for second, chain in enumerate((those.MIDDLEWARE, LONG)):
        settings.MIDDLEWARE = chain
        sent = json.dumps({"events": [plain(watched(learner, 10 * second, 10 * second + 5))]})
        assert post(a_client(learner.person, REMOTE_ADDR="203.0.113.7"), sent).status_code == 200
    assert set(told) == {"203.0.113.7"}
    assert short == [200]


def test_a_fault_is_told_with_the_same_headers(settings, learner, monkeypatch, short):
    def fail(*_rows, **_more):
        raise OperationalError("gone")

    monkeypatch.setattr(storing, "store", fail)
    its, theirs = (one for one in both(settings, learner.person, batch(learner)))
    assert its.status_code == theirs.status_code == 500
    assert dict(its.items()) == dict(theirs.items())
    assert short == [500]


def test_a_session_of_the_key_before_is_renewed_on_the_long_way(settings, learner, short):
    """Django gives it a new name, which only the long way tells the browser."""
    client = a_client(learner.person)
    before = client.cookies["sessionid"].value
    assert post(client, batch(learner)).status_code == 200
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key than before, as long as it has to be"
    answer = post(client, json.dumps({"events": [plain(watched(learner, 10, 20))]}))
    assert answer.status_code == 200
    assert short == [200]
    assert client.cookies["sessionid"].value != before
    assert Session.objects.filter(pk=client.cookies["sessionid"].value).exists()
