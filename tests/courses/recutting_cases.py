"""New cuts for tests, without ffmpeg: rows as `media.domain.cut_making` leaves them."""

from media.domain import cut_making, edits
from media.models import Cut, Video


def recut(video: Video, parts, *, seconds: float, source: str = "", start: float = 0.0) -> Video:
    """Put a cut in use whose seconds are those of the one before by `parts` (milliseconds)."""
    current = Video.objects.get(pk=video.pk)
    cut = Cut.objects.create(
        video=current,
        number=current.cut + 1,
        state=Cut.State.PROCESSING,
        source_sha256=source,
        trim_start_seconds=start,
        edit_list=edits.checked(parts),
        duration_seconds=seconds,
    )
    return cut_making.put_in_use(cut, {"duration_seconds": seconds})


def trimmed(video: Video, start: float, end: float) -> Video:
    """Only `start`–`end` of the cut in use."""
    whole = (0, edits.milliseconds(video.duration_seconds))
    parts = edits.kept(whole, (edits.milliseconds(start), edits.milliseconds(end)))
    return recut(video, parts, seconds=end - start)
