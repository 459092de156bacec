"""What somebody watched of each cut of a video, and what that is on one of them.

Pure. What was recorded on a cut stays with that cut, as a set of its own seconds; what counts on a later one is
computed from all of them. So it cannot matter whether a stretch of the old cut arrives before the new one is in use or
weeks later, nor in which order. A second of the new cut counts when all that is in it was watched.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from courses.domain import bitmap
from courses.models import WatchProgress
from media.domain import edits
from media.domain.timelines import Take, Timeline

# The ends of two cuts of the same recording differ by a picture or two.
SLACK_MS = 100
Place = tuple[datetime, float]


@dataclass
class Record:
    """What was recorded, by the number of the cut: its own seconds, and the newest place in it."""

    seconds: dict[int, bytes]
    places: dict[int, Place]


def read(progress: WatchProgress) -> Record:
    """What a row says. With one cut alone the columns are all there is."""
    if not progress.by_cut:
        places = {progress.cut: (progress.position_at, progress.position_seconds)} if progress.position_at else {}
        return Record({progress.cut: bytes(progress.bitmap)}, places)
    seconds, places = {}, {}
    for number, (bits, at, second) in progress.by_cut.items():
        seconds[int(number)] = b64decode(bits)
        if at:
            places[int(number)] = (datetime.fromisoformat(at), second)
    return Record(seconds, places)


def write(progress: WatchProgress, record: Record, timeline: Timeline) -> None:
    """Keep a record in a row, and what it is on the row's cut. Its clock and its credit are the caller's."""
    others = {number for number, bits in record.seconds.items() if any(bits)} | record.places.keys()
    if others <= {progress.cut}:
        progress.by_cut = {}
        progress.bitmap = record.seconds.get(progress.cut) or bitmap.with_runs(b"", (), progress.length_seconds)
        progress.position_at, progress.position_seconds = record.places.get(progress.cut, (None, 0.0))
        return
    progress.by_cut = {str(number): _plain(record, number) for number in sorted(others)}
    runs = [run for number in others for run in _runs_on(record.seconds.get(number, b""), number, progress, timeline)]
    progress.bitmap = bitmap.with_runs(b"", runs, progress.length_seconds)
    progress.position_at, progress.position_seconds = _place_on(record.places, progress, timeline)


def _plain(record: Record, number: int) -> list:
    at, second = record.places.get(number, (None, 0.0))
    bits = record.seconds.get(number, b"")
    return [b64encode(bits).decode() if any(bits) else "", at.isoformat() if at else None, second]


def _runs_on(bits: bytes, number: int, progress: WatchProgress, timeline: Timeline) -> list[bitmap.Run]:
    if number == progress.cut:
        return bitmap.runs_of(bits)
    if number > progress.cut or number not in timeline:
        return []
    return carried(bits, timeline[number], timeline[progress.cut], timeline.parts(number, progress.cut))


def _place_on(places: dict[int, Place], progress: WatchProgress, timeline: Timeline) -> tuple[datetime | None, float]:
    """The newest place of all cuts; of two at the same instant that of the later cut."""
    known = {number: place for number, place in places.items() if number <= progress.cut}
    if not known:
        return None, 0.0
    number, (at, second) = max(known.items(), key=lambda item: (item[1][0], item[0]))
    if number == progress.cut or number not in timeline:
        return at, second
    parts, take = timeline.parts(number, progress.cut), timeline[progress.cut]
    moment = edits.place(edits.milliseconds(second), parts, take.duration_ms)
    return at, min(moment / 1000, float(progress.length_seconds))


def carried(bits: bytes, old: Take, new: Take, parts: Iterable[edits.Part]) -> list[bitmap.Run]:
    """The whole seconds of the cut `new` of which everything was watched on `old`."""
    watched = []
    for first, after in bitmap.runs_of(bits):
        # The last second goes on to the end, be that a little before or after the full one.
        end = max(1000 * after, old.duration_ms) if after >= old.length_seconds else 1000 * after
        watched.append((1000 * first, end))
    found = []
    for low, high in edits.moved(watched, list(parts)):
        first = -((SLACK_MS - low) // 1000)
        is_at_end = high + SLACK_MS >= new.duration_ms
        after = new.length_seconds if is_at_end else min((high + SLACK_MS) // 1000, new.length_seconds - 1)
        if after > max(0, first):
            found.append((max(0, first), after))
    return found


def bring_up(progress: WatchProgress, number: int, timeline: Timeline) -> None:
    """Move a row on to a later cut. Its clock stays: what was played was played."""
    if number <= progress.cut or number not in timeline:
        return
    record = read(progress)
    progress.cut, progress.length_seconds = number, timeline[number].length_seconds
    write(progress, record, timeline)
