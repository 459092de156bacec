"""What the public page of a certificate says, in the reader's language: what it asks about, and what it only prints."""

from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format, localize
from django.utils.timezone import localtime

from certificates.domain.shown import Shown
from certificates.templatetags.certificates import hours, kind_name


def branches(found: Shown) -> dict[str, Any]:
    """What the page is shaped by."""
    return {
        "state": found.state,
        "is_one_day": found.started_on == found.completed_on,
        "successor_said": found.successor_said,
    }


def texts(found: Shown) -> dict[str, str | list[str]]:
    """What stands in it; empty where there is none."""
    facts = found.facts
    proven, renewal = facts.get("competency") or {}, facts.get("renewal") or {}
    return {
        "code": found.code,
        "reference": found.reference,
        "kind": kind_name(found),
        "person": found.person_name,
        "course": found.course_title,
        "hours": hours(found.hours),
        "first_day": _day(found.started_on),
        "last_day": _day(found.completed_on),
        "score": "" if found.score_percent is None else str(localize(found.score_percent)),
        "competency": proven.get("name", ""),
        "level": proven.get("level_name", ""),
        "post": found.post_name,
        "municipality": found.municipality_name,
        "place": facts.get("place", ""),
        "issued_on": _day(found.issued_at),
        "renewed_by": renewal.get("course", ""),
        "ends_on": _day(found.expires_on),
        "issuer": found.issuer,
        "said_on": _day(found.state_at),
        "why": found.public_reason,
        "successor_code": found.successor_code or "",
        "successor": found.successor_reference or "",
        "forerunner": found.forerunner or "",
        "programme": facts.get("programme") or [],
        "leaf": str(localize(found.leaf_index)),
        "digest": (found.leaf_digest or "")[:16],
    }


def _day(moment: date | None) -> str:
    if moment is None:
        return ""
    return date_format(localtime(moment) if isinstance(moment, datetime) else moment, "DATE_FORMAT")
