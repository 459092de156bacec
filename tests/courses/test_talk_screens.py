"""Asking, answering, evaluating, reminders in a real browser, on a telephone and a desk: no barrier, nothing wide."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.urls import reverse

from courses.domain import digests, evaluation, talk
from courses.domain import enrolment as enrolments
from courses.domain.activities import sync_lesson
from courses.models.evaluation import SCORES
from lms.domain import roles
from tests.clients import FullClient
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.people import a_person, an_employee

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("TALK_SHOTS", "")
SIZES = {360: 740, 1280: 800}


def opened(browser, live_server, person, width):
    """A page of somebody who signed in."""
    client = FullClient()
    client.force_login(person)
    context = browser.new_context(viewport={"width": width, "height": SIZES[width]}, locale="es-GT")
    context.set_default_timeout(120_000)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.session.session_key, "url": live_server.url}
    context.add_cookies([cookie])
    return context.new_page()


def barriers(page, name: str) -> list[str]:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}-{page.viewport_size['width']}.png", full_page=True)
    found = Axe().run(page).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [f"{name}: {one['id']}" for one in found if one["impact"] in {"serious", "critical"}] + [name] * wide


@pytest.fixture
def a_class():
    """A course of a trainer: one question answered, one waiting, five evaluations; its trainer and a learner."""
    trainer = a_person(email="facilitadora@example.org")
    roles.grant(person=trainer, role="trainer", by=None)
    course = a_course(owner=trainer, title="Cobro del IUSI")
    lesson = a_lesson(course, ("quiz", {"quiz": a_quiz(questions=1), "is_required": True}), title="El avalúo")
    sync_lesson(lesson)
    for number in range(5):
        person = an_employee("0101", given_names="Rosa", surnames=f"Tzoc {number}")
        enrolment = enrolments.enrol(person=person, course=course, by=person)
        ask = {"enrolment": enrolment, "lesson_key": lesson.translation_key}
        if number < 2:
            question = talk.ask(**ask, text=f"¿Y si el vecino no tiene escritura? {number} " + "Detalle. " * 12)
            talk.publish(question=question, answer="Se cobra sobre el valor registrado. " * 6, by=trainer)
        enrolments.withdraw(enrolment=enrolment, by=person)
        evaluation.give(enrolment=enrolment, scores=dict.fromkeys(SCORES, 4), sentence="Me sirvió el ejemplo.")
    learner = an_employee(given_names="María", surnames="López")
    return trainer, learner, enrolments.enrol(person=learner, course=course, by=learner), lesson


@pytest.mark.parametrize("width", SIZES)
def test_a_learner_asks_and_a_trainer_answers_without_a_barrier(browser, live_server, a_class, width):
    trainer, learner, enrolment, lesson = a_class
    base, found = live_server.url, []
    page = opened(browser, live_server, learner, width)
    page.goto(base + lesson.url)
    page.get_by_text("Preguntas sobre esta lección (2)").click()
    found += barriers(page, "lesson")
    page.get_by_label("Su pregunta").fill("¿Cada cuánto se paga?")
    page.get_by_role("button", name="Enviar la pregunta").click()
    page.get_by_text("Por responder").wait_for()
    found += barriers(page, "talk")
    page.goto(base + reverse("courses:reminders"))
    found += barriers(page, "reminders")
    page.goto(base + reverse("courses:reminders_stop", args=[digests.token_of(learner)]))
    found += barriers(page, "stop")
    enrolments.withdraw(enrolment=enrolment, by=learner)
    page.goto(base + reverse("courses:evaluate", args=[enrolment.public_id]))
    found += barriers(page, "evaluate")
    desk = opened(browser, live_server, trainer, width)
    desk.goto(base + reverse("courses_talk:index"))
    found += barriers(desk, "office")
    desk.get_by_role("link", name="¿Cada cuánto se paga?").click()
    found += barriers(desk, "office-question")
    desk.goto(base + reverse("courses_evaluation:results", args=[enrolment.course_id]))
    found += barriers(desk, "results")
    assert found == []
