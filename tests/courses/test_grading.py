"""Attempts: what starts, what is kept, how it is graded, and what nobody learns too early."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from courses.domain import enrolment as enrolments
from courses.domain import grading
from courses.domain.activities import sync_lesson
from courses.models import Activity, ActivityCompletion, Answer, Attempt, Choice, Completion, Enrolment
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from tests.factories.courses import a_course, a_lesson, a_quiz
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
    choices = Choice.objects.filter(question=answer.question, is_right=right)
    return [str(choice.key) for choice in (choices if right else choices[:1])]


def answered(attempt: Attempt, *, right: int) -> Attempt:
    """Answer the first `right` questions rightly and the others wrongly, and hand in."""
    for number, given in enumerate(attempt.answers.all()):
        grading.answer(attempt=attempt, question_key=given.question_key, chosen=keys(given, right=number < right))
    return grading.hand_in(attempt=attempt)


def broken(call, **arguments) -> str:
    with pytest.raises(RuleBroken) as caught:
        call(**arguments)
    return caught.value.code


def test_an_attempt_copies_the_words_and_nothing_of_what_is_right():
    enrolment, activity = a_quiz_to_take(questions=3)
    attempt = started(enrolment, activity)
    rows = list(attempt.answers.all())
    assert [given.question_text for given in rows] == ["¿Pregunta 1?", "¿Pregunta 2?", "¿Pregunta 3?"]
    assert [given.order for given in rows] == [1, 2, 3]
    for given in rows:
        assert {choice["text"] for choice in given.choices} == {"Correcta", "Falsa", "Otra falsa"}
        assert {frozenset(choice) for choice in given.choices} == {frozenset({"key", "text"})}
        assert (given.is_right, given.explanation, given.right, given.chosen) == (None, "", [], [])


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
        broken(grading.answer, attempt=attempt, question_key=given.question_key, chosen=keys(given)),
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
    grading.answer(attempt=attempt, question_key=first.question_key, chosen=keys(first, right=False))
    grading.answer(attempt=attempt, question_key=first.question_key, chosen=keys(first))
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.chosen, bool(first.answered_at), second.answered_at) == (keys(first), True, None)
    grading.answer(attempt=attempt, question_key=first.question_key, chosen=[])
    first.refresh_from_db()
    assert (first.chosen, first.answered_at) == ([], None)


def test_what_was_not_shown_cannot_be_chosen():
    enrolment, activity = a_quiz_to_take()
    attempt = started(enrolment, activity)
    first, second = attempt.answers.all()
    both = [choice["key"] for choice in first.choices[:2]]
    assert broken(grading.answer, attempt=attempt, question_key=uuid.uuid4(), chosen=[]) == "answer.unknown_question"
    for chosen, code in (
        (keys(second), "answer.unknown_choice"),
        (["nada"], "answer.unknown_choice"),
        (both, "answer.one_choice_only"),
    ):
        assert broken(grading.answer, attempt=attempt, question_key=first.question_key, chosen=chosen) == code


def test_a_closed_attempt_takes_no_answers():
    enrolment, activity = a_quiz_to_take()
    attempt = answered(started(enrolment, activity), right=0)
    given = attempt.answers.first()
    code = broken(grading.answer, attempt=attempt, question_key=given.question_key, chosen=keys(given))
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
    grading.answer(attempt=attempt, question_key=first.question_key, chosen=keys(first))
    attempt = grading.hand_in(attempt=attempt)
    assert attempt.score_percent == 50
    assert [given.is_right for given in attempt.answers.all()] == [True, False]


@pytest.mark.parametrize(("chosen", "is_right"), [((0, 1), True), ((0,), False), ((0, 1, 2), False), ((2,), False)])
def test_several_are_right_when_exactly_the_right_ones_are_chosen(chosen, is_right):
    enrolment, activity = a_quiz_to_take(questions=1)
    question = activity.quiz.questions.get()
    question.kind = "multiple"
    question.save()
    choices = list(Choice.objects.filter(question=question).order_by("sort_order"))
    Choice.objects.filter(pk=choices[1].pk).update(is_right=True)
    attempt = started(enrolment, activity)
    picked = [str(choices[index].key) for index in chosen]
    grading.answer(attempt=attempt, question_key=question.key, chosen=picked)
    assert grading.hand_in(attempt=attempt).is_passed is is_right


def test_handing_in_writes_reasons_and_repeating_it_changes_nothing():
    enrolment, activity = a_quiz_to_take()
    attempt = answered(started(enrolment, activity), right=2)
    before = list(attempt.answers.values())
    again = grading.hand_in(attempt=attempt, at=timezone.now() + timedelta(hours=1))
    assert (again.closed_at, again.score_percent) == (attempt.closed_at, 100)
    assert list(attempt.answers.values()) == before
    assert {given["explanation"] for given in before} == {"Explicación 1", "Explicación 2"}
    assert all(len(given["right"]) == 1 for given in before)
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


def test_an_edit_of_the_quiz_leaves_the_open_attempts_words_and_drops_what_is_gone():
    enrolment, activity = a_quiz_to_take()
    attempt = started(enrolment, activity)
    first, second = attempt.answers.all()
    second.question.delete()
    question = first.question
    question.text = "¿Otra cosa?"
    question.save()
    activity.quiz.pass_percent = 100
    activity.quiz.save()
    grading.answer(attempt=attempt, question_key=first.question_key, chosen=keys(first))
    attempt = grading.hand_in(attempt=attempt)
    assert (attempt.score_percent, attempt.pass_percent) == (100, 70)
    assert [(given.question_text, given.is_right) for given in attempt.answers.all()] == [
        ("¿Pregunta 1?", True),
        ("¿Pregunta 2?", None),
    ]


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
    given = attempt.answers.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Answer.objects.create(attempt=attempt, question_key=given.question_key, order=9, question_text="", choices=[])


def test_a_chosen_option_that_was_taken_out_does_not_count_against_anybody():
    enrolment, activity = a_quiz_to_take(questions=1)
    Choice.objects.filter(text="Falsa").update(is_right=True)
    activity.quiz.questions.update(kind="multiple")
    attempt = started(enrolment, activity)
    given = attempt.answers.get()
    grading.answer(attempt=attempt, question_key=given.question_key, chosen=keys(given))
    Choice.objects.filter(text="Falsa").delete()
    assert grading.hand_in(attempt=attempt).score_percent == 100


def test_an_attempt_without_any_question_left_is_no_zero():
    enrolment, activity = a_quiz_to_take()
    attempt = started(enrolment, activity)
    activity.quiz.questions.all().delete()
    assert broken(grading.hand_in, attempt=attempt) == "attempt.quiz_changed"
    assert not Attempt.objects.exists()
    assert AuditEvent.objects.filter(action="attempt.thrown_away").count() == 1
