"""What viewing cost: the bytes that were sent, by day, course, video and rung, and their price where it is known.

Sums and numbers of people alone; who watched what is nobody's business here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext as _

from lms.domain.sheets import Cell
from media.domain import places
from media.models import Delivered, Rendition

ACTION = "read_consumption"
GIGABYTE = Decimal(10) ** 9


@dataclass
class Line:
    """So much under one name. `people` is None where they are not counted."""

    name: str
    bytes: int = 0
    people: int | None = None

    @property
    def megabytes(self) -> Decimal:
        """To one decimal."""
        return round(Decimal(self.bytes) / 10**6, 1)

    @property
    def price(self) -> Decimal | None:
        """In quetzales; None where a gigabyte has no price."""
        return price_of(self.bytes)


@dataclass(frozen=True)
class Account:
    """Everything at once. What stands in two courses counts in both, and once in the whole."""

    whole: Line
    by_day: list[Line]
    by_course: list[Line]
    by_video: list[Line]
    by_rung: list[Line]


def price_of(sent_bytes: int) -> Decimal | None:
    """In quetzales, to the centavo."""
    price = settings.PRICE_PER_GB
    return None if price is None else round(sent_bytes * price / GIGABYTE, 2)


def within(since: date, until: date) -> QuerySet[Delivered]:
    """What was sent from the first to the last of these days."""
    return Delivered.objects.filter(day__gte=since, day__lte=until).order_by()


def account(since: date, until: date) -> Account:
    """The sums: days in order, the rest the largest first; as many queries for a year as for a day."""
    found = within(since, until)
    whole = found.aggregate(bytes=Sum("bytes", default=0), people=Count("person", distinct=True))
    videos = list(_summed(found, "video_id", "video__title"))
    courses = places.courses_by_video()
    by_course: dict[int | None, Line] = {}
    for video, _title, sent, _people in videos:
        stands_in: list[tuple[int | None, str]] = [*courses.get(video, {}).items()]
        for course, name in stands_in or [(None, _("En ningún curso"))]:
            by_course.setdefault(course, Line(name)).bytes += sent
    return Account(
        whole=Line(_("Todo"), whole["bytes"], whole["people"]),
        by_day=[Line(localize(day), sent, people) for day, sent, people in _summed(found, "day").order_by("day")],
        by_course=_largest_first(list(by_course.values())),
        by_video=_largest_first([Line(_titled(title), sent, people) for _pk, title, sent, people in videos]),
        by_rung=_largest_first([Line(_rung(rung), sent, people) for rung, sent, people in _summed(found, "rung")]),
    )


def _summed(found: QuerySet[Delivered], *names: str) -> QuerySet:
    grouped = found.values_list(*names).annotate(sent=Sum("bytes"), people=Count("person", distinct=True))
    return grouped.order_by()


def _largest_first(lines: list[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (-line.bytes, line.name))


def _titled(title: str | None) -> str:
    return _("Videos que ya se borraron") if title is None else title


def _rung(rung: str) -> str:
    return str(dict(Rendition.Rung.choices).get(rung, rung))


def headings() -> list[str]:
    """The first row of the file."""
    return [_("Día"), _("Video"), _("Cursos"), _("Calidad"), _("Bytes"), _("Personas"), _("Costo (Q)")]


def rows(since: date, until: date) -> Iterator[list[Cell]]:
    """One row a day, video and rung."""
    courses = places.courses_by_video()
    found = _summed(within(since, until), "day", "video_id", "video__title", "rung")
    for day, video, title, rung, sent, people in found.order_by("day", "video__title", "video_id", "rung"):
        in_courses = "; ".join(sorted((courses.get(video) or {}).values()))
        yield [day, _titled(title), in_courses, _rung(rung), sent, people, price_of(sent)]


def this_month() -> tuple[date, date]:
    """From its first day until today, in Guatemala."""
    today = timezone.localdate()
    return today.replace(day=1), today
