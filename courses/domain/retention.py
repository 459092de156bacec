"""How many of those who began a video watched each of its seconds, and where those who are not done stopped.

The sets of watched seconds are read one after another and added up in columns of bits (a counter written sideways: one
big number for each binary digit), so neither time nor memory grows with seconds times people.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from wagtail.models import Page

from courses.domain import by_cut
from courses.domain.marking import courses_of
from courses.models import Activity, ActivityCompletion, WatchProgress
from lms.models import Person
from media.domain import curves
from media.domain.timelines import timeline_of
from media.models import Video

LEAST = 5
"""Of fewer learners no curve is drawn: it would show what single people did."""
AT_ONCE = 500


class Columns:
    """Counts of set bits by place, over as many sets as are added."""

    def __init__(self) -> None:
        self.digits: list[int] = []

    def add(self, bits: int) -> None:
        """One more set of places."""
        for place, digit in enumerate(self.digits):
            self.digits[place], bits = digit ^ bits, digit & bits
            if not bits:
                return
        if bits:
            self.digits.append(bits)

    def counts(self, length: int) -> list[int]:
        """How many sets have each of the first `length` places."""
        found = [0] * length
        for place, digit in enumerate(self.digits):
            for second, bit in enumerate(bin(digit)[:1:-1][:length]):
                if bit == "1":
                    found[second] += 1 << place
        return found


@dataclass(frozen=True)
class Curve:
    """Of a video's cut in use: `watched[s]` learners saw second `s`; `stopped[s]` are not done and stand there.

    Both are empty for fewer than `LEAST` learners.
    """

    learners: int
    length: int
    watched: list[int]
    stopped: list[int]

    @property
    def is_told(self) -> bool:
        """Whether there were enough learners."""
        return bool(self.watched)


@dataclass(frozen=True)
class Stretch:
    """A piece of a video, from–to in seconds: the percent of learners that watched it, and how many stopped in it."""

    first: int
    after: int
    percent: float
    stopped: int


def videos_of(person: Person) -> QuerySet[Activity]:
    """The videos of the courses that somebody writes, with how many learners began each."""
    began = Q(watch_progress__covered_seconds__gt=0, watch_progress__enrolment__joined_into=None)
    courses = courses_of(person).order_by().values("translation_key")
    found = Activity.objects.current().filter(kind=Activity.Kind.VIDEO, course_key__in=courses)
    return found.select_related("video").annotate(
        learners=Count("watch_progress__enrolment", filter=began, distinct=True)
    )


def curves_of(video: Video, person: Person) -> list[curves.Curve]:
    """The pages of a video's curves, one for each lesson of one's courses with it. Queries do not grow with them."""
    found = list(videos_of(person).filter(video=video).order_by("course_key", "order", "pk"))
    pages = Page.objects.filter(translation_key__in={key for one in found for key in (one.lesson_key, one.course_key)})
    titles = dict(pages.order_by("-pk").values_list("translation_key", "title")) if found else {}
    return [
        curves.Curve(
            titles.get(one.lesson_key, one.title),
            titles.get(one.course_key, ""),
            reverse("courses_retention:video", args=[one.public_id]),
        )
        for one in found
    ]


def curve_of(activity: Activity) -> Curve:
    """What the learners of a video watched of it. Two queries, and one for each 500 learners on some databases."""
    video = activity.video
    if video is None:
        raise ValueError("an activity without a video")
    length, columns, learners = video.length_seconds, Columns(), 0
    stopped = [0] * length
    for row in _rows(activity, video):
        learners += 1
        columns.add(int.from_bytes(bytes(row.bitmap), "little"))
        if not row.is_done:  # type: ignore[attr-defined]
            stopped[min(length - 1, int(_place(row)))] += 1
    if learners < LEAST:
        return Curve(learners, length, [], [])
    return Curve(learners, length, columns.counts(length), stopped)


def _rows(activity: Activity, video: Video) -> Iterator[WatchProgress]:
    """What each learner watched, on the seconds of the cut in use. Nothing is saved."""
    done = ActivityCompletion.objects.filter(enrolment=OuterRef("enrolment"), activity=OuterRef("activity"))
    found = WatchProgress.objects.filter(
        activity=activity, video=video, covered_seconds__gt=0, enrolment__joined_into=None
    )
    timeline = timeline_of(video)
    for row in found.annotate(is_done=Exists(done)).defer("clock_spans").iterator(chunk_size=AT_ONCE):
        by_cut.bring_up(row, video.cut, timeline)
        yield row


def _place(row: WatchProgress) -> float:
    """Where somebody stands; where that was never told, after the last second that was watched."""
    if row.position_at:
        return row.position_seconds
    return int.from_bytes(bytes(row.bitmap), "little").bit_length()


def stretches(curve: Curve, most: int) -> list[Stretch]:
    """The curve in at most `most` pieces of the same length (the last may be shorter)."""
    if not curve.is_told:
        return []
    step = max(1, -(-curve.length // most))
    watched, stopped = ([0, *accumulate(one)] for one in (curve.watched, curve.stopped))
    edges = [(first, min(first + step, curve.length)) for first in range(0, curve.length, step)]
    return [
        Stretch(
            first,
            after,
            100 * (watched[after] - watched[first]) / ((after - first) * curve.learners),
            stopped[after] - stopped[first],
        )
        for first, after in edges
    ]


def worst(found: list[Stretch], most: int = 3) -> list[Stretch]:
    """Where most stop, the worst first."""
    return sorted((one for one in found if one.stopped), key=lambda one: (-one.stopped, one.first))[:most]
