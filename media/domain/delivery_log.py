"""Reading what nginx wrote of the films that it sent (`deploy/nginx`): every line once, whenever it is asked.

A line is `time ⇥ person/video/cut/track/rung ⇥ status ⇥ bytes`. Files are known by their first line, not by
their name: one that was renamed meanwhile is read to its end. How far a file is read stands in the database and moves
in the transaction that counts, so no line counts twice, however a counter ends.
"""

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from lms.models import Person
from media.models import DeliveryLog, Rendition

from . import delivered

STRETCH_BYTES = 4 * 1024**2
LONGEST_LINE = 8 * 1024
SENT = {"200", "206"}
KEEP_DAYS = 60  # far longer than a log lies about: with its row gone a file would count anew
Played = tuple[str, int, int, str]  # video, cut, track, rung


@dataclass
class Report:
    """What one run did."""

    lines: int = 0
    skipped_lines: int = 0
    bytes: int = 0

    def __add__(self, other: "Report") -> "Report":
        return Report(self.lines + other.lines, self.skipped_lines + other.skipped_lines, self.bytes + other.bytes)


@dataclass(frozen=True)
class Line:
    """One answer of nginx that sent bytes of a film. `person` is empty when no key came with it."""

    day: date
    person: str
    played: Played
    bytes: int


@dataclass
class _Stretch:
    """Some whole lines of a file."""

    ends_at: int
    report: Report = field(default_factory=Report)
    sums: dict[tuple[date, str, Played], int] = field(default_factory=lambda: defaultdict(int))


def count(path: Path | None = None) -> Report:
    """Count everything that is new in a log and in what it was renamed to."""
    path = path or settings.DELIVERY_LOG
    report = Report()
    for file in sorted(path.parent.glob(f"{path.name}*")):
        if file.is_file() and file.suffix not in {".gz", ".xz", ".zst"}:
            report += _count_file(file)
    DeliveryLog.objects.filter(read_at__lt=timezone.now() - timedelta(days=KEEP_DAYS)).delete()
    return report


def _count_file(file: Path) -> Report:
    report = Report()
    with file.open("rb") as handle:
        first = handle.readline(LONGEST_LINE)
        if not first.endswith(b"\n"):
            return report
        digest = hashlib.sha256(first).hexdigest()
        DeliveryLog.objects.get_or_create(first_line_sha256=digest)
        while True:
            with transaction.atomic():
                row = DeliveryLog.objects.select_for_update().get(first_line_sha256=digest)
                handle.seek(row.offset)
                stretch = _read(handle.read(STRETCH_BYTES), row.offset)
                if stretch is None:
                    DeliveryLog.objects.filter(pk=row.pk).update(read_at=timezone.now())
                    return report
                _keep(row, stretch)
            report += stretch.report


def _read(content: bytes, offset: int) -> _Stretch | None:
    """The whole lines at the beginning of `content`; None when there is none yet."""
    end = content.rfind(b"\n") + 1
    if not end and len(content) < STRETCH_BYTES:
        return None
    stretch = _Stretch(offset + (end or len(content)))
    for text in content[: end or len(content)].splitlines():
        stretch.report.lines += 1
        try:
            line = parse(text.decode())
        except (ValueError, OverflowError, OSError):  # the last two for a time that is none
            stretch.report.skipped_lines += 1
            continue
        if line:
            stretch.sums[line.day, line.person, line.played] += line.bytes
    return stretch


def parse(text: str) -> Line | None:
    """One line; None when it tells of nothing that was sent. Raises `ValueError` when it is no line of ours."""
    time, film, status, sent = text.split("\t")
    person, video, cut, track, rung = film.split("/")
    if status not in SENT:
        return None
    person = "" if person == "-" else uuid.UUID(person).hex
    day = timezone.localdate(datetime.fromtimestamp(float(time), tz=timezone.get_default_timezone()))
    if not rung.isascii() or not rung.isalnum() or len(rung) > 8 or int(sent) < 0:
        raise ValueError(text)
    return Line(day, person, (str(uuid.UUID(video)), int(cut), int(track), rung), int(sent))


def _keep(row: DeliveryLog, stretch: _Stretch) -> None:
    """Add what the lines say, and that they were read; what no longer has a name or a film goes without."""
    people = dict(_people({person for _day, person, _played in stretch.sums if person}))
    renditions = _renditions({played for _day, _person, played in stretch.sums})
    totals: dict[tuple[int | None, date, int, str], list[float]] = defaultdict(lambda: [0, 0.0])
    for (day, person, played), sent in stretch.sums.items():
        found = renditions.get(played)
        if found is None:
            stretch.report.skipped_lines += 1
            continue
        total = totals[people.get(person), day, found.video_id, found.rung]
        total[0] += sent
        total[1] += delivered.seconds_of(found, sent)
        stretch.report.bytes += sent
    delivered.add(
        delivered.Sent(person, day, video, rung, int(sent), seconds)
        for (person, day, video, rung), (sent, seconds) in totals.items()
    )
    row.offset = stretch.ends_at
    row.lines += stretch.report.lines
    row.skipped_lines += stretch.report.skipped_lines
    row.read_at = timezone.now()
    row.save(update_fields=["offset", "lines", "skipped_lines", "read_at"])


def _people(keys: Iterable[str]) -> Iterator[tuple[str, int]]:
    """The keys of those who are known and not erased."""
    found = Person.objects.filter(public_id__in=list(keys), erased_at=None).values_list("public_id", "pk")
    return ((public_id.hex, pk) for public_id, pk in found)


def _renditions(played: set[Played]) -> dict[Played, Rendition]:
    """What was played, as far as it is still there; without tracks' and cuts' files a later one of the rung tells."""
    videos = {video for video, _cut, _track, _rung in played}
    rows = Rendition.objects.filter(video__public_id__in=videos).select_related("video").defer("manifest")
    every = list(rows.order_by("cut"))
    exact = {(str(one.video.public_id), one.cut, one.track_id or 0, one.rung): one for one in every}
    near = {(str(one.video.public_id), one.rung): one for one in every}
    return {key: one for key in played if (one := exact.get(key) or near.get((key[0], key[3])))}
