"""What others see of answers that were given in a translation: whoever marks them, and who takes xAPI statements."""

import uuid
from decimal import Decimal

import pytest
from django.urls import reverse
from wagtail.models import Locale

from courses.domain import grading, marking, statements, tongues
from courses.models import Answer, Attempt, QuizItem
from courses.questions import Essay
from tests.courses.test_statements import faults
from tests.courses.test_translations import publish
from tests.courses.tongue_cases import CODE, a_setting, say
from tests.factories.courses import a_question

pytestmark = pytest.mark.django_db


@pytest.fixture
def setting():
    """A quiz in two languages with an essay; nobody has begun it."""
    made = a_setting()
    essay = a_question("¿Por qué <strong>importa</strong>?", body=Essay(marker_note="Mire el artículo 3"))
    essay.made_by = made.author
    essay.save()
    QuizItem.objects.create(quiz=made.quiz, question=essay, sort_order=9)
    made.questions.append(essay)
    return made


def closed(setting, code: str) -> Attempt:
    """An attempt that was begun from the lesson in a language, and handed in."""
    attempt = grading.start(
        enrolment=setting.enrolment, activity=setting.activity, attempt_id=uuid.uuid4(), language=code
    )
    for one in attempt.answers.select_related("version"):
        kind = one.version.said.kind
        given = {"chosen": ["x"]} if kind == "single" else {"text": "Rumal" if kind == "essay" else "alcalde"}
        grading.answer(attempt=attempt, order=one.order, given=given)
    grading.hand_in(attempt=attempt)
    return Attempt.objects.get(pk=attempt.pk)


def essay_of(attempt: Attempt) -> Answer:
    (found,) = [one for one in attempt.answers.select_related("version") if one.version.said.kind == "essay"]
    return found


def marked_page(client, setting, attempt: Attempt) -> str:
    client.force_login(setting.author)
    address = reverse("courses_marking:mark", args=[attempt.public_id, essay_of(attempt).order])
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_marker_reads_the_question_as_it_was_read_with_the_original_beside_it(client, setting):
    say(setting.questions[2], {"text": "<p>¿Jasche <em>nim</em>?</p>"})
    html = marked_page(client, setting, closed(setting, CODE))
    assert "Leyó la pregunta en K&#x27;iche&#x27;" in html
    assert '<div class="prose" lang="quc"><p>¿Jasche <em>nim</em>?</p></div>' in html
    assert "La pregunta en el original" in html
    assert html.index("¿Jasche") < html.index("<strong>importa</strong>") < html.index("Mire el artículo 3")


@pytest.mark.parametrize("code", ["", CODE])
def test_a_question_that_was_read_in_the_original_is_shown_once(client, setting, code):
    if not code:
        say(setting.questions[2], {"text": "<p>¿Jasche?</p>"})
    html = marked_page(client, setting, closed(setting, code))
    assert html.count("<strong>importa</strong>") == 1
    assert "La pregunta en el original" not in html
    assert "¿Jasche" not in html


def told(setting, attempt: Attempt, verb: str = "answered") -> list[dict]:
    found = [one for one in statements.of_person(setting.person) if one["verb"]["id"].endswith(verb)]
    assert [name for one in found for name in faults(one, "2.0")] == []
    return found


def test_statements_say_what_was_read_in_both_languages(setting):
    first, second, essay = setting.questions
    say(first)
    say(essay, {"text": "<p>¿Jasche <em>nim</em>?</p>"})
    tongues.keep_quiz(setting.quiz, code=CODE, title="Na'tajisab'al", instructions="", by=setting.author)
    attempt = closed(setting, CODE)
    of_each = {one["object"]["definition"]["name"]["es-GT"]: one for one in told(setting, attempt)}
    described = {name: one["object"]["definition"]["description"] for name, one in of_each.items()}
    assert described == {
        first.name: {"es-GT": "¿Pregunta 1?", "quc": "quc ¿Pregunta 1?"},
        second.name: {"es-GT": "¿Pregunta 2?"},
        essay.name: {"es-GT": "¿Por qué importa?", "quc": "¿Jasche nim?"},
    }
    for one in of_each.values():
        (quiz,) = one["context"]["contextActivities"]["parent"]
        assert quiz["definition"]["name"] == {"es-GT": "Repaso", "quc": "Na'tajisab'al"}
    grading_of_essay = essay_of(attempt)
    assert grading_of_essay.translation.language == CODE


def test_what_was_read_in_the_original_has_one_language(setting):
    for one in setting.questions:
        say(one)
    tongues.keep_quiz(setting.quiz, code=CODE, title="Na'tajisab'al", instructions="", by=setting.author)
    for one in told(setting, closed(setting, "")):
        assert set(one["object"]["definition"]["description"]) == {"es-GT"}
        (quiz,) = one["context"]["contextActivities"]["parent"]
        assert set(quiz["definition"]["name"]) == {"es-GT"}


def test_a_course_that_is_written_in_english_says_so(setting):
    course = setting.here.course
    course.locale = Locale.objects.get_or_create(language_code="en")[0]
    publish(course)
    say(setting.questions[0], code="es")
    found = told(setting, closed(setting, "es"))
    names = [set(one["object"]["definition"]["name"]) for one in found]
    assert names == [{"en"}] * 3
    assert sorted(len(one["object"]["definition"]["description"]) for one in found) == [1, 1, 2]
    assert {key for one in found for key in one["object"]["definition"]["description"]} == {"en", "es-GT"}
    assert all("es-GT" in one["verb"]["display"] for one in found)


def test_statements_cost_the_same_in_any_number_of_languages(setting, django_assert_max_num_queries):
    for one in setting.questions:
        say(one)
    first = closed(setting, "")
    with django_assert_max_num_queries(14) as once:
        list(statements.of_person(setting.person))
    marking.mark(answer=essay_of(first), by=setting.author, percent=Decimal(0))
    closed(setting, CODE)
    with django_assert_max_num_queries(len(once)):
        assert len(list(statements.of_person(setting.person))) > 6
