"""What publishing a new edition does is said before, on the page of what the course asks for."""

import pytest
from django.urls import reverse

from courses.domain import asking
from courses.models import CoursePage
from tests.courses.edition_cases import begin_edition, ended
from tests.courses.test_authoring import course_form
from tests.courses.test_completion import a_learner
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(client):
    trainer = somebody_with_role("trainer")
    client.force_login(trainer)
    course = a_course(title="Ingresos", hours=4, owner=trainer)
    a_lesson(course, title="Uno")
    return course


def drafted(course, **fields) -> CoursePage:
    page = CoursePage.objects.get(pk=course.pk)
    for name, value in fields.items():
        setattr(page, name, value)
    page.save_revision()
    return CoursePage.objects.get(pk=course.pk)


def page_of(client, course) -> str:
    answer = client.get(reverse("courses_rules:index", args=[course.translation_key]))
    return " ".join(answer.content.decode().split())


def test_a_draft_with_a_new_number_says_what_ends_and_who_goes_on(client, course):
    a_learner(course)
    assert asking.new_edition(drafted(course, title="Otro título")) is None
    assert "Si publica la edición" not in page_of(client, course)
    draft = drafted(course, edition=3)
    assert asking.new_edition(draft) == asking.NewEdition(number=3, ends=1, on_the_way=1)
    said = page_of(client, draft)
    assert "Si publica la edición 3" in said
    assert "Termina la edición 1" in said
    assert "1 persona en camino sigue en la edición 3" in said


def test_what_was_never_published_ends_nothing(course):
    page = CoursePage.objects.get(pk=course.pk)
    page.unpublish()
    assert asking.new_edition(drafted(course, edition=3)) is None


def test_editions_that_ended_are_listed_with_what_they_stated(client, course):
    assert "Ediciones anteriores" not in page_of(client, course)
    begin_edition(course, 2, title="Ingresos propios", hours=9)
    said = page_of(client, course)
    assert "Edición 1, hasta el" in said
    assert "«Ingresos», 4" in said


def test_the_form_refuses_a_number_that_was(client, course):
    begin_edition(course, 2)
    address = reverse("wagtailadmin_pages:edit", args=[course.pk])
    form = course_form(title="Otra", slug=course.slug, **{"action-publish": "1"})
    assert "La edición 2 ya empezó" in client.post(address, form).content.decode()
    course.refresh_from_db()
    assert (course.title, course.edition) == ("Ingresos", 2)
    assert client.post(address, form | {"edition": "3"}).status_code == 302
    course.refresh_from_db()
    assert (course.title, course.edition, len(ended(course))) == ("Otra", 3, 2)
