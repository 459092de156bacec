"""The code on the screen: it changes every twenty seconds and proves when it was shown.

HMAC-SHA-256 over the number of the step, under a key of the session's own that only the page of whoever holds it has;
so the screen needs no line. What comes within a minute of being shown counts. What comes later counts only for who held
a seat before it was shown, and only for some hours: the code proves its time, nobody can prove who stood before it.
"""

import hashlib
import hmac
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from courses.domain import attendance, sessions
from courses.models import Attendance, Enrolment, InPersonSession
from lms.domain.errors import RuleBroken
from lms.models import Person

STEP_SECONDS = 20
# A telephone takes a while to open what it saw, and clocks differ a little.
FRESH = timedelta(seconds=60)
MAC_BYTES = 12
MARGIN = timedelta(hours=1)  # before it begins and after it ends


@dataclass(frozen=True)
class Scan:
    """What was read from the screen: the number of the step, and the code. `seen_at` is when it reached the server."""

    step: int
    mac: str
    seen_at: datetime

    @property
    def shown_at(self) -> datetime:
        """When the screen began to show it."""
        return datetime.fromtimestamp(self.step * STEP_SECONDS, UTC)

    @property
    def is_fresh(self) -> bool:
        """Whether it came while it was shown, or soon after."""
        late = self.seen_at - self.shown_at - timedelta(seconds=STEP_SECONDS)
        return -FRESH - timedelta(seconds=STEP_SECONDS) <= late <= FRESH


def key_of(session: InPersonSession) -> bytes:
    """What the codes of a session are made with; for the page of whoever holds it alone."""
    return salted_hmac("courses.rotating", str(session.public_id), algorithm="sha256").digest()


def step_at(at: datetime) -> int:
    """The number of the step at a moment."""
    return int(at.timestamp()) // STEP_SECONDS


def mac_of(session: InPersonSession, step: int) -> str:
    """The code of a step: 96 bits, as they stand in an address."""
    digest = hmac.new(key_of(session), str(step).encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest[:MAC_BYTES]).decode()


def is_genuine(session: InPersonSession, step: int, mac: str) -> bool:
    """Whether a code was made with the session's key."""
    return step < 2**40 and hmac.compare_digest(mac_of(session, step).encode(), mac.encode())


@transaction.atomic
def accept(*, session: InPersonSession, person: Person, scan: Scan) -> Attendance:
    """Note that somebody is there, once; who comes without a seat gets one while there are any.

    Raises `scan.forged`, `scan.not_enrolled`, `scan.outside`, `scan.old`, `scan.noted_absent`, `in_person.full`, and
    what `attendance.note` raises.
    """
    if not is_genuine(session, scan.step, scan.mac):
        raise RuleBroken("scan.forged", _("Ese código no es de esta sesión. Escanee el que está en la pantalla."))
    mine = Enrolment.objects.active().for_person(person).filter(course_key=session.activity.course_key)
    enrolment = mine.select_for_update(of=("self",), no_key=True).first()
    if enrolment is None:
        raise RuleBroken("scan.not_enrolled", _("Inscríbase primero en el curso, y escanee el código otra vez."))
    session = InPersonSession.objects.select_for_update(of=("self",), no_key=True).get(pk=session.pk)
    before = attendance.state_of(session=session, enrolment=enrolment)
    if before is not None and before.is_present:
        return before
    if before is not None:
        raise RuleBroken(
            "scan.noted_absent", _("Quien facilita anotó que usted no estuvo. Hable con esa persona para corregirlo.")
        )
    _assert_in_time(session, scan)
    seat = session.registrations.active().filter(enrolment=enrolment).first()
    if not scan.is_fresh:
        _assert_deliverable(scan, seat)
    elif seat is None:
        sessions.seat(enrolment=enrolment, session=session, by=person, at=timezone.now())
    mark = attendance.Mark(
        client_id=uuid.uuid5(session.public_id, f"{enrolment.public_id}:{scan.step}"),
        is_present=True,
        way=Attendance.Way.QR,
        happened_at=scan.shown_at,
        is_late=not scan.is_fresh,
    )
    row, _is_new = attendance.note(session=session, enrolment=enrolment, mark=mark, by=person)
    return row


def _assert_in_time(session: InPersonSession, scan: Scan) -> None:
    if not session.starts_at - MARGIN <= scan.shown_at <= session.ends_at + MARGIN:
        raise RuleBroken("scan.outside", _("Ese código no es de la hora de la sesión."))


def _assert_deliverable(scan: Scan, seat) -> None:
    """A code that comes late: in time for the limit, of who had a seat when it was shown."""
    limit = timedelta(hours=settings.ATTENDANCE_LATE_HOURS)
    in_limit = timedelta(0) < scan.seen_at - scan.shown_at <= limit
    if not in_limit or seat is None or seat.registered_at > scan.shown_at:
        raise RuleBroken(
            "scan.old",
            _(
                "Ese código ya cambió: solo sirve mientras está en la pantalla. Escanee el de ahora; si ya no está en "
                "la sesión, pida a quien facilita que anote su asistencia."
            ),
        )
