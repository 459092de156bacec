"""Learners who do not exist, for the previews of a trainer: what a page would show to somebody so far on their way.

Nothing is read of anybody and nothing is written: enrolments, watching and completions here are unsaved rows.
"""

from dataclasses import replace
from itertools import count
from uuid import uuid4

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.translation import gettext_lazy

from courses.domain import bitmap, lacking, rules
from courses.domain.coverage import coverage_of
from courses.domain.progress import ActivityProgress, CourseProgress, LessonProgress, build_progress, untouched
from courses.domain.wanted import wanted_of
from courses.models import Activity, Completion, CoursePage, Enrolment, LessonPage, WatchProgress
from courses.models.previewing import HALF_WAY, NEWLY, STRANGER, THROUGH

WORDS = {
    STRANGER: gettext_lazy("alguien que no está en el curso"),
    NEWLY: gettext_lazy("alguien que acaba de inscribirse"),
    HALF_WAY: gettext_lazy("alguien que va a la mitad"),
    THROUGH: gettext_lazy("alguien que ya completó el curso"),
}


def imagine(course: CoursePage, mode: str, *, draft: LessonPage | None = None) -> CourseProgress:
    """A course as somebody would find it who is as far as `mode` says; with `draft` as it stands in the editor."""
    progress = build_progress([course], {})[0]
    if draft is not None:
        progress = replace(progress, lessons=_with(progress, draft))
    if mode == STRANGER:
        return progress
    enrolment = Enrolment(person=None, course=course, course_key=course.translation_key)
    lessons = _lived(progress, mode)
    done = sum(item.is_done for lesson in lessons for item in lesson.activities)
    completion = _completion(course) if mode == THROUGH else None
    return replace(progress, lessons=lessons, enrolment=enrolment, completion=completion, done_count=done)


def stranger() -> AnonymousUser:
    """Whoever looks at an imagined page is nobody: what the trainer is in the course does not show."""
    return AnonymousUser()


def _with(progress: CourseProgress, draft: LessonPage) -> tuple[LessonProgress, ...]:
    """The lessons with the one in the editor in its place, or at the end when it was never published."""
    for block in draft.body:
        block.id = block.id or str(uuid4())  # one that was never saved
    known = progress.find_lesson(draft.translation_key)
    url = known.url if known else f"{progress.course.url or '/'}{draft.slug}/"
    number = known.number if known else len(progress.lessons) + 1
    numbers = count(-1, -1)  # keys that no saved activity has, each another
    wanted = [Activity(pk=next(numbers), block_key=one.block_key, **one.fields) for one in wanted_of(draft)]
    here = LessonProgress(draft, number, url, tuple(untouched(one, url, progress.asked) for one in wanted))
    if known is None:
        return (*progress.lessons, here)
    return tuple(here if lesson is known else lesson for lesson in progress.lessons)


def _lived(progress: CourseProgress, mode: str) -> tuple[LessonProgress, ...]:
    """The lessons with what was done: all of it, or the first half and a part of the video that follows."""
    total = len(progress.items)
    done = {NEWLY: 0, HALF_WAY: total // 2, THROUGH: total}[mode]
    numbers = count()

    def lived(item: ActivityProgress) -> ActivityProgress:
        number = next(numbers)
        if number < done:
            return _done(item, progress.asked)
        return _begun(item, progress.asked) if mode == HALF_WAY and number == done else item

    return tuple(
        replace(lesson, activities=tuple(lived(item) for item in lesson.activities)) for lesson in progress.lessons
    )


def _done(item: ActivityProgress, asked: rules.Asked) -> ActivityProgress:
    best = max(asked.pass_of(item.activity), asked.mean_percent or 0) if item.activity.quiz else None
    return replace(_watched(item, 100), is_done=True, percent=100, lacks=(), best_percent=best)


def _begun(item: ActivityProgress, asked: rules.Asked) -> ActivityProgress:
    begun = _watched(item, 50)
    if begun.watch is None or not item.activity.video:
        return item
    coverage = coverage_of(asked, item.activity, item.activity.video, begun.watch)
    lacks = lacking.of_video(coverage, item.url.partition("#")[0], item.activity)
    return replace(begun, coverage=coverage, percent=coverage.percent, lacks=lacks)


def _watched(item: ActivityProgress, percent: int) -> ActivityProgress:
    video = item.activity.video
    if not video:
        return item
    length = video.length_seconds
    seconds = length * percent // 100
    watch = WatchProgress(
        video=video,
        cut=video.cut,
        length_seconds=length,
        bitmap=bitmap.with_runs(b"", [(0, seconds)], length),
        covered_seconds=seconds,
        position_seconds=seconds,
    )
    return replace(item, watch=watch)


def _completion(course: CoursePage) -> Completion:
    return Completion(
        course_key=course.translation_key,
        edition=course.edition,
        certificate_kind=course.certificate_kind,
        certificate_on_request=course.certificate_on_request,
        completed_at=timezone.now(),
    )
