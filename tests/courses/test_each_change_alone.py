"""Protections of changes that stood without a test of their own: rules, completing, grading again.

Each of these goes red when one line of the domain is taken out, and that line alone.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from courses.domain import (
    completion,
    regrading,
    rule_changes,
)
from courses.models import (
    Activity,
    Answer,
    Attempt,
    Completion,
    CoursePage,
    MarkChange,
)
from tests.courses.test_each_refusal_alone import code_of, entered
from tests.courses.test_regrading import Scene
from tests.courses.test_rule_changes import a_draft, previewed
from tests.courses.watching_cases import a_viewer
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db


# What a course asks for


def test_a_change_has_its_day_once_and_another_waits_until_it_applies():
    viewer, by = a_viewer(), a_person()
    rule = previewed(viewer.course)
    day = timezone.localdate() + timedelta(days=3)
    rule_changes.confirm(rule=rule, by=by, on=day)
    assert code_of(rule_changes.confirm, rule=rule, by=by, on=day) == "rule.not_a_draft"
    assert code_of(a_draft, viewer.course, watch_percent=40) == "rule.one_is_planned"


def test_a_change_of_today_applies_from_now_and_not_since_midnight():
    viewer = a_viewer()
    looked_at = previewed(viewer.course)
    now = timezone.now()
    rule = rule_changes.confirm(rule=looked_at, by=a_person(), on=timezone.localdate(now), at=now)
    assert rule.applies_from == now
    assert code_of(rule_changes.withdraw, rule=rule, by=a_person(), at=now) == "rule.applies"


# Completing


def test_a_reading_that_was_taken_out_counts_when_it_was_read_before():
    course = a_course()
    a_lesson(course)
    who = entered(course)
    reading = Activity.objects.get(course_key=course.translation_key)
    now = timezone.now()
    Activity.objects.filter(pk=reading.pk).update(retired_at=now)
    reading.refresh_from_db()
    after, before = now + timedelta(seconds=1), now - timedelta(seconds=0)
    assert code_of(completion.mark_read, enrolment=who, activity=reading) == "activity.retired"
    assert code_of(completion.mark_read, enrolment=who, activity=reading, at=after) == "activity.retired"
    assert completion.mark_read(enrolment=who, activity=reading, at=before)


def test_a_course_that_is_not_published_is_not_completed():
    course = a_course()
    a_lesson(course)
    who = entered(course)
    CoursePage.objects.filter(pk=course.pk).update(live=False)
    reading = Activity.objects.get(course_key=course.translation_key)
    completion.complete_activity(enrolment=who, activity=reading)
    assert not Completion.objects.exists()


# Grading again


def test_an_order_is_refused_when_it_would_only_lower_marks_that_it_leaves():
    scene = Scene()
    scene.attempt("a", "a")
    scene.correct()
    assert code_of(scene.ask, takes="gains") == "regrade.nothing"


def test_what_does_not_count_or_was_handed_in_after_the_order_is_left_alone():
    scene = Scene()
    first, spared = scene.attempt("b", "a"), scene.attempt("b", "a")
    Answer.objects.filter(attempt=spared, version__question=scene.question).update(points=0)
    scene.correct()
    assert [one.attempt_id for one in scene.look().outcomes] == [first.pk]
    order = scene.ask()
    late = scene.attempt("a", "a")
    Answer.objects.filter(attempt=late, version__question=scene.question).update(
        version=scene.question.versions.order_by("number").first()
    )
    Attempt.objects.filter(pk=late.pk).update(closed_at=order.asked_at + timedelta(seconds=1))
    assert set(regrading.left(order).values_list("attempt", flat=True)) == {first.pk}


def test_a_mark_that_stays_is_told_to_nobody():
    scene = Scene()
    scene.attempt("b", "a")
    same = scene.attempt("c", "a")
    scene.correct()
    scene.regrade()
    assert not MarkChange.objects.filter(answer__attempt=same).exists()
    assert MarkChange.objects.count() == 1
