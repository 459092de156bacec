"""Codes that are sent to somebody's telephone or e-mail."""

import logging
import re
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from lms.domain import access
from lms.domain.errors import RuleBroken
from lms.models import AccessCode, AuditEvent, Job, Person
from lms.views import limits
from tests.factories.people import a_cui, a_person

pytestmark = pytest.mark.django_db
ASK, GIVE, RECOVER = "/entrar/codigo/", "/entrar/codigo/recibido/", "/entrar/recursos-humanos/"
NEW = "una-nueva-para-siempre"
texts: list[tuple[str, str]] = []


def keep_text(*, to: str, text: str) -> None:
    """A gateway of the test's own, named by its dotted path as any other."""
    texts.append((to, text))


@pytest.fixture(autouse=True)
def fresh(settings):
    cache.clear()
    texts.clear()
    settings.SMS_GATEWAY = f"{__name__}.keep_text"


def ask(client: Client, identifier: str, channel: str = "sms", **fields):
    return client.post(ASK, {"identifier": identifier, "channel": channel, **fields})


def code_in(text: str) -> str:
    return re.search(r"\d{6}", text)[0]


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("typed", ["cui", "phone", "email"])
def test_a_code_by_text_lets_in_once(client, run_jobs, typed):
    cui = a_cui()
    a_person(cui=cui, phone="55551234", email="ana@example.org")
    identifier = {"cui": cui, "phone": "+502 5555 1234", "email": "ANA@example.org"}[typed]
    assert ask(client, identifier, next="/cursos/").url == GIVE
    assert run_jobs() == []
    [(to, text)] = texts
    assert to == "55551234"
    before = client.session.session_key
    answer = client.post(GIVE, {"code": f" {code_in(text)[:3]} {code_in(text)[3:]}"})
    assert (answer.status_code, answer.url) == (302, "/cursos/")
    assert is_in(client)
    assert client.session.session_key != before
    other = Client()
    other.cookies["sessionid"] = before
    assert other.post(GIVE, {"code": code_in(text)}).url == "/entrar/"


def test_a_code_is_used_up(client, run_jobs):
    person = a_person(phone="55551234")
    ask(client, "55551234")
    run_jobs()
    given = {"public_id": AccessCode.objects.get().public_id, "typed": code_in(texts[0][1])}
    assert access.redeem_code(**given) == person
    with pytest.raises(RuleBroken) as broken:
        access.redeem_code(**given)
    assert broken.value.code == "access.code_over"


def test_a_code_by_mail_proves_the_mail(client, run_jobs):
    person = a_person(email="ana@example.org", phone="55551234")
    ask(client, "55551234", "email")
    run_jobs()
    assert texts == []
    [letter] = mail.outbox
    assert letter.to == ["ana@example.org"]
    assert not access.is_email_proven(person)
    client.post(GIVE, {"code": code_in(letter.body)})
    assert is_in(client)
    assert access.is_email_proven(person)


def test_a_mail_that_was_changed_meanwhile_is_not_proven_and_the_code_is_void(client, run_jobs):
    person = a_person(email="mio@example.org")
    ask(client, "mio@example.org", "email")
    run_jobs()
    Person.objects.update(email="ajeno@example.org")
    assert client.post(GIVE, {"code": code_in(mail.outbox[0].body)}).status_code == 422
    person.refresh_from_db()
    assert not access.is_email_proven(person)


def test_the_other_way_serves_where_there_is_only_that(client, run_jobs, settings):
    a_person(email="ana@example.org")
    ask(client, "ana@example.org", "sms")
    run_jobs()
    assert (texts, len(mail.outbox)) == ([], 1)
    settings.SMS_GATEWAY = ""
    a_person(phone="55550000", email="beto@example.org")
    ask(Client(), "55550000", "sms")
    run_jobs()
    assert mail.outbox[1].to == ["beto@example.org"]


def visible(answer) -> str:
    return re.sub(r'value="[^"]*"', "", answer.content.decode().split("<main")[1].split("</main")[0])


def test_nobody_and_somebody_get_the_same_answers_by_the_same_steps(
    run_jobs, django_assert_num_queries, django_capture_on_commit_callbacks
):
    a_person(phone="55551234")
    closed = a_person(phone="55550000", is_active=False)
    pages, counts = [], []
    for identifier in ("55551234", "55559999", closed.phone):
        client = Client()
        client.get(ASK)
        asked = ask(client, identifier)
        page = client.get(asked.url)
        run_jobs()
        tries = [client.post(GIVE, {"code": "no"}) for _try in range(6)]
        pages.append((asked.status_code, asked.url, visible(page), *(visible(one) for one in tries)))
        counts.append([one.status_code for one in tries])
        assert not is_in(client)
    assert pages[0] == pages[1] == pages[2]
    assert counts[0] == [422] * 6
    assert "ya no sirve" in pages[1][-1]
    assert [to for to, _text in texts] == ["55551234"]
    assert AccessCode.objects.count() == Job.objects.count() == 3


def test_five_tries_and_ten_minutes(client, run_jobs):
    a_person(phone="55551234")
    ask(client, "55551234")
    run_jobs()
    code = code_in(texts[0][1])
    wrong = "000000" if code != "000000" else "111111"
    assert [client.post(GIVE, {"code": wrong}).status_code for _try in range(5)] == [422] * 5
    assert "ya no sirve" in client.post(GIVE, {"code": code}).content.decode()
    assert not is_in(client)
    ask(client, "55551234")
    run_jobs()
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=5)):
        assert "ya no sirve" in client.post(GIVE, {"code": code_in(texts[1][1])}).content.decode()
    assert not is_in(client)


def test_only_the_browser_that_asked_can_use_the_code(client, run_jobs):
    a_person(phone="55551234")
    ask(client, "55551234")
    run_jobs()
    stranger = Client()
    ask(stranger, "55559999")
    assert stranger.post(GIVE, {"code": code_in(texts[0][1])}).status_code == 422
    assert not is_in(stranger)
    assert Client().post(GIVE, {"code": code_in(texts[0][1])}).url == "/entrar/"


def test_a_record_that_closes_meanwhile_stays_out(client, run_jobs):
    a_person(phone="55551234")
    ask(client, "55551234")
    run_jobs()
    Person.objects.update(is_active=False)
    assert client.post(GIVE, {"code": code_in(texts[0][1])}).status_code == 422
    assert not is_in(client)


def test_a_code_stands_nowhere_but_in_the_message(client, run_jobs, caplog):
    caplog.set_level(logging.DEBUG)
    a_person(phone="55551234")
    ask(client, "55551234")
    run_jobs()
    code = code_in(texts[0][1])
    rows = [*AccessCode.objects.values(), *Job.objects.values(), *AuditEvent.objects.values()]
    assert code not in str([{**row, "digest": ""} for row in rows])
    assert code not in str(dict(client.session))
    assert code not in caplog.text
    assert Job.objects.get().payload == {}


def test_a_gateway_that_fails_is_tried_again_with_another_code(client, settings, caplog):
    settings.SMS_GATEWAY, settings.SMS_URL = "http", "http://127.0.0.1:9/sms?key=geheim"
    a_person(phone="55551234")
    ask(client, "55551234")
    job = Job.objects.get()
    from lms.domain import jobs  # noqa: PLC0415 (the worker's side)

    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.WAITING
    assert job.reason == "GatewayFailed: ConnectionError"
    assert "geheim" not in caplog.text
    assert not re.search(r"\b\d{6}\b", caplog.text)
    first = AccessCode.objects.get().digest
    settings.SMS_GATEWAY = f"{__name__}.keep_text"
    jobs.run(job.pk)
    assert AccessCode.objects.get().digest != first
    assert client.post(GIVE, {"code": code_in(texts[0][1])}).status_code == 302


def test_five_codes_an_hour_for_an_identifier_and_three_hundred_for_a_town_hall(client):
    answers = [ask(client, "5555 1234").status_code for _time in range(6)]
    assert answers == [302] * 5 + [429]
    assert ask(client, "+502 5555-1234").status_code == 429
    used = 5  # those that the pair refused were not counted for the address
    assert all(limits.CODE_BY_ADDRESS.take("127.0.0.1") for _try in range(299 - used))
    assert ask(client, "55550001").status_code == 302
    assert ask(client, "55550002").status_code == 429


def test_one_address_does_not_spend_somebodys_codes_nor_many_of_one_line(client, run_jobs):
    cui = a_cui()
    a_person(cui=cui, phone="55551234", email="ana@example.org")
    for identifier in (cui, "55551234", "ana@example.org"):
        for number in range(25):
            ask(Client(REMOTE_ADDR=f"2001:db8:1:2::{number:x}"), identifier)
    run_jobs()
    assert len(texts) == limits.CODE_BY_PERSON_FROM.most
    ask(client, "55551234")
    run_jobs()
    assert client.post(GIVE, {"code": code_in(texts[-1][1])}).status_code == 302


def test_a_right_code_counts_for_nothing_where_it_was_typed(client, run_jobs):
    a_person(phone="55551234")
    ask(client, "55551234")
    run_jobs()
    client.post(GIVE, {"code": "x"})
    client.post(GIVE, {"code": code_in(texts[0][1])})
    assert is_in(client)
    assert cache.get(limits.REDEEM_BY_ADDRESS._name("127.0.0.1")) == 1


def test_twenty_an_hour_for_an_identifier_from_wherever(client):
    addresses = [f"198.51.100.{number}" for number in range(20)]
    assert [ask(Client(REMOTE_ADDR=one), "5555 1234").status_code for one in addresses] == [302] * 20
    assert ask(client, "+502 5555-1234").status_code == 429


def test_not_more_than_twenty_messages_an_hour_whichever_identifiers_are_typed(run_jobs):
    cui = a_cui()
    person = a_person(cui=cui, phone="55551234", email="ana@example.org")
    for identifier in (cui, "55551234", "ana@example.org"):
        for number in range(8):
            assert ask(Client(REMOTE_ADDR=f"198.51.100.{number}"), identifier).status_code == 302
    run_jobs()
    assert len(texts) == access.MOST_SENT_AN_HOUR
    assert person.access_codes.count() == access.MOST_SENT_AN_HOUR


def test_no_address_alone_may_ask_for_all_that_are_sent():
    # A window is a fixed stretch of time: on both sides of its end twice as many may be asked for.
    assert 2 * limits.CODE_BY_PERSON_FROM.most < access.MOST_SENT_AN_HOUR
    assert 2 * limits.CODE_BY_PAIR.most < limits.CODE_BY_IDENTIFIER.most


def test_sent_codes_are_forgotten_and_handed_ones_kept():
    now = timezone.now()
    person = a_person()
    for kind in AccessCode.Kind.values:
        for hours in (1, 30):
            AccessCode.objects.create(kind=kind, person=person, expires_at=now - timedelta(hours=hours))
    assert access.sweep() == 1
    assert AccessCode.objects.filter(kind=AccessCode.Kind.HANDED).count() == 2


def test_the_mark_of_a_shared_device_passes_through_the_code(client, run_jobs):
    a_person(phone="55551234")
    ask(client, "55551234", is_shared="on")
    run_jobs()
    client.post(GIVE, {"code": code_in(texts[0][1])})
    assert is_in(client)
    assert client.session.get_expire_at_browser_close()
