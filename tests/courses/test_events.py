"""Events: each stored once, answered by itself, counted at the time it happened."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from courses.domain import activities, completion, enrolment, events, grading, watching
from courses.domain.activities import sync_lesson
from courses.models import Activity, ActivityCompletion, Completion, LearningEvent, WatchProgress, WatchSegment
from lms.domain.errors import RuleBroken
from tests.courses.event_cases import (
    a_learner,
    an_event,
    answered,
    everything,
    handed_in,
    options,
    read,
    send,
    told,
    watched,
)
from tests.courses.watching_cases import segment
from tests.factories.courses import a_lesson

pytestmark = pytest.mark.django_db


def given(learner) -> list[dict]:
    return list(learner.attempt.answers.order_by("order").values_list("given", flat=True))


def test_a_whole_course_in_one_batch_backwards_is_completed_once():
    learner = a_learner()
    batch = everything(learner)[::-1]
    assert told(send(learner, *batch)) == [("stored", "")] * len(batch)
    assert ActivityCompletion.objects.filter(enrolment=learner.enrolment).count() == 3
    made = Completion.objects.get(enrolment=learner.enrolment)
    assert made.score_percent == 100
    assert told(send(learner, *batch)) == [("repeated stored", "")] * len(batch)
    assert Completion.objects.get() == made
    assert LearningEvent.objects.count() == len(batch)


def test_an_event_keeps_who_what_when_and_a_digest():
    learner = a_learner()
    event = read(learner, 10)
    send(learner, event)
    kept = LearningEvent.objects.get()
    assert (kept.enrolment, kept.activity, kept.kind) == (learner.enrolment, learner.reading, "read")
    assert (kept.happened_at - learner.granted_at).total_seconds() == pytest.approx(10, abs=0.01)
    assert (kept.received_at, kept.course_version, kept.digest) == (learner.at, "1.7", event.digest)
    assert ActivityCompletion.objects.get().completed_at == kept.happened_at


def test_the_same_id_with_another_body_is_a_conflict_here_and_under_another_name():
    learner, other = a_learner(), a_learner()
    event = read(learner)
    send(learner, event)
    theirs = replace(event, token=other.tokens["reading"])
    assert told(send(learner, replace(event, clock=11), event)) == [
        ("conflict", "event.conflict"),
        ("repeated stored", ""),
    ]
    assert told(send(other, theirs)) == [("conflict", "event.conflict")]
    assert not ActivityCompletion.objects.filter(enrolment=other.enrolment).exists()


def test_who_asks_again_for_the_answer_that_was_lost_learns_where_they_stand():
    learner = a_learner()
    event, refused = watched(learner, 0, 15), watched(learner, 15, 15, clock=20)
    (first, _no) = send(learner, event, refused)
    assert first.standing.coverage.covered_seconds == 15
    send(learner, watched(learner, 15, 30, clock=30))
    (again, _no) = send(learner, event, refused)
    assert (again.is_repeated, again.standing.coverage.covered_seconds) == (True, 30)
    assert again.standing.runs == ((0, 30),)


def test_what_counted_for_nothing_and_comes_again_stands_nowhere():
    learner = a_learner()
    refused = watched(learner, 15, 15)
    assert told(send(learner, refused)) == [("refused", "segment.backwards")]
    (again,) = send(learner, refused)
    assert (again.is_repeated, again.code, again.standing) == (True, "segment.backwards", None)


def test_one_bad_event_does_not_spoil_the_others():
    learner, stranger = a_learner(), a_learner()
    video = an_event("read", learner.tokens["video"], 10)
    batch = [
        read(stranger),
        an_event("read", "nonsense", 1),
        an_event("position", learner.tokens["reading"], 1, body={"second": 3}),
        video,
        read(learner),
        answered(learner, 9, ["x"]),
        answered(learner, 1, ["x"]),
        watched(learner, 0, 15),
    ]
    assert told(send(learner, *batch)) == [
        ("unknown", "token.other_person"),
        ("unknown", "token.unreadable"),
        ("unknown", "token.unknown_activity"),
        ("refused", "activity.not_a_reading"),
        ("stored", ""),
        ("refused", "answer.unknown_question"),
        ("refused", "answer.unknown_choice"),
        ("stored", ""),
    ]
    assert told(send(learner, video)) == [("repeated refused", "activity.not_a_reading")]
    assert LearningEvent.objects.count() == 5


def test_the_same_event_twice_in_a_batch_is_told_alike():
    learner = a_learner()
    good, early = read(learner), handed_in(learner, [read(learner)])
    assert told(send(learner, good, good, early, early)) == [
        ("stored", ""),
        ("repeated stored", ""),
        ("early", "attempt.answers_missing"),
        ("early", "attempt.answers_missing"),
    ]


def test_when_it_happened_can_be_defended():
    learner = a_learner()
    late = learner.granted_at + timedelta(days=30, seconds=1)
    ahead, near = read(learner, 3610), read(learner, 3603)
    assert told(send(learner, ahead, near)) == [("refused", "clock.ahead"), ("stored", "")]
    assert LearningEvent.objects.get(client_id=near.id).happened_at == learner.at
    assert told(send(learner, read(learner), at=late)) == [("refused", "token.too_old")]
    kept = LearningEvent.objects.get(client_id=near.id)
    kept.happened_at = kept.received_at + timedelta(seconds=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        kept.save()


def test_a_late_event_counts_when_the_enrolment_was_open_and_the_lesson_there_then():
    learner = a_learner()
    batch = everything(learner)
    after = learner.granted_at + timedelta(minutes=10)
    enrolment.withdraw(enrolment=learner.enrolment, by=learner.person, at=after)
    learner.lessons[1].unpublish()
    activities.retire_lesson(learner.lessons[1])
    Activity.objects.filter(pk=learner.reading.pk).update(retired_at=after)
    learner.course.unpublish()
    assert told(send(learner, *batch)) == [("stored", "")] * len(batch)
    assert ActivityCompletion.objects.filter(enrolment=learner.enrolment).count() == 3
    assert not Completion.objects.exists()


def test_what_happened_after_the_withdrawal_or_the_retirement_does_not_count():
    learner, other = a_learner(), a_learner()
    after = learner.granted_at + timedelta(seconds=5)
    enrolment.withdraw(enrolment=learner.enrolment, by=learner.person, at=after)
    Activity.objects.filter(pk=other.reading.pk).update(retired_at=after)
    batch = [read(learner), answered(learner, 1, options(learner.attempt, 1)), handed_in(learner)]
    assert told(send(learner, *batch)) == [("refused", "enrolment.withdrawn")] * 3
    assert told(send(other, read(other))) == [("refused", "activity.retired")]
    assert not ActivityCompletion.objects.exists()


def test_coming_back_completes_with_what_arrived_while_away():
    learner = a_learner()
    batch = everything(learner)
    enrolment.withdraw(enrolment=learner.enrolment, by=learner.person)
    send(learner, *batch)
    assert not Completion.objects.exists()
    enrolment.enrol(person=learner.person, course=learner.course, by=learner.person)
    assert Completion.objects.get().enrolment == learner.enrolment


def test_of_two_answers_the_one_given_last_stands_whichever_arrives_last():
    learner = a_learner()
    right, wrong = options(learner.attempt, 1), options(learner.attempt, 1, right=False)
    older, newer = answered(learner, 1, wrong, 20), answered(learner, 1, right, 21)
    assert told(send(learner, newer)) == [("stored", "")]
    assert told(send(learner, older)) == [("stored", "answer.newer_kept")]
    assert given(learner)[0] == {"chosen": right}
    emptied, before = answered(learner, 2, [], 40), answered(learner, 2, options(learner.attempt, 2), 39)
    send(learner, emptied)
    send(learner, before)
    assert learner.attempt.answers.get(order=2).answered_at is None
    assert given(learner)[1] == {"chosen": []}


def test_a_form_saved_now_stands_over_an_event_of_before():
    learner = a_learner()
    right, wrong = options(learner.attempt, 1), options(learner.attempt, 1, right=False)
    grading.answer(attempt=learner.attempt, order=1, given={"chosen": right})
    assert told(send(learner, answered(learner, 1, wrong))) == [("stored", "answer.newer_kept")]
    assert given(learner)[0] == {"chosen": right}


def test_of_two_answers_at_one_instant_the_same_stands_in_either_order():
    stood = []
    for order in (1, -1):
        learner = a_learner()
        pair = [
            answered(learner, 1, options(learner.attempt, 1, right=right), 20, id=uuid.UUID(int=number))
            for number, right in ((5, True), (6, False))
        ]
        LearningEvent.objects.all().delete()
        for event in pair[::order]:
            send(learner, event)
        stood.append(learner.attempt.answers.get(order=1).written_by)
    assert stood == [uuid.UUID(int=6)] * 2


def test_handing_in_waits_for_the_answers_that_belong_to_it():
    learner = a_learner()
    answers = [answered(learner, n, options(learner.attempt, n), 20 + n) for n in (1, 2, 3)]
    close = handed_in(learner, answers)
    assert told(send(learner, close)) == [("early", "attempt.answers_missing")]
    assert told(send(learner, *answers[:2], close))[-1] == ("early", "attempt.answers_missing")
    assert told(send(learner, close, answers[2])) == [("stored", ""), ("stored", "")]
    learner.attempt.refresh_from_db()
    assert (learner.attempt.score_percent, learner.attempt.closed_at) == (100, learner.at)
    done = ActivityCompletion.objects.get(activity=learner.quiz)
    assert (done.completed_at - learner.granted_at).total_seconds() == pytest.approx(30, abs=0.01)


def test_nobody_answers_for_another():
    learner, other = a_learner(), a_learner()
    own_page = answered(learner, 1, options(other.attempt, 1))
    own_page.body["attempt"] = other.attempt.public_id
    close = handed_in(learner)
    close.body["attempt"] = other.attempt.public_id
    batch = [own_page, close, answered(other, 1, options(other.attempt, 1))]
    assert told(send(learner, *batch)) == [
        ("unknown", "attempt.unknown"),
        ("unknown", "attempt.unknown"),
        ("unknown", "token.other_person"),
    ]
    assert given(other) == [{}] * 3
    assert not LearningEvent.objects.exists()


def test_positions_of_events_move_on_by_when_they_happened():
    learner = a_learner()
    moves = [an_event("position", learner.tokens["video"], clock, body={"second": 60 - clock}) for clock in (30, 10)]
    send(learner, *moves)
    assert WatchProgress.objects.get().position_seconds == 30
    send(learner, an_event("position", learner.tokens["video"], 20, body={"second": 7}))
    assert WatchProgress.objects.get().position_seconds == 30


def test_a_stretch_that_went_the_old_way_is_not_counted_again():
    learner = a_learner()
    event = watched(learner, 0, 15)
    old = segment(
        learner.tokens["video"],
        0,
        15,
        id=event.id,
        sequence=event.body["sequence"],
        device=event.device,
        is_offline=True,
    )
    watching.record(person=learner.person, batch=[old], at=learner.at)
    assert told(send(learner, event)) == [("stored", "")]
    assert told(send(learner, event)) == [("repeated stored", "")]
    assert WatchSegment.objects.count() == LearningEvent.objects.count() == 1
    twin = replace(event, id=uuid.uuid4())
    assert told(send(learner, twin)) == [("conflict", "segment.conflict")]
    assert not LearningEvent.objects.filter(client_id=twin.id).exists()


def test_an_ordinary_batch_of_watching_costs_three_statements_whatever_its_size(django_assert_num_queries):
    """Lock, read, write: what PostgreSQL writes at once is three statements on SQLite."""
    learner = a_learner(length=600)
    statements = 3 if connection.vendor == "postgresql" else 5
    for first, count in ((0, 2), (30, 20)):
        batch = [watched(learner, first + n * 15, first + n * 15 + 15) for n in range(count)]
        with django_assert_num_queries(statements + 2):  # a savepoint and its release stand for the transaction's ends
            send(learner, *batch)


def test_watching_on_after_a_video_is_completed_costs_no_more(django_assert_num_queries):
    learner = a_learner(length=60)
    send(learner, *[watched(learner, start, start + 15) for start in range(0, 60, 15)])
    assert ActivityCompletion.objects.filter(activity=learner.video).exists()
    with django_assert_num_queries((3 if connection.vendor == "postgresql" else 5) + 2):
        send(learner, watched(learner, 0, 15, clock=100))


@pytest.mark.parametrize("lessons", [1, 12])
def test_completing_a_lesson_and_judging_the_course_costs_eight_statements_at_most(
    lessons, django_assert_max_num_queries
):
    learner = a_learner(length=60)
    for _number in range(lessons):
        sync_lesson(a_lesson(learner.course))
    send(learner, watched(learner, 0, 5))
    # Lock, read, write; what is asked for and done, the completion.
    statements = (3 if connection.vendor == "postgresql" else 5) + 2
    with django_assert_max_num_queries(statements + 2):  # and a savepoint
        send(learner, *[watched(learner, start, start + 15, clock=100 + start) for start in range(0, 60, 15)])
    assert ActivityCompletion.objects.get().activity == learner.video


def test_completing_the_course_costs_the_same_for_any_number_of_lessons(django_assert_max_num_queries):
    for lessons in (0, 12):
        learner = a_learner(length=60)
        for _number in range(lessons):
            lesson = a_lesson(learner.course)
            sync_lesson(lesson)
            activity = Activity.objects.get(lesson_key=lesson.translation_key)
            completion.complete_activity(enrolment=learner.enrolment, activity=activity)
        *before, last = everything(learner)[::-1]
        send(learner, *before)
        assert not Completion.objects.filter(enrolment=learner.enrolment).exists()
        with django_assert_max_num_queries(16):  # the audit and a batch's savepoint among them
            send(learner, last)
        assert Completion.objects.filter(enrolment=learner.enrolment).exists()


def test_a_page_is_granted_only_to_those_who_take_part_in_its_course():
    learner, other = a_learner(), a_learner()
    with pytest.raises(RuleBroken, match="Inscríbase"):
        events.grant_page(enrolment=learner.enrolment, activity=other.reading)
    enrolment.withdraw(enrolment=learner.enrolment, by=learner.person)
    learner.enrolment.refresh_from_db()
    with pytest.raises(RuleBroken, match="Inscríbase"):
        events.grant_page(enrolment=learner.enrolment, activity=learner.reading)
