"""Statements that the ORM writes once: the same rows as the queryset's, by whatever values are given next."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models import CharField, F, Value
from django.utils import timezone

from courses.models import CoursePage, Enrolment
from lms import permissions
from lms.models import Appointment, RoleGrant
from lms.models.written import Written
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import a_member, a_network, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def test_each_value_brings_its_own_rows_with_relations_and_annotations(django_assert_num_queries):
    def enrolled(person: int, course: UUID):
        said = Value("100 % «así»", output_field=CharField())
        found = Enrolment.objects.filter(person=person, course_key=course).select_related("course__network", "person")
        return found.annotate(said=said, slug=F("course__slug"))

    rows, network = Written(enrolled), a_network()
    people, courses = [an_employee(), an_employee()], [a_course(network=network), a_course(hours="2.5")]
    for person in people:
        for course in courses:
            key = {"person": person, "course_key": course.translation_key}
            Enrolment.objects.create(course=course, last_lesson_key=course.translation_key, **key)
    for person in people:
        for course in courses:
            asked = {"person": person.pk, "course": course.translation_key}
            with django_assert_num_queries(1):
                (found,) = rows(**asked)
                names = found.course.title, found.course.hours, found.course.network, found.person.full_name
            (plain,) = enrolled(**asked)
            assert found == plain
            assert names == (course.title, CoursePage.objects.get(pk=course.pk).hours, course.network, person.full_name)
            assert (found.said, found.slug) == (plain.said, plain.slug) == ("100 % «así»", course.slug)
            fields = [field.attname for field in Enrolment._meta.concrete_fields]
            assert [getattr(found, name) for name in fields] == [getattr(plain, name) for name in fields]
    assert rows(person=0, course=courses[0].translation_key) == []


def test_a_page_comes_whole_with_what_is_written_on_it():
    rows = Written(lambda slug: CoursePage.objects.filter(slug=slug).select_related("locale"))
    course, other = a_course(title="100 % práctica %s"), a_course()
    a_lesson(course)
    for one in (course, other):
        (found,) = rows(slug=one.slug)
        plain = CoursePage.objects.get(pk=one.pk)
        for field in CoursePage._meta.concrete_fields:
            assert getattr(found, field.attname) == getattr(plain, field.attname), field.name
        assert (found.url, found.locale, type(found)) == (plain.url, plain.locale, CoursePage)


def test_a_day_and_a_moment_are_those_that_are_given():
    person, today = an_employee(), timezone.localdate()
    Appointment.objects.filter(person=person).update(ends_on=today + timedelta(days=3))
    held = Written(lambda person, on: Appointment.objects.filter(person=person).current(on).values_list("pk"))
    assert [len(held(person=person.pk, on=today + timedelta(days=days))) for days in (0, 3, 4)] == [1, 1, 0]
    grants = Written(lambda person, at: RoleGrant.objects.filter(person=person).in_force(at))
    staff, now = somebody_with_role("trainer"), timezone.now()
    RoleGrant.objects.filter(person=staff).update(ends_at=now + timedelta(hours=1))
    assert [len(grants(person=staff.pk, at=now + timedelta(minutes=late))) for late in (0, 59, 61)] == [1, 1, 0]


def test_a_moment_of_its_own_would_stand_still_and_is_refused():
    stale = Written(lambda person: Appointment.objects.filter(person=person).current())
    with pytest.raises(ValueError, match="keeps a moment"):
        stale(person=1)
    staler = Written(lambda person: RoleGrant.objects.filter(person=person).in_force())
    with pytest.raises(ValueError, match="keeps a moment"):
        staler(person=1)


def test_a_value_that_decides_nothing_is_refused():
    with pytest.raises(ValueError, match=r"\['course'\]"):
        Written(lambda person, course: Enrolment.objects.filter(person=person))(person=1, course=2)


def test_a_role_that_begins_or_ends_is_known_at_the_next_question():
    person, coordinator = somebody_with_role("auditor"), a_member(a_network(), is_coordinator=True)
    assert (permissions.allows(person, "read_tracking"), permissions.allows(coordinator, "read_network_progress")) == (
        True,
        True,
    )
    RoleGrant.objects.filter(person=person).update(ends_at=timezone.now())
    coordinator.memberships.update(left_on=timezone.localdate())
    assert (permissions.allows(person, "read_tracking"), permissions.allows(coordinator, "read_network_progress")) == (
        False,
        False,
    )
