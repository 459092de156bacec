"""What it costs to complete a lesson, and what is written together when it completes the course."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from courses.domain import completion, enrolment, events
from courses.domain.activities import sync_lesson
from courses.models import Activity, ActivityCompletion, Completion, LearningEvent, Waiver, WatchProgress
from lms.domain import audit
from lms.models import Appointment, AuditEvent, AuditHead, Job, Membership, Municipality, Post
from tests.courses.edition_cases import begin_edition
from tests.courses.event_cases import a_learner, an_event, watched
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.people import a_network, an_employee

pytestmark = pytest.mark.django_db

IS_POSTGRESQL = connection.vendor == "postgresql"
# Lock and read; segments, progress and events.
ORDINARY = 3 if IS_POSTGRESQL else 5


def sent_by(work: Callable[[], object]) -> tuple[int, int]:
    """How many statements, and how many savepoints."""
    sent = []

    def through(execute, sql, values, many, context):
        sent.append(sql)
        return execute(sql, values, many, context)

    with connection.execute_wrapper(through):
        work()
    marks = [sql for sql in sent if "SAVEPOINT" in sql]
    return len(sent) - len(marks), len([sql for sql in marks if sql.startswith("SAVEPOINT")])


def one_video_left(lessons: int, *, is_last: bool):
    """Somebody who has begun the video of a course of so many lessons more, all the rest of it done or nothing."""
    learner = a_learner(length=60)
    for _number in range(lessons):
        sync_lesson(a_lesson(learner.course))
    if is_last:
        rest = Activity.objects.current().filter(course_key=learner.course.translation_key).exclude(pk=learner.video.pk)
        for activity in rest:
            completion.complete_activity(enrolment=learner.enrolment, activity=activity)
    tell(learner, 0, 5, 0)
    return learner


def tell(learner, start: float, end: float, clock: float) -> None:
    """As a page does: what was played, and where the player is."""
    place = an_event("position", learner.tokens["video"], clock + end - start, body={"second": float(end)})
    verdicts = events.record(person=learner.person, batch=[watched(learner, start, end, clock=clock), place])
    assert [verdict.outcome for verdict in verdicts] == ["stored", "stored"]


@pytest.mark.parametrize("lessons", [0, 37])
def test_a_lesson_costs_two_statements_more_than_progress(lessons, django_capture_on_commit_callbacks):
    learner = one_video_left(lessons, is_last=False)
    assert sent_by(lambda: tell(learner, 5, 10, 5)) == (ORDINARY, 1)
    with django_capture_on_commit_callbacks(execute=True):
        assert sent_by(lambda: tell(learner, 0, 60, 100)) == (ORDINARY + 2, 1)
    assert ActivityCompletion.objects.get().activity == learner.video


@pytest.mark.parametrize("ended", [0, 1, 3])
@pytest.mark.parametrize("lessons", [0, 37])
def test_a_course_costs_eight_statements(lessons, ended, django_capture_on_commit_callbacks):
    """What is required and done, what the completion says, the head of the trail, the rows; then the job.

    No more of them where it was done while an edition lasted that `ended` since, or one before it.
    """
    learner = one_video_left(lessons, is_last=True)
    for number in range(ended):
        begin_edition(learner.course, number + 2)
    # A required quiz was done without an attempt: its score is asked for by one more.
    expected = (ORDINARY + 4 if IS_POSTGRESQL else ORDINARY + 7) + 1

    def complete() -> None:
        with django_capture_on_commit_callbacks(execute=True):
            tell(learner, 0, 60, 100)

    assert sent_by(complete) == (expected + 1, 1)
    made = Completion.objects.get()
    assert made.edition == 1
    assert made.rule["activities"][0] == {"kind": "video", "title": learner.video.title}
    assert len(made.programme) == len(made.rule["activities"]) == 3 + lessons
    assert list(Job.objects.values_list("kind", "subject")) == [("certificates.issue", str(made.public_id))]


def test_without_its_entry_in_the_trail_nothing_is_completed():
    learner = one_video_left(0, is_last=True)
    before = ActivityCompletion.objects.count(), LearningEvent.objects.count(), state_of(learner)
    # The chain is broken: something follows the head already.
    head = AuditHead.objects.get().digest
    AuditEvent.objects.create(action="a.forgery", previous_digest=head, digest="f" * 64)
    with pytest.raises(IntegrityError):
        tell(learner, 0, 60, 100)
    assert (ActivityCompletion.objects.count(), LearningEvent.objects.count(), state_of(learner)) == before
    assert not Completion.objects.exists()
    assert not AuditEvent.objects.filter(action="course.completed").exists()


def state_of(learner) -> tuple:
    return WatchProgress.objects.values_list("covered_seconds", "clock_until").get(enrolment=learner.enrolment)


def test_the_entry_follows_the_one_before_it_and_tells_of_the_completion():
    learner = one_video_left(0, is_last=True)
    tell(learner, 0, 60, 100)
    made, entry = Completion.objects.get(), AuditEvent.objects.latest("pk")
    assert (entry.action, entry.actor) == ("course.completed", str(learner.person.public_id))
    assert entry.subject == f"courses.completion:{made.public_id}"
    assert list(audit.find_faults()) == []
    done = ActivityCompletion.objects.get(activity=learner.video)
    assert done.facts["covered_seconds"] == 60


def test_it_says_what_stands_published_in_its_order_and_nothing_else():
    course = a_course(hours=10)
    lessons = [a_lesson(course, title=title) for title in ("Uno", "Dos", "Tres", "Borrador")]
    a_lesson(a_course(), title="De otro curso")
    lessons[3].unpublish()
    lessons[2].move(lessons[0], pos="left")
    for lesson in lessons[:3]:
        lesson.refresh_from_db()
        sync_lesson(lesson)
    Activity.objects.filter(lesson_key=lessons[0].translation_key).update(
        kind="attendance", hours=Decimal("2.5"), min_percent=80
    )
    entered = enrolment.enrol(person=an_employee(), course=course, by=None)
    for activity in Activity.objects.current().filter(course_key=course.translation_key):
        completion.complete_activity(enrolment=entered, activity=activity)
    made = Completion.objects.get()
    assert made.programme == ["Tres", "Uno", "Dos"]
    assert {one["title"] for one in made.rule["activities"]} == {"Uno", "Dos", "Tres"}
    assert made.hours_by_kind == {"in_person": "2.5", "virtual": "7.5"}


def test_it_says_with_how_much_a_quiz_was_passed():
    course = a_course()
    sync_lesson(a_lesson(course, ("quiz", {"quiz": a_quiz(pass_percent=85), "is_required": True})))
    entered = enrolment.enrol(person=an_employee(), course=course, by=None)
    completion.complete_activity(enrolment=entered, activity=Activity.objects.get())
    assert Completion.objects.get().rule["activities"][0]["pass_percent"] == 85


def test_of_several_posts_it_says_the_newest_that_is_held_and_confirmed():
    person, today = an_employee(), timezone.localdate()
    place = Municipality.objects.get(code="1401")

    def also(post: str, **fields) -> None:
        fields = {"starts_on": today - timedelta(days=5), "confirmed_at": timezone.now(), **fields}
        Appointment.objects.create(person=person, municipality=place, post=Post.objects.get(code=post), **fields)

    Appointment.objects.filter(person=person).update(starts_on=today - timedelta(days=90))
    also("TES")
    also("RECEP", starts_on=today + timedelta(days=1))
    also("RECEP", starts_on=today - timedelta(days=3), ends_on=today - timedelta(days=1))
    also("RECEP", starts_on=today - timedelta(days=2), confirmed_at=None)
    also("RECEP", starts_on=today - timedelta(days=1), confirmed_at=None, refused_at=timezone.now())
    course = a_course()
    sync_lesson(a_lesson(course))
    entered = enrolment.enrol(person=person, course=course, by=None)
    completion.complete_activity(enrolment=entered, activity=Activity.objects.get())
    made = Completion.objects.get()
    assert (made.post.code, made.municipality) == ("TES", place)


@pytest.mark.parametrize("is_withdrawn", [False, True])
def test_who_left_the_network_of_a_course_does_not_complete_it(is_withdrawn):
    network = a_network()
    course = a_course(network=network)
    sync_lesson(a_lesson(course))
    person = an_employee()
    place = Municipality.objects.get(code="1413")
    member = Membership.objects.create(
        person=person, network=network, municipality=place, confirmed_at=timezone.now() - timedelta(days=9)
    )
    entered = enrolment.enrol(person=person, course=course, by=None)
    if is_withdrawn:
        member.left_on = timezone.localdate()
        member.save()
    completion.complete_activity(enrolment=entered, activity=Activity.objects.get())
    assert Completion.objects.exists() is not is_withdrawn


def test_a_course_that_was_taken_back_is_not_completed():
    course = a_course()
    sync_lesson(a_lesson(course))
    entered, activity = enrolment.enrol(person=an_employee(), course=course, by=None), Activity.objects.get()
    type(course).objects.filter(pk=course.pk).update(live=False)
    completion.complete_activity(enrolment=entered, activity=activity)
    assert ActivityCompletion.objects.exists()
    assert not Completion.objects.exists()


@pytest.mark.parametrize("is_absorbed", [False, True])
def test_whoever_completed_it_under_another_record_does_not_complete_it_again(is_absorbed):
    """Whichever of the two records stands, and under whichever it was completed."""
    course = a_course()
    sync_lesson(a_lesson(course))
    sync_lesson(a_lesson(course))
    first, second = Activity.objects.order_by("order")
    one, other = an_employee(), an_employee()
    before = enrolment.enrol(person=one, course=course, by=None)
    for activity in (first, second):
        completion.complete_activity(enrolment=before, activity=activity)
    entered = enrolment.enrol(person=other, course=course, by=None)
    completion.complete_activity(enrolment=entered, activity=first)
    absorbed, survivor = (one, other) if is_absorbed else (other, one)
    type(absorbed).objects.filter(pk=absorbed.pk).update(merged_into=survivor)
    completion.complete_activity(enrolment=entered, activity=second)
    assert Completion.objects.get().person == one


@pytest.mark.parametrize("is_taken_back", [False, True])
def test_an_exception_that_was_taken_back_excuses_from_nothing(is_taken_back):
    course = a_course()
    sync_lesson(a_lesson(course))
    sync_lesson(a_lesson(course))
    first, second = Activity.objects.order_by("order")
    entered = enrolment.enrol(person=an_employee(), course=course, by=None)
    why = "Presentó su constancia en papel."
    ended = {"withdrawn_at": timezone.now(), "withdrawn_reason": why} if is_taken_back else {}
    Waiver.objects.create(enrolment=entered, activity=first, kind="excused", reason=why, **ended)
    completion.complete_activity(enrolment=entered, activity=second)
    assert Completion.objects.exists() is not is_taken_back


@pytest.mark.parametrize("change", [{"retired_at": timezone.now()}, {"is_required": False}])
def test_what_is_asked_for_no_more_is_neither_waited_for_nor_said(change):
    course = a_course()
    sync_lesson(a_lesson(course, title="Sigue"))
    sync_lesson(a_lesson(course, title="Ya no"))
    first, second = Activity.objects.order_by("order")
    entered = enrolment.enrol(person=an_employee(), course=course, by=None)
    Activity.objects.filter(pk=second.pk).update(**change)
    completion.complete_activity(enrolment=entered, activity=first)
    assert [one["title"] for one in Completion.objects.get().rule["activities"]] == ["Sigue"]


def test_adding_together_adds_all_or_nothing():
    event = {"action": "a.test", "previous_digest": "e" * 64}
    course = a_course()
    sync_lesson(a_lesson(course))
    entered, activity = enrolment.enrol(person=an_employee(), course=course, by=None), Activity.objects.get()
    AuditEvent.objects.create(**event, digest="d" * 64)
    AuditHead.objects.update(digest="e" * 64)
    done = ActivityCompletion(enrolment=entered, activity=activity)
    with pytest.raises(IntegrityError), transaction.atomic():
        audit.record("a.test", by=None, beside=[done])
    assert not ActivityCompletion.objects.exists()
    AuditHead.objects.update(digest="d" * 64)
    recorded = audit.record("a.test", by=None, beside=[done])
    assert (done.pk, recorded.pk) == (ActivityCompletion.objects.get().pk, AuditEvent.objects.latest("pk").pk)
    assert AuditHead.objects.get().digest == recorded.digest
