"""Attempts: what starts, what is kept, how it is graded, and what nobody learns too early."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from courses.domain import bank, grading
from courses.domain import enrolment as enrolments
from courses.domain.activities import sync_lesson
from courses.models import Activity, ActivityCompletion, Answer, Attempt, Completion, Enrolment, Quiz, QuizItem, Topic
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from tests.factories.courses import a_course, a_lesson, a_question, a_quiz
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db


def a_quiz_to_take(*, questions: int = 2, person=None, **fields) -> tuple[Enrolment, Activity]:
    """Somebody enrolled in a course whose one lesson has one quiz."""
    course = a_course()
    quiz = a_quiz(questions=questions, **fields)
    lesson = a_lesson(course, ("quiz", {"quiz": quiz, "is_required": True}))
    sync_lesson(lesson)
    person = person or an_employee()
    enrolment = enrolments.enrol(person=person, course=course, by=person)
    return enrolment, Activity.objects.get(quiz=quiz)


def started(enrolment: Enrolment, activity: Activity) -> Attempt:
    return grading.start(enrolment=enrolment, activity=activity, attempt_id=uuid.uuid4())


def keys(answer: Answer, *, right: bool = True) -> list[str]:
    """The right options of a question, or its first wrong one."""
    options = [one.key for one in answer.version.said.body.options if (one.percent > 0) == right]
    return options if right else options[:1]


def answered(attempt: Attempt, *, right: int) -> Attempt:
    """Answer the first `right` questions rightly and the others wrongly, and hand in."""
    for number, given in enumerate(attempt.answers.all()):
        grading.answer(attempt=attempt, order=given.order, given={"chosen": keys(given, right=number < right)})
    return grading.hand_in(attempt=attempt)


def broken(call, **arguments) -> str:
    with pytest.raises(RuleBroken) as caught:
        call(**arguments)
    return caught.value.code


def test_an_attempt_keeps_the_versions_it_saw_and_nothing_of_what_is_right():
    enrolment, activity = a_quiz_to_take(questions=3)
    attempt = started(enrolment, activity)
    rows = list(attempt.answers.all())
    assert [given.version.said.text for given in rows] == ["¿Pregunta 1?", "¿Pregunta 2?", "¿Pregunta 3?"]
    assert [given.order for given in rows] == [1, 2, 3]
    assert {(given.is_right, tuple(given.said), str(given.given)) for given in rows} == {(None, (), "{}")}


def test_the_same_form_sent_twice_is_one_attempt():
    enrolment, activity = a_quiz_to_take()
    attempt_id = uuid.uuid4()
    first = grading.start(enrolment=enrolment, activity=activity, attempt_id=attempt_id)
    again = grading.start(enrolment=enrolment, activity=activity, attempt_id=attempt_id)
    assert first == again
    assert Attempt.objects.count() == 1
    assert Answer.objects.count() == 2
    assert AuditEvent.objects.filter(action="attempt.started").count() == 1


def test_a_form_sent_again_after_it_was_handed_in_gives_the_closed_attempt():
    enrolment, activity = a_quiz_to_take()
    attempt = answered(started(enrolment, activity), right=0)
    assert grading.start(enrolment=enrolment, activity=activity, attempt_id=attempt.public_id) == attempt
    assert Attempt.objects.count() == 1


def test_an_open_attempt_is_gone_on_with():
    enrolment, activity = a_quiz_to_take()
    assert started(enrolment, activity) == started(enrolment, activity)
    assert Attempt.objects.count() == 1


def test_the_id_of_somebody_elses_attempt_is_refused():
    enrolment, activity = a_quiz_to_take()
    other = enrolments.enrol(person=an_employee(), course=enrolment.course, by=None)
    theirs = started(other, activity)
    code = broken(grading.start, enrolment=enrolment, activity=activity, attempt_id=theirs.public_id)
    assert code == "attempt.foreign"


def test_who_withdrew_neither_starts_answers_nor_hands_in():
    enrolment, activity = a_quiz_to_take()
    attempt = started(enrolment, activity)
    given = attempt.answers.first()
    enrolments.withdraw(enrolment=enrolment, by=enrolment.person)
    assert {
        broken(grading.start, enrolment=enrolment, activity=activity, attempt_id=uuid.uuid4()),
        broken(grading.answer, attempt=attempt, order=given.order, given={"chosen": keys(given)}),
        broken(grading.hand_in, attempt=attempt),
    } == {"attempt.not_enrolled"}


def test_a_quiz_of_another_course_or_retired_cannot_be_started():
    enrolment, activity = a_quiz_to_take()
    _other, foreign = a_quiz_to_take()
    activity.retired_at = timezone.now()
    activity.save()
    for one in (foreign, activity):
        code = broken(grading.start, enrolment=enrolment, activity=one, attempt_id=uuid.uuid4())
        assert code == "attempt.not_a_quiz"


def test_a_quiz_without_questions_starts_nothing():
    enrolment, activity = a_quiz_to_take(questions=0)
    code = broken(grading.start, enrolment=enrolment, activity=activity, attempt_id=uuid.uuid4())
    assert code == "attempt.no_questions"
    assert not Attempt.objects.exists()


def test_answers_are_kept_one_by_one_and_may_change():
    enrolment, activity = a_quiz_to_take()
    attempt = started(enrolment, activity)
    first, second = attempt.answers.all()
    grading.answer(attempt=attempt, order=first.order, given={"chosen": keys(first, right=False)})
    grading.answer(attempt=attempt, order=first.order, given={"chosen": keys(first)})
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.given["chosen"], bool(first.answered_at), second.answered_at) == (keys(first), True, None)
    grading.answer(attempt=attempt, order=first.order, given={"chosen": []})
    first.refresh_from_db()
    assert (first.given["chosen"], first.answered_at) == ([], None)


def test_what_was_not_shown_cannot_be_chosen():
    enrolment, activity = a_quiz_to_take()
    attempt = started(enrolment, activity)
    first, second = attempt.answers.all()
    both = [one.key for one in first.version.said.body.options[:2]]
    assert broken(grading.answer, attempt=attempt, order=9, given={}) == "answer.unknown_question"
    for chosen, code in (
        (keys(second), "answer.unknown_choice"),
        (["nada"], "answer.unknown_choice"),
        (both, "answer.one_choice_only"),
    ):
        assert broken(grading.answer, attempt=attempt, order=first.order, given={"chosen": chosen}) == code


def test_a_closed_attempt_takes_no_answers():
    enrolment, activity = a_quiz_to_take()
    attempt = answered(started(enrolment, activity), right=0)
    given = attempt.answers.first()
    code = broken(grading.answer, attempt=attempt, order=given.order, given={"chosen": keys(given)})
    assert code == "attempt.closed"


@pytest.mark.parametrize(("right", "score", "passed"), [(0, 0, False), (1, 33, False), (2, 66, False), (3, 100, True)])
def test_the_score_is_rounded_down(right, score, passed):
    enrolment, activity = a_quiz_to_take(questions=3, pass_percent=67)
    attempt = answered(started(enrolment, activity), right=right)
    assert (attempt.score_percent, attempt.is_passed) == (score, passed)
    assert ActivityCompletion.objects.filter(enrolment=enrolment, activity=activity).exists() is passed


def test_what_was_not_answered_is_wrong():
    enrolment, activity = a_quiz_to_take()
    attempt = started(enrolment, activity)
    first = attempt.answers.first()
    grading.answer(attempt=attempt, order=first.order, given={"chosen": keys(first)})
    attempt = grading.hand_in(attempt=attempt)
    assert attempt.score_percent == 50
    assert [given.is_right for given in attempt.answers.all()] == [True, False]


def test_handing_in_writes_reasons_and_repeating_it_changes_nothing():
    enrolment, activity = a_quiz_to_take()
    attempt = answered(started(enrolment, activity), right=2)
    before = list(attempt.answers.values())
    again = grading.hand_in(attempt=attempt, at=timezone.now() + timedelta(hours=1))
    assert (again.closed_at, again.score_percent) == (attempt.closed_at, 100)
    assert list(attempt.answers.values()) == before
    assert [given["said"] for given in before] == [["Explicación 1"], ["Explicación 2"]]
    assert {given["percent"] for given in before} == {100}
    assert AuditEvent.objects.filter(action="attempt.handed_in").count() == 1
    assert ActivityCompletion.objects.get().score_percent == 100
    assert Completion.objects.filter(person=enrolment.person).count() == 1


def test_attempts_are_limited_and_the_best_counts():
    enrolment, activity = a_quiz_to_take(max_attempts=2)
    answered(started(enrolment, activity), right=1)
    standing = grading.standing(enrolment=enrolment, activity=activity)
    assert (standing.best_percent, standing.attempts_left, standing.may_start) == (50, 1, True)
    assert standing.shows_right_options is False
    answered(started(enrolment, activity), right=0)
    standing = grading.standing(enrolment=enrolment, activity=activity)
    assert (standing.best_percent, standing.attempts_left, standing.may_start) == (50, 0, False)
    assert standing.shows_right_options is True
    code = broken(grading.start, enrolment=enrolment, activity=activity, attempt_id=uuid.uuid4())
    assert code == "attempt.none_left"


def test_the_last_attempt_shows_nothing_while_it_is_open():
    enrolment, activity = a_quiz_to_take(max_attempts=2)
    answered(started(enrolment, activity), right=0)
    started(enrolment, activity)
    assert grading.standing(enrolment=enrolment, activity=activity).shows_right_options is False


def test_without_a_limit_one_may_always_try_again_until_passing():
    enrolment, activity = a_quiz_to_take(max_attempts=0)
    for _time in range(5):
        answered(started(enrolment, activity), right=0)
    assert grading.standing(enrolment=enrolment, activity=activity).attempts_left is None
    answered(started(enrolment, activity), right=2)
    code = broken(grading.start, enrolment=enrolment, activity=activity, attempt_id=uuid.uuid4())
    assert code == "attempt.passed"


def test_an_edit_of_the_quiz_leaves_the_open_attempt_what_it_saw():
    enrolment, activity = a_quiz_to_take()
    attempt = started(enrolment, activity)
    first, second = attempt.answers.all()
    question = first.version.question
    bank.change(question, first.version.said.model_copy(update={"text": "¿Otra cosa?"}), by=None)
    bank.archive(second.version.question, by=None)
    activity.quiz.items.all().delete()
    activity.quiz.pass_percent = 100
    activity.quiz.save()
    grading.answer(attempt=attempt, order=first.order, given={"chosen": keys(first)})
    grading.answer(attempt=attempt, order=second.order, given={"chosen": keys(second)})
    attempt = grading.hand_in(attempt=attempt)
    assert (attempt.score_percent, attempt.pass_percent) == (100, 70)
    assert [given.version.said.text for given in attempt.answers.all()] == ["¿Pregunta 1?", "¿Pregunta 2?"]


def test_the_database_holds_one_open_attempt_and_each_number_once():
    enrolment, activity = a_quiz_to_take()
    attempt = started(enrolment, activity)
    fields = {"enrolment": enrolment, "activity": activity, "quiz": activity.quiz, "pass_percent": 70}
    for number, closed_at in ((2, None), (1, timezone.now())):
        with pytest.raises(IntegrityError), transaction.atomic():
            Attempt.objects.create(public_id=uuid.uuid4(), number=number, closed_at=closed_at, **fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.create(public_id=attempt.public_id, number=3, closed_at=timezone.now(), **fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(score_percent=101)
    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(is_passed=True, score_percent=69)
    given = attempt.answers.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.create(attempt=attempt, version=given.version, order=given.order)
    with pytest.raises(IntegrityError), transaction.atomic():
        attempt.answers.update(percent=101)


# Versions, draws, time -----------------------------------------------------------------------------------------------


def test_a_change_is_a_new_version_and_the_same_again_is_none():
    question = a_question("¿Una?")
    said = question.latest.said
    assert bank.change(question, said, by=None).number == 1
    assert bank.change(question, said.model_copy(update={"name": "Otra"}), by=None).number == 2
    question.refresh_from_db()
    assert (question.name, question.latest.number, question.versions.count()) == ("Otra", 2, 2)


def drawn(attempt: Attempt) -> list[str]:
    return [given.version.said.name for given in attempt.answers.all()]


def test_questions_are_drawn_from_a_topic_first_those_not_seen_yet():
    enrolment, activity = a_quiz_to_take(questions=0, max_attempts=0)
    topic = Topic.objects.create(name="Agua")
    for number in range(6):
        a_question(f"¿{number}?", topic=topic)
    bank.archive(a_question("¿Archivada?", topic=topic), by=None)
    QuizItem.objects.create(quiz=activity.quiz, topic=topic, draws=3)
    first = drawn(answered(started(enrolment, activity), right=0))
    second = drawn(answered(started(enrolment, activity), right=0))
    assert (len(set(first)), len(set(second)), set(first) & set(second)) == (3, 3, set())
    third = drawn(answered(started(enrolment, activity), right=0))
    assert len(set(third)) == 3
    assert "¿Archivada?" not in {*first, *second, *third}


def test_what_is_asked_anyway_is_not_drawn_too():
    enrolment, activity = a_quiz_to_take(questions=0)
    topic = Topic.objects.create(name="Agua")
    asked = [a_question(f"¿{number}?", topic=topic) for number in range(2)]
    QuizItem.objects.create(quiz=activity.quiz, question=asked[0], points=3)
    QuizItem.objects.create(quiz=activity.quiz, topic=topic, draws=5)
    attempt = started(enrolment, activity)
    assert drawn(attempt) == ["¿0?", "¿1?"]
    assert answered(attempt, right=1).score_percent == 75


def test_in_another_order_in_each_attempt():
    orders = set()
    for _person in range(6):
        enrolment, activity = a_quiz_to_take(questions=6, is_shuffled=True)
        orders.add(tuple(drawn(started(enrolment, activity))))
    assert len(orders) > 1
    assert {tuple(sorted(order)) for order in orders} == {tuple(f"¿Pregunta {n}?" for n in range(1, 7))}


def test_when_the_time_is_over_what_was_saved_counts_and_nothing_after_it():
    enrolment, activity = a_quiz_to_take(minutes=10)
    begun = timezone.now()
    attempt = grading.start(enrolment=enrolment, activity=activity, attempt_id=uuid.uuid4(), at=begun)
    assert attempt.ends_at == begun + timedelta(minutes=10)
    first, second = attempt.answers.all()
    in_time, on_its_way, late = (begun + timedelta(minutes=10, seconds=seconds) for seconds in (-1, 29, 31))
    grading.answer(attempt=attempt, order=1, given={"chosen": keys(first)}, at=in_time)
    grading.answer(attempt=attempt, order=2, given={"chosen": keys(second, right=False)}, at=on_its_way)
    code = broken(grading.answer, attempt=attempt, order=2, given={"chosen": keys(second)}, at=late)
    assert code == "attempt.time_over"
    assert grading.close_overdue(at=on_its_way) == 0
    assert grading.close_overdue(at=late) == 1
    attempt.refresh_from_db()
    assert (attempt.score_percent, attempt.closed_at) == (50, attempt.ends_at)
    assert grading.close_overdue(at=late) == 0


def test_between_attempts_one_waits():
    enrolment, activity = a_quiz_to_take(wait_minutes=30)
    attempt = answered(started(enrolment, activity), right=0)
    soon, then = (attempt.closed_at + timedelta(minutes=minutes) for minutes in (29, 30))
    ask = {"enrolment": enrolment, "activity": activity, "attempt_id": uuid.uuid4()}
    assert broken(grading.start, **ask, at=soon) == "attempt.wait"
    assert not grading.standing(enrolment=enrolment, activity=activity, at=soon).may_start
    assert grading.start(**ask, at=then).number == 2


@pytest.mark.parametrize(
    ("shows", "after_one", "after_all"), [("spent", False, True), ("each", True, True), ("never", False, False)]
)
def test_right_answers_are_told_when_the_quiz_says(shows, after_one, after_all):
    enrolment, activity = a_quiz_to_take(max_attempts=2, shows=shows)
    told = []
    for _time in range(2):
        answered(started(enrolment, activity), right=0)
        told.append(grading.standing(enrolment=enrolment, activity=activity).shows_right_options)
    assert told == [after_one, after_all]
    assert Quiz.Shows(shows)
