"""What publishing changes in what a course asks for."""

import pytest

from courses.domain import asking, completion
from courses.models import Activity, Completion, LessonPage
from lms.models import AuditEvent, Job
from tests.courses.test_completion import a_learner
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def lesson():
    course = a_course()
    a_lesson(course, title="Lea")
    quiz = ("quiz", {"quiz": a_quiz(title="Repaso"), "is_required": True})
    return a_lesson(course, quiz, ("text", "<p>x</p>"), title="Responda")


@pytest.fixture
def enrolled(lesson):
    enrolled = a_learner(lesson.course)
    completion.complete_activity(enrolment=enrolled, activity=Activity.objects.get(kind="reading"))
    return enrolled


def drafted(lesson, is_required):
    lesson = LessonPage.objects.get(pk=lesson.pk).get_latest_revision_as_object()
    lesson.body[0].value["is_required"] = is_required
    return lesson.save_revision(user=a_person())


def test_a_draft_shows_who_would_complete(lesson, enrolled):
    assert asking.in_drafts(lesson.course) is None
    drafted(lesson, is_required=False)
    change = asking.in_drafts(lesson.course)
    assert (change.more, change.less, change.on_the_way, change.counts) == ([], ["Repaso"], 1, {"gains": 1})
    assert not Completion.objects.exists()


def test_publishing_less_is_written_down_and_completes_who_has_enough(lesson, enrolled, run_jobs):
    revision = drafted(lesson, is_required=False)
    revision.publish()
    (event,) = asking.noted(lesson.course)
    assert event.actor == str(revision.user.public_id)
    assert (event.facts["less"], event.facts["on_the_way"]) == (["Repaso"], 1)
    assert run_jobs() == []
    assert Completion.objects.exists()


def test_publishing_more_shows_and_takes_nothing_back(lesson, enrolled):
    drafted(lesson, is_required=False).publish()
    drafted(lesson, is_required=True)
    other = a_learner(lesson.course)
    change = asking.in_drafts(lesson.course)
    assert (change.more, change.counts["more"], change.on_the_way) == (["Repaso"], 2, 2)
    completion.judge(enrolment=enrolled)
    LessonPage.objects.get(pk=lesson.pk).latest_revision.publish()
    assert Completion.objects.get().enrolment == enrolled
    assert asking.noted(lesson.course)[0].facts["more"] == ["Repaso"]
    assert completion.course_progress(other).percent == 0


def test_a_new_block_in_a_draft_is_more_to_do(lesson, enrolled):
    draft = LessonPage.objects.get(pk=lesson.pk)
    draft.body.append(("quiz", {"quiz": a_quiz(title="Otro"), "is_required": True}))
    draft.save_revision()
    change = asking.in_drafts(lesson.course)
    assert (change.more, change.counts) == (["Otro"], {"more": 1})


def test_where_nobody_is_on_the_way_nothing_is_written_down(lesson):
    drafted(lesson, is_required=False).publish()
    assert not AuditEvent.objects.filter(action=asking.ACTION).exists()
    assert not Job.objects.exists()
