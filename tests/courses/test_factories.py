"""The factories make what they say."""

import pytest

from courses.models import CoursePage
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db


def test_a_course_with_a_video_and_a_quiz_is_live():
    course = a_course()
    lesson = a_lesson(
        course,
        ("video", {"video": a_video(), "is_required": True}),
        ("quiz", {"quiz": a_quiz(), "is_required": True}),
    )
    assert list(course.lessons()) == [lesson]
    assert CoursePage.objects.visible_to(an_employee()).get() == course
    assert [block.block_type for block in lesson.body] == ["video", "quiz"]
