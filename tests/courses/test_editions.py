"""What was done while an edition lasted completes that one, whenever it comes to be known."""

import random
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from courses.domain import activities, completion, editions, grading, marking, rules, stating, translating, watching
from courses.models import Activity, ActivityCompletion, Completion, CourseEdition, CoursePage
from lms.domain import audit
from tests.courses.edition_cases import activity_of, begin_edition, ended, entered, made, read, since
from tests.courses.rule_cases import a_rule
from tests.courses.test_marking import an_essay_to_mark
from tests.courses.watching_cases import a_viewer, segment, stretch
from tests.factories.courses import a_competency, a_course, a_lesson, a_quiz
from tests.factories.people import a_person, somebody_with_role

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def course(now):
    """Two lessons, and a third that came with the second edition, an hour ago; other title and hours since then."""
    course = a_course(title="Antes", hours=4, certificate_months=12, competency=a_competency(), competency_level=2)
    course.lessons_then = [a_lesson(course, title=title) for title in ("Uno", "Dos")]
    since(now - 9 * HOUR, *map(activity_of, course.lessons_then))
    changed = {"title": "Ahora", "hours": 9, "certificate_months": None, "certificate_kind": "constancia"}
    changed |= {"competency": None, "competency_level": None}
    then, course.enrolled = course.lessons_then, entered(course, now - 8 * HOUR)
    late = course.enrolled
    course = begin_edition(course, 2, at=now - HOUR, **changed)
    course.lessons_then, course.enrolled, course.added = then, late, a_lesson(course, title="Tres")
    since(now - HOUR, activity_of(course.added))
    return course


def read_before(course, now) -> None:
    for number, lesson in enumerate(course.lessons_then):
        read(course.enrolled, lesson, now - (5 - number) * HOUR)


def test_what_is_told_late_completes_the_edition_in_which_it_was_done_with_what_that_one_stated(course, now):
    read_before(course, now)
    one = made()[1]
    assert set(made()) == {1}
    assert (one.course_title, one.hours, one.certificate_kind, one.certificate_months) == ("Antes", 4, "diploma", 12)
    assert (one.programme, [each["title"] for each in one.rule["activities"]]) == (["Uno", "Dos"], ["Uno", "Dos"])
    assert (one.competency["level"], one.hours_by_kind) == (2, {"in_person": "0.0", "virtual": "4.0"})
    assert one.completed_at == now - 4 * HOUR
    # They go on in the new one, with what they did.
    read(course.enrolled, course.added, now)
    two = made()[2]
    assert (two.course_title, two.hours, two.competency, two.certificate_months) == ("Ahora", 9, {}, None)
    assert (two.programme, two.completed_at) == (["Uno", "Dos", "Tres"], now)


def test_both_editions_are_completed_at_once_where_the_new_one_lacked_nothing_else(course, now):
    read(course.enrolled, course.lessons_then[0], now - 5 * HOUR)
    read(course.enrolled, course.added, now - HOUR / 2)
    assert not made()
    read(course.enrolled, course.lessons_then[1], now - 4 * HOUR)
    assert {number: one.completed_at for number, one in made().items()} == {1: now - 4 * HOUR, 2: now - HOUR / 2}
    assert list(audit.find_faults()) == []
    assert ActivityCompletion.objects.count() == 3


def test_a_new_edition_alone_is_still_no_reason_for_a_new_certificate(now):
    course = a_course()
    lesson = a_lesson(course)
    enrolled = entered(course, now - 8 * HOUR)
    since(now - 9 * HOUR, activity_of(lesson))
    begin_edition(course, 2, at=now - HOUR)
    read(enrolled, lesson, now - 2 * HOUR)
    completion.judge(enrolment=enrolled)
    assert set(made()) == {1}


def test_who_lacked_something_when_it_ended_does_not_complete_it(course, now):
    read(course.enrolled, course.lessons_then[0], now - 5 * HOUR)
    read(course.enrolled, course.lessons_then[1], now - HOUR / 2)
    assert not made()
    read(course.enrolled, course.added, now)
    assert set(made()) == {2}


def test_what_the_new_edition_let_go_of_is_still_asked_for_by_the_old_one(course, now):
    course.lessons_then[1].unpublish()
    read(course.enrolled, course.lessons_then[0], now - 5 * HOUR)
    assert not made()
    Activity.objects.filter(pk=activity_of(course.lessons_then[1]).pk).update(retired_at=now - HOUR)
    read(course.enrolled, course.lessons_then[1], now - 4 * HOUR)
    assert made()[1].programme == ["Uno", "Dos"]


def test_an_edition_may_be_completed_when_the_next_one_was_already(course, now):
    course.lessons_then[1].unpublish()
    Activity.objects.filter(retired_at__isnull=False).update(retired_at=now - HOUR)
    read(course.enrolled, course.lessons_then[0], now - 5 * HOUR)
    read(course.enrolled, course.added, now - HOUR / 2)
    assert set(made()) == {2}
    read(course.enrolled, course.lessons_then[1], now - 4 * HOUR)
    assert made()[1].completed_at == now - 4 * HOUR


def test_each_rule_of_an_edition_is_judged_at_the_end_of_its_own_term(course, now):
    a_rule(course, since=now - 3 * HOUR, watch_percent=80)
    a_rule(course, since=now - HOUR / 2, watch_percent=70)
    read_before(course, now)
    assert "version" not in made()[1].rule
    other = entered(course, now - 8 * HOUR)
    for lesson in course.lessons_then:
        read(other, lesson, now - 2 * HOUR)
    assert Completion.objects.get(enrolment=other).rule["version"] == 1


def test_an_essay_that_is_marked_after_the_end_completes_what_it_was_handed_in_for():
    attempt, _activity = an_essay_to_mark()
    course = begin_edition(attempt.enrolment.course, 2)
    new = a_lesson(course, title="Nueva")
    marking.mark(answer=attempt.answers.get(order=2), by=somebody_with_role("trainer"), levels={"c": "2"})
    (one,) = Completion.objects.all()
    assert (one.edition, one.score_percent, "Nueva" in one.programme) == (1, 100, False)
    assert one.completed_at == attempt.closed_at
    completion.complete_activity(enrolment=attempt.enrolment, activity=activity_of(new))
    assert set(made()) == {1, 2}


@pytest.mark.parametrize("is_enough_then", [True, False])
def test_a_video_seen_before_the_end_and_further_after_it_was_seen_when_it_sufficed(is_enough_then):
    viewer = a_viewer(length=100)
    since(viewer.at - 5 * HOUR, viewer.activity)
    begin_edition(viewer.course, 2, at=viewer.granted_at + timedelta(seconds=300))
    early = stretch(viewer.token, 0, 95 if is_enough_then else 60)
    late = [segment(viewer.token, 50, 100, clock=1000)]
    watching.record(person=viewer.person, batch=late)
    assert not made()
    watching.record(person=viewer.person, batch=early)
    (one,) = Completion.objects.all()
    assert one.edition == (1 if is_enough_then else 2)
    seconds = 95 if is_enough_then else 1050
    seen_at = viewer.granted_at + timedelta(seconds=seconds)
    assert abs(ActivityCompletion.objects.get().completed_at - seen_at) < timedelta(seconds=1)


def test_a_late_quiz_counts_with_its_score(now):
    course = a_course()
    quiz = a_lesson(course, ("quiz", {"quiz": a_quiz(), "is_required": True}))
    a_rule(course, since=now - 9 * HOUR, mean_percent=80)
    since(now - 9 * HOUR, activity_of(quiz))
    enrolled = entered(course, now - 8 * HOUR)
    begun = {"enrolment": enrolled, "activity": activity_of(quiz), "attempt_id": uuid.uuid4(), "at": now - 3 * HOUR}
    attempt = grading.start(**begun)
    for given in attempt.answers.all():
        grading.answer(attempt=attempt, order=given.order, given={"chosen": [given.version.said.body.options[0].key]})
    begin_edition(course, 2, at=now - HOUR)
    grading.hand_in(attempt=attempt, happened_at=now - 2 * HOUR)
    one = made()[1]
    assert (one.score_percent, one.completed_at) == (100, now - 2 * HOUR)


@pytest.mark.parametrize("number", range(40))
def test_in_whatever_order_it_is_told_the_same_editions_are_completed(number, course, now):
    """Three lessons, each read once at some moment or never, told in any order after the second edition began."""
    chance = random.Random(number)  # noqa: S311 (a history to repeat)
    end = now - HOUR
    moments = {}
    for lesson in course.lessons_then:
        moments[lesson] = now - chance.uniform(0.01, 7) * HOUR
    moments[course.added] = now - chance.uniform(0.01, 0.99) * HOUR
    moments = {lesson: at for lesson, at in moments.items() if chance.random() < 0.9}
    told = [(lesson, at) for lesson, at in moments.items() for _again in range(chance.choice([1, 1, 2]))]
    chance.shuffle(told)
    before: set[int] = set()
    for lesson, at in told:
        read(course.enrolled, lesson, at)
        assert before <= set(made())
        before = set(made())
    then = [moments.get(lesson) for lesson in course.lessons_then]
    expected = {1: max(then)} if all(at and at < end for at in then) else {}
    if len(moments) == 3:
        expected[2] = max(moments.values())
    assert {edition: one.completed_at for edition, one in made().items()} == expected


# The rows


def test_a_row_is_written_with_each_new_number_and_no_other(course, now):
    (row,) = ended(course)
    assert (row.number, row.began_at, row.ended_at) == (1, None, now - HOUR)
    assert row.said["hours"] == "4.0"
    begin_edition(course, 2, title="Ahora mismo")
    assert len(ended(course)) == 1
    begin_edition(course, 4)
    begin_edition(course, 5)
    assert [one.number for one in ended(course)] == [1, 2, 4]
    assert [one.began_at for one in ended(course)[1:]] == [one.ended_at for one in ended(course)[:2]]
    assert ended(course)[1].said["title"] == "Ahora mismo"
    assert [row.number for row in editions.ended_of(CoursePage.objects.get(pk=course.pk))] == [4, 2, 1]


def test_a_draft_ends_nothing(course):
    draft = CoursePage.objects.get(pk=course.pk)
    draft.edition = 7
    draft.save_revision()
    assert len(ended(course)) == 1


def test_two_editions_on_one_day_are_told_apart(now):
    course = a_course(title="Primera")
    lesson = a_lesson(course)
    since(now - 9 * HOUR, activity_of(lesson))
    first, second = entered(course, now - 8 * HOUR), entered(course, now - 8 * HOUR)
    course = begin_edition(course, 2, at=now - timedelta(minutes=10), title="Segunda")
    course = begin_edition(course, 3, at=now - timedelta(minutes=5), title="Tercera")
    read(first, lesson, now - timedelta(minutes=11))
    read(second, lesson, now - timedelta(minutes=6))
    titles = Completion.objects.order_by("edition").values_list("enrolment", "edition", "course_title")
    assert list(titles) == [(first.pk, 1, "Primera"), (second.pk, 2, "Segunda")]


@pytest.mark.parametrize("number", [1, 2])
def test_a_number_that_was_does_not_come_back(course, number):
    begin_edition(course, 3)
    with pytest.raises(ValidationError, match="La edición 3 ya empezó"):
        begin_edition(course, number)
    assert CoursePage.objects.get(pk=course.pk).edition == 3
    assert [one.number for one in ended(course)] == [1, 2]


def test_a_course_that_was_taken_back_ends_its_edition_as_it_was_and_may_go_on(course, now):
    page = CoursePage.objects.get(pk=course.pk)
    page.unpublish()
    assert [(one.number, len(one.asked["required"])) for one in ended(course)] == [(1, 2), (2, 3)]
    begin_edition(course, 2)
    read_before(course, now)
    read(course.enrolled, course.added, timezone.now())
    assert made()[2].course_title == "Ahora"
    begin_edition(course, 3)
    assert [one.number for one in ended(course)] == [1, 2, 2]


def test_a_number_that_rises_while_a_course_is_taken_back_begins_with_its_publishing(course, now):
    CoursePage.objects.get(pk=course.pk).unpublish()
    page = begin_edition(course, 3, title="Otra vez")
    activities.sync_course(page)
    read_before(course, now)
    assert set(made()) == {1}
    assert [one.number for one in ended(course)] == [1, 2]


def test_translations_share_the_editions_of_their_source(course, now):
    begun = translating.translate_course(course, code="quc", by=a_person())
    begun = CoursePage.objects.get(pk=begun.pk)
    begun.edition = 9
    begun.save_revision().publish()
    begun.refresh_from_db()
    assert (begun.edition, len(ended(course))) == (2, 1)
    other = entered(begun, now - 8 * HOUR)
    for lesson in course.lessons_then:
        read(other, lesson, now - 2 * HOUR)
    assert made()[1].programme == ["Uno", "Dos"]
    begin_edition(course, 3)
    begun.refresh_from_db()
    assert (begun.edition, len(ended(course))) == (3, 2)


def test_who_completes_while_an_edition_is_published_completes_one_and_says_the_same_one(now, monkeypatch):
    course = a_course(title="Antes")
    lesson, enrolled, real = a_lesson(course), entered(course, now - HOUR), stating.read
    begun = []

    def meanwhile(*asked, **more):
        if not begun:
            begun.append(begin_edition(course, 2, title="Después"))
        return real(*asked, **more)

    monkeypatch.setattr(stating, "read", meanwhile)
    completion.complete_activity(enrolment=enrolled, activity=activity_of(lesson), at=now)
    (one,) = Completion.objects.all()
    assert (one.edition, one.course_title) == (1, "Antes")


CHANGES = {"update": "UPDATE courses_courseedition SET number = 7", "delete": "DELETE FROM courses_courseedition"}


@pytest.mark.parametrize("verb", CHANGES)
def test_no_row_is_changed_or_taken_away(course, verb):
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CHANGES[verb])
    assert ended(course)[0].number == 1


@pytest.mark.parametrize(
    "changed", [{"began_at": timedelta(hours=1)}, {"noted_at": -timedelta(hours=1)}, {"number": 1, "ended_at": None}]
)
def test_a_row_cannot_lie(course, changed):
    row = ended(course)[0]
    said = {"course_key": row.course_key, "number": 8, "ended_at": row.ended_at, "asked": {}, "said": {}}
    for name, value in changed.items():
        said[name] = row.ended_at + value if isinstance(value, timedelta) else value or row.ended_at
    with pytest.raises(IntegrityError), transaction.atomic():
        CourseEdition.objects.create(**said)


def test_hours_held_in_person_are_those_of_the_edition(now):
    course = a_course(hours=10)
    lesson = a_lesson(course)
    one = activity_of(lesson)
    Activity.objects.update(kind="attendance", hours=Decimal("2.5"), min_percent=80, required_since=None)
    enrolled = entered(course, now - 8 * HOUR)
    begin_edition(course, 2, at=now - HOUR)
    Activity.objects.update(hours=Decimal("6.0"))
    completion.complete_activity(enrolment=enrolled, activity=one, at=now - 2 * HOUR)
    assert made()[1].hours_by_kind == {"in_person": "2.5", "virtual": "7.5"}


def test_rules_are_cut_where_editions_ended(now):
    course = a_course(watch_threshold_percent=50)
    a_rule(course, since=now - 4 * HOUR, watch_percent=80)
    a_rule(course, since=now - HOUR, watch_percent=70)
    history = rules.history(course)

    def said(terms):
        return [(one.asked.watch_percent, one.since, one.until) for one in terms]

    four, three, two = (now - n * HOUR for n in (4, 3, 2))
    assert said(history.cut([])) == []
    assert said(history.cut([four])) == [(50, None, four)]
    assert said(history.cut([two, three])) == [(50, None, four), (80, four, three), (80, four, two)]
    between = [(one.watch_percent, until) for one, until in history.between(three, two)]
    assert between == [(80, two)]
    assert [one.watch_percent for one, _until in history.between(now - 5 * HOUR, None)] == [50, 80, 70]
    assert [one.watch_percent for one, _until in history.between(four, now - HOUR)] == [80]
