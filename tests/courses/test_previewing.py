"""A trainer looks at a page as a learner of a given state, who does not exist: nothing of it is written anywhere."""

import pytest
from django.db import connection
from django.urls import reverse
from wagtail.test.utils.form_data import inline_formset, nested_form_data, streamfield

from courses.domain import imagining
from courses.domain.activities import sync_lesson
from courses.models import CoursePage, Enrolment, LearningEvent, LessonPage
from courses.models.previewing import HALF_WAY, MODES, NEWLY, STRANGER, THROUGH
from lms.domain import roles
from tests.courses.test_authoring import add_address, course_form, lesson_form
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import a_person
from tests.matrix.cells import Writes

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer(client):
    person = a_person()
    roles.grant(person=person, role="trainer", by=None)
    client.force_login(person)
    return person


@pytest.fixture
def course(trainer):
    """Four things to do: a video and a quiz in the first lesson, a video and a quiz in the second."""
    course = a_course(owner=trainer, title="El agua")
    for name in ("Primera", "Segunda"):
        video, quiz = a_video(uploaded_by=trainer), a_quiz(made_by=trainer, title=f"Cuestionario de la {name}")
        blocks = [("video", {"video": video, "is_required": True}), ("quiz", {"quiz": quiz, "is_required": True})]
        sync_lesson(a_lesson(course, *blocks, title=name))
    return course


def look(client, page, form: dict, mode: str = "") -> str:
    """The page as the panel of the editor shows it; that it is only read is asked here."""
    address = reverse("wagtailadmin_pages:preview_on_edit", args=[page.pk])
    assert client.post(address, form).json()["is_valid"]
    writes = Writes()
    with connection.execute_wrapper(writes):
        answer = client.get(address, {"mode": mode})
    assert answer.status_code == 200
    assert writes.seen == []
    return answer.content.decode()


def as_written(course, **fields) -> dict:
    return course_form(title=course.title, slug=course.slug, **fields)


def lesson_as_written(lesson: LessonPage, **fields) -> dict:
    """The form of a lesson with the blocks that it has, under their ids."""
    blocks = [
        ("video", {"video": lesson.body[0].value["video"].pk, "is_required": "on"}),
        ("quiz", {"quiz": lesson.body[1].value["quiz"].pk, "is_required": "on"}),
    ]
    body = streamfield(blocks)
    for number, block in enumerate(lesson.body):
        body[str(number)]["id"] = block.id
    said = {"title": lesson.title, "slug": lesson.slug, "summary": "", "minutes": "10", "comments": inline_formset([])}
    return nested_form_data(said | {"body": body} | fields)


def test_each_page_offers_the_four_states(course):
    assert [name for name, _words in MODES] == ["", STRANGER, NEWLY, HALF_WAY, THROUGH]
    assert set(imagining.WORDS) == {STRANGER, NEWLY, HALF_WAY, THROUGH}
    assert course.preview_modes == course.lessons().first().preview_modes == MODES


def test_a_course_as_each_finds_it(client, course):
    seen = {name: look(client, course, as_written(course), name) for name in imagining.WORDS}
    assert "Tome este curso" in seen[STRANGER]
    assert "En la vista previa no se inscribe a nadie." in seen[STRANGER]
    assert "<strong>0 %</strong> · 0 de 4 actividades" in seen[NEWLY]
    assert "Comenzar" in seen[NEWLY]
    assert "· 2 de 4 actividades" in seen[HALF_WAY]
    assert "Lo que le falta" in seen[HALF_WAY]
    assert "Curso completado" in seen[THROUGH]
    for name, html in seen.items():
        assert str(imagining.WORDS[name]) in html
        assert "courses/retirarse" not in html
        assert "/retirar" not in html


def test_a_course_by_invitation_says_so_to_a_stranger_alone(client, course):
    seen = {name: look(client, course, as_written(course, entry="invited"), name) for name in ("", STRANGER)}
    assert "Este curso es por invitación" in seen[STRANGER]
    assert "Este curso es por invitación" not in seen[""]


def test_a_lesson_as_each_finds_it(client, course):
    lesson = list(course.lessons())[1]
    form = lesson_as_written(lesson, title="Segunda, en borrador")
    seen = {name: look(client, lesson, form, name) for name in ["", *imagining.WORDS]}
    assert all("Segunda, en borrador" in html for html in seen.values())
    assert {name for name, html in seen.items() if "<video" in html} == {"", NEWLY, HALF_WAY, THROUGH}
    assert "En la vista previa no se inscribe a nadie." in seen[STRANGER]
    assert "0 % visto" in seen[NEWLY]
    assert "50 % visto" in seen[HALF_WAY]
    assert "Le falta" in seen[HALF_WAY]
    assert "100 % visto" in seen[THROUGH]
    assert "Lección completada" in seen[THROUGH]
    assert "Aprobado con 70 %" in seen[THROUGH]
    for html in seen.values():
        assert "recorder.js" not in html
        assert "data-sync" not in html
        assert 'data-token=""' in html or "data-token" not in html
        assert "/intentos/" not in html


def test_what_was_added_in_the_draft_is_there_to_be_done(client, course):
    lesson = course.lessons().first()
    added = lesson_form(a_quiz(made_by=course.owner, title="Otro"), a_video(uploaded_by=course.owner), slug=lesson.slug)
    html = look(client, lesson, added, THROUGH)
    assert "Aprobado con 70 %" in html
    assert "100 % visto" in html


def test_a_lesson_that_was_never_saved(client, course, trainer):
    address = reverse("wagtailadmin_pages:preview_on_add", args=["courses", "lessonpage", course.pk])
    form = lesson_form(a_quiz(made_by=trainer), a_video(uploaded_by=trainer), title="Tercera")
    assert client.post(address, form).json()["is_valid"]
    html = client.get(address, {"mode": THROUGH}).content.decode()
    assert "Lección 3 de 3" in html
    assert "Lección completada" in html
    assert add_address(LessonPage, course) not in html
    assert not LessonPage.objects.filter(title="Tercera").exists()


def test_a_trainer_who_takes_the_course_is_not_who_is_shown(client, course, trainer):
    Enrolment.objects.create(person=trainer, course=course, course_key=course.translation_key)
    html = look(client, course, as_written(course), STRANGER)
    assert "Tome este curso" in html
    assert (Enrolment.objects.count(), LearningEvent.objects.count()) == (1, 0)


def test_outside_a_preview_no_state_can_be_asked_for(client, course):
    client.logout()
    html = client.get(course.url, {"mode": THROUGH, "preview_mode": THROUGH}).content.decode()
    assert "Tome este curso" in html
    assert "Vista previa" not in html
    assert CoursePage.objects.get(pk=course.pk).live
