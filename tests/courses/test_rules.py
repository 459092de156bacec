"""What a course asks for, by the version that was in force."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from courses.domain import completion, enrolment, grading, rules, settling, watching
from courses.domain.coverage import spans_on
from courses.domain.rules import Own, Passages
from courses.models import Activity, ActivityCompletion, Completion, CourseRule, Waiver
from lms.domain.errors import RuleBroken
from tests.courses.recutting_cases import trimmed
from tests.courses.rule_cases import a_rule, passages_of
from tests.courses.test_completion import a_learner, an_attempt, read_all
from tests.courses.watching_cases import a_viewer, progress_of, stretch
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db
OPTIONAL = {"is_required": False}


def refused(**fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        a_rule(a_course(), **fields)


def words_of(enrolled):
    return [lack.words for lack in completion.course_progress(enrolled).lacks]


def test_a_rule_is_a_row_that_cannot_lie():
    now = timezone.now()
    refused(watch_percent=9)
    refused(watch_percent=101)
    refused(mean_percent=101)
    refused(previewed_at=None)
    refused(since=now, made_at=now + timedelta(seconds=1))
    refused(since=now, applied_at=now - timedelta(seconds=1))
    course = a_course()
    a_rule(course, applied_at=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        a_rule(course, applied_at=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        a_rule(course, number=1)


def test_an_exception_is_a_row_with_a_reason():
    viewer = a_viewer()
    said = {"enrolment": viewer.enrolment, "activity": viewer.activity, "kind": "excused"}
    for broken in ({"reason": "corto"}, {"reason": "a         "}, {"reason": "x" * 20, "withdrawn_at": viewer.at}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Waiver.objects.create(**said, **broken)
    Waiver.objects.create(**said, reason="Lo vio en persona.")
    with pytest.raises(IntegrityError), transaction.atomic():
        Waiver.objects.create(**said, reason="Lo vio en persona.")


def test_the_rule_of_a_moment_is_the_last_that_applied_by_then():
    course, now = a_course(watch_threshold_percent=75), timezone.now()
    a_rule(course, since=now - timedelta(days=2), watch_percent=80)
    a_rule(course, since=now - timedelta(days=1), watch_percent=50, withdrawn_at=now)
    a_rule(course, since=now + timedelta(days=1), watch_percent=95, applied_at=None)
    asked = [rules.in_force(course, now + timedelta(days=days)).watch_percent for days in (-3, 0, 2)]
    assert asked == [75, 80, 95]
    assert [term.asked.watch_percent for term in rules.history(course, now + timedelta(days=2)).terms] == [75, 80]


def test_what_is_written_is_read_again():
    own = Own(80, 70, Passages("v", 2, ((1, 5), (7, 9))))
    row = CourseRule(watch_percent=90, own={"b": rules.write_own(own)}, number=3)
    assert rules.read(row) == rules.Asked(90, 0, None, {"b": own}, 3)


def test_a_video_may_ask_for_its_own_share():
    viewer = a_viewer()
    a_rule(viewer.course, own={str(viewer.activity.block_key): {"watch_percent": 50}})
    watching.record(person=viewer.person, batch=stretch(viewer.token, 0, 49))
    assert words_of(viewer.enrolment) == ["Le falta 1 s del video"]
    watching.record(person=viewer.person, batch=stretch(viewer.token, 49, 50, clock=60))
    made = Completion.objects.get()
    assert made.rule["version"] == 1
    assert made.rule["activities"][0]["watch_percent"] == 50


def test_a_passage_has_to_be_seen_whatever_the_share(client):
    viewer = a_viewer(length=200)
    key = str(viewer.activity.block_key)
    a_rule(viewer.course, watch_percent=10, own={key: passages_of(viewer.video, (130, 170))})
    verdicts = watching.record(person=viewer.person, batch=stretch(viewer.token, 0, 130))
    assert not verdicts[0].standing.is_done
    lack = completion.course_progress(viewer.enrolment).lacks[0]
    assert lack.words == "Le faltan 40 s del pasaje obligatorio 2:10–2:50"
    assert lack.url.endswith(f"?video={key}&segundo=130#a-{key}")
    watching.record(person=viewer.person, batch=stretch(viewer.token, 130, 150, clock=200))
    lack = completion.course_progress(viewer.enrolment).lacks[0]
    assert (lack.words, "&segundo=150#" in lack.url) == ("Le faltan 20 s del pasaje obligatorio 2:10–2:50", True)
    assert not ActivityCompletion.objects.exists()
    watching.record(person=viewer.person, batch=stretch(viewer.token, 150, 170, clock=300))
    assert ActivityCompletion.objects.get().facts["passages"] == [[130, 170]]


def test_a_passage_moves_with_the_video_and_says_nothing_of_another():
    viewer = a_viewer(length=100)
    own = rules.read(CourseRule(watch_percent=10, number=1, own={"k": passages_of(viewer.video, (40, 60))})).own["k"]
    trimmed(viewer.video, 50, 100)
    viewer.video.refresh_from_db()
    assert spans_on(own.passages, viewer.video, viewer.video.cut, viewer.video.length_seconds) == ((0, 10),)
    assert spans_on(own.passages, a_video(), 1, 100) == ()


def test_raising_the_share_takes_nothing_back_and_asks_more_of_the_rest():
    first, course = a_viewer(watch_threshold_percent=50), None
    course = first.course
    second = a_person()
    enrolled = enrolment.enrol(person=second, course=course, by=second, at=first.at - timedelta(hours=2))
    token = watching.grant_session(enrolment=enrolled, activity=first.activity, at=first.granted_at)
    watching.record(person=first.person, batch=stretch(first.token, 0, 60))
    watching.record(person=second, batch=stretch(token, 0, 40, device=uuid.uuid4()))
    a_rule(course, watch_percent=90)
    settling.settle_one(first.enrolment)
    settling.settle_one(enrolled)
    assert Completion.objects.get().person == first.person
    assert words_of(enrolled) == ["Le faltan 50 s del video"]


def test_what_was_watched_before_a_harder_rule_and_arrives_after_it_is_judged_by_the_one_of_then():
    viewer = a_viewer(watch_threshold_percent=50)
    Activity.objects.update(required_since=None)
    # Half an hour ago more was asked for; the stretch was played fifty minutes ago and is sent now.
    a_rule(viewer.course, since=viewer.at - timedelta(minutes=30), watch_percent=100)
    watching.record(person=viewer.person, batch=stretch(viewer.token, 0, 60))
    done = ActivityCompletion.objects.get()
    assert done.facts["needed_seconds"] == 50
    assert done.completed_at < viewer.at - timedelta(minutes=30)
    assert "version" not in Completion.objects.get().rule


def test_what_was_watched_after_a_harder_rule_is_judged_by_that_one():
    viewer = a_viewer(watch_threshold_percent=50)
    a_rule(viewer.course, since=viewer.at - timedelta(minutes=59, seconds=20), watch_percent=100)
    # Forty seconds were played before the rule, the rest after it.
    watching.record(person=viewer.person, batch=stretch(viewer.token, 0, 60))
    assert not ActivityCompletion.objects.exists()
    assert progress_of(viewer).covered_seconds == 60


def test_optional_activities_have_to_be_done_as_many_as_a_rule_says():
    course = a_course()
    a_lesson(course, title="Uno")
    for title in ("Dos", "Tres"):
        a_lesson(course, ("quiz", {"quiz": a_quiz(title=title), **OPTIONAL}), title=title)
    a_rule(course, optional_count=1)
    enrolled = a_learner(course)
    reading, two, three = Activity.objects.current().order_by("order")
    completion.complete_activity(enrolment=enrolled, activity=reading)
    assert words_of(enrolled) == ["Elija 1 actividad opcional más: lleva 0 de 1"]
    progress = completion.course_progress(enrolled)
    assert (progress.percent, progress.next.activity, progress.here.lesson.title) == (50, two, "Dos")
    assert not Completion.objects.exists()
    completion.complete_activity(enrolment=enrolled, activity=three)
    assert Completion.objects.get().rule["optional_count"] == 1
    assert words_of(enrolled) == []


def test_no_more_optional_activities_are_asked_for_than_there_are():
    course = a_course()
    a_lesson(course)
    a_rule(course, optional_count=3)
    enrolled = a_learner(course)
    read_all(enrolled)
    assert Completion.objects.exists()


def a_course_with_two_quizzes(**rule):
    course = a_course()
    for title in ("Primero", "Segundo"):
        a_lesson(course, ("quiz", {"quiz": a_quiz(title=title), "is_required": True}), title=title)
    a_rule(course, **rule)
    enrolled = a_learner(course)
    return enrolled, list(Activity.objects.current().order_by("order"))


def test_a_mean_is_asked_for_beyond_passing_each():
    enrolled, (first, second) = a_course_with_two_quizzes(mean_percent=80)
    for quiz, score in ((first, 90), (second, 69)):
        an_attempt(enrolled, quiz, score)
    assert words_of(enrolled)[0].startswith("Apruebe el cuestionario")
    completion.complete_activity(enrolment=enrolled, activity=first, score_percent=90)
    an_attempt(enrolled, second, 69)
    completion.complete_activity(enrolment=enrolled, activity=second, score_percent=69)
    assert words_of(enrolled) == []
    # 90 and 69 are 79.5, which is 80.
    assert Completion.objects.get().rule["mean_percent"] == 80


def test_a_quiz_that_was_passed_may_be_taken_again_for_the_mean():
    enrolled, (first, second) = a_course_with_two_quizzes(mean_percent=85)
    for quiz, score in ((first, 90), (second, 70)):
        an_attempt(enrolled, quiz, score)
        completion.complete_activity(enrolment=enrolled, activity=quiz, score_percent=score)
    assert words_of(enrolled) == ["Su promedio es 80 % y necesita 85 %: mejore su nota en «Segundo»"]
    assert completion.course_progress(enrolled).next.activity == second
    standing = grading.standing(enrolment=enrolled, activity=second)
    assert (standing.may_start, standing.shows_right_options) == (True, False)
    attempt = grading.start(enrolment=enrolled, activity=second, attempt_id=uuid.uuid4())
    for given in attempt.answers.all():
        right = given.version.said.body.options[0].key
        grading.answer(attempt=attempt, order=given.order, given={"chosen": [right]})
    grading.hand_in(attempt=attempt)
    assert Completion.objects.get().score_percent == 95
    with pytest.raises(RuleBroken, match="ya aprobó"):
        grading.start(enrolment=enrolled, activity=first, attempt_id=uuid.uuid4())


def test_the_mark_of_a_placement_is_what_its_attempts_need():
    enrolled, (first, second) = a_course_with_two_quizzes()
    a_rule(enrolled.course, own={str(second.block_key): {"pass_percent": 95}})
    started = [grading.start(enrolment=enrolled, activity=one, attempt_id=uuid.uuid4()) for one in (first, second)]
    assert [one.pass_percent for one in started] == [first.quiz.pass_percent, 95]
    assert "necesita 95 %" in words_of(enrolled)[1]


def test_an_attempt_that_was_begun_keeps_its_mark_and_takes_a_lower_one():
    enrolled, (first, second) = a_course_with_two_quizzes()
    attempts = [grading.start(enrolment=enrolled, activity=one, attempt_id=uuid.uuid4()) for one in (first, second)]
    a_rule(
        enrolled.course,
        own={str(first.block_key): {"pass_percent": 90}, str(second.block_key): {"pass_percent": 40}},
    )
    for attempt in attempts:
        grading.hand_in(attempt=attempt)
        attempt.refresh_from_db()
    assert [one.pass_percent for one in attempts] == [first.quiz.pass_percent, 40]


def test_a_lower_mark_completes_those_whose_best_suffices():
    enrolled, (first, _second) = a_course_with_two_quizzes()
    an_attempt(enrolled, first, 55)
    settling.settle_one(enrolled)
    assert not ActivityCompletion.objects.exists()
    a_rule(enrolled.course, own={str(first.block_key): {"pass_percent": 50}})
    settling.settle_one(enrolled)
    done = ActivityCompletion.objects.get()
    assert (done.score_percent, done.facts["pass_percent"]) == (55, 50)
    assert grading.standing(enrolment=enrolled, activity=first).is_passed


def test_what_is_asked_since_later_is_not_asked_of_what_happened_before():
    course = a_course()
    a_lesson(course, title="Uno")
    enrolled, now = a_learner(course), timezone.now()
    Activity.objects.update(required_since=now - timedelta(days=9))
    reading = Activity.objects.get()
    a_lesson(course, title="Dos")
    a_rule(course, since=now - timedelta(days=3), optional_count=0)
    early = now - timedelta(days=4)
    completion.complete_activity(enrolment=enrolled, activity=reading, earned_at=early)
    assert "version" not in Completion.objects.get().rule


def test_what_is_required_again_is_asked_since_then():
    course = a_course()
    lesson = a_lesson(course, ("quiz", {"quiz": a_quiz(), **OPTIONAL}))
    activity = Activity.objects.current().get()
    assert activity.required_since is None
    before = timezone.now()
    lesson.body[0].value["is_required"] = True
    lesson.save_revision().publish()
    activity.refresh_from_db()
    assert activity.is_required
    assert activity.required_since > before
