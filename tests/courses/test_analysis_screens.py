"""Regrading, versions side by side, analysis, retention and files in a real browser: no barrier at any width."""

from types import SimpleNamespace

import pytest
from django.urls import reverse

from courses.domain import grading
from courses.models import Activity
from tests.courses.test_bank_screens import window  # noqa: F401
from tests.courses.test_handing_in import an_attempt, handed
from tests.courses.test_item_analysis import CHOSEN
from tests.courses.test_regrading import Scene, choices
from tests.courses.test_retention import LENGTH, watched
from tests.factories.courses import a_course, a_lesson
from tests.factories.media import a_video

pytestmark = [
    pytest.mark.journey,
    pytest.mark.once,
    pytest.mark.timeout(600),
    pytest.mark.django_db(transaction=True),
]


def test_what_attempts_say_of_questions(window):  # noqa: F811
    scene = Scene(trainer=window.person)
    for first, second in CHOSEN:
        attempt = scene.attempt(first.strip(), second)
    window.look(reverse("courses_bank:quiz_analysis", args=[scene.quiz.public_id]), "analysis-quiz")
    window.look(reverse("courses_bank:analysis", args=[scene.question.public_id]), "analysis-question")
    scene.correct(choices("b"))
    window.look(reverse("courses_bank:compare", args=[scene.question.public_id]), "compare")
    window.look(reverse("courses_bank:regrade", args=[scene.question.public_id]), "regrade")
    scene.regrade()
    window.look(reverse("courses_bank:regrade", args=[scene.question.public_id]), "regraded")
    assert attempt.closed_at
    assert window.complaints == []


def test_where_people_stop_watching(window):  # noqa: F811
    course, video = a_course(owner=window.person), a_video(duration_seconds=LENGTH)
    a_lesson(course, ("video", {"video": video, "is_required": True}))
    activity = Activity.objects.get(course_key=course.translation_key)
    scene = SimpleNamespace(course=course, video=video, activity=activity)
    for end in (100, 100, 90, 70, 41, 40, 40, 12):
        watched(scene, (0, end), position=end)
    window.look(reverse("courses_retention:index"), "retention")
    window.look(reverse("courses_retention:video", args=[activity.public_id]) + "?segundo=40", "retention-video")


def test_files_that_were_handed_in(window):  # noqa: F811
    attempt = an_attempt(window.person)
    handed(attempt)
    grading.hand_in(attempt=attempt)
    window.look(reverse("courses_marking:mark", args=[attempt.public_id, 1]), "mark-files")
    window.look(reverse("courses_marking:index") + "?calificadas=1", "marked")
