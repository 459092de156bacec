"""Hours of each kind, and what is said when they do not add up to the certificate's."""

from decimal import Decimal

import pytest
from django.urls import reverse

from courses.models import Completion, CoursePage
from courses.models.hours import HoursByKind
from tests.factories.courses import a_course
from tests.factories.people import somebody_with_role
from tests.factories.sessions import a_part, a_session, enrolled, hold, noted

pytestmark = pytest.mark.django_db


def kinds(total, in_person, virtual=None) -> HoursByKind:
    return HoursByKind.of(Decimal(total), Decimal(in_person), None if virtual is None else Decimal(virtual))


@pytest.mark.once
def test_what_is_not_held_in_person_is_virtual_unless_somebody_says_how_much():
    assert kinds(12, 8) == kinds(12, 8, 4)
    assert kinds(12, 8).in_words() == "8 presenciales y 4 virtuales"
    assert kinds(12, "7.5").in_words() == "7.5 presenciales y 4.5 virtuales"
    assert (kinds(12, 0).in_words(), kinds(8, 8).in_words()) == ("todas virtuales", "todas presenciales")
    assert kinds(12, 8).warning() == ""


@pytest.mark.once
@pytest.mark.parametrize(("hours", "told"), [((12, 8, 2), "suman 10, y el curso dice 12"), ((4, 8), "suman 8")])
def test_what_does_not_add_up_is_said(hours, told):
    assert told in kinds(*hours).warning()


def test_the_page_of_a_course_says_how_its_hours_stand(client):
    course = a_course(hours=12)
    a_part(course, hours=8)
    a_part(course, hours=3, is_required=False)
    client.force_login(somebody_with_role("administrator"))
    edit = reverse("wagtailadmin_pages:edit", args=[course.pk])
    assert "8 presenciales y 4 virtuales" in client.get(edit).content.decode()
    course.virtual_hours = Decimal(2)
    course.save()
    page = client.get(edit).content.decode()
    assert "8 presenciales y 2 virtuales suman 10, y el curso dice 12" in page
    assert "12 horas (8 presenciales" in client.get(course.url).content.decode()


def test_a_completion_keeps_the_hours_of_that_day():
    course = a_course(hours=12)
    session = hold(a_session(a_part(course)))
    who = enrolled(session)
    noted(session, who)
    CoursePage.objects.filter(pk=course.pk).update(hours=20, virtual_hours=1)
    assert Completion.objects.get(person=who.person).hours_by_kind == {"in_person": "4.0", "virtual": "8.0"}
