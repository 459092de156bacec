"""The API of this app."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, JsonResponse, RawPostDataException
from ninja import Router
from ninja.errors import HttpError
from ninja.utils import check_csrf
from pydantic import BaseModel, ValidationError

from courses.domain import events, watching
from courses.domain.lacking import coverage_words
from courses.domain.reasons import reason_words
from courses.schemas import (
    EventsIn,
    EventsOut,
    EventVerdictOut,
    ProblemOut,
    StandingOut,
    Unreadable,
    VerdictOut,
    WatchIn,
    WatchOut,
)
from lms.models import Person, reading

router = Router(tags=["courses"])
STATUS = {"stored": 201, "repeated": 200, "refused": 422, "conflict": 409, "unknown": 404, "early": 425}
JSON = "application/json; charset=utf-8"
OF_EVERY_EVENT = {"id", "kind", "token", "device", "clock", "course_version"}


@router.post("/watch", response={200: WatchOut, 422: ProblemOut}, summary="Send what was watched")
def watch(request: HttpRequest, body: WatchIn) -> HttpResponse:
    """Keep up to 500 segments of the signed-in person; repeating a batch changes nothing."""
    return keep_watched(request.user, body)


def keep_watched(person: Person, body: WatchIn, first: reading.First | None = None) -> HttpResponse:
    """What `watch` does. `first` as `watching.record` has it."""
    batch = [watching.Segment(**vars(item)) for item in body.segments]
    position = watching.Position(**vars(body.position)) if body.position else None
    verdicts = watching.record(person=person, batch=batch, position=position, first=first)
    reached = {(one.activity_key, one.video_key): one for item in verdicts if (one := item.standing)}
    told = [_verdict(item) for item in verdicts]
    return _answer(WatchOut(verdicts=told, activities=[_standing(item) for item in reached.values()]))


@router.post("/events", response={200: EventsOut, 422: ProblemOut}, summary="Send what happened in learning")
def tell_events(request: HttpRequest, body: EventsIn) -> HttpResponse:
    """Keep up to 500 events of the signed-in person, each by itself; repeating a batch changes nothing.

    On a device of several people `X-Aula-Person` says whose they are: 403 when somebody else is signed in.
    """
    if request.headers.get("X-Aula-Person", str(request.user.public_id)) != str(request.user.public_id):
        raise HttpError(403, "Somebody else is signed in.")
    return keep_told(request.user, body)


def keep_told(person: Person, body: EventsIn, first: reading.First | None = None) -> HttpResponse:
    """What `tell_events` does. `first` as `events.record` has it."""
    batch = [_event(item) for item in body.events if not isinstance(item, Unreadable)]
    verdicts = iter(events.record(person=person, batch=batch, first=first))
    told = [
        events.Verdict(item.id, "refused", "event.unreadable") if isinstance(item, Unreadable) else next(verdicts)
        for item in body.events
    ]
    reached = {(one.activity_key, one.video_key): one for item in told if (one := item.standing)}
    verdicts_out = [_event_verdict(item) for item in told]
    return _answer(EventsOut(verdicts=verdicts_out, activities=[_standing(item) for item in reached.values()]))


def straight(view: Callable, takes: type[BaseModel], answer: Callable) -> Callable:
    """The view of a route, without the way through the framework for a request that is right.

    Whatever is not (nobody signed in, no mark against forgery, a body that cannot be read) the framework refuses, in
    its words: it is asked as if nobody had looked before.
    """

    @wraps(view)
    def go(request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or not request.user.is_authenticated or check_csrf(request):
            return view(request)
        try:
            body = takes.model_validate_json(request.body)
        except ValidationError:
            return view(request)
        except RawPostDataException:  # a form, which was read as one for its mark against forgery
            return JsonResponse({"detail": "Send JSON."}, status=415)
        try:
            return answer(request, body)
        except HttpError:
            return view(request)

    return go


# By the names of their routes; `lms.urls` sets them in the place of the framework's.
STRAIGHT = {"tell_events": (EventsIn, tell_events), "watch": (WatchIn, watch)}


def _answer(said: BaseModel) -> HttpResponse:
    """Written as it was made: it is what the route promises, and need not be looked at again."""
    return HttpResponse(said.model_dump_json(), content_type=JSON)


def _event(item) -> events.Event:
    said = vars(item)
    own = {name: value for name, value in said.items() if name not in OF_EVERY_EVENT}
    return events.Event(**{name: said[name] for name in OF_EVERY_EVENT}, body=own)


def _event_verdict(item: events.Verdict) -> EventVerdictOut:
    return EventVerdictOut(
        id=item.id,
        status=200 if item.is_repeated else STATUS[item.outcome],
        outcome=item.outcome,
        is_repeated=item.is_repeated,
        counts=not item.code,
        code=item.code,
        message=reason_words(item.code),
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
        covered_seconds=item.coverage.covered_seconds,
        length_seconds=item.coverage.length_seconds,
        is_done=item.is_done,
        runs=list(item.runs),
        words=coverage_words(item.coverage, is_sound=item.is_sound),
    )
