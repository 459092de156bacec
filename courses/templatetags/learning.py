"""What a page shows of its reader. Pages themselves know nothing of it (they are cached, previewed, translated)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.loader import get_template
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from courses.domain import (
    bitmap,
    crediting,
    due,
    enrolment,
    events,
    imagining,
    seats,
    translating,
    uncounted,
    watching,
    weighing,
    worksheets,
)
from courses.domain.durations import on_the_clock
from courses.domain.progress import ActivityProgress, CourseProgress, LessonProgress, build_progress
from courses.models import Activity, CoursePage, Enrolment, FilledWorksheet, LessonPage, Quiz
from lms import permissions
from lms.domain import kept
from lms.models import Membership
from media.domain import delivery
from media.domain.timelines import timeline_of
from media.models import Video

register = template.Library()


@dataclass(frozen=True)
class Learner:
    """A reader and a course. `is_previewing`: somebody who edits courses looks at a draft.

    `imagined` says as whom, in words; empty: as its writer, to whom all is shown.
    """

    course: CoursePage
    progress: CourseProgress
    enrolment: Enrolment | None
    is_previewing: bool
    may_enrol: bool
    person: Any = None
    imagined: str = ""

    @property
    def sees_all(self) -> bool:
        """Whether what is for those in the course is shown to somebody who is in no course: its writer."""
        return self.is_previewing and not self.imagined

    @cached_property
    def required_count(self) -> int:
        """How many things the course asks for."""
        return sum(item.activity.is_required for lesson in self.progress.lessons for item in lesson.activities)

    @cached_property
    def waiting_place(self) -> int:
        """Which number the reader has on the list of a full course; 0 when they are not on it."""
        if self.enrolment or self.course.seats is None:
            return 0
        waiting = seats.find_waiting(self.person, self.course.translation_key)
        return seats.place_of(waiting) if waiting else 0

    @cached_property
    def waiting(self) -> Enrolment | None:
        """The reader's place on the list, to leave it."""
        return seats.find_waiting(self.person, self.course.translation_key)

    @cached_property
    def is_full(self) -> bool:
        """Whether whoever enters now is put on the list."""
        return not seats.has_room(self.course)

    @cached_property
    def closed(self) -> str:
        """Why the reader may not come in by themselves: `invited`, `assigned`; empty when they may."""
        is_open = self.course.entry == CoursePage.Entry.OPEN
        if is_open or (self.person.is_authenticated and enrolment.knows(self.person, self.course.translation_key)):
            return ""
        return self.course.entry

    @cached_property
    def asked(self) -> list[due.Asked]:
        """Who assigned this course to the reader, and until when."""
        if not self.enrolment or self.is_previewing or not getattr(self.enrolment, "is_asked", True):
            return []
        return due.asked_of(self.person, self.course.translation_key)

    @property
    def done_count(self) -> int:
        """How many of them are done."""
        return self.required_count - len(self.progress.missing)


@dataclass(frozen=True)
class Place:
    """A lesson among the lessons of its course."""

    here: LessonProgress | None
    previous: LessonProgress | None
    next: LessonProgress | None


@dataclass(frozen=True)
class Watching:
    """A video in a lesson: its addresses for this person, what is painted as watched, where to go on."""

    video: Video
    playback: delivery.Playback | None
    item: ActivityProgress | None
    token: str
    runs: list[bitmap.Run]
    asked_second: int | None = None

    @property
    def start(self) -> int:
        """The second at which the player stands: the one that the address asks for, else where one was."""
        return self.position if self.asked_second is None else min(self.asked_second, self.video.length_seconds - 1)

    @property
    def position(self) -> int:
        """The second to go on at; 0 at the beginning and at the end."""
        second = int(self.item.watch.position_seconds) if self.item and self.item.watch else 0
        return second if 5 <= second < self.video.length_seconds - 3 else 0

    @property
    def sound(self) -> delivery.Source | None:
        """The sound alone that every browser plays (AAC), else whatever there is."""
        sources = self.playback.sources if self.playback else []
        by_rung = {source.rung: source for source in sources}
        return by_rung.get("audio") or next(iter(sources), None)

    @property
    def percent(self) -> int:
        """Whole percent of the video that was watched."""
        return self.item.watch.percent if self.item and self.item.watch else 0

    @property
    def bars(self) -> list[tuple[int, int]]:
        """The watched stretches as (first second, how many)."""
        return [(first, after - first) for first, after in self.runs]

    @property
    def label(self) -> str:
        """The painted bar in words."""
        stretches = ", ".join(f"{on_the_clock(first)}–{on_the_clock(after)}" for first, after in self.runs[:12])
        seen = _("%(n)s %% visto") % {"n": self.percent}
        return f"{seen}: {stretches}" if stretches else seen


@register.simple_tag(takes_context=True)
def learner_of(context: dict, page) -> Learner:
    """The reader of a course's or a lesson's page; looked up once for each page."""
    request: HttpRequest = context["request"]
    known = request.__dict__.setdefault("_aula_learners", {})
    if page.pk not in known:
        known[page.pk] = _find_learner(request, page)
    return known[page.pk]


def _find_learner(request: HttpRequest, page) -> Learner:
    course = page if isinstance(page, CoursePage) else page.course
    previewing = getattr(request, "is_preview", False) and permissions.allows(request.user, "edit_course")
    mode = getattr(request, "preview_mode", "") if previewing else ""
    if mode in imagining.WORDS:
        seen = imagining.imagine(course, mode, draft=None if page is course else page)
        return Learner(course, seen, seen.enrolment, True, True, imagining.stranger(), str(imagining.WORDS[mode]))
    enrolled = None if previewing else enrolment.find_shown(request.user, course)
    own = {course.translation_key: enrolled} if enrolled else {}
    progress = build_progress([course], own, is_shown=not getattr(request, "is_preview", False))[0]
    return Learner(course, progress, enrolled, previewing, _may_enrol(request, course), request.user)


def _may_enrol(request: HttpRequest, course: CoursePage) -> bool:
    """A visitor may try: signing in tells."""
    if not course.network_id or not request.user.is_authenticated:
        return True
    return Membership.objects.current().filter(person=request.user, network=course.network_id).exists()


@register.simple_tag
def place_of(learner: Learner, lesson: LessonPage) -> Place:
    """The lesson's place; empty for one that is not published."""
    lessons = learner.progress.lessons
    for index, item in enumerate(lessons):
        if item.lesson.translation_key == lesson.translation_key:
            before = lessons[index - 1] if index else None
            after = lessons[index + 1] if index + 1 < len(lessons) else None
            return Place(item, before, after)
    return Place(None, None, None)


@register.simple_tag
def activity_of(place: Place, block) -> ActivityProgress | None:
    """The activity that a block is."""
    items = place.here.activities if place.here else ()
    return next((item for item in items if str(item.activity.block_key) == str(block.id)), None)


@register.simple_tag
def uncounted_of(learner: Learner) -> list[uncounted.Uncounted]:
    """What the reader did that does not count, with why."""
    return [] if learner.is_previewing else uncounted.of_progress(learner.progress)


@register.simple_tag
def mark_asked_of(learner: Learner, item: ActivityProgress | None, quiz: Quiz) -> int:
    """With how much a quiz is passed in this course, in percent."""
    return learner.progress.asked.pass_of(item.activity) if item else quiz.pass_percent


@register.simple_tag
def page_token(enrolled: Enrolment, activity: Activity) -> str:
    """What lets this page tell of a reading or a quiz later; empty for somebody who takes part no longer."""
    return events.grant_page(enrolment=enrolled, activity=activity) if enrolled.is_active else ""


@register.simple_tag(takes_context=True)
def watching_of(context: dict, learner: Learner, item: ActivityProgress | None, video: Video) -> Watching:
    """A video for this reader: to play for those enrolled (recorded) and for trainers in a preview (not recorded)."""
    playback, token, runs = None, "", []
    if learner.sees_all or (learner.enrolment and item):
        playback = delivery.playback(video, person=context["request"].user)
    if playback and learner.is_previewing:
        runs = bitmap.runs_of(item.watch.bitmap) if item and item.watch else []
    elif playback and learner.enrolment and item:
        token = watching.grant_session(enrolment=learner.enrolment, activity=item.activity, cut=video.cut)
        if item.watch and item.watch.video_id == video.pk and item.watch.cut < video.cut:
            crediting.move_on(item.watch, video.cut, timeline_of(video))
        runs = bitmap.runs_of(item.watch.bitmap) if item.watch else []
    return Watching(video, playback, item, token, runs, _asked_second(context["request"], item))


def _asked_second(request: HttpRequest, item: ActivityProgress | None) -> int | None:
    """Where somebody who found a word in a video wants to go: `?video=<block>&segundo=83`, of this video alone."""
    second = request.GET.get("segundo", "")
    is_this = item and request.GET.get("video") == str(item.activity.block_key)
    return int(second) if is_this and second.isascii() and second.isdecimal() and len(second) < 7 else None


def _shown(context: dict, key: str, make: Callable[[], Any]) -> Any:
    """What is the same for every reader of a page; a preview keeps nothing, for nobody else may see it."""
    return make() if getattr(context["request"], "is_preview", False) else kept.get(key, make)


@register.simple_tag(takes_context=True)
def lesson_lines(context: template.Context, learner: Learner, costs: weighing.Costs) -> str:
    """The lessons of a course, each as it stands for its reader; each is drawn once in every way that it may stand."""
    lessons = {f"line {get_language()} {one.lesson.pk} {one.number} {one.url}": one for one in learner.progress.lessons}

    def make(missing: Iterable[str]) -> dict[str, dict[str, str]]:
        return {name: _line(lessons[name], costs) for name in missing}

    drawn = make(lessons) if getattr(context["request"], "is_preview", False) else kept.get_many(lessons, make)
    return mark_safe("".join(drawn[name][_standing(learner, one)] for name, one in lessons.items()))  # noqa: S308 drawn by a template


def _standing(learner: Learner, lesson: LessonProgress) -> str:
    if not learner.enrolment:
        return ""
    return "ok" if lesson.is_done else "here" if lesson is learner.progress.here else ""


def _line(one: LessonProgress, costs: weighing.Costs) -> dict[str, str]:
    """A lesson's line in each standing. Nothing of what a reader did is given to the template."""
    line, said = get_template("courses/components/lesson_line.html"), {"url": one.url, "number": one.number}
    said |= {"lesson": one.lesson, "costs": costs}
    return {standing: line.render({**said, "standing": standing}) for standing in ("", "ok", "here")}


@register.simple_tag
def lack_lines(progress: CourseProgress) -> str:
    """What is missing in a course, each thing with the places where it is to be had."""
    return format_html_join("", "<li>{}{}</li>", ((one.activity.title, _links(one)) for one in progress.missing))


def _links(item: ActivityProgress) -> str:
    return format_html_join("", '<br><a href="{}">{}</a>', ((lack.url, lack.words) for lack in item.lacks))


@register.simple_tag(takes_context=True)
def costs_of(context: dict, progress: CourseProgress) -> weighing.Costs:
    """What a course costs in data, lesson by lesson."""
    return _shown(context, f"costs {progress.course.pk}", lambda: weighing.costs_of(progress))


@register.simple_tag
def filled_of(learner: Learner, lesson: LessonPage, block) -> FilledWorksheet | None:
    """What the reader wrote on a worksheet of a lesson."""
    if learner.enrolment is None:
        return None
    return worksheets.find_filled(learner.enrolment, worksheets.worksheet_of(lesson, block))


@register.filter
def cost_in(lesson: LessonPage, costs: weighing.Costs) -> weighing.Cost:
    """What one of its lessons costs."""
    return costs.by_lesson.get(lesson.pk, weighing.Cost())


@register.simple_tag
def cost_of_draft(lesson: LessonPage) -> weighing.Cost:
    """What a lesson costs as it stands in the editor."""
    return weighing.cost_of_draft(lesson)


@dataclass(frozen=True)
class Languages:
    """In which languages a page may be read: its own, and all of them where there are several."""

    code: str
    all: list

    @property
    def others(self) -> list:
        """The page in its other languages."""
        return [one for one in self.all if one.locale.language_code != self.code]


@register.simple_tag(takes_context=True)
def languages_of(context: dict, page) -> Languages:
    """The languages of a course's or a lesson's page; looked up once for each page."""
    known = context["request"].__dict__.setdefault("_aula_languages", {})
    if page.pk not in known:
        published = _shown(context, f"languages {page.pk}", lambda: translating.published_languages(page))
        known[page.pk] = Languages(page.locale.language_code, published)
    return known[page.pk]
