"""How far somebody is: per course, lesson and activity, with what is missing in words. Read only; flat in queries."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cache, cached_property
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, Max, OuterRef, Q

from courses.domain import attended, lacking, rules, totals
from courses.domain.coverage import coverage_of
from courses.domain.lacking import Lack
from courses.domain.rules import Asked
from courses.domain.steps import ActivityProgress
from courses.models import (
    Activity,
    ActivityCompletion,
    AssignedPerson,
    Attempt,
    Completion,
    CoursePage,
    Enrolment,
    LessonPage,
    Waiver,
    WatchProgress,
    WatchSegment,
)
from courses.models.enrolment import EnrolmentQuerySet
from lms.domain import kept
from lms.models import reading

__all__ = [
    "ActivityProgress",
    "CourseProgress",
    "LessonProgress",
    "build_each",
    "build_progress",
    "untouched",
    "with_signs",
]
OPEN = Count("pk", filter=Q(closed_at=None))
AWAITING = Count("pk", filter=Q(closed_at__isnull=False, score_percent=None))
OF_WATCHING = tuple(field.attname for field in WatchProgress._meta.concrete_fields if field.name != "clock_spans")
LESSON_FIELDS = ("title", "slug", "path", "depth", "translation_key", "summary", "minutes")


@dataclass(frozen=True)
class LessonProgress:
    """A published lesson and what there is to do in it."""

    lesson: LessonPage
    number: int
    url: str
    activities: tuple[ActivityProgress, ...]

    @property
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

    @property
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
class _Facts:
    """What the database knows of some enrolments, by (enrolment id, activity id)."""

    done: set[tuple[int, int]]
    watched: dict[tuple[int, int, int], WatchProgress]
    tried: dict[tuple[int, int], dict]
    completions: dict[tuple[int, UUID], Completion]
    waivers: dict[tuple[int, int], Waiver]
    attended: attended.Hours

    def done_count(self, enrolment: Enrolment | None) -> int:
        """How many activities somebody completed, also ones that were taken out of the course."""
        return sum(1 for key, _activity in self.done if enrolment and key == enrolment.pk)


NO_FACTS = _Facts(set(), {}, {}, {}, {}, {})


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
    outline, asked = _shapes(courses) if is_shown else (_outline(courses), rules.in_force_each(courses, at))
    facts = _load(list(enrolments.values()), outline.activities, completions)
    return [
        _course(one, enrolments.get(one.translation_key), outline, facts, asked[one.translation_key]) for one in courses
    ]


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
    by_key = rules.in_force_each(courses)
    facts = _load(enrolments, outline.activities)
    return [_course(one.course, one, outline, facts, asked or by_key[one.course_key]) for one in enrolments]


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


def _shapes(courses: list[CoursePage]) -> tuple[Outline, dict[UUID, Asked]]:
    """What some courses are made of and ask for, as it is kept for each of them."""
    by_name = {f"shape {course.pk}": course for course in courses}

    def make(missing: set[str]) -> dict[str, tuple[Outline, Asked]]:
        wanted = [by_name[name] for name in missing]
        outline, asked = _outline(wanted), rules.in_force_each(wanted)
        return {f"shape {one.pk}": (_only(outline, one.translation_key), asked[one.translation_key]) for one in wanted}

    shapes = {by_name[name]: shape for name, shape in kept.get_many(by_name, make).items()}
    whole = Outline({}, {}, {})
    below: dict[str, list[LessonPage]] = defaultdict(list)
    for outline, _asked in shapes.values():
        for path, lessons in outline.below.items():
            below[path] += [lesson for lesson in lessons if lesson not in below[path]]
        whole = Outline({**whole.sources, **outline.sources}, below, {**whole.activities, **outline.activities})
    return whole, {course.translation_key: asked for course, (_outline, asked) in shapes.items()}


def _only(outline: Outline, key: UUID) -> Outline:
    """What an outline says of one of its courses."""
    activities = {lesson: some for lesson, some in outline.activities.items() if some[0].course_key == key}
    below = {path: [one for one in some if one.translation_key in activities] for path, some in outline.below.items()}
    sources = {key: outline.sources[key]} if key in outline.sources else {}
    return Outline(sources, {path: some for path, some in below.items() if some}, activities)


def with_signs(enrolments: EnrolmentQuerySet) -> EnrolmentQuerySet:
    """Enrolments that say for what else it is worth asking: most learners have no exception and never tried a quiz."""
    mine = {"enrolment": OuterRef("pk")}
    made = Completion.objects.order_by().filter(course_key=OuterRef("course_key"))
    asked = AssignedPerson.objects.binding().filter(assignment__course_key=OuterRef("course_key"))
    return enrolments.annotate(
        has_attempts=Exists(Attempt.objects.order_by().filter(**mine)),
        has_waivers=Exists(Waiver.objects.in_force().filter(**mine)),
        has_completions=Exists(made.filter(Q(person=OuterRef("person")) | Q(person__merged_into=OuterRef("person")))),
        has_uncounted=Exists(WatchSegment.objects.order_by().filter(grade=WatchSegment.Grade.KEPT, **mine)),
        is_asked=Exists(asked.filter(person=OuterRef("person"))),
    )


def _that(enrolments: list[Enrolment], sign: str) -> list[Enrolment]:
    """Those that have a sign, or of which nobody asked."""
    return [one for one in enrolments if getattr(one, sign, True)]


def _load(
    enrolments: list[Enrolment], activities: Mapping[UUID, list[Activity]], known: list[Completion] | None = None
) -> _Facts:
    if not enrolments:
        return NO_FACTS
    ids = [enrolment.pk for enrolment in enrolments]
    done, watched = _deeds(ids)
    return _Facts(
        done,
        watched,
        _tried(_that(enrolments, "has_attempts")),
        _made(_that(enrolments, "has_completions")) if known is None else _own(enrolments[0].person_id, known),
        _excused(_that(enrolments, "has_waivers")),
        attended.hours_of(ids) if any(one.hours for some in activities.values() for one in some) else {},
    )


@cache
def _of_deeds(vendor: str) -> str:
    """What was completed, then what was watched."""
    theirs = reading.among("enrolment_id", "bigint")
    return (
        f"SELECT done.enrolment_id, done.activity_id{', NULL' * len(OF_WATCHING)}"  # noqa: S608 own names
        f" FROM {ActivityCompletion._meta.db_table} done WHERE {theirs}"
        f" UNION ALL SELECT NULL, NULL, {reading.columns(WatchProgress, 'seen', OF_WATCHING)}"
        f" FROM {WatchProgress._meta.db_table} seen WHERE {theirs}"
    )


def _deeds(enrolments: list[int]) -> tuple[set[tuple[int, int]], dict[tuple[int, int, int], WatchProgress]]:
    """In one statement."""
    chosen = reading.keys(enrolments)
    done, watched = set(), {}
    for enrolment, activity, *columns in reading.ask(_of_deeds(connection.vendor), [chosen, chosen]):
        seen = reading.build(WatchProgress, columns, OF_WATCHING)
        if seen is None:
            done.add((enrolment, activity))
        else:
            watched[seen.enrolment_id, seen.activity_id, seen.video_id] = seen
    return done, watched


def _tried(enrolments: list[Enrolment]) -> dict[tuple[int, int], dict]:
    """How often each quiz was tried, and how well."""
    if not enrolments:
        return {}
    each = Attempt.objects.of_their_stage().filter(enrolment__in=enrolments).values("enrolment_id", "activity_id")
    counted = each.annotate(count=Count("pk"), best=Max("score_percent"), open=OPEN, to_mark=AWAITING)
    return {(row["enrolment_id"], row["activity_id"]): dict(row) for row in counted}


def _excused(enrolments: list[Enrolment]) -> dict[tuple[int, int], Waiver]:
    """The exceptions that are in force."""
    if not enrolments:
        return {}
    waivers = Waiver.objects.in_force().filter(enrolment__in=enrolments).select_related("activity", "made_by")
    return {(item.enrolment_id, item.activity_id): item for item in waivers}


def _made(enrolments: list[Enrolment]) -> dict[tuple[int, UUID], Completion]:
    """The newest edition that each person completed of each course."""
    if not enrolments:
        return {}
    people = {enrolment.person_id for enrolment in enrolments}
    courses = [enrolment.course_key for enrolment in enrolments]
    completions = Completion.objects.with_holder().filter(holder__in=people, course_key__in=courses).order_by("edition")
    return {(item.holder, item.course_key): item for item in completions}


def _own(person: int, known: list[Completion]) -> dict[tuple[int, UUID], Completion]:
    return {(person, item.course_key): item for item in sorted(known, key=lambda item: item.edition)}


def _course(
    course: CoursePage, enrolment: Enrolment | None, outline: Outline, facts: _Facts, asked: Asked
) -> CourseProgress:
    """The source's lessons, each in the course's language where it was translated."""
    source = outline.sources.get(course.translation_key, course)
    translated = {lesson.translation_key: lesson for lesson in outline.below.get(course.path, ())}
    above = (source.url or "/", (source if source.pk == course.pk else course).url or "/")
    items = []
    for number, original in enumerate(outline.below.get(source.path, ()), start=1):
        lesson = translated.get(original.translation_key)
        url = f"{above[bool(lesson)]}{(lesson or original).slug}/"
        activities = outline.activities.get(original.translation_key, ())
        todo = tuple(_activity(one, url, asked, enrolment, facts) for one in activities)
        items.append(LessonProgress(lesson or original, number, url, todo))
    completion = facts.completions.get((enrolment.person_id, course.translation_key)) if enrolment else None
    return CourseProgress(course, enrolment, tuple(items), completion, asked, facts.done_count(enrolment))


def _activity(
    activity: Activity, url: str, asked: Asked, enrolment: Enrolment | None, facts: _Facts
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
