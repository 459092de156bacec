"""How far somebody is: per course, lesson and activity, with what is missing in words. Read only; flat in queries."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from django.utils.translation import get_language

from courses.domain import attended, lacking, recorded, rules, totals
from courses.domain.coverage import coverage_of
from courses.domain.lacking import Lack
from courses.domain.recorded import NO_FACTS, Facts, with_signs
from courses.domain.rules import Asked
from courses.domain.steps import ActivityProgress
from courses.models import Activity, Completion, CoursePage, Enrolment, LessonPage, Waiver
from lms.domain import kept

__all__ = [
    "ActivityProgress",
    "CourseProgress",
    "LessonProgress",
    "build_each",
    "build_progress",
    "untouched",
    "with_signs",
]

LESSON_FIELDS = ("title", "slug", "path", "depth", "translation_key", "summary", "minutes")


@dataclass(frozen=True)
class LessonProgress:
    """A published lesson and what there is to do in it."""

    lesson: LessonPage
    number: int
    url: str
    activities: tuple[ActivityProgress, ...]

    @cached_property
    def missing(self) -> list[ActivityProgress]:
        """What the course still waits for in this lesson."""
        return [item for item in self.activities if item.is_missing]

    @property
    def is_done(self) -> bool:
        """Whether nothing that is required is missing, and something was asked or done."""
        return not self.missing and any(item.activity.is_required or item.is_done for item in self.activities)

    @property
    def is_begun(self) -> bool:
        """Whether something was done or watched."""
        return any(item.is_done or item.percent for item in self.activities)


@dataclass(frozen=True)
class CourseProgress:
    """A course as one person finds it. `enrolment` is None for somebody who is not in it."""

    course: CoursePage
    enrolment: Enrolment | None
    lessons: tuple[LessonProgress, ...]
    completion: Completion | None
    asked: Asked
    done_count: int = 0

    @cached_property
    def items(self) -> list[ActivityProgress]:
        """Everything there is to do, in order."""
        return [item for lesson in self.lessons for item in lesson.activities]

    @cached_property
    def missing(self) -> list[ActivityProgress]:
        """What the course still waits for, in order."""
        return [item for lesson in self.lessons for item in lesson.missing]

    @property
    def waivers(self) -> list[Waiver]:
        """The exceptions that were made."""
        return [item.waiver for item in self.items if item.waiver]

    @cached_property
    def optional(self) -> totals.Optional:
        """How many of the optional activities were done, and how many have to be."""
        required = [item for item in self.items if item.activity.is_required]
        left = [item for item in self.items if item.activity.is_choice and not item.is_done]
        # What was done counts, also where it is no longer in the course.
        done = self.done_count - sum(item.is_done for item in required)
        return totals.Optional(done, min(self.asked.optional_count, done + len(left)), left)

    @cached_property
    def mean(self) -> totals.Mean:
        """The mean of the required quizzes, and what it has to be."""
        quizzes = [item for item in self.items if item.activity.quiz_id and item.activity.is_required]
        return totals.Mean([item for item in quizzes if not item.waiver], self.asked.mean_percent)

    @cached_property
    def lacks(self) -> list[Lack]:
        """Everything that the course still waits for, in words, each with a link to its place."""
        every = [lack for item in self.missing for lack in item.lacks]
        return [*every, *self.optional.lacks, *self.mean.lacks]

    @cached_property
    def percent(self) -> int:
        """Whole percent over all that is required, rounded down; 100 means that nothing is missing."""
        counted = [item.percent for item in self.items if item.activity.is_required]
        counted += [*self.optional.percents, *self.mean.percents]
        counted = counted or [item.percent for item in self.items]
        return sum(counted) // len(counted) if counted else 0

    @property
    def is_asked(self) -> bool:
        """Whether the course asks for anything: one that asks for nothing is never completed."""
        return any(item.activity.is_required for item in self.items)

    @property
    def is_begun(self) -> bool:
        """Whether something was done, or excused."""
        return self.done_count > 0 or any(item.waiver or item.percent for item in self.items)

    @property
    def is_complete(self) -> bool:
        """Whether this edition of the course was completed."""
        return self.completion is not None and self.completion.edition == self.course.edition

    @property
    def next(self) -> ActivityProgress | None:
        """The first thing to do: one that is missing, else one that adds to what is."""
        return next(iter([*self.missing, *self.optional.offers, *self.mean.offers]), None)

    @cached_property
    def here(self) -> LessonProgress | None:
        """The lesson to go on with: where the next thing is, else the last one visited, else the first."""
        last = self.enrolment.last_lesson_key if self.enrolment else None
        following = self.next
        for lesson in self.lessons:
            if following in lesson.activities if following else lesson.lesson.translation_key == last:
                return lesson
        return self.lessons[0] if self.lessons else None

    def find_lesson(self, key: UUID) -> LessonProgress | None:
        """The lesson with this translation key."""
        return next((item for item in self.lessons if item.lesson.translation_key == key), None)


@dataclass(frozen=True)
class Outline:
    """Some courses: the source of each by its key, published lessons by the path above them, activities by lesson."""

    sources: Mapping[UUID, CoursePage]
    below: Mapping[str, list[LessonPage]]
    activities: Mapping[UUID, list[Activity]]


@dataclass(frozen=True)
class Shape:
    """A course as it is before anything is done in it, in one language; the same for everybody, so nobody changes it.

    `has_hours` says that something of it is held in person.
    """

    lessons: tuple[LessonProgress, ...]
    asked: Asked
    has_hours: bool


def build_progress(
    courses: list[CoursePage],
    enrolments: Mapping[UUID, Enrolment],
    *,
    at: datetime | None = None,
    completions: list[Completion] | None = None,
    is_shown: bool = False,
) -> list[CourseProgress]:
    """The progress in each course, for the person whose enrolments are given by course key (none for a visitor).

    `completions` are all of that person's, where they were read already. `is_shown` says that nothing is decided by it:
    what courses are made of and ask for is then what pages keep (docs/decisions/0035). The number of queries grows
    neither with courses nor with lessons.
    """
    asked = {} if is_shown else rules.in_force_each(courses, at)
    shapes = _shapes(courses) if is_shown else _drawn(courses, _outline(courses), asked)
    facts = recorded.load(
        list(enrolments.values()), has_hours=any(one.has_hours for one in shapes.values()), known=completions
    )
    return [_course(one, enrolments.get(one.translation_key), shapes[one.pk], facts) for one in courses]


def build_each(
    enrolments: list[Enrolment],
    *,
    asked: Asked | None = None,
    activities: Mapping[UUID, list[Activity]] | None = None,
) -> list[CourseProgress]:
    """The progress of each enrolment, of whichever people, as flat in queries as `build_progress`.

    `asked` and `activities` (by lesson key) are a rule and a content that are not in force: what it would be by them.
    """
    courses = [enrolment.course for enrolment in enrolments]
    outline = _outline(courses)
    outline = outline if activities is None else replace(outline, activities=activities)
    by_key = {course.translation_key: asked for course in courses} if asked else rules.in_force_each(courses)
    shapes = _drawn(courses, outline, by_key)
    facts = recorded.load(enrolments, has_hours=any(one.has_hours for one in shapes.values()))
    return [_course(one.course, one, shapes[one.course_id], facts) for one in enrolments]


def _outline(courses: list[CoursePage]) -> Outline:
    """What some courses are made of, in whichever language."""
    keys = {course.translation_key for course in courses}
    activities: dict[UUID, list[Activity]] = defaultdict(list)
    for activity in Activity.objects.current().filter(course_key__in=keys).select_related("quiz", "video"):
        activities[activity.lesson_key].append(activity)
    lessons = LessonPage.objects.live().filter(translation_key__in=activities).only(*LESSON_FIELDS).order_by("path")
    below: dict[str, list[LessonPage]] = defaultdict(list)
    for lesson in lessons:
        below[lesson.path[: -LessonPage.steplen]].append(lesson)
    sources = CoursePage.objects.filter(translation_key__in=keys).sources().only("path", "url_path", "translation_key")
    return Outline({course.translation_key: course for course in sources}, below, activities)


def _shapes(courses: list[CoursePage]) -> dict[int, Shape]:
    """What some courses (by their keys) look like before anything is done, as it is kept for each of them."""
    by_name = {f"shape {get_language()} {course.pk}": course for course in courses}

    def make(missing: set[str]) -> dict[str, Shape]:
        wanted = [by_name[name] for name in missing]
        drawn = _drawn(wanted, _outline(wanted), rules.in_force_each(wanted))
        return {name: drawn[by_name[name].pk] for name in missing}

    return {by_name[name].pk: shape for name, shape in kept.get_many(by_name, make).items()}


def _drawn(courses: list[CoursePage], outline: Outline, asked: Mapping[UUID, Asked]) -> dict[int, Shape]:
    """The same, drawn now."""
    by_key = {course.pk: course for course in courses}
    return {key: _shape(course, outline, asked[course.translation_key]) for key, course in by_key.items()}


def _shape(course: CoursePage, outline: Outline, asked: Asked) -> Shape:
    """The source's lessons, each in the course's language where it was translated."""
    source = outline.sources.get(course.translation_key, course)
    translated = {lesson.translation_key: lesson for lesson in outline.below.get(course.path, ())}
    above = (source.url or "/", (source if source.pk == course.pk else course).url or "/")
    items, has_hours = [], False
    for number, original in enumerate(outline.below.get(source.path, ()), start=1):
        lesson = translated.get(original.translation_key)
        url = f"{above[bool(lesson)]}{(lesson or original).slug}/"
        activities = outline.activities.get(original.translation_key, ())
        has_hours = has_hours or any(one.hours for one in activities)
        todo = tuple(untouched(one, url, asked) for one in activities)
        items.append(LessonProgress(lesson or original, number, url, todo))
    return Shape(tuple(items), asked, has_hours)


def _course(course: CoursePage, enrolment: Enrolment | None, shape: Shape, facts: Facts) -> CourseProgress:
    """What somebody did, where they did something; what they never touched is the same for everybody."""
    if enrolment is None:
        return CourseProgress(course, None, shape.lessons, None, shape.asked)
    touched = facts.touched.get(enrolment.pk, set())
    lessons = tuple(_lesson(one, shape.asked, enrolment, facts, touched) for one in shape.lessons)
    completion = facts.completions.get((enrolment.person_id, course.translation_key))
    return CourseProgress(course, enrolment, lessons, completion, shape.asked, facts.done_count(enrolment))


def _lesson(
    bare: LessonProgress, asked: Asked, enrolment: Enrolment, facts: Facts, touched: set[int]
) -> LessonProgress:
    if touched.isdisjoint(item.activity.pk for item in bare.activities):
        return bare
    todo = tuple(_activity(item.activity, bare.url, asked, enrolment, facts) for item in bare.activities)
    return replace(bare, activities=todo)


def _activity(
    activity: Activity, url: str, asked: Asked, enrolment: Enrolment | None, facts: Facts
) -> ActivityProgress:
    key = (enrolment.pk if enrolment else 0, activity.pk)
    is_done = key in facts.done
    waiver = facts.waivers.get(key)
    watch = facts.watched.get((*key, activity.video_id or 0))
    tried = facts.tried.get(key)
    coverage = coverage_of(asked, activity, activity.video, watch) if activity.video else None
    place = f"{url}#a-{activity.block_key}"
    lacks: tuple[Lack, ...] = ()
    percent = coverage.percent if coverage else 0
    if activity.kind == Activity.Kind.ATTENDANCE:
        needed, there = attended.needed_hours(activity), facts.attended.get(key, Decimal(0))
        percent = min(99, int(100 * there / needed))
        lacks = (Lack(attended.in_words(needed - there), place),)
    elif coverage:
        lacks = lacking.of_video(coverage, url, activity)
    elif activity.is_entry:
        # It is asked of nobody, so nothing of it is missing.
        is_done = is_done or bool(tried and tried["count"] > tried["open"])
    elif activity.quiz:
        lacks = (Lack(lacking.quiz_words(asked.pass_of(activity), activity.quiz.max_attempts, tried), place),)
    else:
        lacks = (Lack(lacking.reading_words(), place),)
    if is_done or waiver:
        percent, lacks = 100, ()
    best = tried["best"] if tried else None
    return ActivityProgress(activity, place, is_done, percent, lacks, watch, coverage, waiver, best)


def untouched(activity: Activity, url: str, asked: Asked) -> ActivityProgress:
    """One thing to do in the lesson at `url`, for somebody who did nothing of it."""
    return _activity(activity, url, asked, None, NO_FACTS)
