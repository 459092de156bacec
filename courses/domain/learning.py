"""A person's own page: what to go on with, what runs, what was completed, what may come next. Flat in queries."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, Sum
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.domain.catalogue import SMALL_RUNG, suggested
from courses.domain.progress import ActivityProgress, CourseProgress, LessonProgress, build_progress
from courses.models import Activity, Completion, CoursePage, Enrolment
from lms.models import Person
from media.models import Rendition


@dataclass(frozen=True)
class Continuation:
    """The one thing to go on with. `position_seconds` is a place in its video, 0 when there is none to return to."""

    progress: CourseProgress
    lesson: LessonProgress | None
    activity: ActivityProgress | None
    position_seconds: int
    left: str
    video_bytes: int

    @property
    def url(self) -> str:
        """Where the button leads: the activity, the lesson or the course."""
        if self.activity:
            return self.activity.url
        return self.lesson.url if self.lesson else self.progress.course.url


@dataclass(frozen=True)
class Overview:
    """Everything on the page."""

    main: Continuation | None
    others: list[CourseProgress]
    completed: list[Completion]
    suggestions: list[CoursePage]
    lacks_post: bool


def overview(person: Person) -> Overview:
    """What `person` sees of their own learning; the course they were last in comes first."""
    enrolments = list(Enrolment.objects.active().for_person(person).filter(course__live=True).select_related("course"))
    by_key = {enrolment.course_key: enrolment for enrolment in enrolments}
    every = build_progress([enrolment.course for enrolment in enrolments], by_key)
    running = [progress for progress in every if not progress.is_complete]
    suggestions = suggested(person=person, posts=person.appointments.current().values("post"))
    return Overview(
        main=_continuation(running[0]) if running else None,
        others=running[1:],
        completed=_once(Completion.objects.of_family(person)),
        suggestions=suggestions,
        lacks_post=not suggestions and not person.appointments.current().exists(),
    )


def _once(completions: Iterable[Completion]) -> list[Completion]:
    """One for each course and edition, the first that was made: a merge may bring the same one twice."""
    first = {(one.course_key, one.edition): one for one in completions}
    return list(first.values())


def _continuation(progress: CourseProgress) -> Continuation:
    lesson = progress.here
    activity = next(iter(lesson.missing), None) if lesson else None
    watched = activity.watch.position_seconds if activity and activity.watch else 0
    return Continuation(
        progress=progress,
        lesson=lesson,
        activity=activity,
        position_seconds=int(watched),
        left=in_words(progress.missing),
        video_bytes=_video_bytes(lesson.missing if lesson else []),
    )


def _video_bytes(activities: list[ActivityProgress]) -> int:
    """What the videos that are missing in a lesson weigh at the smallest picture worth watching."""
    videos = [item.activity.video_id for item in activities if item.activity.video_id]
    return (
        Rendition.objects.filter(video__in=videos, rung=SMALL_RUNG, cut=F("video__cut"), track=None).aggregate(
            n=Sum("bytes")
        )["n"]
        or 0
    )


def in_words(missing: list[ActivityProgress]) -> str:
    """What a course still asks for: `2 videos y 1 cuestionario`; empty when nothing is missing."""
    count = Counter(item.activity.kind for item in missing)
    videos, quizzes = count[Activity.Kind.VIDEO], count[Activity.Kind.QUIZ]
    readings = count[Activity.Kind.READING]
    parts = [
        ngettext("%(n)d video", "%(n)d videos", videos) % {"n": videos} if videos else "",
        ngettext("%(n)d lectura", "%(n)d lecturas", readings) % {"n": readings} if readings else "",
        ngettext("%(n)d cuestionario", "%(n)d cuestionarios", quizzes) % {"n": quizzes} if quizzes else "",
    ]
    return get_text_list([part for part in parts if part], _("y"))
