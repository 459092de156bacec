"""One attempt at what a row asks for (a cut, a track): the row says how it goes, in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lms.domain import jobs
from lms.domain.errors import RuleBroken
from media import ffmpeg
from media.domain import room, storing, transcoding
from media.models import Cut, Track


def change(claim: jobs.Claim, row: Cut | Track, **fields: object) -> None:
    """Write `fields` of the row, unless somebody else holds the job by now (`LeaseLost`)."""
    with claim.publishing():
        type(row).objects.filter(pk=row.pk).update(**fields)


@contextmanager
def attempt(claim: jobs.Claim, row: Cut | Track, *, gave_up: str) -> Iterator[Path]:
    """Gives a scratch folder; what is raised inside becomes the row's `state` and `reason`.

    A file that will never do fails at once, anything else with the last attempt, when `gave_up` is said.
    Raises what was raised inside; ffmpeg's refusal of a file as `RuleBroken`.
    """
    with storing.workplace(claim.job) as folder:
        try:
            change(claim, row, state=row.State.PROCESSING, reason="")
            yield folder
        except RuleBroken as broken:
            change(claim, row, state=row.State.FAILED, reason=broken.message)
            raise
        except jobs.LeaseLost:
            raise
        except Exception as failure:
            refusal = transcoding.refusal_of(failure) if isinstance(failure, ffmpeg.Failed) else None
            if refusal or claim.is_last_try:
                reason = refusal.message if refusal else room.words_for_work(failure, gave_up)
                change(claim, row, state=row.State.FAILED, reason=reason)
            if refusal:
                raise refusal from failure
            raise
