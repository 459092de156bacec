"""That a course was assigned with a day is told at once: one message for all that was asked within a few minutes."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from courses.domain import assigned_notices, assigning, digests
from courses.domain import enrolment as enrolments
from courses.domain.audience import Rule
from courses.models import AssignedPerson, Enrolment
from lms import gateways
from lms.domain import duplicates, jobs
from lms.models import Job, Language, Municipality, Person
from tests.courses.test_digests import morning
from tests.courses.test_due_digests import in_words
from tests.factories.certificates import a_completion
from tests.factories.courses import a_course
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db
TEXTS: list[tuple[str, str]] = []
IS_BROKEN = {"is": False}
LATER = {"days": 1, "hour": 10}


def keep_text(*, to, text) -> None:
    """A gateway that takes a text, or refuses it."""
    if IS_BROKEN["is"]:
        raise gateways.GatewayFailed("no")
    TEXTS.append((to, text))


@pytest.fixture(autouse=True)
def _ways_out(settings):
    TEXTS.clear()
    IS_BROKEN["is"] = False
    settings.SMS_GATEWAY = f"{__name__}.keep_text"
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def assign(title: str, **facts):
    """To everybody in a post of Nebaj; who is reached is in the course, and nobody told yet."""
    rule = Rule(municipality=Municipality.objects.get(code="1413"))
    made = assigning.assign(course=a_course(title=title), rule=rule, by=None, **facts)
    for job in Job.objects.filter(kind=assigning.KIND, state=Job.State.WAITING):
        assert jobs.run(job.pk)
    return made


def owed() -> list[Job]:
    return list(Job.objects.unfinished().filter(kind=assigned_notices.KIND).order_by("pk"))


def tell(**at) -> None:
    """What a worker does a while later."""
    with time_machine.travel(morning(**(at or LATER)), tick=True):
        for job in owed():
            jobs.run(job.pk)


@pytest.fixture
def noon():
    with time_machine.travel(morning(hour=12), tick=True) as traveller:
        yield traveller


def test_what_was_assigned_within_a_few_minutes_is_one_message(noon):
    person = an_employee(email="ana@example.org", given_names="Ana")
    assign("Cobro", due_days=40)
    (job,) = owed()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, mail.outbox) == (Job.State.WAITING, [])
    oldest = AssignedPerson.objects.get().entered_at
    assert job.due_at == oldest + assigned_notices.GATHERED_FOR
    noon.shift(timedelta(minutes=4))
    assign("Agua", due_days=30)
    assign("Drenajes")  # it has no day: the week's message tells of it
    noon.move_to(oldest + assigned_notices.GATHERED_FOR)  # however much comes meanwhile, no later than that
    jobs.run(job.pk)
    (sent,) = mail.outbox
    days = {row.assignment.course.title: in_words(row.due_on) for row in person.assigned.exclude(due_on=None)}
    lines = [f"Le asignaron el curso «{one}»: complételo a más tardar el {days[one]}." for one in ("Agua", "Cobro")]
    assert sent.subject == "Aula Municipal: le asignaron 2 cursos"
    assert "\n".join(lines) in sent.body
    assert "Drenajes" not in sent.body
    assert set(person.assigned.exclude(told_at=None).values_list("due_on")) == set(
        person.assigned.exclude(due_on=None).values_list("due_on")
    )
    assert owed() == []


def test_the_week_tells_what_was_not_told_at_once():
    an_employee(email="ana@example.org")
    assign("Cobro", due_days=40)
    tell()
    assert len(mail.outbox) == 1
    assert digests.send_all(morning(days=2)) == 0
    assign("Drenajes")
    assert digests.send_all(morning(days=2)) == 1
    assert "«Cobro»" not in mail.outbox[1].body
    assert "«Drenajes»" in mail.outbox[1].body


def test_without_a_day_nothing_is_owed():
    an_employee(email="ana@example.org")
    assign("Cobro")
    assert owed() == []


def test_whoever_wants_no_reminders_gets_none_and_every_message_says_how():
    quiet, person = an_employee(email="eva@example.org"), an_employee(email="ana@example.org")
    digests.choose(person=quiet, is_wanted=False)
    assign("Cobro", due_days=40)
    tell()
    (sent,) = mail.outbox
    assert sent.to == ["ana@example.org"]
    stop = reverse("courses:reminders_stop", args=[digests.token_of(person)])
    assert sent.body.count(stop) == 1
    assert sent.extra_headers["List-Unsubscribe"] == f"<http://testserver{stop}>"
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert not quiet.assigned.exclude(told_at=None).exists()


def test_it_says_what_holds_when_it_goes_out():
    people = [an_employee(email=f"{name}@example.org") for name in ("opened", "left", "released", "completed", "ana")]
    opened, left, released, done, _ana = people
    course = assign("Cobro", due_days=40).course
    Enrolment.objects.filter(person=opened).update(last_seen_at=timezone.now() + timedelta(minutes=1))
    enrolments.withdraw(enrolment=Enrolment.objects.get(person=left), by=left, reason="No")
    AssignedPerson.objects.filter(person=released).update(released_at=timezone.now())
    a_completion(person=done, course=course)
    tell()
    assert [message.to for message in mail.outbox] == [["ana@example.org"]]


def test_what_was_ended_meanwhile_is_not_told():
    an_employee(email="ana@example.org")
    assigning.end(assignment=assign("Cobro", due_days=40), by=None)
    tell()
    assert mail.outbox == []


def test_who_waits_for_a_seat_hears_of_it_with_the_seat():
    course = a_course(seats=1, title="Cobro")
    enrolments.enrol(person=an_employee("0101"), course=course, by=None)
    an_employee(email="ana@example.org")
    rule = Rule(municipality=Municipality.objects.get(code="1413"))
    assigning.assign(course=course, rule=rule, by=None, due_days=40)
    for job in Job.objects.filter(kind=assigning.KIND):
        assert jobs.run(job.pk)
    assert Enrolment.objects.waiting().count() == 1
    tell()
    assert mail.outbox == []


def test_a_text_says_the_first_and_how_many_more_and_waits_for_the_morning():
    person = an_employee(phone="55551234")
    with time_machine.travel(morning(hour=21), tick=True):
        assign("Cobro", due_days=40)
        assign("Agua", due_days=30)
    tell(hour=22)
    (job,) = owed()
    assert (TEXTS, job.due_at) == ([], morning(days=1, hour=7))
    IS_BROKEN["is"] = True
    tell(days=1, hour=7)
    assert not person.assigned.exclude(told_at=None).exists()
    IS_BROKEN["is"] = False
    tell(days=1, hour=8)
    ((to, text),) = TEXTS
    assert to == "55551234"
    assert "«Agua»" in text
    assert "Y 1 curso más." in text
    assert "No recibir más: http://testserver/recordatorios/" in text
    assert person.assigned.exclude(told_at=None).count() == 2


def test_a_worker_that_died_after_sending_sends_nothing_again():
    person = an_employee(email="ana@example.org")
    assign("Cobro", due_days=40)
    (job,) = owed()
    tell()
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.RUNNING, lease_until=timezone.now() - timedelta(seconds=1), finished_at=None
    )
    person.assigned.update(told_at=None)
    tell(days=1, hour=11)
    job.refresh_from_db()
    assert (job.state, len(mail.outbox)) == (Job.State.DONE, 1)
    assert person.assigned.get().told_at


def test_what_came_while_it_went_out_is_told_next(monkeypatch):
    person = an_employee(email="ana@example.org")
    assign("Cobro", due_days=40)
    send = assigned_notices.notices.send

    def slowly(*given, **facts):
        if not mail.outbox:
            assign("Agua", due_days=30)
        send(*given, **facts)

    monkeypatch.setattr(assigned_notices.notices, "send", slowly)
    tell()
    (job,) = owed()
    assert job.subject == str(person.public_id)
    tell(days=1, hour=11)
    assert ["«Agua»" in message.body for message in mail.outbox] == [False, True]
    assert "«Cobro»" not in mail.outbox[1].body
    assert owed() == []


def test_whoever_stands_for_two_records_is_told_and_old_news_are_none():
    absorbed, survivor = an_employee(email="otra@example.org"), an_employee("0101", email="ana@example.org")
    assign("Cobro", due_days=40)
    assert Person.objects.get(pk=absorbed.pk).assigned.count() == 1
    duplicates.merge(survivor=survivor, absorbed=absorbed, reason="x", by=None)
    tell(days=4)
    assert mail.outbox == []
    assign("Agua", due_days=30)
    tell()
    assert [message.to for message in mail.outbox] == [["ana@example.org"]]


def test_it_is_written_in_their_language():
    an_employee(email="ann@example.org", language=Language.objects.get(key="en"), given_names="Ann")
    assign("Cobro", due_days=40)
    tell()
    assert mail.outbox[0].body.startswith("Hello, Ann:")
    assert "You were assigned" in mail.outbox[0].body


def test_who_fits_again_is_told_the_new_day():
    person = an_employee(email="ana@example.org")
    made = assign("Cobro", due_days=40)
    tell()
    person.assigned.update(released_at=timezone.now())
    jobs.request(assigning.KIND, made.public_id)
    for job in Job.objects.unfinished().filter(kind=assigning.KIND):
        jobs.run(job.pk)
    assert person.assigned.get().told_at is None
    tell(days=1, hour=11)
    assert len(mail.outbox) == 2
