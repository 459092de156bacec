"""The pages of what a course asks for, in a real browser: as wide as a telephone, without a barrier, to the end."""

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import expect

from courses.domain import watching
from courses.models import Completion, CourseRule, Waiver
from lms.models import Job
from tests.clients import FullClient
from tests.courses.rule_cases import a_rule, passages_of
from tests.courses.test_asking import drafted
from tests.courses.test_bank_screens import look, window  # noqa: F401 (a fixture)
from tests.courses.test_completion import a_learner
from tests.courses.watching_cases import a_viewer, segment, stretch
from tests.factories.courses import a_course, a_lesson, a_quiz

pytestmark = [pytest.mark.journey, pytest.mark.once, pytest.mark.django_db(transaction=True)]


def a_class(trainer):
    course = a_course(title="Ingresos propios del municipio", owner=trainer)
    viewer = a_viewer(length=200, course=course)
    watching.record(person=viewer.person, batch=stretch(viewer.token, 0, 120))
    watching.record(person=viewer.person, batch=[segment(viewer.token, 120, 150, clock=200, is_visible=False)])
    quiz = ("quiz", {"quiz": a_quiz(title="Repaso del curso"), "is_required": True})
    viewer.second = a_lesson(course, quiz, title="Para repasar")
    for _one in range(3):
        a_learner(course)
    return viewer


def test_a_trainer_changes_the_rule_and_makes_an_exception(window, live_server):  # noqa: F811
    viewer = a_class(window.person)
    key = [viewer.course.translation_key]
    drafted(viewer.second, is_required=False)
    window.look(reverse("courses_rules:index", args=key), "rules")
    window.look(reverse("courses_rules:edit", args=key), "rule-edit")
    window.get_by_label("De cada video hay que ver (%)").fill("50")
    window.get_by_label("Pasajes que no se pueden saltar").fill("0:10–0:30")
    window.get_by_role("button", name="Ver a quién afecta").click()
    expect(window.get_by_text("Tendría menos por hacer: 4")).to_be_visible()
    look(window, "", "rule-effect")
    window.get_by_role("button", name="Aplicar desde ese día").click()
    expect(window.get_by_text("Nadie pierde lo que ya completó").first).to_be_visible()
    assert CourseRule.objects.get().applies_from
    assert Job.objects.filter(kind="courses.judge_course").exists()
    window.look(reverse("courses_people:index", args=key), "people")
    window.look(reverse("courses_people:person", args=[viewer.enrolment.public_id]), "person")
    window.get_by_label("Actividad", exact=False).first.select_option(label="Repaso del curso")
    window.get_by_label("La hizo por otro medio").check()
    window.get_by_label("Por qué", exact=False).last.fill("Lo respondió en papel, en el taller de mayo.")
    window.get_by_role("button", name="Anotar la excepción").click()
    expect(window.get_by_text("La excepción quedó anotada")).to_be_visible()
    assert Waiver.objects.get().made_by == window.person
    window.look(reverse("courses_people:person", args=[viewer.enrolment.public_id]), "person-after")
    assert not Completion.objects.exists()
    assert window.complaints == []


def test_a_learner_goes_from_what_is_missing_to_its_second(window, live_server):  # noqa: F811
    viewer = a_class(window.person)
    block = str(viewer.activity.block_key)
    a_rule(viewer.course, own={block: passages_of(viewer.video, (130, 170))})
    client = FullClient()
    client.force_login(viewer.person)
    session = client.session.session_key
    window.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    window.look(viewer.course.url, "learner-course")
    window.get_by_role("link", name="Le faltan 40 s del pasaje obligatorio 2:10–2:50").first.click()
    expect(window.get_by_role("heading", name=viewer.video.title)).to_be_attached()
    assert f"segundo=130#a-{block}" in window.url
    look(window, "", "learner-lesson")
