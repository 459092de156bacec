"""Merging what was watched, answered and worked at: each protection by itself."""

import uuid

import pytest
from django.db import transaction

from certificates.models import Certificate
from courses.domain import completion, enrolment, grading, settling, watching
from courses.models import Activity, ActivityCompletion, Attempt, Completion, Enrolment, WatchProgress, WatchSegment
from lms.domain.errors import RuleBroken
from lms.models import Appointment, Membership, Person
from media.domain import uploads
from tests.certificates.merging_steps import faults, fresh, merge, two_viewers, undo
from tests.courses.watching_cases import stretch
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.people import a_member, a_network, a_person, an_employee

pytestmark = pytest.mark.django_db


def judge(*people: Person) -> None:
    for person in people:
        for one in Enrolment.objects.active().for_person(fresh(person)):
            settling.settle_one(one)


def covered(person: Person) -> int:
    return WatchProgress.objects.get(enrolment__person=person).covered_seconds


# What was watched ------------------------------------------------------------------------------------------------


def test_watched_seconds_are_joined_and_parted():
    one, other, _entered, _token = two_viewers()
    done = merge(one.person, other)
    assert covered(one.person) == 100
    assert WatchSegment.objects.exclude(enrolment__person=one.person).count() == 0
    undo(done)
    assert (covered(one.person), covered(other)) == (50, 50)


def test_what_both_watched_together_completes_and_is_open_again_after_an_undo(run_jobs):
    one, other, _entered, _token = two_viewers()
    quiz = a_lesson(one.course, ("quiz", {"quiz": a_quiz(), "is_required": True}))
    done = merge(one.person, other)
    assert run_jobs() == []
    assert ActivityCompletion.objects.get(enrolment__person=one.person).activity == one.activity
    undo(done)
    judge(one.person, other)
    assert not ActivityCompletion.objects.exists()
    assert Activity.objects.filter(lesson_key=quiz.translation_key).exists()


def test_a_course_that_both_completed_together_stays_completed(run_jobs):
    one, other, _entered, _token = two_viewers()
    done = merge(one.person, other)
    assert run_jobs() == []
    certificate = Certificate.objects.get()
    assert certificate.person == one.person
    undo(done)
    assert run_jobs() == []
    assert Completion.objects.get().enrolment.activity_completions.count() == 1
    assert not Completion.objects.filter(person=other).exists()
    assert faults() == []


def test_a_late_segment_of_the_absorbed_record_finds_its_way():
    one, other, entered, token = two_viewers()
    merge(one.person, other)
    late = stretch(token, 20, 50, clock=200, device=uuid.UUID(int=3))
    verdicts = watching.record(person=fresh(one.person), batch=late, at=one.at)
    assert {verdict.outcome for verdict in verdicts} == {"stored"}
    assert WatchSegment.objects.filter(client_id__in=[item.id for item in late], enrolment=one.enrolment).count() == 2
    again = watching.record(person=fresh(one.person), batch=late, at=one.at)
    assert {verdict.outcome for verdict in again} == {"repeated"}
    assert not WatchSegment.objects.filter(enrolment=entered).exists()


def test_a_request_that_was_on_its_way_lands_with_the_survivor():
    one, other, entered, token = two_viewers()
    stale = Person.objects.get(pk=other.pk)
    merge(one.person, other)
    batch = stretch(token, 20, 35, clock=200, device=uuid.UUID(int=3))
    assert watching.record(person=stale, batch=batch, at=one.at)[0].outcome == "stored"
    assert not WatchSegment.objects.filter(enrolment=entered).exists()


def test_a_strangers_token_still_opens_nothing():
    one, _other, _entered, token = two_viewers()
    batch = stretch(token, 0, 15)
    assert watching.record(person=one.person, batch=batch, at=one.at)[0].code == "token.other_person"


def test_the_enrolment_that_waits_takes_nothing():
    course = a_course()
    lesson = a_lesson(course)
    one, two = a_person(), a_person()
    stale = enrolment.enrol(person=two, course=course, by=two)
    merge(one, two)
    waiting = Enrolment.objects.get(pk=stale.pk)
    reading = Activity.objects.get(lesson_key=lesson.translation_key)
    assert not waiting.is_active
    for verb in (
        lambda: completion.mark_read(enrolment=waiting, activity=reading),
        lambda: enrolment.enrol(person=two, course=course, by=two),
        lambda: enrolment.enrol(person=two, course=a_course(), by=two),
    ):
        with pytest.raises(RuleBroken), transaction.atomic():
            verb()
    assert Enrolment.objects.get(person=one).joined.get() == waiting


# Quizzes ---------------------------------------------------------------------------------------------------------


def an_attempt(person: Person, activity: Activity, course, *, is_right: bool, is_handed_in: bool = True) -> Attempt:
    entered = enrolment.enrol(person=person, course=course, by=person)
    attempt = grading.start(enrolment=entered, activity=activity, attempt_id=uuid.uuid4())
    for given in attempt.answers.select_related("version"):
        chosen = [one.key for one in given.version.said.body.options if bool(one.percent) == is_right][:1]
        grading.answer(attempt=attempt, order=given.order, given={"chosen": chosen})
    return grading.hand_in(attempt=attempt) if is_handed_in else attempt


def a_course_with_quiz(**fields):
    course = a_course()
    lesson = a_lesson(course, ("quiz", {"quiz": a_quiz(**fields), "is_required": True}))
    return course, Activity.objects.get(lesson_key=lesson.translation_key)


def test_attempts_go_over_in_their_order_and_an_open_one_waits():
    course, activity = a_course_with_quiz(max_attempts=0)
    one, two = an_employee(), an_employee()
    own = [an_attempt(one, activity, course, is_right=False) for _n in range(2)]
    theirs = an_attempt(two, activity, course, is_right=False)
    still_open = an_attempt(two, activity, course, is_right=False, is_handed_in=False)
    done = merge(one, two)
    entered = Enrolment.objects.get(person=one)
    assert list(entered.attempts.values_list("pk", "number")) == [(own[0].pk, 1), (own[1].pk, 2), (theirs.pk, 3)]
    assert Attempt.objects.get(pk=still_open.pk).enrolment.joined_into == entered
    later = an_attempt(fresh(one), activity, course, is_right=True)
    assert later.number == 4
    undo(done)
    assert list(Enrolment.objects.get(person=one).attempts.values_list("pk", "number")) == [
        (own[0].pk, 1), (own[1].pk, 2), (later.pk, 3),
    ]  # fmt: skip
    assert list(Enrolment.objects.get(person=two).attempts.values_list("pk", "number")) == [
        (theirs.pk, 1), (still_open.pk, 2),
    ]  # fmt: skip
    assert an_attempt(two, activity, course, is_right=True, is_handed_in=False) == still_open


def test_a_quiz_passed_under_either_record_is_passed_and_each_keeps_its_own_pass():
    course, activity = a_course_with_quiz()
    one, two = an_employee(), an_employee()
    mine = an_attempt(one, activity, course, is_right=False, is_handed_in=False)
    an_attempt(two, activity, course, is_right=True)
    done = merge(one, two)
    entered = Enrolment.objects.get(person=one)
    assert entered.activity_completions.get().score_percent == 100
    for given in mine.answers.select_related("version"):
        right = next(one.key for one in given.version.said.body.options if one.percent)
        grading.answer(attempt=mine, order=given.order, given={"chosen": [right]})
    grading.hand_in(attempt=mine)
    undo(done)
    judge(one, two)
    for person in (one, two):
        assert Enrolment.objects.get(person=person).activity_completions.count() == 1


# The rest --------------------------------------------------------------------------------------------------------


def test_of_two_equal_posts_the_confirmed_one_stands():
    one, two = an_employee(is_confirmed=False), an_employee()
    theirs = two.appointments.get()
    own = one.appointments.get()
    done = merge(one, two)
    assert list(one.appointments.lasting()) == [theirs]
    assert not two.appointments.lasting().exists()
    assert not Appointment.objects.awaiting().exists()
    undo(done)
    assert (one.appointments.get(), two.appointments.get()) == (own, theirs)
    assert one.appointments.get().is_awaiting
    assert two.appointments.get().confirmed_at == theirs.confirmed_at


def test_of_two_memberships_of_a_network_one_stands_and_says_what_both_said():
    network = a_network()
    one, two = a_member(network), a_member(network, is_coordinator=True)
    done = merge(one, two)
    assert Membership.objects.current().get().person == one
    assert Membership.objects.current().get().is_coordinator
    undo(done)
    assert dict(Membership.objects.current().values_list("person", "is_coordinator")) == {one.pk: False, two.pk: True}


def test_an_upload_on_its_way_can_be_gone_on_with():
    one, two = a_person(), a_person()
    upload = uploads.begin(person=two, file_name="clase.mp4", size=10, fingerprint="x")
    done = merge(one, two)
    assert uploads.find_unfinished(one, "x") == [upload]
    undo(done)
    assert uploads.find_unfinished(two, "x") == [upload]
