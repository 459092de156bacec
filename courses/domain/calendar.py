"""A session as a calendar file (RFC 5545), written strictly: escaped, folded at 75 octets, lines ended by CRLF.

The identity of an event never changes; its sequence grows with each change, so that a calendar that has it already
takes the newer one, and a cancelled session goes from it.
"""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from courses.models import InPersonSession

OCTETS = 75


def host() -> str:
    """What makes identities unique, the same wherever a file comes from."""
    return urlsplit(settings.PUBLIC_URL).hostname or ""


def method_of(session: InPersonSession) -> str:
    """What the file asks of a calendar."""
    return "CANCEL" if session.cancelled_at else "PUBLISH"


def render(session: InPersonSession, *, host: str, url: str) -> bytes:
    """The file. `host` makes the identity unique; `url` is the page where one registers."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Aula Municipal//Sesiones//ES",
        "CALSCALE:GREGORIAN",
        f"METHOD:{method_of(session)}",
        "BEGIN:VEVENT",
        f"UID:{session.public_id}@{host}",
        f"SEQUENCE:{session.sequence}",
        f"DTSTAMP:{_moment(session.changed_at)}",
        f"LAST-MODIFIED:{_moment(session.changed_at)}",
        f"DTSTART:{_moment(session.starts_at)}",
        f"DTEND:{_moment(session.ends_at)}",
        f"SUMMARY:{escape(session.activity.title)}",
        f"LOCATION:{escape(f'{session.room}, {session.municipality}')}",
        f"STATUS:{'CANCELLED' if session.cancelled_at else 'CONFIRMED'}",
        f"URL:{_one_line(url)}",
    ]
    if described := _described(session):
        lines.append(f"DESCRIPTION:{escape(described)}")
    lines += ["END:VEVENT", "END:VCALENDAR"]
    return "".join(fold(line) for line in lines).encode()


def _described(session: InPersonSession) -> str:
    if session.cancelled_at:
        return _("Se canceló: %(reason)s") % {"reason": session.cancel_reason}
    return session.notes


def _moment(at: datetime) -> str:
    """In universal time: no calendar has to know the zone."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def escape(text: str) -> str:
    """A TEXT value (RFC 5545, 3.3.11). Control characters have no place in one."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(sign for sign in text if sign == "\n" or (sign >= " " and sign != "\x7f"))
    for sign in "\\;,":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", "\\n")


def _one_line(text: str) -> str:
    return "".join(sign for sign in text if sign > " " and sign != "\x7f")


def fold(line: str) -> str:
    """A content line of at most 75 octets each, never cut inside a character (3.1)."""
    pieces, octets = [""], 0
    for sign in line:
        size = len(sign.encode())
        if octets + size > OCTETS:
            pieces.append(" ")
            octets = 1
        pieces[-1] += sign
        octets += size
    return "\r\n".join(pieces) + "\r\n"
