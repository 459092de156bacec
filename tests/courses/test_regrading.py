"""Grading again by a corrected question: the look first, who gains and loses, what stays, and that it is told."""

import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from courses import questions
from courses.domain import bank, grading, regrading
from courses.domain import enrolment as enrolments
from courses.domain.activities import sync_lesson
from courses.models import (
    Activity,
    ActivityCompletion,
    Answer,
    Attempt,
    Completion,
    MarkChange,
    Quiz,
    QuizItem,
    Regrading,
)
from courses.questions import mapping
from lms.domain import jobs, roles
from lms.models import AuditEvent, Job
from tests.courses.test_grading import broken
from tests.factories.courses import a_course, a_lesson, a_question
from tests.factories.people import a_person, an_employee

pytestmark = pytest.mark.django_db

REASON = "La ley dice otra cosa desde marzo."


def choices(right: str, *texts: str, **fields) -> questions.Choices:
    """Options `a`, `b`, `c` …, of which one is right."""
    keys = "abcdef"[: len(texts) or 3]
    options = [questions.Option(key=key, text=f"Opción {key}", percent=100 * (key == right)) for key in keys]
    return questions.Choices(kind=questions.Kind.SINGLE, options=options, **fields)


class Scene:
    """A trainer's course with a quiz of two questions, the first of which has a wrong key."""

    def __init__(self, trainer=None, **fields) -> None:
        self.trainer = trainer or a_person()
        if trainer is None:
            roles.grant(person=self.trainer, role="trainer", by=None)
        self.course = a_course(owner=self.trainer)
        self.question = a_question("¿Cuál?", body=choices("a"), made_by=self.trainer)
        self.other = a_question("¿Otra?", body=choices("a"), made_by=self.trainer)
        self.quiz = Quiz.objects.create(title="Prueba", made_by=self.trainer, pass_percent=60, **fields)
        for number, question in enumerate([self.question, self.other]):
            QuizItem.objects.create(quiz=self.quiz, question=question, sort_order=number)
        sync_lesson(a_lesson(self.course, ("quiz", {"quiz": self.quiz, "is_required": True})))
        self.activity = Activity.objects.get(course_key=self.course.translation_key)

    def attempt(self, *chosen: str, person=None) -> Attempt:
        """Handed in, with these options chosen."""
        person = person or an_employee()
        enrolment = enrolments.enrol(person=person, course=self.course, by=person)
        attempt = grading.start(enrolment=enrolment, activity=self.activity, attempt_id=uuid.uuid4())
        for order, key in enumerate(chosen, start=1):
            grading.answer(attempt=attempt, order=order, given={"chosen": [key] if key else []})
        return grading.hand_in(attempt=attempt)

    def correct(self, body=None) -> None:
        """From now on `b` is right."""
        said = self.question.latest.said.model_copy(update={"body": body or choices("b")})
        bank.change(self.question, said, by=self.trainer)
        self.question.refresh_from_db()

    def look(self, by=None, **fields) -> regrading.Look:
        return regrading.look(self.question, by=by or self.trainer, **fields)

    def ask(self, takes: str = "both", **fields) -> Regrading:
        number = self.question.latest.number
        given = {"question": self.question, "number": number, "takes": takes, "reason": REASON, "by": self.trainer}
        return regrading.ask(**given | fields)

    def regrade(self, takes: str = "both", **fields) -> Regrading:
        order = self.ask(takes, **fields)
        jobs.run(Job.objects.get(kind=regrading.KIND, subject=str(order.public_id)).pk)
        job = Job.objects.get(subject=str(order.public_id))
        assert (job.state, job.reason) == (Job.State.DONE, "")
        return order


def state(attempt: Attempt) -> tuple[int | None, bool]:
    attempt.refresh_from_db()
    return attempt.score_percent, attempt.is_passed


def test_the_look_says_who_gains_and_who_loses_and_changes_nothing():
    scene = Scene()
    gains, loses, same = scene.attempt("b", "a"), scene.attempt("a", "a"), scene.attempt("c", "a")
    scene.correct()
    found = scene.look()
    assert found.counts == {"gains": 1, "loses": 1, "same": 1}
    told = [(one.attempt_id, one.kind, one.score_before, one.score_after, one.is_passed) for one in found.outcomes]
    assert told == [(loses.pk, "loses", 100, 50, False), (gains.pk, "gains", 50, 100, True)]
    assert found.passes == 1
    assert [state(one) for one in (gains, loses, same)] == [(50, False), (100, True), (50, False)]
    assert not MarkChange.objects.exists()


def test_who_gains_completes_and_who_loses_keeps_what_was_earned():
    scene = Scene()
    gains, loses = scene.attempt("b", "a"), scene.attempt("a", "b", person=None)
    scene.quiz.pass_percent = 50
    passed = scene.attempt("a", "a")
    assert Completion.objects.filter(enrolment=passed.enrolment).exists()
    scene.correct()
    scene.regrade()
    assert [state(one) for one in (gains, loses, passed)] == [(100, True), (0, False), (50, False)]
    assert ActivityCompletion.objects.get(enrolment=gains.enrolment).score_percent == 100
    assert Completion.objects.filter(enrolment=gains.enrolment).exists()
    # What was completed is complete, and nobody has to try again.
    assert ActivityCompletion.objects.get(enrolment=passed.enrolment).score_percent == 100
    assert Completion.objects.filter(enrolment=passed.enrolment).exists()
    standing = grading.standing(enrolment=passed.enrolment, activity=scene.activity)
    assert (standing.is_passed, standing.may_start) == (True, False)
    told = MarkChange.objects.values_list(
        "answer__attempt", "percent_before", "percent_after", "score_before", "score_after", "was_passed", "is_passed"
    )
    assert set(told) == {
        (gains.pk, 0, 100, 50, 100, False, True),
        (loses.pk, 100, 0, 50, 0, False, False),
        (passed.pk, 100, 0, 100, 50, True, False),
    }
    assert set(MarkChange.objects.values_list("reason", "made_by", "version__number")) == {
        (REASON, scene.trainer.pk, 2)
    }
    assert set(Answer.objects.filter(version__question=scene.question).values_list("graded_by__number", flat=True)) == {
        2
    }


def test_only_those_who_gain():
    scene = Scene()
    gains, loses = scene.attempt("b", "a"), scene.attempt("a", "a")
    scene.correct()
    scene.regrade("gains")
    assert [state(one) for one in (gains, loses)] == [(100, True), (100, True)]
    assert MarkChange.objects.get().answer.attempt == gains


def test_done_twice_it_changes_nothing_the_second_time():
    scene = Scene()
    scene.attempt("b", "a")
    scene.correct()
    order = scene.regrade()
    before = list(MarkChange.objects.values())
    job = Job.objects.get(subject=str(order.public_id))
    Job.objects.filter(pk=job.pk).update(state=Job.State.WAITING)
    assert jobs.run(job.pk)
    assert list(MarkChange.objects.values()) == before
    assert broken(scene.ask) == "regrade.nothing"
    assert AuditEvent.objects.filter(action="question.regraded").count() == 1


def test_it_is_refused_without_a_reason_or_when_the_question_changed_meanwhile():
    scene = Scene()
    scene.attempt("b", "a")
    scene.correct()
    assert broken(scene.ask, reason="  ") == "regrade.no_reason"
    assert broken(scene.ask, number=1) == "regrade.changed"
    assert broken(scene.ask, takes="todos") == "regrade.takes"
    scene.ask()
    assert broken(scene.ask) == "regrade.running"


def test_nobody_regrades_their_own_attempts_nor_those_of_courses_that_they_do_not_write():
    scene, other = Scene(), a_person()
    own, foreign = scene.attempt("b", "a", person=scene.trainer), scene.attempt("b", "a")
    scene.correct()
    assert [one.attempt_id for one in scene.look().outcomes] == [foreign.pk]
    roles.grant(person=other, role="trainer", by=None)
    assert scene.look(by=other).counts == {}
    assert broken(scene.ask, by=other) == "regrade.nothing"
    scene.regrade()
    assert [state(own), state(foreign)] == [(50, False), (100, True)]


def test_an_order_reaches_the_courses_that_it_names():
    scene = Scene()
    mine = scene.attempt("b", "a")
    elsewhere = a_course(owner=a_person())
    lesson = a_lesson(elsewhere, ("quiz", {"quiz": scene.quiz, "is_required": True}))
    sync_lesson(lesson)
    person = an_employee()
    enrolment = enrolments.enrol(person=person, course=elsewhere, by=person)
    activity = Activity.objects.get(course_key=elsewhere.translation_key)
    theirs = grading.start(enrolment=enrolment, activity=activity, attempt_id=uuid.uuid4())
    grading.answer(attempt=theirs, order=1, given={"chosen": ["b"]})
    grading.hand_in(attempt=theirs)
    scene.correct()
    assert scene.look().counts == {"gains": 1}
    scene.regrade()
    assert [state(mine), state(theirs)] == [(100, True), (0, False)]


def test_a_mark_of_a_hand_stays_the_hands():
    scene = Scene()
    attempt = scene.attempt("b", "a")
    attempt.answers.filter(order=1).update(marked_at=timezone.now(), marked_by=scene.trainer)
    scene.correct()
    assert scene.look().counts == {}


def test_what_could_not_be_chosen_is_not_held_against_anybody():
    scene = Scene()
    attempt = scene.attempt("a", "a")
    scene.correct(choices("d", "a", "b", "c", "d"))
    found = scene.look()
    assert (found.counts, found.outcomes[0].why) == ({"cannot": 1}, "unseen")
    assert broken(scene.ask) == "regrade.nothing"
    assert state(attempt) == (100, True)


def test_of_one_quiz_alone():
    scene = Scene()
    scene.attempt("b", "a")
    scene.correct()
    assert scene.look(quiz=Quiz.objects.create(title="Otro")).counts == {}
    assert scene.look(quiz=scene.quiz).counts == {"gains": 1}


def test_the_look_asks_as_much_for_thirty_as_for_three(django_assert_max_num_queries):
    scene = Scene()
    for _number in range(3):
        scene.attempt("b", "a")
    scene.correct()
    with django_assert_max_num_queries(20) as few:
        scene.look()
    for _number in range(9):
        one = scene.attempt("c", "a")
        one.answers.filter(order=1).update(version=scene.question.versions.get(number=1))
    with django_assert_max_num_queries(len(few)):
        assert sum(scene.look().counts.values()) == 12


def test_the_tables_refuse_a_change_without_a_reason_and_twice_by_one_order():
    scene = Scene()
    scene.attempt("b", "a")
    scene.correct()
    scene.regrade()
    change = MarkChange.objects.get()
    for wrong in ({"reason": "", "regrading": None}, {}):
        again = {name: getattr(change, name) for name in ("answer", "regrading", "version", "reason")} | wrong
        with pytest.raises(IntegrityError), transaction.atomic():
            MarkChange.objects.create(**again, was_passed=False, is_passed=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        Regrading.objects.update(reason="")


# Answers to one version as answers to another ---------------------------------------------------------------------


def pair(key: str, answer: str) -> questions.Pair:
    return questions.Pair(key=key, prompt=key, answer=answer)


MATCHING = questions.Matching(pairs=[pair("p1", "Rojo"), pair("p2", "Azul")], distractors=["Verde"])
ITEMS = [questions.Item(key="i1", text="1"), questions.Item(key="i2", text="2")]
THIRD = questions.Item(key="i3", text="3")


@pytest.mark.parametrize(
    ("new", "given", "carried"),
    [
        # The answers are known by their place, which a correction moves.
        (
            questions.Matching(pairs=[pair("p1", "Verde"), pair("p2", "Azul")]),
            {"p1": "a2", "p2": "a1"},
            {"p1": "a0", "p2": "a1"},
        ),
        (questions.Matching(pairs=[pair("p1", "Verde"), pair("p2", "Azul")]), {"p1": "a0"}, {}),
        (questions.Matching(pairs=[pair("p1", "Morado"), pair("p2", "Azul")]), {"p1": "a0"}, "unseen"),
        (questions.Matching(pairs=[pair("p1", "Rojo"), pair("p3", "Azul")]), {"p1": "a0"}, "parts"),
    ],
)
def test_pairs_are_carried_over_by_what_was_read(new, given, carried):
    try:
        found = mapping.carry(MATCHING, new, {"pairs": given})["pairs"]
    except mapping.Unmappable as unmappable:
        found = unmappable.code
    assert found == carried


@pytest.mark.parametrize(
    ("old", "new", "given", "code"),
    [
        (choices("a"), questions.TrueFalse(is_true=True), {"chosen": ["a"]}, "kind"),
        (choices("a", "a", "b", "c"), choices("a", "a", "b"), {"chosen": ["c"]}, "gone"),
        (
            questions.Ordering(items=ITEMS),
            questions.Ordering(items=[*ITEMS, questions.Item(key="i3", text="3")]),
            {"order": ["i1", "i2"]},
            "parts",
        ),
        (questions.Essay(), questions.Essay(least_words=5), {"text": "x"}, "person"),
    ],
)
def test_what_says_nothing_of_the_other_version_is_not_graded_by_it(old, new, given, code):
    with pytest.raises(mapping.Unmappable) as caught:
        mapping.carry(old, new, given)
    assert caught.value.code == code


def test_a_new_order_and_a_new_number_grade_what_was_given():
    swapped = questions.Ordering(items=list(reversed(ITEMS)))
    assert mapping.carry(questions.Ordering(items=ITEMS), swapped, {"order": ["i2", "i1"]}) == {"order": ["i2", "i1"]}
    gap = questions.ClozeGap(key="g1", body=choices("a"))
    better = questions.ClozeGap(key="g1", body=choices("b"))
    given = {"gaps": {"g1": {"chosen": ["b"]}}}
    assert mapping.carry(questions.Cloze(gaps=[gap]), questions.Cloze(gaps=[better]), given) == given
