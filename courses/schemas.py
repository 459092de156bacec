"""What the API takes and gives.

Of pydantic alone: the framework's own `Schema` looks at every field of every object in Python, to read rows of models.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, WrapValidator

Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
Token = Annotated[str, Field(max_length=400)]


class SegmentIn(BaseModel):
    """A stretch that was played. Never changes once sent; `from`/`to` in the video, `clock_*` since the grant."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    id: UUID
    token: Token
    device: UUID
    sequence: Annotated[int, Field(ge=0, le=2**31 - 1)]
    from_second: Seconds = Field(alias="from")
    to_second: Seconds = Field(alias="to")
    clock_from: Seconds
    clock_to: Seconds
    rate: Annotated[float, Field(gt=0, le=16, allow_inf_nan=False)] = 1
    is_visible: bool = Field(True, alias="visible")
    is_audio: bool = Field(False, alias="audio")
    is_offline: bool = Field(False, alias="offline")


class PositionIn(BaseModel):
    """Where the person is now, for going on from another device."""

    model_config = ConfigDict(extra="forbid")

    token: Token
    second: Seconds
    clock: Seconds


class WatchIn(BaseModel):
    """A batch. May be sent again as often as one likes."""

    model_config = ConfigDict(extra="forbid")

    segments: Annotated[list[SegmentIn], Field(max_length=500)] = []
    position: PositionIn | None = None


class VerdictOut(BaseModel):
    """What became of one segment. `counts` is false when it is kept without credit; `code` and `message` say why."""

    id: UUID
    status: Literal[200, 201, 409, 422]
    outcome: Literal["stored", "repeated", "refused", "conflict"]
    counts: bool
    code: str
    message: str


class StandingOut(BaseModel):
    """What is credited in one video after this batch. `words` say what is missing, empty when nothing is.

    `runs` are seconds of `cut`, the one in use: a page that was opened before has others.
    """

    activity: UUID
    video: UUID
    cut: int
    percent: int
    covered_seconds: int
    length_seconds: int
    is_done: bool
    runs: list[tuple[int, int]]
    words: str


class WatchOut(BaseModel):
    """The answer to a batch: a verdict for each segment, in order, and each video it touched."""

    verdicts: list[VerdictOut]
    activities: list[StandingOut]


class MarkIn(BaseModel):
    """That somebody was there or not, as a telephone noted it. Never changes once sent."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    enrolment: UUID
    present: bool
    at: AwareDatetime
    reason: Annotated[str, Field(max_length=300)] = ""


class MarksIn(BaseModel):
    """A batch. May be sent again as often as one likes."""

    model_config = ConfigDict(extra="forbid")

    marks: Annotated[list[MarkIn], Field(max_length=500)]


class ProblemOut(BaseModel):
    """A body that could not be read: where and why."""

    detail: list[dict]


class _EventIn(BaseModel):
    """What every event says. `clock`: when, in seconds since the page's token was granted."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    id: UUID
    token: Token
    device: UUID
    clock: Seconds
    course_version: Annotated[str, Field(max_length=40, pattern=r"^[0-9.]*$")] = ""


class WatchedIn(_EventIn):
    """A stretch that was played, from `clock_from` to `clock`."""

    kind: Literal["watched"]
    sequence: Annotated[int, Field(ge=0, le=2**31 - 1)]
    from_second: Seconds = Field(alias="from")
    to_second: Seconds = Field(alias="to")
    clock_from: Seconds
    rate: Annotated[float, Field(gt=0, le=16, allow_inf_nan=False)] = 1
    is_visible: bool = Field(True, alias="visible")
    is_audio: bool = Field(False, alias="audio")
    is_offline: bool = Field(False, alias="offline")


class MovedIn(_EventIn):
    """Where the person is in a video."""

    kind: Literal["position"]
    second: Seconds


class ReadIn(_EventIn):
    """A reading that was marked."""

    kind: Literal["read"]


class AnsweredIn(_EventIn):
    """An answer to one question of one's own open attempt, as the fields of its form."""

    kind: Literal["answered"]
    attempt: UUID
    question: Annotated[int, Field(ge=1, le=10_000)]
    fields: Annotated[
        dict[
            Annotated[str, Field(max_length=200)],
            Annotated[list[Annotated[str, Field(max_length=60_000)]], Field(max_length=200)],
        ],
        Field(max_length=200),
    ]


class HandedInIn(_EventIn):
    """An attempt is handed in, after the events of its answers."""

    kind: Literal["handed_in"]
    attempt: UUID
    after: Annotated[list[UUID], Field(max_length=500)] = []


class Unreadable(BaseModel):
    """In the place of an event that could not be read: what there is of its id."""

    id: UUID | None = None


def _read_alone(given: Any, read: Any) -> Any:
    """One that cannot be read does not spoil the others."""
    try:
        return read(given)
    except ValidationError:
        try:
            return Unreadable(id=given["id"])
        except (ValidationError, TypeError, KeyError):
            return Unreadable()


EventIn = Annotated[
    Annotated[WatchedIn | MovedIn | ReadIn | AnsweredIn | HandedInIn, Field(discriminator="kind")],
    WrapValidator(_read_alone),
]


class EventsIn(BaseModel):
    """A batch of events. May be sent again as often as one likes."""

    model_config = ConfigDict(extra="forbid")

    events: Annotated[list[EventIn], Field(max_length=500)]


class EventVerdictOut(BaseModel):
    """What became of one event. A `repeated` one (200) has the outcome first given; `early` (425) is sent again."""

    id: UUID | None
    status: Literal[200, 201, 404, 409, 422, 425]
    outcome: Literal["stored", "refused", "conflict", "unknown", "early"]
    is_repeated: bool
    counts: bool
    code: str
    message: str


class EventsOut(BaseModel):
    """The answer to a batch: a verdict for each event, in order, and each video that it touched."""

    verdicts: list[EventVerdictOut]
    activities: list[StandingOut]
