"""What attempts say of questions: the figures of whole attempts, whose they are, and that few people stay few."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses.domain import item_analysis
from courses.models import Attempt, Quiz
from lms.domain import roles
from lms.models import Person
from tests.courses.test_regrading import Scene
from tests.factories.people import a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db

# What ten people chose in the first question and in the second (`a` is right in both); blanks are empty.
CHOSEN = ["aa", "aa", "aa", "ba", "ab", "bb", "ab", "cb", "cb", " b"]


@pytest.fixture
def scene(client):
    made = Scene()
    for first, second in CHOSEN:
        made.attempt(first.strip(), second)
    client.force_login(made.trainer)
    return made


def test_figures_of_a_quiz(scene):
    first, second = sorted(item_analysis.of_quiz(scene.quiz, by=scene.trainer), key=lambda row: row.question.pk)
    assert (first.question, first.figures.n, first.figures.blanks) == (scene.question, 10, 1)
    assert (first.figures.facility, second.figures.facility) == (50, 40)
    # Of the five right ones three have the rest right, of the five wrong ones one: phi = (3·4 − 2·1)/√(5·5·4·6).
    assert first.figures.rest == pytest.approx(10 / 600**0.5)
    assert second.figures.rest == pytest.approx(10 / 600**0.5)
    # Three have all, four nothing: 1 less 0.
    assert first.figures.upper_lower == 1


def test_what_was_chosen_and_by_whom(scene):
    figures, options = item_analysis.of_question(scene.question.latest, by=scene.trainer)
    assert figures.facility == 50
    told = [(one.text, one.is_right, one.count, round(one.strong), round(one.weak)) for one in options]
    assert told == [
        ("Opción a", True, 5, 100, 0),
        ("Opción b", False, 2, 0, 25),
        ("Opción c", False, 2, 0, 50),
    ]
    assert not any(one.deceives_the_strong or one.is_never_taken for one in options)


def test_an_option_that_nobody_takes_and_one_that_deceives_the_strong():
    scene = Scene()
    for first, second in ["ba", "ba", "ba", "ab", "ab", "ab", " b", " b", " b"]:
        scene.attempt(first.strip(), second)
    _figures, options = item_analysis.of_question(scene.question.latest, by=scene.trainer)
    assert [(one.deceives_the_strong, one.is_never_taken) for one in options] == [
        (False, False),
        (True, False),
        (False, True),
    ]


def test_first_attempts_or_all(scene):
    again = Attempt.objects.filter(score_percent=0).first().enrolment.person
    scene.attempt("a", "b", person=again)
    counts = [
        {row.figures.n for row in item_analysis.of_quiz(scene.quiz, by=scene.trainer, is_first=is_first)}
        for is_first in (True, False)
    ]
    assert counts == [{10}, {11}]


def test_versions_are_told_apart(scene):
    scene.correct()
    for _number in range(5):
        scene.attempt("b", "a")
    found = {
        (row.question.pk, row.version.number): row.figures
        for row in item_analysis.of_quiz(scene.quiz, by=scene.trainer)
    }
    assert found[scene.question.pk, 1].facility == 50
    assert (found[scene.question.pk, 2].n, found[scene.question.pk, 2].facility) == (5, 100)


def test_the_queries_do_not_grow(scene):
    counts = []
    for more in (0, 4):
        for _number in range(more):
            scene.attempt("b", "a")
        with CaptureQueriesContext(connection) as asked:
            item_analysis.of_quiz(scene.quiz, by=Person.objects.get(pk=scene.trainer.pk))
        counts.append(len(asked))
    assert counts[0] == counts[1]


# The pages -------------------------------------------------------------------------------------------------------


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_the_pages_say_it_in_a_table_and_in_a_drawing(client, scene):
    page = text_of(client.get(reverse("courses_bank:quiz_analysis", args=[scene.quiz.public_id])))
    assert "50.0 %" in page
    assert "0.41" in page
    assert page.count("<circle") == 2
    page = text_of(client.get(reverse("courses_bank:analysis", args=[scene.question.public_id])))
    assert "<svg" in page
    assert "Opción a" in page
    assert "style=" not in page.partition("<svg")[2].partition("</svg>")[0]


def test_the_list_of_quizzes_leads_there(client, scene):
    page = text_of(client.get(reverse("wagtailsnippets_courses_quiz:list")))
    assert reverse("courses_bank:quiz_analysis", args=[scene.quiz.public_id]) in page


def test_of_fewer_than_five_no_figure_is_shown(client):
    scene = Scene()
    for first, second in CHOSEN[:4]:
        scene.attempt(first, second)
    client.force_login(scene.trainer)
    for address in (
        reverse("courses_bank:quiz_analysis", args=[scene.quiz.public_id]),
        reverse("courses_bank:analysis", args=[scene.question.public_id]),
    ):
        page = text_of(client.get(address))
        assert "muy pocas respuestas" in page.lower()
        assert "<circle" not in page
        assert "Opción a" not in page


def test_only_those_who_write_the_quiz_and_only_of_their_courses(client, scene):
    address = reverse("courses_bank:quiz_analysis", args=[scene.quiz.public_id])
    other = a_person()
    roles.grant(person=other, role="trainer", by=None)
    client.force_login(other)
    assert client.get(address).status_code == 404
    assert client.get(reverse("courses_bank:analysis", args=[scene.question.public_id])).status_code == 404
    # A quiz of one's own that stands in another's course tells nothing of those who learn there.
    Quiz.objects.update(made_by=other)
    assert item_analysis.of_quiz(scene.quiz, by=other) == []
    assert "<circle" not in text_of(client.get(address))
    administrator = somebody_with_role("administrator")
    assert len(item_analysis.of_quiz(scene.quiz, by=administrator)) == 2
    for person in (somebody_with_role("hr_delegate"), an_employee()):
        client.force_login(person)
        assert client.get(address).status_code in {302, 403, 404}
