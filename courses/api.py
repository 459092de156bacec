"""The API of this app."""

from django.http import HttpRequest
from ninja import Router

from courses.domain import watching
from courses.domain.progress import video_words
from courses.domain.reasons import reason_words
from courses.schemas import ProblemOut, StandingOut, VerdictOut, WatchIn, WatchOut

router = Router(tags=["courses"])
STATUS = {"stored": 201, "repeated": 200, "refused": 422, "conflict": 409}


@router.post("/watch", response={200: WatchOut, 422: ProblemOut}, summary="Send what was watched")
def watch(request: HttpRequest, body: WatchIn) -> WatchOut:
    """Keep up to 500 segments of the signed-in person; repeating a batch changes nothing."""
    batch = [watching.Segment(**item.model_dump()) for item in body.segments]
    position = watching.Position(**body.position.model_dump()) if body.position else None
    verdicts = watching.record(person=request.user, batch=batch, position=position)
    reached = {(one.activity_key, one.video_key): one for item in verdicts if (one := item.standing)}
    return WatchOut(
        verdicts=[_verdict(item) for item in verdicts], activities=[_standing(item) for item in reached.values()]
    )


def _verdict(item: watching.Verdict) -> VerdictOut:
    return VerdictOut(
        id=item.id,
        status=STATUS[item.outcome],
        outcome=item.outcome,
        counts=not item.code,
        code=item.code,
        message=reason_words(item.code),
    )


def _standing(item: watching.Standing) -> StandingOut:
    return StandingOut(
        activity=item.activity_key,
        video=item.video_key,
        cut=item.cut,
        percent=item.percent,
        covered_seconds=item.covered_seconds,
        length_seconds=item.length_seconds,
        is_done=item.is_done,
        runs=list(item.runs),
        words=video_words(item.needed_seconds - item.covered_seconds, is_sound=item.is_sound),
    )
