"""What people are told of a place of theirs: once, in their language, by one way, when it is certain and still true."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from courses.domain import enrolment as enrolments
from courses.domain import notices, sessions
from courses.models import CoursePage, Enrolment
from lms import gateways
from lms.domain import duplicates, jobs
from lms.models import Job, Language, Municipality
from tests.courses.test_digests import morning
from tests.factories.courses import a_course
from tests.factories.people import a_consent, a_member, a_network, an_employee, born
from tests.factories.sessions import a_part, a_session, enrolled

pytestmark = pytest.mark.django_db
TEXTS: list[tuple[str, str]] = []
IS_BROKEN = {"is": False}


def keep_text(*, to, text) -> None:
    """A gateway that takes a text, or refuses it."""
    if IS_BROKEN["is"]:
        raise gateways.GatewayFailed("no")
    TEXTS.append((to, text))


class RefusingBackend(BaseEmailBackend):
    """A way out that names the address in its refusal."""

    def send_messages(self, messages):
        """Take none."""
        raise SMTPRecipientsRefused({"ana@example.org": (550, b"No")})


@pytest.fixture(autouse=True)
def _ways_out(settings):
    TEXTS.clear()
    IS_BROKEN["is"] = False
    settings.SMS_GATEWAY = f"{__name__}.keep_text"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def daylight():
    with time_machine.travel(morning(hour=9), tick=True):
        yield


def an_english(**fields):
    return an_employee(language=Language.objects.get(key="en"), **fields)


def waiting_behind(course, person) -> Enrolment:
    """The one who is in the course's single seat; `person` waits for it."""
    first = an_employee()
    inside = enrolments.enrol(person=first, course=course, by=first)
    enrolments.enrol(person=person, course=course, by=person)
    return inside


def free(inside: Enrolment) -> None:
    enrolments.withdraw(enrolment=inside, by=inside.person)


def seated(session, person):
    who = enrolled(session, person)
    sessions.register(enrolment=who, session=session, by=person)
    return who


# A seat that came free


@pytest.mark.usefixtures("daylight")
def test_who_moves_up_is_told_once_by_mail_and_on_the_page(run_jobs, client):
    person = an_employee(email="ana@example.org", phone="55551234", given_names="Ana")
    inside = waiting_behind(a_course(title="Cobro <del> IUSI", seats=1), person)
    assert run_jobs() == []
    assert mail.outbox == []
    free(inside)
    assert run_jobs() == []
    (message,) = mail.outbox
    assert (message.to, message.subject) == (["ana@example.org"], "Aula Municipal: ya tiene un cupo")
    assert "Hola, Ana:" in message.body
    assert "Se liberó un cupo: ya está en «Cobro <del> IUSI»." in message.body
    assert "http://testserver" + reverse("courses:learning") in message.body
    assert TEXTS == []
    client.force_login(person)
    assert "Se liberó un cupo" in client.get(reverse("courses:learning")).content.decode()


@pytest.mark.usefixtures("daylight")
def test_without_mail_the_telephone_is_told_and_with_neither_nobody(run_jobs):
    for fields in ({"phone": "55551234"}, {}):
        free(waiting_behind(a_course(title="Cobro", seats=1), an_employee(**fields)))
    assert run_jobs() == []
    assert TEXTS == [
        ("55551234", "Aula Municipal: Se liberó un cupo: ya está en «Cobro». http://testserver/mi-aprendizaje/")
    ]
    assert mail.outbox == []


def test_it_is_owed_with_the_change_or_not_at_all():
    inside = waiting_behind(a_course(seats=1), an_employee(email="ana@example.org"))
    with transaction.atomic():
        free(inside)
        assert Job.objects.filter(kind=notices.SEATED).exists()
        transaction.set_rollback(True)
    assert not Job.objects.filter(kind=notices.SEATED).exists()


def test_who_left_again_meanwhile_is_told_nothing(run_jobs):
    person = an_employee(email="ana@example.org")
    free(waiting_behind(a_course(seats=1), person))
    enrolments.withdraw(enrolment=Enrolment.objects.get(person=person), by=person)
    assert run_jobs() == []
    assert mail.outbox == []


def test_whoever_stands_for_the_record_is_told(run_jobs):
    absorbed, survivor = an_employee(email="otra@example.org"), an_employee(email="ana@example.org")
    free(waiting_behind(a_course(seats=1), absorbed))
    duplicates.merge(survivor=survivor, absorbed=absorbed, reason="x", by=None)
    assert run_jobs() == []
    assert [message.to for message in mail.outbox] == [["ana@example.org"]]


def test_a_minor_is_told_with_a_consent_that_holds_alone(run_jobs):
    network = a_network()
    course = a_course(seats=1, network=network)
    inside = enrolments.enrol(person=(first := a_member(network)), course=course, by=first)
    minor = a_member(network, born_on=born(15), email="ixchel@example.org")
    enrolments.enrol(person=minor, course=course, by=minor)
    free(inside)
    assert run_jobs() == []
    assert mail.outbox == []
    consent = a_consent(minor)
    minor.refresh_from_db()
    Job.objects.all().delete()
    notices.ask_seated(Enrolment.objects.get(person=minor))
    assert consent.holds
    assert run_jobs() == []
    assert len(mail.outbox) == 1


def test_by_night_the_telephone_rests_and_the_morning_tells(run_jobs):
    with time_machine.travel(morning(hour=22), tick=True):
        free(waiting_behind(a_course(seats=1), an_employee(phone="55551234")))
        job = Job.objects.get(kind=notices.SEATED)
        jobs.run(job.pk)
        job.refresh_from_db()
    assert (TEXTS, job.state, job.due_at) == ([], Job.State.WAITING, morning(days=1, hour=7))
    with time_machine.travel(morning(days=1, hour=7), tick=True):
        assert run_jobs() == []
    assert len(TEXTS) == 1


@pytest.mark.usefixtures("daylight")
def test_what_was_refused_is_tried_again_and_what_went_out_is_not():
    free(waiting_behind(a_course(seats=1), an_employee(phone="55551234")))
    job = Job.objects.get(kind=notices.SEATED)
    IS_BROKEN["is"] = True
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, TEXTS) == (Job.State.WAITING, 1, [])
    IS_BROKEN["is"] = False
    jobs.run(job.pk)
    assert len(TEXTS) == 1
    # Its worker died before it could say so.
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, len(TEXTS)) == (Job.State.DONE, 1)


def test_a_refusal_leaves_no_address_behind(settings, caplog):
    settings.EMAIL_BACKEND = f"{__name__}.RefusingBackend"
    free(waiting_behind(a_course(seats=1), an_employee(email="ana@example.org")))
    job = Job.objects.get(kind=notices.SEATED)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.reason == "GatewayFailed: SMTPRecipientsRefused"
    assert "ana@example.org" not in caplog.text


# A session that changed


def test_everybody_with_a_seat_is_told_what_a_session_is_now_with_its_calendar(run_jobs):
    session = a_session(a_part(title="Taller"), notes="Lleve lápiz")
    ana, beto = an_employee(email="ana@example.org"), an_employee(email="beto@example.org")
    gone, never = an_employee(email="c@example.org"), an_employee(email="d@example.org")
    seated(session, ana), seated(session, beto)
    sessions.give_back(enrolment=seated(session, gone), session=session, by=gone)
    enrolled(session, never)
    trainer = an_employee(given_names="Rosa", surnames="Chávez")
    place = Municipality.objects.get(code="1401")
    sessions.change(session=session, by=None, room="Biblioteca", municipality=place, trainer=trainer)
    assert run_jobs() == []
    assert {message.to[0] for message in mail.outbox} == {"ana@example.org", "beto@example.org"}
    message = mail.outbox[0]
    assert message.subject == "Aula Municipal: cambió su sesión"
    for said in ("Cambió la sesión «Taller»", f"Dónde: Biblioteca, {place}", "Facilita: Rosa Chávez", "Lleve lápiz"):
        assert said in message.body
    ((name, content, kind),) = message.attachments
    assert (name, kind) == (f"sesion-{session.code}.ics", "text/calendar; method=PUBLISH; charset=utf-8")
    for line in ("METHOD:PUBLISH", "SEQUENCE:1", f"UID:{session.public_id}@testserver", "LOCATION:Biblioteca"):
        assert line in str(content)


@pytest.mark.parametrize("fields", [{"seats": 5}, {"hours": 3}, {"room": "Salón municipal, 2.º nivel"}])
def test_what_concerns_nobody_is_told_to_nobody(fields, run_jobs):
    session = a_session()
    seated(session, an_employee(email="ana@example.org"))
    sessions.change(session=session, by=None, **fields)
    assert run_jobs() == []
    assert mail.outbox == []


def test_two_changes_in_a_row_are_one_message_of_how_it_is_and_later_ones_are_new(run_jobs):
    session = a_session()
    seated(session, an_employee(email="ana@example.org"))
    sessions.change(session=session, by=None, room="Uno")
    sessions.change(session=session, by=None, room="Dos")
    assert run_jobs() == []
    sessions.change(session=session, by=None, room="Tres")
    assert run_jobs() == []
    assert [("Dos" in one.body, "Tres" in one.body) for one in mail.outbox] == [(True, False), (False, True)]


def test_a_cancelled_session_goes_from_the_calendar_and_says_why(run_jobs):
    session = a_session(a_part(title="Taller"))
    seated(session, an_employee(email="ana@example.org"))
    sessions.cancel(session=session, reason="No hay paso por la lluvia", by=None)
    assert run_jobs() == []
    (message,) = mail.outbox
    assert message.subject == "Aula Municipal: se canceló su sesión"
    assert "Motivo: No hay paso por la lluvia" in message.body
    ((_name, content, kind),) = message.attachments
    assert "method=CANCEL" in kind
    for line in ("METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:1"):
        assert line in str(content)


def test_who_took_another_session_meanwhile_is_left_alone(run_jobs):
    part = a_part()
    session, other = a_session(part), a_session(part)
    who = seated(session, an_employee(email="ana@example.org"))
    sessions.change(session=session, by=None, room="Biblioteca")
    jobs.run(Job.objects.get(kind=notices.CHANGED).pk)
    sessions.register(enrolment=who, session=other, by=who.person)
    assert run_jobs() == []
    assert mail.outbox == []


def test_sharing_it_out_again_owes_nobody_a_second_one(run_jobs):
    session = a_session()
    seated(session, an_employee(email="ana@example.org"))
    sessions.change(session=session, by=None, room="Biblioteca")
    assert run_jobs() == []
    sharing = Job.objects.get(kind=notices.CHANGED)
    assert jobs.claim(sharing.pk) is None
    assert (sharing.state, len(mail.outbox)) == (Job.State.DONE, 1)


@pytest.mark.parametrize(("hours", "count"), [(6, 1), (40, 0)])
def test_by_night_a_text_goes_out_only_of_what_is_near(hours, count, run_jobs):
    with time_machine.travel(morning(hour=22), tick=True):
        session = a_session(starts_at=timezone.now() + timedelta(hours=hours))
        seated(session, an_employee(phone="55551234"))
        sessions.cancel(session=session, reason="Lluvia", by=None)
        jobs.run(Job.objects.get(kind=notices.CHANGED).pk)
        jobs.run(Job.objects.get(kind=notices.SESSION).pk)
    assert len(TEXTS) == count


def test_the_page_says_that_it_changed(client, run_jobs):
    session = a_session()
    who = seated(session, an_employee())
    client.force_login(who.person)
    page = CoursePage.objects.get(translation_key=session.activity.course_key)
    lesson = page.get_children().first()
    assert "Cambió el" not in client.get(lesson.url).content.decode()
    sessions.change(session=session, by=None, room="Biblioteca")
    assert "Cambió el" in client.get(lesson.url).content.decode()


# Languages


@pytest.mark.usefixtures("daylight")
def test_each_is_told_in_their_own_language_whoever_made_the_change(run_jobs):
    session = a_session(starts_at=morning(days=2))
    for person in (an_english(email="ann@example.org", given_names="Ann"), an_employee(email="ana@example.org")):
        seated(session, person)
    free(waiting_behind(a_course(seats=1), an_english(email="bob@example.org", given_names="Bob")))
    sessions.change(session=session, by=None, room="Biblioteca")
    assert run_jobs() == []
    said = {message.to[0]: message.body for message in mail.outbox}
    assert said["ann@example.org"].startswith("Hello, Ann:")
    assert said["bob@example.org"].startswith("Hello, Bob:")
    assert said["ana@example.org"].startswith("Hola, ")
