"""What a person marks: by a rubric, once it is handed in, never their own; what was earned stays."""

import uuid
from decimal import Decimal

import pytest

from courses.domain import grading, marking
from courses.models import Activity, ActivityCompletion, Attempt, QuizItem
from courses.questions import Criterion, Essay, Level
from lms.models import AuditEvent
from tests.courses.test_grading import a_quiz_to_take, broken, keys, started
from tests.factories.courses import a_question
from tests.factories.people import somebody_with_role

pytestmark = pytest.mark.django_db


def an_essay_to_mark(**fields) -> tuple[Attempt, Activity]:
    """Handed in: one question that is right, and a text of one's own."""
    enrolment, activity = a_quiz_to_take(questions=1, **fields)
    level = {"text": "nivel"}
    levels = (Level(key="0", points=0, **level), Level(key="1", points=2, **level), Level(key="2", points=4, **level))
    essay = a_question("¿Por qué?", body=Essay(rubric=(Criterion(key="c", text="Claridad", levels=levels),)))
    QuizItem.objects.create(quiz=activity.quiz, question=essay, sort_order=5, points=3)
    attempt = started(enrolment, activity)
    grading.answer(attempt=attempt, order=1, given={"chosen": keys(attempt.answers.first())})
    grading.answer(attempt=attempt, order=2, given={"text": "Porque sí."})
    return grading.hand_in(attempt=attempt), activity


def test_what_a_person_has_to_mark_waits_for_them():
    attempt, activity = an_essay_to_mark()
    assert (attempt.awaits_marking, attempt.score_percent, attempt.is_passed) == (True, None, False)
    assert not ActivityCompletion.objects.exists()
    ask = {"enrolment": attempt.enrolment, "activity": activity, "attempt_id": uuid.uuid4()}
    assert broken(grading.start, **ask) == "attempt.to_mark"
    standing = grading.standing(enrolment=attempt.enrolment, activity=activity)
    assert (standing.may_start, standing.shows_right_options) == (False, False)


def test_a_mark_completes_what_it_passes_and_may_be_corrected():
    attempt, _activity = an_essay_to_mark()
    marker = somebody_with_role("trainer")
    given = attempt.answers.get(order=2)
    marking.mark(answer=given, by=marker, levels={"c": "1"}, remark="Falta un ejemplo.")
    attempt.refresh_from_db()
    assert (attempt.score_percent, attempt.is_passed) == (62, False)
    marking.mark(answer=given, by=marker, levels={"c": "2"})
    attempt.refresh_from_db()
    assert (attempt.score_percent, attempt.is_passed) == (100, True)
    assert ActivityCompletion.objects.get().score_percent == 100
    # What was earned stays, whatever is corrected afterwards.
    marking.mark(answer=given, by=marker, levels={"c": "0"})
    attempt.refresh_from_db()
    assert (attempt.score_percent, attempt.is_passed) == (25, False)
    assert ActivityCompletion.objects.get().score_percent == 100
    assert AuditEvent.objects.filter(action="answer.marked").count() == 3


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"levels": {}}, "mark.rubric"),
        ({"levels": {"c": "9"}}, "mark.rubric"),
        ({"percent": Decimal(50)}, "mark.rubric"),
    ],
)
def test_a_rubric_is_marked_whole(given, code):
    attempt, _activity = an_essay_to_mark()
    assert broken(marking.mark, answer=attempt.answers.get(order=2), by=somebody_with_role("trainer"), **given) == code


def test_nobody_marks_their_own_nor_what_the_server_graded_nor_what_is_open():
    attempt, _activity = an_essay_to_mark()
    graded, essay = attempt.answers.all()
    trainer = somebody_with_role("trainer")
    assert broken(marking.mark, answer=essay, by=attempt.enrolment.person, levels={"c": "2"}) == "mark.own"
    assert broken(marking.mark, answer=graded, by=trainer, percent=Decimal(100)) == "mark.graded"
    Attempt.objects.update(closed_at=None)
    assert broken(marking.mark, answer=essay, by=trainer, levels={"c": "2"}) == "mark.open"
