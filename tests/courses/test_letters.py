"""Every letter and text that a learner can get: in the person's language, whoever's page or worker sends it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.utils import timezone, translation

from courses.domain import digests, sessions
from courses.domain import enrolment as enrolments
from lms.domain import access, letters, requests
from lms.models import AccessCode, Language, Person, PersonRequest
from tests.courses.test_digests import idle_since, morning
from tests.factories.courses import a_course
from tests.factories.people import a_consent, a_member, a_network, an_employee, born, somebody_with_role
from tests.factories.sessions import a_part, a_session, enrolled

pytestmark = pytest.mark.django_db
TEXTS: list[str] = []


def keep_text(*, to, text) -> None:
    """A gateway that keeps what it is given."""
    TEXTS.append(text)


@pytest.fixture(autouse=True)
def _ways_out(settings):
    cache.clear()
    TEXTS.clear()
    settings.SMS_GATEWAY = f"{__name__}.keep_text"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with time_machine.travel(morning(hour=9), tick=True):
        yield


def a_code(person: Person) -> None:
    access.request_code(identifier=str(person.email or person.phone), channel=AccessCode.Channel.EMAIL)


def an_answer(person: Person) -> None:
    asked = requests.ask_correction(person=person, by=person, proposed={"surnames": "Ceto"})
    requests.refuse(request=asked, by=somebody_with_role("administrator"), answer="No procede.")


def an_erasure(person: Person) -> None:
    asked = requests.ask_erasure(person=person, by=person)
    PersonRequest.objects.update(asked_at=timezone.now() - requests.WAIT - timedelta(seconds=1))
    asked.refresh_from_db()
    requests.grant_erasure(request=asked, by=somebody_with_role("administrator"))


def a_reminder(person: Person) -> None:
    idle_since(person, title="Agua")
    digests.send_all(morning())


def a_seat(person: Person) -> None:
    course, first = a_course(title="Agua", seats=1), an_employee()
    inside = enrolments.enrol(person=first, course=course, by=first)
    enrolments.enrol(person=person, course=course, by=person)
    enrolments.withdraw(enrolment=inside, by=first)


def a_change(person: Person) -> None:
    session = a_session(a_part(title="Taller"))
    sessions.register(enrolment=enrolled(session, person), session=session, by=person)
    sessions.change(session=session, by=None, trainer=an_employee(given_names="Rosa", surnames="Ceto"))


def a_cancellation(person: Person) -> None:
    session = a_session(a_part(title="Taller"))
    sessions.register(enrolment=enrolled(session, person), session=session, by=person)
    sessions.cancel(session=session, reason="Lluvia", by=None)


BY_MAIL = [
    (a_code, "Su código para entrar", "Your sign-in code"),
    (an_answer, "Aula Municipal: respuesta a su solicitud", "Aula Municipal: answer to your request"),
    (an_erasure, "Aula Municipal: respuesta a su solicitud", "Aula Municipal: answer to your request"),
    (a_reminder, "Aula Municipal: sus recordatorios", "Aula Municipal: your reminders"),
    (a_seat, "Se liberó un cupo: ya está en «Agua».", "A seat came free: you are in “Agua” now."),
    (a_change, "Facilita: Rosa Ceto", "Trainer: Rosa Ceto"),
    (a_cancellation, "Hola, Persona:", "Hello, Persona:"),
]
BY_TEXT = [
    (a_code, "es su código", "is your"),
    (a_reminder, "No recibir más:", "Stop these:"),
    (a_seat, "Se liberó un cupo", "A seat came free"),
]


def of_language(key: str | None, **fields) -> Person:
    return an_employee(language=key and Language.objects.get(key=key), **fields)


@pytest.mark.parametrize(("write", "words"), [(write, words) for write, *words in BY_MAIL])
@pytest.mark.parametrize("page", ["es", "en"])
def test_mail_is_in_the_language_of_whom_it_is_for(
    write: Callable, words, page, run_jobs, django_capture_on_commit_callbacks
):
    spanish, english = words
    for key, there, absent in (("en", english, spanish), ("quc", spanish, english), (None, spanish, english)):
        mail.outbox.clear()
        address = f"{key}@example.org".lower()
        person = of_language(key, email=address)
        with translation.override(page), django_capture_on_commit_callbacks(execute=True):
            write(person)
            assert run_jobs() == []
        (message,) = [one for one in mail.outbox if one.to == [address]]
        said = f"{message.subject}\n{message.body}"
        assert (there in said, absent in said) == (True, False)


@pytest.mark.parametrize(("write", "spanish", "english"), BY_TEXT)
def test_texts_too(write, spanish, english, run_jobs):
    for number, (key, there) in enumerate((("en", english), ("es", spanish))):
        TEXTS.clear()
        with translation.override("es" if key == "en" else "en"):
            write(of_language(key, phone=f"5555123{number}"))
            assert run_jobs() == []
        (text,) = TEXTS
        assert there in text


def test_who_may_be_told_and_when_it_is_morning_again():
    adult, closed = an_employee(), an_employee(is_active=False)
    minor = a_member(a_network(), born_on=born(15))
    assert [letters.may_be_told(one) for one in (adult, closed, minor)] == [True, False, False]
    a_consent(minor)
    assert letters.may_be_told(Person.objects.get(pk=minor.pk))
    for at, then in (
        (morning(hour=3), morning(hour=7)),
        (morning(hour=22), morning(days=1, hour=7)),
        (morning(hour=7), morning(days=1, hour=7)),
    ):
        assert letters.next_morning(at) == then
