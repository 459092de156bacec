"""Moving what people watched to the new cut of a video.

Whoever completed the video, or the course, stays with the cut that was watched. The rest move in batches, each in a
transaction of its own; whoever is watching at that moment is moved by their own batch of segments, under the same lock
(`courses.domain.watching`). Both are the same computation, so neither order nor repetition matters.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from courses.domain import crediting, settling
from courses.models import Completion, Enrolment, WatchProgress
from lms.domain import job_words, jobs
from lms.models import Job
from media.domain.timelines import Timeline, timeline_of
from media.models import Video

KIND = "courses.recut"
BATCH = 200
MOVED = ["cut", "by_cut", "length_seconds", "bitmap", "covered_seconds", "position_seconds", "position_at"]


def behind(video: Video):
    """Progress on earlier cuts that has to move, as a queryset."""
    finished = Completion.objects.filter(
        enrolment=OuterRef("enrolment"), edition=OuterRef("enrolment__course__edition")
    )
    rows = WatchProgress.objects.filter(video=video, cut__lt=video.cut)
    return rows.exclude(activity__completions__enrolment=F("enrolment")).exclude(Exists(finished))


def in_the_middle(video: Video) -> int:
    """How many people have begun the cut in use and are not done with it."""
    return behind(Video(pk=video.pk, cut=video.cut + 1)).values("enrolment__person").distinct().count()


def request(video: Video) -> Job:
    """Ask for the move to the cut in use; one job for each cut."""
    return jobs.request(KIND, f"{video.public_id}/{video.cut}")


@job_words.names(KIND)
def titles_of(subjects: Iterable[str]) -> dict[str, str]:
    """How the videos of jobs are called."""
    videos = {subject.partition("/")[0] for subject in subjects}
    found = Video.objects.filter(public_id__in=videos).values_list("public_id", "title")
    titles = {str(public_id): title for public_id, title in found}
    return {subject: titles.get(subject.partition("/")[0], "") for subject in subjects}


@jobs.performs(KIND)
def recut(claim: jobs.Claim) -> None:
    """Do the job `courses.recut`; its subject is the video's public id and the cut. A deleted video needs nothing."""
    video = Video.objects.filter(public_id=claim.job.subject.partition("/")[0]).first()
    if video is None:
        return
    timeline, done, last = timeline_of(video), 0, 0
    total = behind(video).count()
    while keys := list(behind(video).filter(pk__gt=last).order_by("pk").values_list("pk", "enrolment_id")[:BATCH]):
        _move(claim, video, timeline, keys)
        last, done = keys[-1][0], done + len(keys)
        claim.progress(done, max(done, total))
    # What was cut away may have been all that was missing.
    settling.settle(enrolments=WatchProgress.objects.filter(video=video).values("enrolment"))


@transaction.atomic
def _move(claim: jobs.Claim, video: Video, timeline: Timeline, keys: list[tuple[int, int]]) -> None:
    claim.assert_held()
    enrolments = {enrolment for _key, enrolment in keys}
    # The lock of `watching.record`; what arrived meanwhile is read after it.
    list(Enrolment.objects.select_for_update(no_key=True).filter(pk__in=enrolments).order_by("pk").values_list("pk"))
    rows = list(behind(video).filter(pk__in=[key for key, _enrolment in keys]))
    for row in rows:
        crediting.move_on(row, video.cut, timeline)
    WatchProgress.objects.bulk_update(rows, MOVED)
