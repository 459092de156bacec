"""Marking in the back-office: what waits for whom, by rubric or percent, one after the other."""

import uuid

import pytest
from django.urls import reverse

from courses.domain import enrolment as enrolments
from courses.domain import grading
from courses.domain.activities import sync_lesson
from courses.models import Activity, Answer, QuizItem
from courses.questions import Criterion, Essay, Level
from lms.domain import roles
from tests.factories.courses import a_course, a_lesson, a_question, a_quiz
from tests.factories.people import a_person, an_employee

pytestmark = pytest.mark.django_db

LEVELS = [Level(key="l1", text="Cita la ley", points=10), Level(key="l2", text="No la cita", points=4)]
RUBRIC = Essay(rubric=[Criterion(key="c1", text="Fundamento", levels=LEVELS)], marker_note="Mire el artículo 3")
INDEX = "courses_marking:index"


@pytest.fixture
def trainer(client):
    person = a_person(email="facilitadora@example.org")
    roles.grant(person=person, role="trainer", by=None)
    client.force_login(person)
    return person


def handed_in(*bodies: Essay, owner) -> list[Answer]:
    """The answers of somebody in a course of `owner`, to one essay for each body."""
    course, quiz = a_course(owner=owner), a_quiz(questions=0)
    for number, body in enumerate(bodies):
        QuizItem.objects.create(quiz=quiz, question=a_question(f"¿Ensayo {number}?", body=body), sort_order=number)
    sync_lesson(a_lesson(course, ("quiz", {"quiz": quiz, "is_required": True})))
    person = an_employee("0101")
    enrolment = enrolments.enrol(person=person, course=course, by=person)
    activity = Activity.objects.get(course_key=course.translation_key)
    attempt = grading.start(enrolment=enrolment, activity=activity, attempt_id=uuid.uuid4())
    attempt.answers.update(given={"text": "<b>Mi respuesta</b>"})
    grading.hand_in(attempt=attempt)
    return list(attempt.answers.order_by("order"))


def address(answer: Answer) -> str:
    return reverse("courses_marking:mark", args=[answer.attempt.public_id, answer.order])


def test_answers_are_marked_one_after_the_other(client, trainer):
    first, second = handed_in(RUBRIC, Essay(), owner=trainer)
    assert "¿Ensayo 0?" in client.get(reverse(INDEX)).content.decode()
    assert "Por calificar (2)" in client.get(reverse("wagtailadmin_home")).content.decode()
    page = client.get(address(first)).content.decode()
    assert "Mire el artículo 3" in page
    assert "&lt;b&gt;Mi respuesta" in page
    response = client.post(address(first), {"level-c1": "l2", "remark": "Falta el artículo"})
    assert response.url == address(second)
    assert client.post(address(second), {"percent": "85.5"}).url == reverse(INDEX)
    found = [(one.percent, one.remark, one.marked_by) for one in Answer.objects.order_by("order")]
    assert found == [(40, "Falta el artículo", trainer), (85.5, "", trainer)]
    assert "No queda nada por calificar" in client.get(reverse(INDEX)).content.decode()


@pytest.mark.parametrize("given", [{}, {"percent": "101"}, {"percent": "-1"}, {"percent": "x"}])
def test_a_mark_that_is_none_is_said_and_kept_from_the_record(client, trainer, given):
    (answer,) = handed_in(Essay(), owner=trainer)
    response = client.post(address(answer), given | {"remark": "Lo que escribí"})
    assert response.status_code == 422
    assert "Lo que escribí" in response.content.decode()
    assert Answer.objects.get().percent is None


def test_a_rubric_is_marked_whole(client, trainer):
    (answer,) = handed_in(RUBRIC, owner=trainer)
    for given in ({}, {"level-c1": "otro"}, {"percent": "100"}):
        assert client.post(address(answer), given).status_code == 422
    assert Answer.objects.get().percent is None


def test_answers_of_others_courses_do_not_exist_nor_do_they_once_a_role_ended(client, trainer):
    (foreign,) = handed_in(Essay(), owner=a_person())
    assert client.post(address(foreign), {"percent": "100"}).status_code == 404
    assert "¿Ensayo" not in client.get(reverse(INDEX)).content.decode()
    (mine,) = handed_in(Essay(), owner=trainer)
    roles.withdraw(grant=trainer.role_grants.get(), by=None)
    assert client.post(address(mine), {"percent": "100"}).status_code in {302, 403, 404}
    assert set(Answer.objects.values_list("percent", flat=True)) == {None}


def test_a_mark_is_corrected_for_a_reason_that_is_kept(client, trainer):
    (answer,) = handed_in(Essay(), owner=trainer)
    client.post(address(answer), {"percent": "40", "remark": "Falta"})
    marked = f"{reverse(INDEX)}?calificadas=1"
    assert address(answer) in client.get(marked).content.decode()
    page = client.get(address(answer)).content.decode()
    assert 'value="40"' in page
    assert "Por qué corrige la nota" in page
    assert client.post(address(answer), {"percent": "90", "remark": "Bien"}).status_code == 422
    response = client.post(address(answer), {"percent": "90", "remark": "Bien", "reason": "Leí mal"})
    assert response.url == marked
    assert Answer.objects.get().percent == 90
    page = client.get(address(answer)).content.decode()
    assert "Antes 40 %, después 90 %" in page
    assert "Leí mal" in page
    client.force_login(answer.attempt.enrolment.person)
    result = client.get(reverse("courses:attempt_result", args=[answer.attempt.public_id])).content.decode()
    assert "Antes: 40 %. Después: 90 %." in result
    assert "Leí mal" in result


def test_what_was_marked_in_others_courses_is_not_there_to_correct(client, trainer):
    other = a_person()
    (foreign,) = handed_in(Essay(), owner=other)
    Answer.objects.update(percent=10, marked_at="2026-01-01T00:00:00Z", marked_by=other)
    assert address(foreign) not in client.get(f"{reverse(INDEX)}?calificadas=1").content.decode()
    assert client.post(address(foreign), {"percent": "90", "reason": "x"}).status_code == 404
