"""Quizzes of entry ask nothing of anybody; with final ones they say, in sums, what was learnt."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from courses.blocks import Stage
from courses.domain import completion, evaluation, gain, grading, settling, statements
from courses.domain import enrolment as enrolments
from courses.domain.activities import sync_lesson
from courses.models import Activity, ActivityCompletion, Answer, Attempt, CoursePage, Enrolment, Quiz, QuizItem
from lms.domain import roles
from lms.domain.errors import RuleBroken
from tests.clients import FullClient
from tests.courses.rule_cases import a_rule
from tests.courses.test_grading import answered, started
from tests.factories.courses import a_course, a_lesson, a_question, a_quiz
from tests.factories.people import a_person, an_employee

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer():
    person = a_person(email="facilitadora@example.org")
    roles.grant(person=person, role="trainer", by=None)
    return person


@pytest.fixture
def course(trainer) -> CoursePage:
    """A lesson with a quiz of entry of two questions, a text, and a final one of the same and one more."""
    course = a_course(owner=trainer)
    entry, final = a_quiz(questions=2), a_quiz(questions=0, pass_percent=60)
    asked = [item.question for item in entry.items.order_by("sort_order")]
    for order, question in enumerate([*asked, a_question("¿Solo al final?")]):
        QuizItem.objects.create(quiz=final, question=question, sort_order=order)
    lesson = a_lesson(
        course,
        ("quiz", {"quiz": entry, "is_required": True, "stage": "entry"}),
        ("quiz", {"quiz": final, "is_required": True, "stage": "final"}),
    )
    sync_lesson(lesson)
    return course


def the(course, stage: str) -> Activity:
    return Activity.objects.get(course_key=course.translation_key, stage=stage)


def joined(course, person=None) -> Enrolment:
    person = person or an_employee("0101")
    return enrolments.enrol(person=person, course=course, by=person)


def took(course, *, entry: int, final: int, enrolment=None) -> Enrolment:
    """Somebody who answered so many rightly, first on entry and then at the end."""
    enrolment = enrolment or joined(course)
    answered(started(enrolment, the(course, "entry")), right=entry)
    answered(started(enrolment, the(course, "final")), right=final)
    return enrolment


def signed_in(person) -> FullClient:
    client = FullClient()
    client.force_login(person)
    return client


def test_a_quiz_of_entry_is_answered_once_and_nothing_depends_on_it(course):
    enrolment, entry = joined(course), the(course, "entry")
    assert not entry.is_required
    attempt = answered(started(enrolment, entry), right=2)
    assert (attempt.score_percent, attempt.is_passed, attempt.stage) == (100, False, "entry")
    assert not ActivityCompletion.objects.exists()
    with pytest.raises(RuleBroken) as broken:
        started(enrolment, entry)
    assert broken.value.code == "attempt.none_left"
    progress = completion.course_progress(enrolment)
    assert [item.is_done for item in progress.items] == [True, False]
    assert [item.activity.stage for item in progress.missing] == ["final"]
    assert "entry" not in {one.title for one in progress.lacks}
    answered(started(enrolment, the(course, "final")), right=2)
    done = completion.judge(enrolment=enrolment)
    assert done.score_percent == 66  # of the final one alone


def test_who_answers_nothing_on_entry_completes_the_course(course):
    enrolment = joined(course)
    answered(started(enrolment, the(course, "final")), right=3)
    assert completion.judge(enrolment=enrolment)
    assert gain.of_attempt(Attempt.objects.get()) is None


def test_it_is_none_of_the_activities_from_which_one_may_choose(course):
    a_rule(course, optional_count=1)
    enrolment = took(course, entry=2, final=3)
    assert completion.course_progress(enrolment).optional.needed == 0
    assert completion.judge(enrolment=enrolment)


def test_what_was_answered_on_entry_counts_for_nothing_when_the_quiz_is_used_for_something_else(course):
    enrolment, entry = joined(course), the(course, "entry")
    answered(started(enrolment, entry), right=2)
    Activity.objects.filter(pk=entry.pk).update(stage=Stage.ORDINARY, is_required=True)
    settling.settle_one(enrolment)
    assert not ActivityCompletion.objects.exists()
    assert completion.course_progress(enrolment).missing[0].activity.pk == entry.pk
    a_rule(course, mean_percent=1)
    again = started(enrolment, Activity.objects.get(pk=entry.pk))
    assert (again.number, again.stage) == (2, "")
    answered(again, right=0)
    assert [item.best_percent for item in completion.course_progress(enrolment).items] == [0, None]
    assert not ActivityCompletion.objects.exists()
    state = grading.standing(enrolment=enrolment, activity=Activity.objects.get(pk=entry.pk))
    assert [one.number for one in state.attempts] == [2]


def test_what_was_passed_before_a_quiz_became_one_of_entry_stays_and_it_may_be_answered_anew(course):
    enrolment, final = joined(course), the(course, "final")
    answered(started(enrolment, final), right=3)
    Activity.objects.filter(pk=final.pk).update(stage=Stage.ENTRY, is_required=False)
    state = grading.standing(enrolment=enrolment, activity=Activity.objects.get(pk=final.pk))
    assert state.may_start
    assert not state.attempts
    assert ActivityCompletion.objects.filter(activity=final).exists()
    settling.settle_one(enrolment)
    assert ActivityCompletion.objects.count() == 1


def test_the_database_holds_what_a_stage_means(course):
    entry, final = the(course, "entry"), the(course, "final")
    attempt = answered(started(joined(course), entry), right=2)
    with pytest.raises(IntegrityError, match="attempt_of_entry_is_not_passed"), transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(is_passed=True)
    with pytest.raises(IntegrityError, match="activity_of_entry_is_not_required"), transaction.atomic():
        Activity.objects.filter(pk=entry.pk).update(is_required=True)
    with pytest.raises(IntegrityError, match="activity_with_a_stage_is_a_quiz"), transaction.atomic():
        Activity.objects.filter(pk=final.pk).update(kind="reading", quiz=None)


def test_grading_again_passes_nobody_on_entry(course):
    enrolment, entry = joined(course), the(course, "entry")
    attempt = answered(started(enrolment, entry), right=0)
    Answer.objects.filter(attempt=attempt).update(percent=100)
    grading.settle(attempt, enrolment, at=timezone.now())
    attempt.refresh_from_db()
    assert (attempt.score_percent, attempt.is_passed) == (100, False)


def test_the_result_of_entry_says_where_one_stands_and_neither_what_is_right_nor_why(course):
    enrolment = joined(course)
    client = signed_in(enrolment.person)
    lesson = client.get(course.lessons().first().url).content.decode()
    assert "Cuestionario de entrada" in lesson
    assert "No se aprueba ni se reprueba" in lesson
    attempt = started(enrolment, the(course, "entry"))
    review = client.get(reverse("courses:attempt_review", args=[attempt.public_id])).content.decode()
    assert "Se aprueba con" not in review
    answered(attempt, right=1)
    page = client.get(reverse("courses:attempt_result", args=[attempt.public_id])).content.decode()
    assert "Así está al entrar" in page
    assert "50 %" in page
    for told in ("Explicación 1", "Explicación 2", "Respuesta correcta", "Se aprueba con", "Todavía no", "Ya usó"):
        assert told not in page
    assert "Al entrar: 50 %" in client.get(course.lessons().first().url).content.decode()
    Quiz.objects.update(shows=Quiz.Shows.EACH)
    page = client.get(reverse("courses:attempt_result", args=[attempt.public_id])).content.decode()
    assert "Explicación 2" in page
    assert "Respuesta correcta" in page


def test_the_result_of_the_final_says_what_one_gained_over_the_questions_asked_twice(course):
    enrolment = took(course, entry=1, final=2)
    client, final = signed_in(enrolment.person), Attempt.objects.get(stage="final")
    change = gain.of_attempt(final)
    assert (change.before, change.after, change.questions, change.points) == (50, 100, 2, 50)
    page = client.get(reverse("courses:attempt_result", args=[final.public_id])).content.decode()
    words = re.sub(r"\s+", " ", page)
    assert "En las 2 preguntas que ya le hicimos al entrar tenía 50 %; ahora tiene 100 %." in words
    assert "Ganó 50 puntos." in words
    assert gain.of_attempt(Attempt.objects.get(stage="entry")) is None
    other = took(course, entry=0, final=3)
    assert gain.of_attempt(final).before == 50
    assert gain.of_attempt(Attempt.objects.get(enrolment=other, stage="final")).before == 0


def test_what_was_answered_after_the_final_began_is_no_entry(course):
    enrolment = joined(course)
    final = started(enrolment, the(course, "final"))
    answered(started(enrolment, the(course, "entry")), right=2)
    answered(final, right=3)
    assert gain.of_attempt(Attempt.objects.get(stage="final")) is None


def test_the_course_tells_sums_of_five_over_what_was_asked_twice(course, trainer):
    for right in (0, 1, 1, 0):
        took(course, entry=right, final=2)
    assert gain.of_course(course) == gain.Marked(True, True, None)
    address = reverse("courses_evaluation:results", args=[course.pk])
    few = signed_in(trainer).get(address).content.decode()
    assert "al menos 5 personas" in few
    assert "<svg viewBox" not in few
    fifth = took(course, entry=2, final=1)
    told = gain.of_course(course).gain
    # before: 0, 50, 50, 0, 100; after, of the two that were asked twice: 100, 100, 100, 100, 50
    assert (told.count, told.before.mean, told.after.mean) == (5, Decimal("40.0"), Decimal("90.0"))
    assert (told.before.median, told.after.median) == (Decimal("50.0"), Decimal("100.0"))
    assert (told.mean, told.normalised) == (Decimal("50.0"), Decimal("0.83"))
    assert (told.before.counts, told.after.counts) == ([2, 0, 2, 0, 1], [0, 0, 1, 0, 4])
    took(course, entry=0, final=0)
    assert gain.of_course(course).gain == told
    answered(started(fifth, the(course, "final")), right=3)  # a second try says how well one remembers the first
    assert gain.of_course(course).gain == told
    page = signed_in(trainer).get(address).content.decode()
    assert "Lo que se aprendió" in page
    assert page.count("<rect class=") == 10
    assert "primer intento con el mejor" not in page
    assert fifth.person.surnames not in page


def test_who_began_early_and_ends_late_moves_nothing_that_was_shown(course):
    first = joined(course)
    answered(started(first, the(course, "entry")), right=0)
    for _number in range(5):
        took(course, entry=1, final=2)
    told = gain.of_course(course).gain
    answered(started(first, the(course, "final")), right=3)
    assert gain.of_course(course).gain == told


def test_a_question_asked_once_is_compared_with_nothing(course):
    entry = the(course, "entry")
    dropped = entry.quiz.items.order_by("sort_order").last()
    for _number in range(5):
        enrolment = joined(course)
        answered(started(enrolment, entry), right=1)
        QuizItem.objects.filter(quiz=the(course, "final").quiz, question=dropped.question).delete()
        answered(started(enrolment, the(course, "final")), right=2)
    told = gain.of_course(course).gain
    assert (told.before.mean, told.after.mean, told.normalised) == (Decimal("100.0"), Decimal("100.0"), None)


def test_without_marks_it_stays_first_against_best_and_says_so(course, trainer):
    client, address = signed_in(trainer), reverse("courses_evaluation:results", args=[course.pk])
    took(course, entry=0, final=3)
    Activity.objects.filter(stage=Stage.FINAL).update(stage=Stage.ORDINARY)
    assert "ninguno final" in client.get(address).content.decode()
    assert [one.title for one in evaluation.gains(course)] == [Attempt.objects.get(stage="final").quiz.title]
    Activity.objects.filter(stage=Stage.ENTRY).update(stage=Stage.FINAL)
    assert "ninguno de entrada" in client.get(address).content.decode()
    Activity.objects.update(stage=Stage.ORDINARY)
    page = client.get(address).content.decode()
    assert "Ningún cuestionario está marcado" in page
    assert "primer intento con el mejor" in page


def test_who_tries_again_late_moves_nothing_of_first_against_best():
    course = a_course()
    sync_lesson(a_lesson(course, ("quiz", {"quiz": a_quiz(questions=1), "is_required": True})))
    activity = Activity.objects.get(course_key=course.translation_key)
    early, *others = [joined(course) for _number in range(6)]

    def tried(enrolment, number, percent, minutes):
        Attempt.objects.create(
            public_id=uuid.uuid4(),
            enrolment=enrolment,
            activity=activity,
            quiz=activity.quiz,
            number=number,
            pass_percent=70,
            closed_at=timezone.now() + timedelta(minutes=minutes),
            score_percent=percent,
        )

    tried(early, 1, 0, 0)
    for enrolment in others:
        tried(enrolment, 1, 40, 1)
        tried(enrolment, 2, 60, 2)
    told = evaluation.gains(course)
    assert told[0].count == 5
    tried(early, 2, 100, 3)
    assert evaluation.gains(course) == told


def test_queries_do_not_grow_with_people(course, django_assert_num_queries):
    took(course, entry=0, final=3)
    with django_assert_num_queries(3):
        gain.of_course(course)
    for _number in range(3):
        took(course, entry=0, final=3)
    with django_assert_num_queries(3):
        gain.of_course(course)


def test_as_a_statement_one_of_entry_is_neither_passed_nor_failed(course):
    enrolment = took(course, entry=2, final=3)
    told = [one for one in statements.of_person(enrolment.person) if "score" in one.get("result", {})]
    quizzes = [one for one in told if one["object"]["definition"]["type"] == statements.TYPES["quiz"]]
    verbs = {one["verb"]["id"].rsplit("/", 1)[1]: one["result"].get("success") for one in quizzes}
    assert verbs == {"completed": None, "passed": True}
