"""Who asks, and how often they may."""

import re

from django.conf import settings
from django.http import HttpRequest

from lms.domain.errors import RuleBroken
from lms.domain.tries import Limit

QUARTER = 15 * 60
SIGN_IN_BY_IDENTIFIER = Limit("sign-in-identifier", most=10, seconds=QUARTER)
SIGN_IN_BY_ADDRESS = Limit("sign-in-address", most=300, seconds=QUARTER)
REGISTER_BY_ADDRESS = Limit("register-address", most=300, seconds=QUARTER)
# Answers that say that somebody has an account: few, or lists of numbers could be tried.
TAKEN_BY_ADDRESS = Limit("taken-address", most=30, seconds=QUARTER)
TAKEN_BY_PERSON = Limit("taken-person", most=10, seconds=QUARTER)
TAKEN = frozenset({"person.cui_taken", "person.email_taken", "person.phone_taken"})


def give_back_unless_taken(limit: Limit, key: str, broken: RuleBroken) -> None:
    """Uncount a try whose answer told nothing about others."""
    if broken.code not in TAKEN:
        limit.give_back(key)


def client_address(request: HttpRequest) -> str:
    """The address that our outermost proxy saw; what a client writes itself into X-Forwarded-For is not believed."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    trusted = settings.TRUSTED_PROXIES
    if trusted and len(hops) >= trusted:
        return hops[-trusted]
    return request.META.get("REMOTE_ADDR", "")


def identifier_key(identifier: str) -> str:
    """An identifier however it was typed: `5555-1234` and `+502 5555 1234` count as one."""
    if "@" in identifier:
        return identifier.strip().casefold()
    digits = re.sub(r"\D", "", identifier)
    return digits[3:] if len(digits) == 11 and digits.startswith("502") else digits
