"""Activities keep in step with lessons and lose nobody's progress."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courses.domain import activities, completion, enrolment
from courses.models import Activity, LessonPage
from courses.tasks import sync_activities
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db


def current(course):
    return list(
        Activity.objects.current().filter(course_key=course.translation_key).values_list("kind", "title", "is_required")
    )


def test_videos_and_quizzes_are_activities_and_a_lesson_of_text_is_a_reading():
    course = a_course()
    a_lesson(
        course,
        ("text", "<p>Uno</p>"),
        ("video", {"video": a_video(title="El video"), "is_required": False}),
        ("quiz", {"quiz": a_quiz(title="El cuestionario"), "is_required": True}),
    )
    a_lesson(course, title="Solo texto")
    assert current(course) == [
        ("video", "El video", False),
        ("quiz", "El cuestionario", True),
        ("reading", "Solo texto", True),
    ]


def test_publishing_again_changes_nothing_and_an_edit_keeps_the_identity():
    course = a_course()
    lesson = a_lesson(course, ("video", {"video": a_video(title="Antes"), "is_required": True}))
    before = Activity.objects.get()
    lesson.save_revision().publish()
    assert Activity.objects.get().pk == before.pk
    lesson.body[0].value["video"] = a_video(title="Después")
    lesson.body.insert(0, ("text", "<p>Nuevo</p>"))
    lesson.save_revision().publish()
    after = Activity.objects.get()
    assert (after.pk, after.public_id, after.title, after.order) == (before.pk, before.public_id, "Después", 1)


def test_what_goes_retires_and_what_comes_back_is_revived_with_its_progress():
    course = a_course()
    lesson = a_lesson(course, ("quiz", {"quiz": a_quiz(), "is_required": True}), ("text", "<p>Texto</p>"))
    person = an_employee()
    enrolled = enrolment.enrol(person=person, course=course, by=person)
    quiz = Activity.objects.get()
    completion.complete_activity(enrolment=enrolled, activity=quiz, score_percent=80)
    kept = lesson.body[0]
    block = {"type": "quiz", "id": kept.id, "value": kept.block.get_prep_value(kept.value)}
    del lesson.body[0]
    lesson.save_revision().publish()
    assert current(course) == [("reading", lesson.title, True)]
    lesson.body = [block]
    lesson.save_revision().publish()
    quiz.refresh_from_db()
    assert quiz.retired_at is None
    assert Activity.objects.count() == 2
    assert current(course) == [("quiz", quiz.title, True)]
    assert completion.course_progress(enrolled).percent == 100


def test_unpublishing_a_lesson_or_its_course_retires_and_publishing_revives():
    course = a_course()
    first, _second = a_lesson(course, title="Uno"), a_lesson(course, title="Dos")
    first.unpublish()
    assert current(course) == [("reading", "Dos", True)]
    course.refresh_from_db()
    course.unpublish()
    assert current(course) == []
    course.save_revision().publish()
    assert current(course) == [("reading", "Dos", True)]
    first.refresh_from_db()
    first.save_revision().publish()
    assert current(course) == [("reading", "Uno", True), ("reading", "Dos", True)]
    assert Activity.objects.count() == 2


def test_a_lesson_that_moves_takes_its_activities_along():
    course, other = a_course(), a_course()
    first, second = a_lesson(course, title="Uno"), a_lesson(course, title="Dos")
    second.move(first, pos="left")
    assert [title for _kind, title, _required in current(course)] == ["Dos", "Uno"]
    first.refresh_from_db()
    first.move(other, pos="last-child")
    assert [title for _kind, title, _required in current(course)] == ["Dos"]
    assert [title for _kind, title, _required in current(other)] == ["Uno"]


def test_deleting_a_lesson_retires_and_never_deletes():
    course = a_course()
    lesson = a_lesson(course)
    lesson.delete()
    assert current(course) == []
    assert Activity.objects.count() == 1


def test_a_draft_is_nothing_to_do():
    course = a_course()
    lesson = a_lesson(course)
    lesson.body.append(("quiz", {"quiz": a_quiz(), "is_required": True}))
    lesson.save_revision()
    assert current(course) == [("reading", lesson.title, True)]


def test_syncing_costs_the_same_for_a_long_course(django_assert_max_num_queries):
    course = a_course()
    lessons = [a_lesson(course) for _number in range(6)]
    with django_assert_max_num_queries(12):
        activities.sync_lesson(lessons[0])


@pytest.mark.django_db(transaction=True)
def test_two_lessons_and_a_double_click_at_once_make_each_activity_once():
    course = a_course()
    lessons = [a_lesson(course, title=title) for title in ("Uno", "Dos")]
    Activity.objects.all().delete()
    start = Barrier(8)

    def sync(number):
        try:
            start.wait()
            activities.sync_lesson(lessons[number % 2])
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sync, range(8)))
    assert current(course) == [("reading", "Uno", True), ("reading", "Dos", True)]


def test_the_course_is_locked_before_anything_else():
    if not connection.features.has_select_for_no_key_update:
        pytest.skip("this database locks nothing")
    course = a_course()
    lesson = a_lesson(course)
    changes = {
        activities.sync_lesson: lesson,
        activities.retire_lesson: lesson,
        activities.order_course: course,
        activities.retire_course: course,
    }
    for change, subject in changes.items():
        with CaptureQueriesContext(connection) as asked:
            change(subject)
        locks = [query["sql"] for query in asked if " FOR " in query["sql"]]
        assert 'FOR NO KEY UPDATE OF "courses_coursepage"' in locks[0]


def test_a_stale_copy_of_a_lesson_brings_nothing_back():
    lesson = a_lesson(a_course())
    stale = LessonPage.objects.get(pk=lesson.pk)
    lesson.body.append(("quiz", {"quiz": a_quiz(title="Nuevo"), "is_required": True}))
    lesson.save_revision().publish()
    activities.sync_lesson(stale)
    assert current(lesson.course) == [("quiz", "Nuevo", True)]


def test_what_a_cut_publishing_left_undone_is_healed():
    course = a_course()
    a_lesson(course, title="Uno")
    gone = a_lesson(course, title="Dos")
    Activity.objects.filter(title="Uno").delete()
    LessonPage.objects.filter(pk=gone.pk).update(live=False)
    for _twice in range(2):
        sync_activities()
        assert current(course) == [("reading", "Uno", True)]
    assert Activity.objects.count() == 2
