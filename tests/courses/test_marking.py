"""What a person marks: by a rubric, once it is handed in, never their own; what was earned stays."""

import uuid
from decimal import Decimal

import pytest

from courses.domain import grading, marking
from courses.models import Activity, ActivityCompletion, Attempt, MarkChange, QuizItem
from courses.questions import Criterion, Essay, Level
from lms.models import AuditEvent
from tests.courses.test_grading import a_quiz_to_take, broken, keys, started
from tests.factories.courses import a_question
from tests.factories.people import somebody_with_role

pytestmark = pytest.mark.django_db


def an_essay_to_mark(*, feedback: dict | None = None, **fields) -> tuple[Attempt, Activity]:
    """Handed in: one question that is right, and a text of one's own."""
    enrolment, activity = a_quiz_to_take(questions=1, **fields)
    level = {"text": "nivel"}
    levels = (Level(key="0", points=0, **level), Level(key="1", points=2, **level), Level(key="2", points=4, **level))
    rubric = (Criterion(key="c", text="Claridad", levels=levels),)
    essay = a_question("¿Por qué?", body=Essay(rubric=rubric), feedback=feedback or {})
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
    marking.mark(answer=given, by=marker, levels={"c": "2"}, reason="Leí mal la segunda página.")
    attempt.refresh_from_db()
    assert (attempt.score_percent, attempt.is_passed) == (100, True)
    assert ActivityCompletion.objects.get().score_percent == 100
    # What was earned stays, whatever is corrected afterwards.
    marking.mark(answer=given, by=marker, levels={"c": "0"}, reason="La copió.")
    attempt.refresh_from_db()
    assert (attempt.score_percent, attempt.is_passed) == (25, False)
    assert ActivityCompletion.objects.get().score_percent == 100
    assert AuditEvent.objects.filter(action="answer.marked").count() == 3
    told = MarkChange.objects.values_list(
        *("percent_before", "percent_after", "score_before", "score_after", "was_passed", "is_passed"),
        *("levels", "remark", "reason", "made_by", "regrading"),
    )
    assert list(told) == [
        (50, 100, 62, 100, False, True, {"c": "1"}, "Falta un ejemplo.", "Leí mal la segunda página.", marker.pk, None),
        (100, 0, 100, 25, True, False, {"c": "2"}, "", "La copió.", marker.pk, None),
    ]
    standing = grading.standing(enrolment=attempt.enrolment, activity=attempt.activity)
    assert standing.is_passed


def test_a_correction_says_why():
    attempt, _activity = an_essay_to_mark()
    ask = {"answer": attempt.answers.get(order=2), "by": somebody_with_role("trainer"), "levels": {"c": "1"}}
    marking.mark(**ask)
    assert broken(marking.mark, **ask, reason=" ") == "mark.no_reason"
    assert not MarkChange.objects.exists()


@pytest.mark.parametrize(("level", "said"), [("0", "Repase"), ("1", "Casi"), ("2", "Muy bien")])
def test_what_is_said_goes_by_the_mark(level, said):
    words = {"right": "Muy bien", "partly": "Casi", "wrong": "Repase", "always": "Artículo 3"}
    attempt, _activity = an_essay_to_mark(feedback=words)
    given = attempt.answers.get(order=2)
    assert given.said == ["Artículo 3"]
    marking.mark(answer=given, by=somebody_with_role("trainer"), levels={"c": level})
    assert attempt.answers.get(order=2).said == [said, "Artículo 3"]


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
