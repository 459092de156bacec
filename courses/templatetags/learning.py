"""What a page shows of its reader. Pages themselves know nothing of it (they are cached, previewed, translated)."""

from dataclasses import dataclass
from functools import cached_property

from django import template
from django.http import HttpRequest
from django.utils.translation import gettext as _

from courses.domain import bitmap, enrolment, watching
from courses.domain.durations import on_the_clock
from courses.domain.progress import ActivityProgress, CourseProgress, LessonProgress, build_progress
from courses.models import CoursePage, Enrolment, LessonPage
from lms import permissions
from lms.models import Membership
from media.domain import captions, delivery
from media.models import Rendition, Video

register = template.Library()
PARAGRAPH_CHARACTERS = 420
TRANSCRIPT_CHARACTERS = 24_000


@dataclass(frozen=True)
class Learner:
    """A reader and a course. `is_previewing`: somebody who edits courses looks at a draft as a learner would."""

    course: CoursePage
    progress: CourseProgress
    enrolment: Enrolment | None
    is_previewing: bool
    may_enrol: bool

    @cached_property
    def required_count(self) -> int:
        """How many things the course asks for."""
        return sum(item.activity.is_required for lesson in self.progress.lessons for item in lesson.activities)

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

    @property
    def position(self) -> int:
        """The second to go on at; 0 at the beginning and at the end."""
        second = int(self.item.watch.position_seconds) if self.item and self.item.watch else 0
        return second if 5 <= second < self.video.length_seconds - 3 else 0

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
        known[page.pk] = _find_learner(request, page if isinstance(page, CoursePage) else page.course)
    return known[page.pk]


def _find_learner(request: HttpRequest, course: CoursePage) -> Learner:
    previewing = getattr(request, "is_preview", False) and permissions.allows(request.user, "edit_course")
    enrolled = None if previewing else enrolment.find_active(request.user, course)
    progress = build_progress([course], {course.translation_key: enrolled} if enrolled else {})[0]
    return Learner(course, progress, enrolled, previewing, _may_enrol(request, course))


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


@register.simple_tag(takes_context=True)
def watching_of(context: dict, learner: Learner, item: ActivityProgress | None, video: Video) -> Watching:
    """A video for this reader: to play for those enrolled (recorded) and for trainers in a preview (not recorded)."""
    playback, token, runs = None, "", []
    if learner.is_previewing or (learner.enrolment and item):
        playback = delivery.playback(video, person=context["request"].user)
    if playback and learner.enrolment and item:
        token = watching.grant_session(enrolment=learner.enrolment, activity=item.activity)
        runs = bitmap.runs_of(item.watch.bitmap) if item.watch else []
    return Watching(video, playback, item, token, runs)


@register.simple_tag
def transcript_of(video: Video) -> dict:
    """The words of a video's first captions, in paragraphs; `is_cut` when there is more than a page should carry."""
    caption = video.captions.select_related("language").first()
    if caption is None:
        return {}
    text = " ".join(cue.text.replace("\n", " ") for cue in captions.parse(caption.text))
    return {
        "language": caption.language.key,
        "paragraphs": _paragraphs(text[:TRANSCRIPT_CHARACTERS]),
        "is_cut": len(text) > TRANSCRIPT_CHARACTERS,
    }


def _paragraphs(text: str) -> list[str]:
    """Sentences gathered into paragraphs of a readable length."""
    paragraphs = [""]
    for sentence in text.replace("? ", "?\n").replace("! ", "!\n").replace(". ", ".\n").split("\n"):
        if len(paragraphs[-1]) > PARAGRAPH_CHARACTERS:
            paragraphs.append("")
        paragraphs[-1] = f"{paragraphs[-1]} {sentence}".strip()
    return [paragraph for paragraph in paragraphs if paragraph]


@register.simple_tag
def video_bytes_of(progress: CourseProgress) -> int:
    """What all videos of a course cost at 240p, in bytes."""
    videos = {item.activity.video_id for lesson in progress.lessons for item in lesson.activities}
    sizes = Rendition.objects.filter(video__in=videos - {None}, rung=Rendition.Rung.P240).values_list("bytes")
    return sum(size for (size,) in sizes)
