"""What is said in the videos of courses: a search over the lines of their transcripts.

Whoever calls hands over the courses that the reader may see; nothing of others is looked at. The number of statements
grows neither with lines nor with hits.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, Case, Count, F, Q, QuerySet, TextField, Value, When, Window
from django.db.models.functions import Replace, RowNumber, StrIndex

from courses.domain.durations import on_the_clock
from courses.models import Activity, CoursePage, LessonPage
from lms.domain.texts import fold
from media.domain.transcripts import SEAM
from media.models import TranscriptLine

MOST_WORDS = 8
LEAST_CHARACTERS = 3
MOST_LINES = 60
MOST_OF_A_VIDEO = 6
MOST_LESSONS = 8
MOST_OF_A_LESSON = 3
AROUND_MS = 6000  # what is said so long before and after a hit is shown beside it
ACTIVITY = "caption__video__activities"


@dataclass(frozen=True)
class Part:
    """A piece of what is said; `is_found` when it is what was looked for."""

    text: str
    is_found: bool


@dataclass(frozen=True)
class Saying:
    """A moment in a video at which the words are said. `url` opens the lesson there."""

    second: int
    language: str
    parts: tuple[Part, ...]
    url: str

    @property
    def time(self) -> str:
        """As people read it."""
        return on_the_clock(self.second)


@dataclass(frozen=True)
class SaidInLesson:
    """A lesson in whose videos the words are said; `more` tells how many moments are not among `sayings`."""

    course: CoursePage
    lesson: LessonPage
    sayings: tuple[Saying, ...]
    more: int


@dataclass(frozen=True)
class _Hit:
    caption_id: int
    start_ms: int
    end_ms: int
    language: str
    block_key: UUID
    lesson_key: UUID
    course_key: UUID
    total: int


def find(query: str, *, courses: QuerySet[CoursePage]) -> list[SaidInLesson]:
    """Where in the videos of `courses` all words of `query` are said together; whole phrases first."""
    words = list(dict.fromkeys(fold(query).split()))[:MOST_WORDS]
    if sum(map(len, words)) < LEAST_CHARACTERS:
        return []
    hits = _without_neighbours(_Hit(**row) for row in _lines(words, courses))
    return _by_lesson(hits, words) if hits else []


def _lines(words: list[str], courses: QuerySet[CoursePage]) -> Iterable[Any]:
    """Lines with every word, at least one of them their own and not of the line after."""
    lessons = LessonPage.objects.live().public().order_by().values("translation_key")
    activities = Activity.objects.current().filter(
        kind=Activity.Kind.VIDEO,
        course_key__in=courses.order_by().values("translation_key"),
        lesson_key__in=lessons,
    )
    found = TranscriptLine.objects.filter(**{f"{ACTIVITY}__in": activities.order_by().values("pk")})
    own = Q()
    for number, word in enumerate(words):
        found = found.filter(folded__contains=word).alias(**{f"at_{number}": StrIndex("folded", Value(word))})
        own |= Q(**{f"at_{number}__lt": F("seam")})
    flat = Replace("folded", Value(SEAM), Value(" "), output_field=TextField())
    phrase = Case(When(flat__contains=" ".join(words), then=Value(True)), default=False, output_field=BooleanField())
    of_video = [F(f"{ACTIVITY}__pk")]
    return (
        found.alias(seam=StrIndex("folded", Value(SEAM)), flat=flat, is_phrase=phrase)
        .filter(own)
        # A long video that says a word all the time must not hide the others.
        .alias(place=Window(RowNumber(), partition_by=of_video, order_by=["-is_phrase", "start_ms", "pk"]))
        .annotate(total=Window(Count("pk"), partition_by=of_video))
        .filter(place__lte=MOST_OF_A_VIDEO)
        .order_by("-is_phrase", f"{ACTIVITY}__course_key", f"{ACTIVITY}__order", "start_ms", "pk")
        .values(
            "caption_id",
            "start_ms",
            "end_ms",
            "total",
            language=F("caption__language__key"),
            block_key=F(f"{ACTIVITY}__block_key"),
            lesson_key=F(f"{ACTIVITY}__lesson_key"),
            course_key=F(f"{ACTIVITY}__course_key"),
        )[:MOST_LINES]
    )


def _without_neighbours(hits: Iterable[_Hit]) -> list[_Hit]:
    """One hit for one moment, however many lines or languages say it."""
    kept: list[_Hit] = []
    for hit in hits:
        beside = (other for other in kept if other.block_key == hit.block_key)
        if all(abs(other.start_ms - hit.start_ms) > AROUND_MS for other in beside):
            kept.append(hit)
    return kept


def _by_lesson(hits: list[_Hit], words: list[str]) -> list[SaidInLesson]:
    of_lesson: dict[UUID, list[_Hit]] = defaultdict(list)
    for hit in hits:
        of_lesson[hit.lesson_key].append(hit)
    shown = dict(list(of_lesson.items())[:MOST_LESSONS])
    around = _around([hit for some in shown.values() for hit in some[:MOST_OF_A_LESSON]])
    published = LessonPage.objects.live().sources().filter(translation_key__in=shown)
    lessons = {page.translation_key: page for page in published}
    keys = {some[0].course_key for some in shown.values()}
    above = CoursePage.objects.live().sources().filter(translation_key__in=keys)
    courses = {page.translation_key: page for page in above}
    found = []
    for key, some in shown.items():
        lesson, course = lessons.get(key), courses.get(some[0].course_key)
        if lesson is None or course is None:  # taken back in this very moment
            continue
        url = f"{course.url or '/'}{lesson.slug}/"
        first = sorted(some[:MOST_OF_A_LESSON], key=lambda hit: hit.start_ms)
        sayings = tuple(_saying(hit, around[hit], words, url) for hit in first)
        total = sum({hit.block_key: hit.total for hit in some}.values())
        found.append(SaidInLesson(course, lesson, sayings, total - len(sayings)))
    return found


def _around(hits: list[_Hit]) -> dict[_Hit, str]:
    """What is said at each hit, a few seconds before and after."""
    near = Q(pk__in=[])
    for hit in hits:
        near |= Q(
            caption=hit.caption_id, start_ms__lte=hit.end_ms + AROUND_MS // 2, end_ms__gte=hit.start_ms - AROUND_MS // 2
        )
    lines: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    rows = TranscriptLine.objects.filter(near).order_by("caption_id", "start_ms", "pk")
    for caption, start, end, text in rows.values_list("caption_id", "start_ms", "end_ms", "text"):
        lines[caption].append((start, end, text))
    return {
        hit: " ".join(
            " ".join(text.split())
            for start, end, text in lines[hit.caption_id]
            if start <= hit.end_ms + AROUND_MS // 2 and end >= hit.start_ms - AROUND_MS // 2
        )
        for hit in hits
    }


def _saying(hit: _Hit, text: str, words: list[str], url: str) -> Saying:
    second = hit.start_ms // 1000
    address = f"{url}?video={hit.block_key}&segundo={second}#a-{hit.block_key}"
    return Saying(second, hit.language, mark(text, words), address)


def mark(text: str, words: list[str]) -> tuple[Part, ...]:
    """`text` in pieces, those apart in which one of the folded `words` stands, however it is written there."""
    folded, places = "", []
    for place, character in enumerate(text):
        letters = fold(character) or (" " if character.isspace() else "")
        folded += letters
        places += [place] * len(letters)
    is_found = [False] * len(text)
    for word in words:
        start = folded.find(word)
        while start >= 0:
            last = places[start + len(word) - 1]
            is_found[places[start] : last + 1] = [True] * (last + 1 - places[start])
            start = folded.find(word, start + len(word))
    parts: list[Part] = []
    for character, found in zip(text, is_found, strict=True):
        if parts and parts[-1].is_found == found:
            parts[-1] = Part(parts[-1].text + character, found)
        else:
            parts.append(Part(character, found))
    return tuple(parts)
