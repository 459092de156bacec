"""Building courses: a copy shares nobody's progress with its original; what is scheduled is asked for from its hour."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from courses.domain import completion
from courses.models import Activity, Completion, CoursePage, LessonPage
from tests.courses.rule_cases import a_rule
from tests.courses.test_completion import a_learner, read_all
from tests.factories.courses import a_course, a_lesson, a_quiz

pytestmark = pytest.mark.django_db


def test_a_copy_of_a_course_shares_its_quizzes_and_nobodys_progress():
    course, quiz = a_course(title="Ingresos"), a_quiz()
    a_lesson(course, ("quiz", {"quiz": quiz, "is_required": True}))
    a_lesson(course)
    a_rule(course, optional_count=0, watch_percent=60)
    enrolled = a_learner(course)
    read_all(enrolled)
    copied = course.copy(recursive=True, update_attrs={"slug": "ingresos-dos", "title": "Ingresos dos"})
    copied = CoursePage.objects.get(pk=copied.pk)
    assert copied.translation_key != course.translation_key
    theirs = Activity.objects.current().filter(course_key=copied.translation_key)
    assert set(theirs.values_list("quiz", flat=True)) == {quiz.pk, None}
    assert not theirs.filter(pk__in=Activity.objects.filter(course_key=course.translation_key)).exists()
    again = a_learner(copied, person=enrolled.person)
    assert completion.course_progress(again).percent == 0
    assert completion.course_progress(again).asked.watch_percent == 90
    assert [one.course_key for one in Completion.objects.all()] == [course.translation_key]


def test_a_lesson_is_asked_for_from_the_hour_at_which_it_is_published():
    course = a_course()
    a_lesson(course)
    lesson = LessonPage(slug="despues", title="Después", live=False, locale=course.locale)
    lesson.body = [("quiz", {"quiz": a_quiz(title="Repaso"), "is_required": True})]
    course.add_child(instance=lesson)
    lesson.go_live_at = timezone.now() + timedelta(hours=1)
    revision = lesson.save_revision(approved_go_live_at=lesson.go_live_at)
    lesson.save()
    call_command("publish_scheduled")
    assert not Activity.objects.filter(title="Repaso").exists()
    past = timezone.now() - timedelta(minutes=1)
    revision.content["go_live_at"] = past.isoformat()
    revision.approved_go_live_at = past
    revision.save()
    call_command("publish_scheduled")
    assert Activity.objects.current().required().filter(title="Repaso", course_key=course.translation_key).exists()
    assert LessonPage.objects.get(pk=lesson.pk).live
