"""A browser's place in tests."""

import time

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
)
from django.test import Client

from lms.models import Person


class FullClient(Client):
    """A client whose `force_login` ends where the real way in ends: with a second factor in the session."""

    def force_login(self, user: Person, backend: str | None = None) -> None:
        """Sign in past the forms."""
        super().force_login(user, backend)
        give_second_factor(self, user)


def give_second_factor(client: Client, user: Person) -> None:
    """Write into the session what giving a second factor writes."""
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time(), "type": "totp"}]
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
    session.save()
