"""Completing activities and courses, and saying what is missing."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from courses.domain import completion, enrolment, watching
from courses.models import Activity, ActivityCompletion, Attempt, Completion
from courses.signals import course_completed
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from tests.courses.watching_cases import a_viewer, stretch
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import a_person, an_employee

pytestmark = pytest.mark.django_db


@pytest.fixture
def told():
    heard = []

    def hear(sender, completion, **kwargs):
        heard.append(completion)

    course_completed.connect(hear)
    yield heard
    course_completed.disconnect(hear)


def a_learner(course, person=None):
    person = person or an_employee()
    return enrolment.enrol(person=person, course=course, by=person)


def read_all(enrolled, at=None):
    for activity in Activity.objects.current().filter(course_key=enrolled.course_key):
        completion.complete_activity(enrolment=enrolled, activity=activity, at=at)


def an_attempt(enrolled, activity, score, **fields):
    number = Attempt.objects.filter(enrolment=enrolled, activity=activity).count() + 1
    fields.setdefault("closed_at", timezone.now())
    return Attempt.objects.create(
        public_id=uuid.uuid4(),
        enrolment=enrolled,
        activity=activity,
        quiz=activity.quiz,
        number=number,
        pass_percent=70,
        score_percent=score,
        is_passed=score is not None and score >= 70,
        **fields,
    )


def test_completing_the_last_activity_completes_the_course_once(told, django_capture_on_commit_callbacks):
    renewed = a_course(title="El largo", certificate_months=24)
    course = a_course(
        title="Ingresos propios",
        hours=8,
        edition=3,
        certificate_kind="constancia",
        certificate_months=24,
        grace_days=45,
        renews=renewed,
    )
    a_lesson(course, title="Uno")
    a_lesson(course, ("quiz", {"quiz": a_quiz(title="Repaso"), "is_required": True}), title="Dos")
    enrolled = a_learner(course)
    reading, quiz = Activity.objects.current()
    at = timezone.now() + timedelta(minutes=5)
    with django_capture_on_commit_callbacks(execute=True):
        completion.complete_activity(enrolment=enrolled, activity=reading)
        assert not Completion.objects.exists()
        an_attempt(enrolled, quiz, 60)
        an_attempt(enrolled, quiz, 90)
        for _twice in range(2):
            completion.complete_activity(enrolment=enrolled, activity=quiz, score_percent=90, at=at)
    made = Completion.objects.get()
    assert told == [made]
    appointment = enrolled.person.current_appointment()
    expected = {
        "enrolment": enrolled,
        "person": enrolled.person,
        "course_key": course.translation_key,
        "edition": 3,
        "course_title": "Ingresos propios",
        "hours": 8,
        "certificate_kind": "constancia",
        "certificate_months": 24,
        "grace_days": 45,
        "renews_key": renewed.translation_key,
        "programme": ["Uno", "Dos"],
        "rule": {
            "watch_threshold_percent": 90,
            "activities": [
                {"kind": "reading", "title": "Uno"},
                {"kind": "quiz", "title": "Repaso", "pass_percent": 70},
            ],
        },
        "score_percent": 90,
        "started_at": enrolled.enrolled_at,
        "completed_at": at,
        "municipality": appointment.municipality,
        "post": appointment.post,
    }
    assert {name: getattr(made, name) for name in expected} == expected
    assert AuditEvent.objects.filter(action="course.completed").count() == 1


def test_a_receiver_that_fails_takes_nothing_back(django_capture_on_commit_callbacks, caplog):
    def fail(sender, **kwargs):
        raise RuntimeError("down")

    course_completed.connect(fail)
    course = a_course()
    a_lesson(course)
    with django_capture_on_commit_callbacks(execute=True):
        read_all(a_learner(course))
    course_completed.disconnect(fail)
    assert Completion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_fifty_completions_at_once_are_one(told):
    course = a_course()
    a_lesson(course)
    enrolled = a_learner(course)
    activity = Activity.objects.get()

    def complete(_number):
        try:
            completion.complete_activity(enrolment=enrolled, activity=activity)
            completion.judge(enrolment=enrolled)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(complete, range(50)))
    assert told == [Completion.objects.get()]
    assert ActivityCompletion.objects.count() == 1


def test_a_course_that_requires_nothing_never_completes():
    course = a_course()
    enrolled = a_learner(course)
    assert completion.judge(enrolment=enrolled) is None
    a_lesson(course, ("video", {"video": a_video(), "is_required": False}))
    read_all(enrolled)
    assert completion.judge(enrolment=enrolled) is None
    assert ActivityCompletion.objects.count() == 1


def test_who_withdrew_does_not_complete_until_they_are_back():
    course = a_course()
    a_lesson(course)
    enrolled = a_learner(course)
    enrolment.withdraw(enrolment=enrolled, by=None)
    read_all(enrolled)
    assert not Completion.objects.exists()
    a_learner(course, enrolled.person)
    assert Completion.objects.count() == 1


def test_an_edit_of_the_course_takes_nothing_back():
    course = a_course()
    lesson = a_lesson(course)
    enrolled = a_learner(course)
    read_all(enrolled)
    a_lesson(course)
    lesson.unpublish()
    assert completion.judge(enrolment=enrolled) == Completion.objects.get()
    assert set(ActivityCompletion.objects.values_list("activity__lesson_key", flat=True)) == {lesson.translation_key}


def test_a_new_edition_is_completed_anew_by_doing_something_anew():
    course = a_course()
    a_lesson(course)
    enrolled = a_learner(course)
    read_all(enrolled)
    course.edition = 2
    course.save_revision().publish()
    a_learner(course, enrolled.person)
    assert set(Completion.objects.values_list("edition", flat=True)) == {1}
    a_lesson(course)
    assert not completion.course_progress(enrolled).is_complete
    enrolled.refresh_from_db()
    read_all(enrolled)
    assert set(Completion.objects.values_list("edition", flat=True)) == {1, 2}


def test_somebody_without_an_appointment_completes_all_the_same():
    course = a_course()
    a_lesson(course)
    read_all(a_learner(course, a_person()))
    made = Completion.objects.get()
    assert (made.municipality, made.post, made.score_percent) == (None, None, None)


def test_an_activity_of_another_course_completes_nothing():
    course, other = a_course(), a_course()
    a_lesson(other)
    with pytest.raises(RuleBroken) as broken:
        completion.complete_activity(enrolment=a_learner(course), activity=Activity.objects.get())
    assert broken.value.code == "activity.other_course"


def test_only_a_reading_that_stands_is_completed_on_ones_word():
    course = a_course()
    a_lesson(course, ("quiz", {"quiz": a_quiz(), "is_required": True}))
    reading = a_lesson(course)
    enrolled = a_learner(course)
    reading.unpublish()
    codes = []
    for activity in Activity.objects.order_by("order"):
        with pytest.raises(RuleBroken) as broken:
            completion.mark_read(enrolment=enrolled, activity=activity)
        codes.append(broken.value.code)
    assert codes == ["activity.not_a_reading", "activity.retired"]


# What is missing, in words


def words(enrolled):
    progress = completion.course_progress(enrolled)
    return [item.words for item in progress.missing]


def test_what_is_missing_of_a_video_is_said_in_minutes():
    viewer = a_viewer(length=600)
    assert words(viewer.enrolment) == ["Le faltan 9 min del video"]
    watching.record(person=viewer.person, batch=stretch(viewer.token, 0, 290), at=viewer.at)
    progress = completion.course_progress(viewer.enrolment)
    assert [item.words for item in progress.missing] == ["Le faltan 4 min 10 s del video"]
    assert progress.percent == 53
    assert progress.next.url == f"{viewer.lesson.url}#a-{viewer.activity.block_key}"


def test_what_is_missing_of_a_quiz_is_said_with_marks_and_attempts():
    course = a_course()
    a_lesson(course, ("quiz", {"quiz": a_quiz(), "is_required": True}))
    enrolled = a_learner(course)
    quiz = Activity.objects.get()
    assert words(enrolled) == ["Apruebe el cuestionario: necesita 70 %"]
    best = "Apruebe el cuestionario: necesita 70 %, su mejor nota es 50 %, "
    an_attempt(enrolled, quiz, 50)
    assert words(enrolled) == [best + "le quedan 2 intentos"]
    an_attempt(enrolled, quiz, 30)
    assert words(enrolled) == [best + "le queda 1 intento"]
    opened = an_attempt(enrolled, quiz, None, closed_at=None)
    assert words(enrolled) == [best + "tiene un intento a medias"]
    Attempt.objects.filter(pk=opened.pk).update(closed_at=timezone.now(), score_percent=0)
    assert words(enrolled) == [best + "ya no le quedan intentos: hable con quien imparte el curso"]


def test_progress_counts_what_is_required_and_names_what_comes_next():
    course = a_course()
    lessons = [a_lesson(course, title=title) for title in ("Uno", "Dos", "Tres")]
    a_lesson(course, ("video", {"video": a_video(), "is_required": False}), title="De más")
    enrolled = a_learner(course)
    done = Activity.objects.get(lesson_key=lessons[0].translation_key)
    completion.mark_read(enrolment=enrolled, activity=done)
    progress = completion.course_progress(enrolled)
    assert [(item.lesson.title, item.number, item.is_done) for item in progress.lessons] == [
        ("Uno", 1, True),
        ("Dos", 2, False),
        ("Tres", 3, False),
        ("De más", 4, False),
    ]
    assert progress.percent == 33
    assert progress.here.lesson.title == "Dos"
    assert progress.next.words == "Lea la lección y márquela como leída"
    assert not progress.is_complete


def test_progress_asks_the_same_number_of_queries_for_any_number_of_lessons(django_assert_num_queries):
    def a_full_course(lessons):
        course = a_course()
        for _number in range(lessons):
            a_lesson(
                course,
                ("video", {"video": a_video(), "is_required": True}),
                ("quiz", {"quiz": a_quiz(), "is_required": True}),
            )
        return a_learner(course)

    for enrolled in (a_full_course(1), a_full_course(3)):
        assert enrolled.course.url
        with django_assert_num_queries(8):
            completion.course_progress(enrolled)
