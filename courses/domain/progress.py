"""How far somebody is: per course, lesson and activity, with what is missing in words. Read only; flat in queries."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from uuid import UUID

from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.domain.durations import in_words
from courses.models import (
    Activity,
    ActivityCompletion,
    Attempt,
    Completion,
    CoursePage,
    Enrolment,
    LessonPage,
    WatchProgress,
)

LESSON_FIELDS = ("title", "slug", "path", "depth", "translation_key", "summary", "minutes")


def needed_seconds(length_seconds: int, threshold_percent: int) -> int:
    """How many seconds of a video must be watched, rounded up."""
    return ceil(length_seconds * threshold_percent / 100)


@dataclass(frozen=True)
class ActivityProgress:
    """One thing to do. `words` say what is missing; empty when it is done."""

    activity: Activity
    url: str
    is_done: bool
    percent: int
    words: str
    watch: WatchProgress | None = None

    @property
    def is_missing(self) -> bool:
        """Whether the course still waits for it."""
        return self.activity.is_required and not self.is_done


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

    @cached_property
    def missing(self) -> list[ActivityProgress]:
        """What the course still waits for, in order."""
        return [item for lesson in self.lessons for item in lesson.missing]

    @cached_property
    def percent(self) -> int:
        """Whole percent over all required activities, rounded down; 100 means that nothing is missing."""
        every = [item for lesson in self.lessons for item in lesson.activities]
        counted = [item for item in every if item.activity.is_required] or every
        return sum(item.percent for item in counted) // len(counted) if counted else 0

    @property
    def is_complete(self) -> bool:
        """Whether this edition of the course was completed."""
        return self.completion is not None and self.completion.edition == self.course.edition

    @property
    def next(self) -> ActivityProgress | None:
        """The first thing that is missing."""
        return self.missing[0] if self.missing else None

    @property
    def here(self) -> LessonProgress | None:
        """The lesson to go on with: where the next thing is, else the last one visited, else the first."""
        last = self.enrolment.last_lesson_key if self.enrolment else None
        for lesson in self.lessons:
            if lesson.missing if self.missing else lesson.lesson.translation_key == last:
                return lesson
        return self.lessons[0] if self.lessons else None

    def find_lesson(self, key: UUID) -> LessonProgress | None:
        """The lesson with this translation key."""
        return next((item for item in self.lessons if item.lesson.translation_key == key), None)


@dataclass(frozen=True)
class _Outline:
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


def build_progress(courses: list[CoursePage], enrolments: Mapping[UUID, Enrolment]) -> list[CourseProgress]:
    """The progress in each course, for the person whose enrolments are given by course key (none for a visitor).

    The number of queries grows neither with courses nor with lessons.
    """
    outline = _outline(courses)
    facts = _load(list(enrolments.values()))
    return [_course(course, enrolments.get(course.translation_key), outline, facts) for course in courses]


def build_each(enrolments: list[Enrolment]) -> list[CourseProgress]:
    """The progress of each enrolment, of whichever people, as flat in queries as `build_progress`."""
    outline = _outline([enrolment.course for enrolment in enrolments])
    facts = _load(enrolments)
    return [_course(enrolment.course, enrolment, outline, facts) for enrolment in enrolments]


def _outline(courses: list[CoursePage]) -> _Outline:
    """What some courses are made of, in whichever language."""
    keys = {course.translation_key for course in courses}
    activities: dict[UUID, list[Activity]] = defaultdict(list)
    for activity in Activity.objects.current().filter(course_key__in=keys).select_related("quiz", "video"):
        activities[activity.lesson_key].append(activity)
    lessons = LessonPage.objects.live().filter(translation_key__in=activities).only(*LESSON_FIELDS).order_by("path")
    below: dict[str, list[LessonPage]] = defaultdict(list)
    for lesson in lessons:
        below[lesson.path[: -LessonPage.steplen]].append(lesson)
    sources = CoursePage.objects.filter(translation_key__in=keys).sources().only("path", "slug", "translation_key")
    return _Outline({course.translation_key: course for course in sources}, below, activities)


def _load(enrolments: list[Enrolment]) -> _Facts:
    if not enrolments:
        return _Facts(set(), {}, {}, {})
    ids = [enrolment.pk for enrolment in enrolments]
    done = ActivityCompletion.objects.filter(enrolment__in=ids).values_list("enrolment_id", "activity_id")
    watched = WatchProgress.objects.filter(enrolment__in=ids).defer("clock_spans")
    tried = (
        Attempt.objects.filter(enrolment__in=ids)
        .values("enrolment_id", "activity_id")
        .annotate(count=Count("pk"), best=Max("score_percent"), open=Count("pk", filter=Q(closed_at=None)))
    )
    people = {enrolment.person_id for enrolment in enrolments}
    courses = [enrolment.course_key for enrolment in enrolments]
    completions = Completion.objects.with_holder().filter(holder__in=people, course_key__in=courses).order_by("edition")
    return _Facts(
        set(done),
        {(item.enrolment_id, item.activity_id, item.video_id): item for item in watched},
        {(row["enrolment_id"], row["activity_id"]): dict(row) for row in tried},
        {(item.holder, item.course_key): item for item in completions},
    )


def _course(course: CoursePage, enrolment: Enrolment | None, outline: _Outline, facts: _Facts) -> CourseProgress:
    """The source's lessons, each in the course's language where it was translated."""
    source = outline.sources.get(course.translation_key, course)
    translated = {lesson.translation_key: lesson for lesson in outline.below[course.path]}
    items = []
    for number, asked in enumerate(outline.below[source.path], start=1):
        lesson = translated.get(asked.translation_key)
        url = f"{(course if lesson else source).url or '/'}{(lesson or asked).slug}/"
        activities = outline.activities[asked.translation_key]
        todo = tuple(_activity(one, url, course, enrolment, facts) for one in activities)
        items.append(LessonProgress(lesson or asked, number, url, todo))
    completion = facts.completions.get((enrolment.person_id, course.translation_key)) if enrolment else None
    return CourseProgress(course, enrolment, tuple(items), completion)


def _activity(
    activity: Activity, url: str, course: CoursePage, enrolment: Enrolment | None, facts: _Facts
) -> ActivityProgress:
    key = (enrolment.pk if enrolment else 0, activity.pk)
    is_done = key in facts.done
    watch = facts.watched.get((*key, activity.video_id or 0))
    percent, words = 0, ""
    if activity.kind == Activity.Kind.VIDEO and activity.video:
        length = watch.length_seconds if watch else activity.video.length_seconds
        covered = watch.covered_seconds if watch else 0
        needed = needed_seconds(length, course.watch_threshold_percent)
        percent = min(99, 100 * covered // needed)
        is_sound = activity.video.kind == activity.video.Kind.SOUND
        words = video_words(needed - covered, is_sound=is_sound) or _(
            "Ya vio lo suficiente: abra la lección para que cuente"
        )
    elif activity.kind == Activity.Kind.QUIZ:
        words = quiz_words(activity.quiz, facts.tried.get(key))
    else:
        words = _("Lea la lección y márquela como leída")
    anchor = f"{url}#a-{activity.block_key}"
    return ActivityProgress(activity, anchor, is_done, 100 if is_done else percent, "" if is_done else words, watch)


def video_words(missing_seconds: int, *, is_sound: bool = False) -> str:
    """What is missing of a video, or of a recording without a picture."""
    if missing_seconds <= 0:
        return ""
    count = 1 if missing_seconds in {1, 60, 3600} else 2
    if is_sound:
        template = ngettext("Le falta %(time)s de la grabación", "Le faltan %(time)s de la grabación", count)
    else:
        template = ngettext("Le falta %(time)s del video", "Le faltan %(time)s del video", count)
    return template % {"time": in_words(missing_seconds)}


def quiz_words(quiz, tried: dict | None) -> str:
    """What is missing of a quiz: the mark, the best so far, the attempts left."""
    words = _("Apruebe el cuestionario: necesita %(pass)s %%") % {"pass": quiz.pass_percent}
    if not tried:
        return words
    parts = [words]
    if tried["best"] is not None:
        parts.append(_("su mejor nota es %(best)s %%") % {"best": tried["best"]})
    if tried["open"]:
        parts.append(_("tiene un intento a medias"))
    elif quiz.max_attempts:
        left = max(0, quiz.max_attempts - tried["count"])
        some = ngettext("le queda %(n)d intento", "le quedan %(n)d intentos", left) % {"n": left}
        parts.append(some if left else _("ya no le quedan intentos: hable con quien imparte el curso"))
    return ", ".join(parts)
