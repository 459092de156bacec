"""The signed token that lets one page record one activity: the watching of one cut of a video, a reading, a quiz.

It carries public ids only.
"""

import base64
import struct
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

from django.core import signing

NO_VIDEO = UUID(int=0)
SALT = "courses.watching"
LAYOUT = struct.Struct(">16s16s16s16s16sQI")
# As they were before a video could have a second cut; they are good for thirty days.
WITHOUT_CUT = struct.Struct(">16s16s16s16s16sQ")


@dataclass(frozen=True)
class Grant:
    """What a token says. `granted_at` is to the millisecond; the client's clock counts from it."""

    person: UUID
    enrolment: UUID
    activity: UUID
    video: UUID
    session: UUID
    granted_at: datetime
    cut: int = 1


def sign(*, person: UUID, enrolment: UUID, activity: UUID, at: datetime, video: UUID = NO_VIDEO, cut: int = 1) -> str:
    """A token for a new session, about 170 characters."""
    ids = (person, enrolment, activity, video, uuid.uuid4())
    packed = LAYOUT.pack(*(one.bytes for one in ids), int(at.timestamp() * 1000), cut)
    return signing.Signer(salt=SALT).sign(base64.urlsafe_b64encode(packed).decode())


@lru_cache(4096)
def read(token: str) -> Grant | None:
    """What a token of ours says; None for anything else.

    It never says anything else, and a page sends the same one every few seconds.
    """
    try:
        packed = base64.urlsafe_b64decode(signing.Signer(salt=SALT).unsign(token))
        if len(packed) == WITHOUT_CUT.size:
            packed += (1).to_bytes(4, "big")
        *ids, milliseconds, cut = LAYOUT.unpack(packed)
    except (signing.BadSignature, ValueError, struct.error):
        return None
    person, enrolment, activity, video, session = (UUID(bytes=one) for one in ids)
    granted_at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return Grant(person, enrolment, activity, video, session, granted_at, cut)
