"""Whether this session owes a second factor, and where one is given."""

import time

from allauth.account.internal.flows.login import (
    AUTHENTICATION_METHODS_SESSION_KEY,
    get_authentication_records,
    record_authentication,
)
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from lms import permissions
from lms.domain import access

# What somebody may still open who has a second factor and owes it: the ways to give it, the way out.
OPEN = frozenset(
    {
        "health",
        "set_language",
        "cms_sign_out",
        "account_reauthenticate",
        "mfa_authenticate",
        "mfa_index",
        "mfa_login_webauthn",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "lms:sign_in",
        "lms:sign_out",
        "lms:switch_person",
    }
)
# And who has none yet: their account, and the pages where one is set up.
OPEN_TO_SET_UP = frozenset(
    {
        "lms:account",
        "lms:password",
        "mfa_activate_totp",
        "mfa_add_webauthn",
    }
)


def is_open_without(request: HttpRequest) -> bool:
    """Whether the address that was asked for needs no second factor, of anybody or of this person."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    if name in OPEN_TO_SET_UP and request.user.is_authenticated:
        return not access.has_second_factor(request.user)
    return name in OPEN


def is_needed_of(person) -> bool:
    """Whether this person may not use their roles without a second factor."""
    if settings.SECOND_FACTOR == "off" or (settings.SECOND_FACTOR_SPARES_DEMO and person.is_demo):
        return False
    return permissions.is_staff(person)


def is_owed(request: HttpRequest) -> bool:
    """Whether this person needs a second factor and has not given one in this session. Asked at every request."""
    if not request.user.is_authenticated or was_given(request):
        return False
    # Whether any role is held was read with the session, in this very request.
    holds_none = getattr(request.user, "holds_role", None) is False and not request.user.is_superuser
    return not holds_none and is_needed_of(request.user)


def was_given(request: HttpRequest) -> bool:
    """Whether this session holds a second factor: given at the door, or set up with its proof."""
    return bool(_given(request))


def was_given_within(request: HttpRequest, seconds: int) -> bool:
    """Whether the second factor was given in this session, and that lately."""
    return any(time.time() - record["at"] < seconds for record in _given(request))


def _given(request: HttpRequest) -> list[dict]:
    return [one for one in get_authentication_records(request, request.user) if one.get("method") == "mfa"]


def give(request: HttpRequest, kind: str) -> None:
    """What was set up a moment ago, with its proof, counts as given."""
    record_authentication(request, request.user, "mfa", type=kind)


def forget(request: HttpRequest) -> None:
    """The factor that was given is gone."""
    kept = [one for one in get_authentication_records(request, request.user) if one.get("method") != "mfa"]
    request.session[AUTHENTICATION_METHODS_SESSION_KEY] = kept


def way(request: HttpRequest) -> str:
    """The page that explains what is missing, and leads back to a page that was only looked at."""
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else ""
    return reverse("mfa_index") + (f"?{urlencode({'next': back})}" if back else "")
