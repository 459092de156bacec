"""Writing to people: who may be written to, by which way, in which language, at which hours."""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.utils import timezone, translation

from lms import gateways
from lms.models import Person

from . import people

FROM_HOUR, UNTIL_HOUR = 7, 19  # of Guatemala
EMAIL, SMS = "email", "sms"
# What says that a way out did not take a message. Their own words may hold the address: only the type is kept.
REFUSALS = (OSError, smtplib.SMTPException, gateways.GatewayFailed)


def language_of(person: Person) -> str:
    """The language in which somebody is written to: English for those whose language it is, Spanish for all others."""
    return "en" if person.language and person.language.key == "en" else "es"


@contextmanager
def in_language_of(person: Person) -> Iterator[None]:
    """Write in their language, whoever's page or worker this is."""
    with translation.override(language_of(person)):
        yield


def may_be_told(person: Person) -> bool:
    """Whether somebody may be written to: of minors those whose guardian's consent holds."""
    if not person.may_sign_in:
        return False
    if not people.is_minor(person.born_on):
        return True
    consent = getattr(person, "guardian_consent", None)
    return consent is not None and consent.holds


def way_to(person: Person) -> str:
    """One way: the e-mail, or else the telephone where texts can be sent; empty for somebody with neither."""
    if person.email:
        return EMAIL
    return SMS if person.phone and gateways.is_open() else ""


def is_day(at: datetime) -> bool:
    """Whether telephones may ring at this hour of Guatemala."""
    return FROM_HOUR <= timezone.localtime(at).hour < UNTIL_HOUR


def next_morning(at: datetime) -> datetime:
    """When it is day again."""
    local = timezone.localtime(at)
    morning = local.replace(hour=FROM_HOUR, minute=0, second=0, microsecond=0)
    return morning if local < morning else morning + timedelta(days=1)


def unsubscribing(stop: str) -> dict[str, str]:
    """Headers by which a mail program's own button opts out with one request (RFC 2369 and RFC 8058)."""
    return {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
