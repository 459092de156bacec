"""Who asks, and how often they may."""

import re

from django.conf import settings
from django.http import HttpRequest

from lms.domain.tries import Limit

QUARTER = 15 * 60
SIGN_IN_BY_IDENTIFIER = Limit("sign-in-identifier", most=10, seconds=QUARTER)
SIGN_IN_BY_ADDRESS = Limit("sign-in-address", most=300, seconds=QUARTER)
REGISTER_BY_ADDRESS = Limit("register-address", most=300, seconds=QUARTER)


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
