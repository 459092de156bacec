"""What people ask about their own record: who asks, who answers, what follows."""

from datetime import date, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms.domain import identity, requests
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Person, PersonRequest
from tests.factories.people import a_cui, a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
OPEN, GRANTED, REFUSED, WITHDRAWN = PersonRequest.State.values


@pytest.fixture
def administrator() -> Person:
    return somebody_with_role("administrator")


def broken(verb, **arguments) -> str:
    with pytest.raises(RuleBroken) as caught:
        verb(**arguments)
    return caught.value.code


def asked_by(person: Person, **proposed) -> PersonRequest:
    return requests.ask_correction(person=person, by=person, proposed=proposed or {"surnames": "Ceto"})


def actions(person: Person) -> list[str]:
    subject = f"lms.person:{person.public_id}"
    return list(AuditEvent.objects.filter(subject=subject).values_list("action", flat=True))


def test_a_correction_keeps_what_is_right_encrypted():
    person, cui = a_person(), a_cui()
    request = asked_by(person, cui=f"{cui[:4]} {cui[4:9]} {cui[9:]}", born_on=date(1990, 5, 1))
    assert requests.proposal(request) == {"cui": cui, "born_on": "1990-05-01"}
    assert cui not in str(PersonRequest.objects.values().get())
    event = AuditEvent.objects.get(action="request.asked")
    assert event.facts == {"request": str(request.public_id), "kind": "correction"}


def test_what_cannot_be_asked():
    person, other, cui = a_person(), a_person(), a_cui()
    ask = requests.ask_correction
    assert broken(ask, person=person, by=other, proposed={"surnames": "X"}) == "request.not_yours"
    assert broken(ask, person=person, by=person, proposed={}, text=" ") == "request.empty"
    assert broken(ask, person=person, by=person, proposed={"email": "x@example.org"}) == "request.empty"
    assert broken(ask, person=person, by=person, proposed={"cui": "123"}) == "cui.malformed"
    spaced = f"Mi CUI es {cui[:4]} {cui[4:9]} {cui[9:]}"
    assert broken(ask, person=person, by=person, proposed={}, text=spaced) == "request.number_in_text"
    assert broken(ask, person=person, by=person, proposed={}, text="x" * 2001) == "request.text_too_long"
    assert broken(requests.ask_erasure, person=person, by=other) == "request.not_yours"
    assert not PersonRequest.objects.exists()


def test_one_open_of_a_kind_and_another_once_it_is_withdrawn():
    person = a_person()
    first = asked_by(person)
    assert broken(requests.ask_correction, person=person, by=person, proposed={"surnames": "X"}) == (
        "request.already_open"
    )
    requests.ask_erasure(person=person, by=person)
    assert broken(requests.withdraw, request=first, by=a_person()) == "request.not_yours"
    requests.withdraw(request=first, by=person)
    assert broken(requests.withdraw, request=first, by=person) == "request.answered"
    asked_by(person)
    assert sorted(person.requests.values_list("kind", "state")) == [
        ("correction", OPEN), ("correction", WITHDRAWN), ("erasure", OPEN),
    ]  # fmt: skip


def test_granting_puts_the_record_right_and_says_so(administrator):
    person, cui = a_person(cui=a_cui()), a_cui()
    request = asked_by(person, surnames="Ceto", cui=cui)
    requests.grant_correction(
        request=request, by=administrator, changes={"surnames": "Ceto Raymundo", "cui": cui}, answer="Revisado."
    )
    person.refresh_from_db()
    request.refresh_from_db()
    assert (person.surnames, person.cui_digest) == ("Ceto Raymundo", identity.cui_digest(cui))
    assert (request.state, request.answer, request.answered_by) == (GRANTED, "Revisado.", administrator)
    assert actions(person) == ["request.asked", "person.changed", "request.granted"]


def test_when_the_change_breaks_a_rule_nothing_is_answered(administrator):
    taken, person = a_cui(), a_person()
    a_person(cui=taken)
    request = asked_by(person, cui=taken)
    code = broken(requests.grant_correction, request=request, by=administrator, changes={"cui": taken})
    request.refresh_from_db()
    assert (code, request.state, actions(person)) == ("person.cui_taken", OPEN, ["request.asked"])


def test_only_the_columns_that_go_by_request_are_changed(administrator):
    person = a_person(email="ana@example.org")
    request = asked_by(person)
    changes = {"surnames": "Ceto", "email": "otra@example.org", "is_superuser": True}
    requests.grant_correction(request=request, by=administrator, changes=changes)
    person.refresh_from_db()
    assert (person.surnames, person.email, person.is_superuser) == ("Ceto", "ana@example.org", False)


def test_refusing_needs_a_reason_and_no_number(administrator):
    request = asked_by(a_person())
    assert broken(requests.refuse, request=request, by=administrator, answer=" ") == "request.answer_missing"
    assert broken(requests.refuse, request=request, by=administrator, answer=f"Es {a_cui()}") == (
        "request.number_in_text"
    )
    requests.refuse(request=request, by=administrator, answer="El DPI dice otra cosa.")
    request.refresh_from_db()
    assert (request.state, request.answer) == (REFUSED, "El DPI dice otra cosa.")
    assert broken(requests.refuse, request=request, by=administrator, answer="Otra vez") == "request.answered"
    assert broken(requests.grant_correction, request=request, by=administrator, changes={"surnames": "X"}) == (
        "request.answered"
    )


@pytest.mark.parametrize("role", ["auditor", "hr_delegate", "certifier", "trainer"])
def test_no_other_role_answers(role):
    request = asked_by(an_employee("1413"))
    place = {"municipality": "1413"} if role == "hr_delegate" else {}
    other = somebody_with_role(role, **place)
    assert broken(requests.refuse, request=request, by=other, answer="No") == "request.not_allowed"
    assert broken(requests.grant_correction, request=request, by=other, changes={"surnames": "X"}) == (
        "request.not_allowed"
    )
    assert broken(requests.see_proposed_cui, request=request, by=other) == "request.not_allowed"


def test_nobody_answers_their_own(administrator):
    request = asked_by(administrator)
    assert broken(requests.refuse, request=request, by=administrator, answer="No") == "request.own"
    grant = {"request": request, "by": administrator, "changes": {"surnames": "Ceto"}}
    assert broken(requests.grant_correction, **grant) == "request.own"
    asked = PersonRequest.objects.create(person=administrator, kind="erasure")
    assert broken(requests.grant_erasure, request=asked, by=administrator) == "request.own"


def test_an_erasure_waits_until_the_person_had_time_to_think(administrator):
    person = a_person()
    request = requests.ask_erasure(person=person, by=person)
    assert broken(requests.grant_erasure, request=request, by=administrator) == "request.too_early"
    PersonRequest.objects.update(asked_at=timezone.now() - requests.WAIT - timedelta(seconds=1))
    request.refresh_from_db()
    requests.grant_erasure(request=request, by=administrator)
    person.refresh_from_db()
    assert person.erased_at is not None


def test_the_head_of_the_trail_is_taken_last_when_somebody_is_erased(administrator):
    """Everybody else locks the person first and the head after: otherwise two wait for each other."""
    person = a_person()
    request = requests.ask_erasure(person=person, by=person)
    PersonRequest.objects.update(asked_at=timezone.now() - timedelta(days=8))
    request.refresh_from_db()
    Session.objects.create(session_key="x" * 32, session_data="x", expire_date=timezone.now())
    with CaptureQueriesContext(connection) as asked:
        requests.grant_erasure(request=request, by=administrator)
    said = [one["sql"] for one in asked]
    head = min(index for index, sql in enumerate(said) if "lms_audithead" in sql)
    # Nothing but the trail is written from then on, and the sessions were read before the person was locked.
    later = [sql.split("SET")[0] for sql in said[head:] if sql.startswith(("UPDATE", "DELETE", "INSERT"))]
    assert [sql for sql in later if "lms_audit" not in sql] == []
    # PostgreSQL reads them through a cursor, which is declared.
    reads = ("SELECT", "DECLARE")
    scanned = min(index for index, sql in enumerate(said) if sql.startswith(reads) and "django_session" in sql)
    written = min(index for index, sql in enumerate(said) if sql.startswith("DELETE"))
    record = [i for i, sql in enumerate(said) if sql.startswith("SELECT") and '"lms_person"."id" = ' in sql]
    assert scanned < written
    assert any(scanned < index < written for index in record)
    assert list(AuditEvent.objects.order_by("-pk").values_list("action", flat=True)[:2]) == [
        "request.granted",
        "person.erased",
    ]


def test_the_answer_comes_by_mail_without_any_datum(administrator, django_capture_on_commit_callbacks):
    person = a_person(email="ana@example.org", given_names="Ana")
    request = asked_by(person)
    with django_capture_on_commit_callbacks(execute=True):
        requests.refuse(request=request, by=administrator, answer="El DPI dice otra cosa.")
    [letter] = mail.outbox
    assert letter.to == ["ana@example.org"]
    assert not [word for word in ("Ana ", "Ceto", "El DPI") if word in letter.body + letter.subject]


def test_the_last_letter_goes_to_the_address_that_was(administrator, django_capture_on_commit_callbacks):
    person = a_person(email="ana@example.org")
    request = requests.ask_erasure(person=person, by=person)
    PersonRequest.objects.update(asked_at=timezone.now() - requests.WAIT - timedelta(seconds=1))
    request.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        requests.grant_erasure(request=request, by=administrator)
    [letter] = mail.outbox
    assert (letter.to, "se borraron" in letter.body) == (["ana@example.org"], True)


def test_a_letter_that_does_not_leave_undoes_nothing(administrator, settings, django_capture_on_commit_callbacks):
    settings.EMAIL_BACKEND = "tests.lms.test_requests.BrokenBackend"
    request = asked_by(a_person(email="ana@example.org"))
    with django_capture_on_commit_callbacks(execute=True):
        requests.refuse(request=request, by=administrator, answer="No procede.")
    request.refresh_from_db()
    assert request.state == REFUSED


class BrokenBackend:
    """Mail that is down."""

    def __init__(self, **options) -> None:
        raise ConnectionRefusedError("mail is down")


# The back-office ------------------------------------------------------------------------------------------------------


@pytest.fixture
def office(client, administrator):
    client.force_login(administrator)
    return client


def test_the_list_shows_who_waits_first_and_never_what_is_asked(office):
    done = asked_by(a_person())
    PersonRequest.objects.filter(pk=done.pk).update(state=GRANTED)
    cui = a_cui()
    request = asked_by(a_person(given_names="Ana", surnames="Ceto"), cui=cui)
    page = office.get(reverse("lms_requests:index"))
    text = page.content.decode()
    assert [row.pk for row in page.context["object_list"]] == [request.pk, done.pk]
    assert ("1 en espera" in text, "CUI" in text, cui in text) == (True, True, False)
    only = office.get(reverse("lms_requests:index"), {"state": "granted"})
    assert [row.pk for row in only.context["object_list"]] == [done.pk]
    found = office.get(reverse("lms_requests:index"), {"q": "céto"})
    assert [row.pk for row in found.context["object_list"]] == [request.pk]


def test_the_queries_of_the_list_do_not_grow(office):
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            office.get(reverse("lms_requests:index"))
        return len(queries)

    asked_by(a_person())
    office.get(reverse("lms_requests:index"))
    one = count()
    for _number in range(3):
        asked_by(a_person())
    assert count() == one


def test_the_form_comes_filled_in_with_what_was_asked_and_the_number_masked(office):
    cui = a_cui(place="0805")
    request = asked_by(a_person(surnames="Seto"), surnames="Ceto", cui=cui)
    text = office.get(reverse("lms_requests:edit", args=[request.pk])).content.decode()
    assert 'value="Ceto"' in text
    assert "Ahora: Seto" in text
    assert "•••• ••••• 0805" in text
    assert cui not in text


def test_granting_by_the_form(office):
    cui = a_cui()
    person = a_person(surnames="Seto")
    request = asked_by(person, surnames="Ceto", cui=cui)
    answer = {"decision": "grant", "surnames": "Ceto", "takes_cui": "on", "answer": ""}
    assert office.post(reverse("lms_requests:edit", args=[request.pk]), answer).status_code == 302
    person.refresh_from_db()
    assert (person.surnames, person.cui_digest) == ("Ceto", identity.cui_digest(cui))


def test_refusing_by_the_form_keeps_what_was_typed(office):
    request = asked_by(a_person())
    address = reverse("lms_requests:edit", args=[request.pk])
    wrong = office.post(address, {"decision": "refuse", "surnames": "Tecleado", "answer": ""})
    assert (wrong.status_code, 'value="Tecleado"' in wrong.content.decode()) == (422, True)
    assert "Escriba el motivo" in wrong.content.decode()
    assert office.post(address, {"decision": "refuse", "answer": "No procede."}).status_code == 302
    request.refresh_from_db()
    assert request.state == REFUSED


def test_an_erasure_is_granted_by_the_form_when_its_time_has_come(office):
    person = a_person()
    request = requests.ask_erasure(person=person, by=person)
    address = reverse("lms_requests:edit", args=[request.pk])
    assert "puede arrepentirse hasta" in office.get(address).content.decode()
    early = office.post(address, {"decision": "grant"})
    assert (early.status_code, "todavía puede arrepentirse" in early.content.decode()) == (422, True)
    PersonRequest.objects.update(asked_at=timezone.now() - requests.WAIT - timedelta(seconds=1))
    assert office.post(address, {"decision": "grant"}).status_code == 302
    person.refresh_from_db()
    assert person.erased_at is not None


def test_the_number_that_is_asked_for_is_shown_once_and_written_down(office, administrator):
    cui, person = a_cui(), a_person()
    request = asked_by(person, cui=cui)
    address = reverse("lms_requests:reveal", args=[request.pk])
    assert office.get(address).status_code == 302
    assert "request.proposal_seen" not in actions(person)
    page = office.post(address)
    assert f"{cui[:4]} {cui[4:9]} {cui[9:]}" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    event = AuditEvent.objects.get(action="request.proposal_seen")
    assert (event.actor, cui in str(event.facts)) == (str(administrator.public_id), False)


def test_ones_own_request_is_seen_and_not_answered(office, administrator):
    request = asked_by(administrator)
    text = office.get(reverse("lms_requests:edit", args=[request.pk])).content.decode()
    assert "la responde otra persona" in text
    assert 'name="decision"' not in text
    assert office.post(reverse("lms_requests:reveal", args=[request.pk])).status_code == 302
