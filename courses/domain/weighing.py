"""What lessons and courses cost in data, told beside them: videos, their sound alone, words, files.

A video counts as its lightest film (240p, or the nearest below), of the cut in use and without other tracks; as sound
alone it counts as the lightest sound there is. Words and pictures are what a lesson sends by itself, compressed; the
frame of the site, which a browser keeps, and files, which one may leave, are not among them.
"""

import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.db.models import F
from django.utils import timezone
from wagtail.images.exceptions import InvalidFilterSpecError
from wagtail.images.models import Image, SourceImageIOError

from courses.domain.progress import CourseProgress, LessonProgress
from courses.models import LessonPage, LessonWeight
from media.models import Rendition, Video

RUNG = Rendition.Rung
FILMS = (RUNG.P240, RUNG.P144, RUNG.SLIDES)  # the first that a video has
SOUNDS = (RUNG.OPUS, RUNG.AUDIO)
SHOWN = "width-800|format-webp"  # as in templates/courses/blocks/image.html
COMPRESSION = 6
# Blocks that look different to everybody, and whose weight is not in words.
OF_THE_READER = {"video", "audio", "quiz", "practice", "worksheet", "attendance"}


@dataclass(frozen=True)
class Cost:
    """Bytes. `film` is of all videos (recordings without a picture as sound), `sound` of all as sound alone.

    `has_films` tells whether there is any picture to do without.
    """

    film: int = 0
    sound: int = 0
    text: int = 0
    files: int = 0
    has_films: bool = False

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.film + other.film,
            self.sound + other.sound,
            self.text + other.text,
            self.files + other.files,
            self.has_films or other.has_films,
        )

    def __bool__(self) -> bool:
        return any((self.film, self.sound, self.text, self.files))


@dataclass(frozen=True)
class Costs:
    """What a course costs, lesson by lesson."""

    by_lesson: Mapping[int, Cost]

    @property
    def whole(self) -> Cost:
        """All lessons together."""
        return sum(self.by_lesson.values(), Cost())


def weigh(lesson: LessonPage) -> None:
    """Write down what a lesson's words, pictures and files weigh as it is published. Repeating it changes nothing."""
    text, pictures, files = _measure(lesson)
    fields = {"text_bytes": text, "picture_bytes": pictures, "file_bytes": files, "measured_at": timezone.now()}
    LessonWeight.objects.update_or_create(lesson_id=lesson.pk, defaults=fields)


def weigh_missing() -> None:
    """Weigh published lessons that nobody weighed: those from before, and those whose publishing was cut short."""
    for lesson in LessonPage.objects.live().filter(weight=None):
        weigh(lesson)


def costs_of(progress: CourseProgress) -> Costs:
    """Each published lesson of a course; two queries for any number of them."""
    weights = LessonWeight.objects.in_bulk([one.lesson.pk for one in progress.lessons], field_name="lesson_id")
    videos = _costs_of_videos({key for one in progress.lessons for key in _keys(one)})
    return Costs({one.lesson.pk: _cost(one, weights.get(one.lesson.pk), videos) for one in progress.lessons})


def cost_of_draft(lesson: LessonPage) -> Cost:
    """A lesson as it stands in the editor, saved or not."""
    text, pictures, files = _measure(lesson)
    videos = _costs_of_videos({video.pk for video in _videos(lesson)})
    return sum(videos.values(), Cost(text=text + pictures, files=files))


def _cost(lesson: LessonProgress, weight: LessonWeight | None, videos: Mapping[int, Cost]) -> Cost:
    own = Cost(text=weight.text_bytes + weight.picture_bytes, files=weight.file_bytes) if weight else Cost()
    return sum((videos[key] for key in _keys(lesson) if key in videos), own)


def _keys(lesson: LessonProgress) -> set[int]:
    """Of its videos, each once."""
    return {item.activity.video_id for item in lesson.activities if item.activity.video_id}


def _costs_of_videos(keys: Iterable[int]) -> dict[int, Cost]:
    """By video, those that are ready."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    own = Rendition.objects.filter(video__in=keys, rung__in=[*FILMS, *SOUNDS], cut=F("video__cut"), track=None)
    for video, rung, size in own.values_list("video_id", "rung", "bytes"):
        found[video][rung] = size
    return {video: _cost_of_video(sizes) for video, sizes in found.items()}


def _cost_of_video(sizes: Mapping[str, int]) -> Cost:
    film = next((sizes[rung] for rung in FILMS if rung in sizes), 0)
    sound = next((sizes[rung] for rung in SOUNDS if rung in sizes), 0)
    return Cost(film=film or sound, sound=sound, has_films=bool(film))


def _measure(lesson: LessonPage) -> tuple[int, int, int]:
    """Bytes of its words, of its pictures and of its files."""
    html = "".join(block.render() for block in lesson.body if block.block_type not in OF_THE_READER)
    pictures = sum(_shown_bytes(block.value["image"]) for block in lesson.body if block.block_type == "image")
    documents = {document.pk: document for document in _documents(lesson)}
    files = sum(document.get_file_size() or 0 for document in documents.values())
    return len(gzip.compress(html.encode(), COMPRESSION)) if html else 0, pictures, files


def _shown_bytes(image: Image | None) -> int:
    if image is None:
        return 0
    try:
        return image.get_rendition(SHOWN).file.size
    except (OSError, SourceImageIOError, InvalidFilterSpecError):
        return 0  # the file is gone: nothing is sent


def _videos(lesson: LessonPage) -> Iterator[Video]:
    for block in lesson.body:
        if block.block_type in {"video", "audio"} and (video := block.value[block.block_type]):
            yield video


def _documents(lesson: LessonPage) -> Iterator:
    for block in lesson.body:
        if block.block_type == "file" and block.value["document"]:
            yield block.value["document"]
