"""A person's own page: what to go on with, what runs, what was completed, what may come next. Flat in queries."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import CharField, F, Q, QuerySet, Sum, Value
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses.domain import due, seats
from courses.domain.catalogue import SMALL_RUNG, suggested
from courses.domain.due import Asked
from courses.domain.paths import Route, own_routes
from courses.domain.progress import ActivityProgress, CourseProgress, LessonProgress, build_progress, with_signs
from courses.models import Activity, Completion, CoursePage, Enrolment
from courses.models.enrolment import EnrolmentQuerySet
from lms.domain import kept
from lms.models import Appointment, Membership, Person
from lms.models.written import Written
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
    asked: list[Asked]

    @property
    def url(self) -> str:
        """Where the button leads: the activity, the lesson or the course."""
        if self.activity:
            return self.activity.url
        return self.lesson.url if self.lesson else self.progress.course.url


@dataclass(frozen=True)
class Running:
    """A course on the way, and what was asked of it."""

    progress: CourseProgress
    asked: list[Asked]

    @property
    def key(self) -> tuple[bool, date]:
        """What presses comes first, by its day; the rest keep their order."""
        days = [one.due_on for one in self.asked if one.is_pressing and one.due_on]
        return (not days, min(days, default=date.max))


@dataclass(frozen=True)
class Overview:
    """Everything on the page."""

    main: Continuation | None
    others: list[Running]
    waiting: list[Enrolment]
    seated: list[Enrolment]
    routes: list[Route]
    completed: list[Completion]
    suggestions: list[CoursePage]
    lacks_post: bool


def overview(person: Person) -> Overview:
    """What `person` sees of their own learning: what is due within a week first, then the course last seen."""
    rows = _present(person=person.pk)
    enrolments = [enrolment for enrolment in rows if not enrolment.waiting_since]
    by_key = {enrolment.course_key: enrolment for enrolment in enrolments}
    place = _place_of(person)
    made = list(Completion.objects.of_family(person)) if place.has_completed else []
    every = build_progress([one.course for one in enrolments], by_key, completions=made, is_shown=True)
    asked = due.all_asked_of(person) if any(getattr(one, "is_asked", True) for one in rows) else {}
    running = [
        Running(progress, asked.get(progress.course.translation_key, []))
        for progress in every
        if not progress.is_complete
    ]
    running.sort(key=lambda one: one.key)
    completed = _once(made)
    suggestions = suggested(
        posts=place.posts,
        networks=place.networks,
        taken=by_key.keys(),
        made={(one.course_key, one.edition) for one in made},
    )
    return Overview(
        main=_continuation(running[0]) if running else None,
        others=running[1:],
        waiting=[enrolment for enrolment in rows if enrolment.waiting_since],
        seated=[one for one in enrolments if one.seated_at and one.seated_at > one.last_seen_at],
        routes=own_routes(place.posts, {one.course_key for one in completed}),
        completed=completed,
        suggestions=suggestions,
        lacks_post=not suggestions and not place.posts,
    )


@dataclass(frozen=True)
class Place:
    """The posts that somebody holds today and the networks that they are in (keys); whether they completed anything."""

    posts: frozenset[int]
    networks: frozenset[int]
    has_completed: bool


def _place_of(person: Person) -> Place:
    """In one statement."""
    own: dict[str, set[int]] = {"post": set(), "network": set(), "completion": set()}
    root = person.merged_into_id or person.pk
    for word, key in _facts_of(person=person.pk, root=root, on=timezone.localdate()):
        own[word].add(key)
    return Place(frozenset(own["post"]), frozenset(own["network"]), bool(own["completion"]))


@Written
def _facts_of(person: int, root: int, on: date) -> QuerySet:
    def rows(word: str, found: QuerySet, key: str) -> QuerySet:
        said = Value(word, output_field=CharField())
        return found.order_by().annotate(word=said, of=F(key)).values_list("word", "of")

    posts = rows("post", Appointment.objects.filter(person=person).current(on), "post_id")
    networks = rows("network", Membership.objects.filter(person=person).current(), "network_id")
    return posts.union(networks, rows("completion", Completion.objects.of_family(Person(pk=root)), "pk"))


@Written
def _present(person: int) -> EnrolmentQuerySet:
    """What somebody takes part in, and what they wait for, of the courses that are published."""
    mine = Enrolment.objects.filter(person=person)
    found = mine.filter(Q(pk__in=mine.active().order_by().values("pk")) | Q(waiting_since__isnull=False))
    return with_signs(seats.with_place(found.filter(course__live=True).select_related("course")))


def _once(completions: Iterable[Completion]) -> list[Completion]:
    """One for each course and edition, the first that was made: a merge may bring the same one twice."""
    first = {(one.course_key, one.edition): one for one in completions}
    return list(first.values())


def _continuation(running: Running) -> Continuation:
    progress = running.progress
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
        asked=running.asked,
    )


def _video_bytes(activities: list[ActivityProgress]) -> int:
    """What the videos that are missing in a lesson weigh at the smallest picture worth watching."""
    videos = {f"weight {item.activity.video_id}": item.activity.video_id for item in activities}

    def make(missing: set[str]) -> dict[str, int]:
        wanted = Rendition.objects.filter(video__in=[videos[name] for name in missing])
        smallest = wanted.filter(rung=SMALL_RUNG, cut=F("video__cut"), track=None).order_by()
        sizes = dict(smallest.values_list("video").annotate(n=Sum("bytes")))
        return {name: sizes.get(videos[name], 0) for name in missing}

    return sum(kept.get_many([name for name, video in videos.items() if video], make).values())


def in_words(missing: list[ActivityProgress]) -> str:
    """What a course still asks for: `2 videos y 1 cuestionario`; empty when nothing is missing."""
    count = Counter(item.activity.kind for item in missing)
    videos, quizzes = count[Activity.Kind.VIDEO], count[Activity.Kind.QUIZ]
    readings, held = count[Activity.Kind.READING], count[Activity.Kind.ATTENDANCE]
    parts = [
        ngettext("%(n)d video", "%(n)d videos", videos) % {"n": videos} if videos else "",
        ngettext("%(n)d lectura", "%(n)d lecturas", readings) % {"n": readings} if readings else "",
        ngettext("%(n)d cuestionario", "%(n)d cuestionarios", quizzes) % {"n": quizzes} if quizzes else "",
        ngettext("%(n)d parte presencial", "%(n)d partes presenciales", held) % {"n": held} if held else "",
    ]
    return get_text_list([part for part in parts if part], _("y"))
