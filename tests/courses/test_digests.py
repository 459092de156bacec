"""Reminders: one message a week at most, by one way, by day, to who wants them; claimed before they are sent."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from courses.domain import digests, talk
from courses.domain import enrolment as enrolments
from courses.models import Digest, DigestChoice, Enrolment
from lms import gateways
from lms.domain import duplicates, jobs, roles
from lms.models import Job
from tests.factories.certificates import a_completion
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import a_consent, a_member, a_network, a_person, an_employee, born, somebody_with_role

pytestmark = pytest.mark.django_db
TEXTS: list[tuple[str, str]] = []


def morning(*, days=0, hour=8) -> datetime:
    """A morning in Guatemala, so many days from today."""
    today = timezone.localdate() + timedelta(days=days)
    return datetime(today.year, today.month, today.day, hour, tzinfo=ZoneInfo("America/Guatemala"))


def keep_text(*, to, text) -> None:
    """A gateway that keeps what it is given."""
    TEXTS.append((to, text))


def refuse_text(*, to, text) -> None:
    """One that takes nothing."""
    raise gateways.GatewayFailed("no")


@pytest.fixture(autouse=True)
def _gateway(settings):
    TEXTS.clear()
    settings.SMS_GATEWAY = f"{__name__}.keep_text"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def idle_since(person, days=8, **course) -> Enrolment:
    enrolment = enrolments.enrol(person=person, course=a_course(**course), by=person)
    Enrolment.objects.filter(pk=enrolment.pk).update(last_seen_at=morning() - timedelta(days=days))
    return enrolment


def test_one_message_says_all_there_is_by_mail_and_not_again_for_a_week():
    person = an_employee(email="ana@example.org", phone="55551234", given_names="Ana")
    idle_since(person, title="Cobro del IUSI")
    idle_since(person, title="Agua <segura>")
    assert digests.send_all(morning()) == 1
    (message,) = mail.outbox
    assert message.to == ["ana@example.org"]
    assert "Hola, Ana:" in message.body
    assert "«Cobro del IUSI»" in message.body
    assert "«Agua <segura>»" in message.body
    assert TEXTS == []
    assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for days in (0, 1, 6):
        assert digests.send_all(morning(days=days)) == 0
    assert digests.send_all(morning(days=7)) == 1
    row = Digest.objects.order_by("day").first()
    assert (row.channel, row.has_failed, row.sent_at is None) == ("email", False, False)


@pytest.mark.parametrize(("days", "count"), [(6, 0), (8, 1), (20, 1), (22, 0)])
def test_a_course_is_reminded_of_after_a_week_and_not_for_ever(days, count):
    idle_since(an_employee(email="ana@example.org"), days=days)
    assert digests.send_all(morning()) == count


def test_without_mail_the_telephone_gets_a_short_text_and_with_neither_nobody_does():
    idle_since(an_employee(phone="55551234"), title="Cobro del IUSI")
    idle_since(an_employee())
    assert digests.send_all(morning()) == 1
    ((to, text),) = TEXTS
    assert to == "55551234"
    assert "«Cobro del IUSI»" in text
    assert mail.outbox == []
    assert Digest.objects.get().channel == "sms"


def test_nobody_is_told_who_completed_left_opted_out_or_is_closed():
    done, left, out, closed = (an_employee(email=f"{n}@example.org") for n in range(4))
    completed = idle_since(done)
    a_completion(person=done, course=completed.course)
    enrolments.withdraw(enrolment=idle_since(left), by=left)
    idle_since(out), idle_since(closed)
    digests.choose(person=out, is_wanted=False)
    closed.is_active = False
    closed.save()
    assert digests.send_all(morning()) == 0
    assert not Digest.objects.exists()


def test_a_minor_is_written_to_only_with_a_consent_that_holds():
    minor = a_member(a_network(), born_on=born(15), email="ixchel@example.org")
    idle_since(minor)
    assert digests.send_all(morning()) == 0
    consent = a_consent(minor, is_confirmed=False)
    assert digests.send_all(morning()) == 0
    consent.confirmed_at = timezone.now()
    consent.save()
    assert digests.send_all(morning()) == 1


@pytest.mark.parametrize("hour", [0, 6, 19, 23])
def test_nobody_is_written_to_by_night(hour):
    idle_since(an_employee(email="ana@example.org"))
    assert digests.send_all(morning(hour=hour)) == 0
    assert not Digest.objects.exists()


def test_what_was_claimed_and_not_sent_is_not_sent_again_but_what_was_refused_may_be():
    person = an_employee(phone="55551234")
    idle_since(person)
    Digest.objects.create(person=person, day=timezone.localdate(), channel="sms")  # its worker was killed here
    assert digests.send_all(morning()) == 0
    assert digests.send(person, [digests.Line(lambda: "x", "/")], morning()) is False
    assert TEXTS == []
    Digest.objects.all().delete()
    with override_settings(SMS_GATEWAY=f"{__name__}.refuse_text"):
        assert digests.send_all(morning()) == 0
    assert Digest.objects.get().has_failed
    assert digests.send_all(morning()) == 0  # the same day is spent
    assert digests.send_all(morning(days=1)) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Digest.objects.create(person=person, day=timezone.localdate(), channel="sms")


def test_answers_and_what_waits_are_told_to_whom_they_concern_counts_alone_to_others():
    trainer = a_person(email="facilitadora@example.org")
    roles.grant(person=trainer, role="trainer", by=None)
    lesson = a_lesson(a_course(owner=trainer), title="El IUSI")
    asker = an_employee("1413", email="ana@example.org", given_names="Ana", surnames="Brito")
    enrolment = enrolments.enrol(person=asker, course=lesson.course, by=asker)
    first = talk.ask(enrolment=enrolment, lesson_key=lesson.translation_key, text="¿Cómo?")
    talk.ask(enrolment=enrolment, lesson_key=lesson.translation_key, text="¿Cuándo?")
    talk.publish(question=first, answer="Así.", by=trainer)
    delegate = somebody_with_role("hr_delegate", municipality="1413", email="rrhh@example.org")
    elsewhere = somebody_with_role("hr_delegate", municipality="0101", email="otra@example.org")
    idle_since(asker)
    assert digests.send_all(morning()) == 3
    said = {message.to[0]: message.body for message in mail.outbox}
    assert "Hay respuesta a su pregunta en la lección «El IUSI»" in said[asker.email]
    assert "1 pregunta espera su respuesta." in said[trainer.email]
    assert "1 persona de Nebaj" in said[delegate.email]
    assert elsewhere.email not in said
    for address in (trainer.email, delegate.email):
        assert "Brito" not in said[address]
        assert "Cómo" not in said[address]


def test_the_link_stops_without_signing_in_and_a_look_stops_nothing():
    person = an_employee(email="ana@example.org")
    browser = Client(enforce_csrf_checks=True)
    address = reverse("courses:reminders_stop", args=[digests.token_of(person)])
    assert browser.get(address).status_code == 200
    assert digests.is_wanted(person)
    answer = browser.post(address, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert not digests.is_wanted(person)
    other = digests.token_of(an_employee())
    forged = digests.token_of(person).split(":")[0] + ":" + other.split(":")[1]
    for wrong in (forged, "x", person.public_id.hex):
        assert browser.post(reverse("courses:reminders_stop", args=[wrong])).status_code == 404


def test_the_account_turns_them_on_again(client):
    person = an_employee()
    client.force_login(person)
    assert reverse("courses:reminders") in client.get(reverse("lms:account")).content.decode()
    for value, wanted in (("0", False), ("1", True)):
        client.post(reverse("courses:reminders"), {"wanted": value})
        assert digests.is_wanted(person) is wanted
        assert client.get(reverse("courses:reminders")).status_code == 200


def test_a_merge_keeps_the_wish_for_none_and_parts_it_again():
    survivor, absorbed = an_employee(), an_employee()
    digests.choose(person=absorbed, is_wanted=False)
    token = digests.token_of(absorbed)
    merge = duplicates.merge(survivor=survivor, absorbed=absorbed, reason="x", by=None)
    assert not digests.is_wanted(survivor)
    assert digests.find_by_token(token) == survivor
    duplicates.undo(merge=merge, by=None)
    assert digests.is_wanted(survivor)
    assert not digests.is_wanted(absorbed)
    assert DigestChoice.objects.count() == 1


def test_a_round_is_asked_once_a_day_and_old_rows_go(monkeypatch):
    person = an_employee()
    Digest.objects.create(person=person, day=timezone.localdate() - timedelta(days=91), channel="email")
    job = digests.ask()
    assert digests.ask() == job
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.subject) == (Job.State.DONE, timezone.localdate().isoformat())
    assert not Digest.objects.exists()
