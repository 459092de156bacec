"""What people say of a course: voluntary, once, changed for 14 days, told in sums of five or more alone."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from courses.domain import enrolment as enrolments
from courses.domain import evaluation
from courses.domain.activities import sync_lesson
from courses.models import Activity, Attempt, Evaluation
from courses.models.evaluation import SCORES
from lms.domain import duplicates, erasure, roles
from lms.domain.errors import RuleBroken
from tests.clients import FullClient
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.people import a_person, an_employee

pytestmark = pytest.mark.django_db
FOURS = dict.fromkeys(SCORES, 4)


@pytest.fixture
def trainer():
    person = a_person(email="facilitadora@example.org")
    roles.grant(person=person, role="trainer", by=None)
    return person


@pytest.fixture
def course(trainer):
    return a_course(owner=trainer)


def out_of(course, person=None):
    """Somebody who left the course, and so may say why."""
    person = person or an_employee("0101")
    return enrolments.withdraw(enrolment=enrolments.enrol(person=person, course=course, by=person), by=person)


def given(course, score=4, sentence="", person=None) -> Evaluation:
    return evaluation.give(enrolment=out_of(course, person), scores=dict.fromkeys(SCORES, score), sentence=sentence)


def code_of(**said) -> str:
    with pytest.raises(RuleBroken) as broken:
        evaluation.give(**said)
    return broken.value.code


def signed_in(person) -> FullClient:
    client = FullClient()
    client.force_login(person)
    return client


def test_it_is_given_after_the_course_and_changed_for_two_weeks(course):
    person = an_employee()
    enrolment = enrolments.enrol(person=person, course=course, by=person)
    client, address = signed_in(person), reverse("courses:evaluate", args=[enrolment.public_id])
    sent = {name: "5" for name in SCORES} | {"sentence": "Muy  claro\n<b>"}
    assert "cuando lo complete" in client.get(address).content.decode()
    assert client.post(address, sent).status_code == 422
    enrolments.withdraw(enrolment=enrolment, by=person)
    assert client.post(address, sent | {"useful": "6"}).status_code == 422
    assert client.post(address, {"useful": "5"}).status_code == 422
    assert not Evaluation.objects.exists()
    assert client.post(address, sent).url == course.url
    assert client.post(address, sent | {"useful": "1"}).status_code == 302
    row = Evaluation.objects.get()
    assert (row.useful, row.clear, row.sentence, row.edition) == (1, 5, "Muy claro <b>", 1)
    assert "&lt;b&gt;" in client.get(address).content.decode()
    Evaluation.objects.update(given_at=timezone.now() - timedelta(days=14))
    assert client.post(address, sent).status_code == 422
    assert Evaluation.objects.get().useful == 1
    assert signed_in(an_employee()).get(address).status_code == 404


def test_what_is_no_answer_is_refused(course):
    enrolment = out_of(course)
    ask = {"enrolment": enrolment}
    assert code_of(**ask, scores=FOURS | {"useful": 0}) == "evaluation.score"
    assert code_of(**ask, scores={"useful": 4}) == "evaluation.score"
    assert code_of(**ask, scores=FOURS, sentence="x" * 301) == "evaluation.too_long"
    row = given(course)
    for name in SCORES:
        with pytest.raises(IntegrityError, match=f"{name}_is_1_to_5"), transaction.atomic():
            Evaluation.objects.filter(pk=row.pk).update(**{name: 6})
    copy = {name: getattr(row, name) for name in ("person", "course_key", "edition", *SCORES)}
    with pytest.raises(IntegrityError), transaction.atomic():
        Evaluation.objects.create(**copy)


def test_sums_begin_with_five_and_move_in_fives(course):
    for number in range(4):
        given(course, 4, f"Frase {number}")
    assert (evaluation.opinions(course.translation_key)[0].scores) == []
    assert (evaluation.opinions(course.translation_key)[0].sentences) == []
    given(course, 2, "Frase 4")
    five = evaluation.opinions(course.translation_key)[0]
    assert [(one.mean, one.counts) for one in five.scores] == [(Decimal("3.6"), [0, 1, 0, 4, 0])] * 5
    assert sorted(five.sentences) == [f"Frase {number}" for number in range(5)]
    given(course, 1, "Nadie la ve todavía")
    six = evaluation.opinions(course.translation_key)[0]
    assert (six.count, six.scores, sorted(six.sentences)) == (5, five.scores, sorted(five.sentences))


def test_editions_are_told_apart(course):
    for _number in range(5):
        given(course, 5)
    course.edition = 2
    course.save_revision().publish()
    given(course, 1)
    assert [(one.edition, one.count) for one in evaluation.opinions(course.translation_key)] == [(2, 0), (1, 5)]


def test_who_teaches_the_course_reads_sums_without_names(course, trainer):
    people = [an_employee("0101", surnames=f"Apellido{n}") for n in range(5)]
    for person in people:
        given(course, 4, "Sirve <i>mucho</i>", person)
    address = reverse("courses_evaluation:results", args=[course.pk])
    page = signed_in(trainer).get(address).content.decode()
    assert "Sirve &lt;i&gt;mucho" in page
    assert not any(person.surnames in page for person in people)
    # On a telephone a table scrolls within its frame, also by keys.
    assert page.count('<table class="listing"') == page.count('tabindex="0" role="region"') > 0
    stranger = a_person()
    roles.grant(person=stranger, role="trainer", by=None)
    assert signed_in(stranger).get(address).status_code == 404
    assert course.title not in signed_in(stranger).get(reverse("courses_evaluation:index")).content.decode()
    assert course.title in signed_in(trainer).get(reverse("courses_evaluation:index")).content.decode()


def attempts(course, activity, *percents) -> None:
    enrolment = out_of(course)
    for number, percent in enumerate(percents, start=1):
        Attempt.objects.create(
            public_id=uuid.uuid4(),
            enrolment=enrolment,
            activity=activity,
            quiz=activity.quiz,
            number=number,
            pass_percent=70,
            closed_at=timezone.now(),
            score_percent=percent,
        )


def test_the_gain_of_a_quiz_is_the_formula_of_hake_over_those_who_tried_twice(course):
    sync_lesson(a_lesson(course, ("quiz", {"quiz": a_quiz(questions=1), "is_required": True})))
    activity = Activity.objects.get(course_key=course.translation_key)
    for last in (80, 100, 60, 90):
        attempts(course, activity, 40, last, 50)
    attempts(course, activity, 100)  # once: says nothing of a gain
    assert evaluation.gains(course) == [evaluation.Gain(activity.title, 0)]
    attempts(course, activity, 40, 70)
    (gain,) = evaluation.gains(course)
    # means: first 40, best (80+100+60+90+70)/5 = 80; (80-40)/(100-40) = 0.67
    assert (gain.count, gain.first, gain.best, gain.mean) == (5, Decimal("40.0"), Decimal("80.0"), Decimal("40.0"))
    assert gain.normalised == Decimal("0.67")
    attempts(course, activity, 0, 100)
    assert evaluation.gains(course) == [gain]
    Attempt.objects.update(score_percent=100)
    assert evaluation.gains(course)[0].normalised is None


def test_evaluations_go_with_the_person_and_one_human_being_has_one_voice(course):
    one, other = given(course), given(course, 1)
    alone = given(a_course(), 3, person=other.person)
    merge = duplicates.merge(survivor=one.person, absorbed=other.person, reason="x", by=None)
    assert set(Evaluation.objects.filter(person=one.person)) == {one, alone}
    for _number in range(4):
        given(course, 4)
    assert evaluation.opinions(course.translation_key)[0].scores[0].counts == [0, 0, 0, 5, 0]
    duplicates.undo(merge=merge, by=None)
    assert set(Evaluation.objects.filter(person=other.person)) == {other, alone}
    erasure.erase(person=other.person, by=None)
    assert not Evaluation.objects.filter(person=other.person).exists()
