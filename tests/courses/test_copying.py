"""A copied course takes what it asks for along, and nothing of anybody."""

import pytest
from django.urls import reverse
from django.utils import timezone

from courses.domain import copying, enrolment, rules, translating
from courses.models import Activity, CoursePage, CourseRule, Enrolment, Waiver
from lms.domain import roles
from lms.models import AuditEvent
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import a_person, an_employee

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer(client):
    person = a_person()
    roles.grant(person=person, role="trainer", by=None)
    client.force_login(person)
    return person


@pytest.fixture
def course(trainer):
    """With a rule of its own, of which a video, a quiz and a reading ask more than the others."""
    course = a_course(owner=trainer, title="Original")
    video = a_video(uploaded_by=trainer)
    lesson = a_lesson(
        course,
        ("video", {"video": video, "is_required": True}),
        ("quiz", {"quiz": a_quiz(made_by=trainer), "is_required": True}),
    )
    reading = a_lesson(course)
    now = timezone.now()
    spans = {"video": str(video.public_id), "cut": 1, "spans": [[10, 20]]}
    CourseRule.objects.create(
        course_key=course.translation_key,
        number=3,
        watch_percent=60,
        optional_count=1,
        mean_percent=75,
        own={
            str(lesson.body[0].id): {"watch_percent": 50, "passages": spans},
            str(lesson.body[1].id): {"pass_percent": 85},
            str(reading.translation_key): {"watch_percent": 33},
        },
        made_at=now,
        previewed_at=now,
        applies_from=now,
        applied_at=now,
    )
    return course


def copy_of(client, course: CoursePage, **fields) -> CoursePage:
    """Through the form, as trainers do, with its lessons and published."""
    form = {"new_title": "Copia", "new_slug": "copia", "new_parent_page": course.get_parent().pk}
    whole = {"copy_subpages": "on", "publish_copies": "on"} | fields
    client.post(reverse("wagtailadmin_pages:copy", args=[course.pk]), form | whole)
    return CoursePage.objects.get(title="Copia")


def test_a_copy_asks_for_the_same(client, trainer, course):
    copy = copy_of(client, course)
    assert copy.translation_key != course.translation_key
    asked, of_source = rules.in_force(copy), rules.in_force(course)
    assert (asked.number, asked.watch_percent, asked.optional_count, asked.mean_percent) == (1, 60, 1, 75)
    activities = {one.kind: one for one in Activity.objects.current().filter(course_key=copy.translation_key)}
    assert (asked.watch_of(activities["video"]), asked.pass_of(activities["quiz"])) == (50, 85)
    assert asked.of(activities["video"]).passages == of_source.own[str(activities["video"].block_key)].passages
    assert asked.of(activities["reading"]).watch_percent == 33
    assert set(asked.own) == {str(one.block_key) for one in activities.values()}
    said = AuditEvent.objects.get(action="rule.copied")
    assert (said.facts["course"], said.facts["course_title"]) == (str(copy.translation_key), "Original")


def test_nothing_of_learners_comes_along(client, trainer, course):
    person = an_employee()
    mine = enrolment.enrol(person=person, course=course, by=person)
    activity = Activity.objects.filter(course_key=course.translation_key).first()
    Waiver.objects.create(enrolment=mine, activity=activity, kind="excused", reason="Lo hizo en el taller.")
    copy = copy_of(client, course)
    assert list(Enrolment.objects.values_list("course_key", flat=True)) == [course.translation_key]
    assert list(Waiver.objects.values_list("activity__course_key", flat=True)) == [course.translation_key]
    assert not CourseRule.objects.get(course_key=copy.translation_key).effects.exists()


def test_what_is_drafted_or_planned_stays_with_the_source(client, trainer, course):
    now = timezone.now()
    CourseRule.objects.create(course_key=course.translation_key, number=4, watch_percent=20, made_at=now)
    copy = copy_of(client, course)
    assert rules.in_force(copy).watch_percent == 60
    assert CourseRule.objects.filter(course_key=copy.translation_key).count() == 1


def test_without_its_lessons_a_copy_keeps_what_the_whole_course_asks(client, trainer, course):
    copy = copy_of(client, course, copy_subpages="", publish_copies="")
    assert (rules.in_force(copy).mean_percent, rules.in_force(copy).own) == (75, {})


def test_a_course_without_a_rule_copies_what_its_page_says(client, trainer):
    copy = copy_of(client, a_course(owner=trainer, watch_threshold_percent=70))
    assert not CourseRule.objects.exists()
    assert rules.in_force(copy).watch_percent == 70


def test_repeating_it_and_a_translation_change_nothing(client, trainer, course):
    copy = copy_of(client, course)
    copying.carry_rule(course, copy, by=trainer)
    begun = translating.translate_course(course, code="quc", by=trainer)
    copying.carry_rule(course, begun, by=trainer)
    assert CourseRule.objects.count() == 2
