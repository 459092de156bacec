"""A learner's whole small course on a telephone, with the line cut at every step: nothing lost, nothing twice."""

import os

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect, sync_playwright

from certificates.domain import issuing
from certificates.models import Certificate
from courses.domain import bitmap, enrolment
from courses.domain.activities import sync_lesson
from courses.models import (
    ActivityCompletion,
    Attempt,
    Completion,
    LearningEvent,
    QuizItem,
    WatchProgress,
    WatchSegment,
)
from courses.questions import NumberAnswer, Numeric, ShortText, TextAnswer, TrueFalse
from lms.domain import jobs
from lms.models import Job
from tests import browsers
from tests.courses.test_recorder import PAUSE, serve
from tests.courses.test_recorder import film as film  # noqa: PLC0414 (a fixture)
from tests.factories.courses import a_course, a_lesson, a_question, a_quiz
from tests.factories.media import a_video
from tests.factories.people import an_employee
from tests.system import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]
PLAY = "() => { const v = document.querySelector('video'); v.muted = true; v.playbackRate = 2; return v.play(); }"
LONG = 60_000


@pytest.fixture
def learner(monkeypatch, live_server, film):
    """A telephone with somebody signed in, who is in a course of a video, a reading and a quiz."""
    # Playwright's loop runs in this thread; the test still asks the database itself.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    course, person = a_course(), an_employee()
    quiz = a_quiz(questions=1, pass_percent=100)
    bodies = [
        TrueFalse(is_true=True),
        Numeric(answers=(NumberAnswer(value=6),)),
        ShortText(answers=(TextAnswer(text="maíz"),)),
    ]
    for order, body in enumerate(bodies, start=1):
        asked = a_question(f"Clase {order}", prose=f"<p>¿Cuál es la {order}?</p>", body=body)
        QuizItem.objects.create(quiz=quiz, question=asked, sort_order=order)
    video = ("video", {"video": a_video(duration_seconds=20), "is_required": True})
    lessons = [
        a_lesson(course, video),
        a_lesson(course),
        a_lesson(course, ("quiz", {"quiz": quiz, "is_required": True})),
    ]
    for lesson in lessons:
        sync_lesson(lesson)
    enrolment.enrol(person=person, course=course, by=person)
    client = Client()
    client.force_login(person)
    with sync_playwright() as playwright:
        browser = browsers.launch(playwright)
        context = browser.new_context(viewport={"width": 360, "height": 740}, locale="es-GT")
        key = client.session.session_key
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": live_server.url}])
        context.route("**/video/**/*.mp4", lambda route: serve(route, film))
        page, problems = context.new_page(), []
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield context, page, [live_server.url + lesson.url for lesson in lessons], problems
        browser.close()
        connections.close_all()


def online(context, page):
    context.set_offline(False)
    expect(page.locator("[data-state]")).to_have_text("En línea", timeout=LONG)


def watch(context, page, url):
    """The line falls before the first second, and nobody knows until it is back."""
    page.goto(url)
    expect(page.locator("[data-state]")).to_have_text("En línea")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    context.set_offline(True)
    page.evaluate(PLAY)
    wait_until(lambda: page.evaluate("document.querySelector('video').currentTime") > 8, 60)
    page.evaluate(PAUSE)
    expect(page.locator("[data-state]")).to_contain_text("por enviar")
    assert not WatchSegment.objects.exists()
    # Somebody goes on all the same: they are told calmly, and nothing is lost.
    page.goto(url)
    expect(page.locator("h1")).to_have_text("Sin conexión")
    expect(page.locator("main")).to_contain_text("por enviar en este aparato")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.set_offline(False)
    page.goto(url)
    wait_until(WatchProgress.objects.filter(covered_seconds__gte=7).exists, 60)
    page.evaluate(PLAY)
    context.set_offline(True)
    wait_until(lambda: page.evaluate("document.querySelector('video').ended"), 60)
    online(context, page)
    page.reload()
    page.evaluate(PLAY)
    wait_until(ActivityCompletion.objects.filter(activity__kind="video").exists, 60)


def read(context, page, url):
    page.goto(url)
    context.set_offline(True)
    page.get_by_role("button", name="Marcar como leída").click()
    expect(page.locator("[data-form-state]")).to_contain_text("Guardado en este aparato")
    page.get_by_role("button", name="Marcar como leída").click()
    expect(page.locator("[data-state]")).to_have_text("Sin conexión · 1 avance por enviar")
    context.set_offline(False)
    expect(page.get_by_text("Lección completada")).to_be_visible(timeout=LONG)


def answer(context, page, number, total):
    """Answered without a line, gone on with one."""
    expect(page.locator("#place")).to_have_text(f"Pregunta {number} de {total}")
    context.set_offline(True)
    if number == 1:
        page.get_by_label("Correcta", exact=True).check()
    elif number == 2:
        page.get_by_label("Verdadero").check()
    else:
        page.locator("[name=answer]").fill({3: "6", 4: "maíz"}[number])
        page.locator("[name=answer]").blur()
    state = page.locator("[data-autosave-state]")
    expect(state).to_contain_text("guardada en este aparato", timeout=LONG)
    page.locator("[name=go][value=next]").click()
    expect(page.locator("#place")).to_have_text(f"Pregunta {number} de {total}")
    context.set_offline(False)
    expect(state).to_have_text("Respuesta guardada", timeout=LONG)
    page.locator("[name=go][value=next]").click()


def test_a_course_with_the_line_cut_at_every_step(learner):
    context, page, (video, reading, quiz), problems = learner
    watch(context, page, video)
    read(context, page, reading)
    page.goto(quiz)
    page.locator("form[action*='/intentos/'] button").click()
    for number in range(1, 5):
        answer(context, page, number, 4)
    expect(page.locator("h1")).to_have_text("Revise antes de enviar")
    context.set_offline(True)
    page.locator(".quiz-send").click()
    expect(page.locator("[data-form-state]")).to_contain_text("guardadas en este aparato")
    page.locator(".quiz-send").click()
    assert Attempt.objects.get().closed_at is None
    context.set_offline(False)
    expect(page.locator("h1")).to_have_text("Aprobó el cuestionario", timeout=LONG)

    made = Completion.objects.get()
    assert (made.score_percent, ActivityCompletion.objects.count(), Attempt.objects.count()) == (100, 3, 1)
    stored = WatchProgress.objects.get()
    assert bitmap.count(stored.bitmap) == stored.covered_seconds >= 18
    kinds = list(LearningEvent.objects.exclude(kind__in=["watched", "position"]).values_list("kind", flat=True))
    assert (kinds.count("read"), kinds.count("handed_in")) == (1, 1)
    assert LearningEvent.objects.filter(kind="watched").count() == WatchSegment.objects.count()
    assert not LearningEvent.objects.filter(received_at__gt=timezone.now()).exists()
    assert jobs.run(Job.objects.get(kind=issuing.ISSUE, subject=str(made.public_id)).pk)
    assert Certificate.objects.get().owed.completion == made
    assert problems == []
