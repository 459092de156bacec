"""Signing in with CUI, e-mail or phone; hashing passwords."""

from contextvars import ContextVar
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.http import HttpRequest

from lms.domain.access import find_person
from lms.models import Person

# Who was read together with the session, while Django asks whose the session is.
came_along: ContextVar[Person | None] = ContextVar("came_along", default=None)


class Argon2idHasher(Argon2PasswordHasher):
    """argon2id at OWASP's least cost (19 MiB, t=2, p=1): one tenth of Django's default on a small server."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1


class IdentifierBackend(ModelBackend):
    """Django's backend with our three ways to name oneself."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Person | None:
        """The person, or None. Takes as long when nobody has the identifier.

        Whoever asked already who has it says so by `known`, be it None.
        """
        if not username or password is None:
            return None
        person = kwargs["known"] if "known" in kwargs else find_person(username)
        if person is None:
            Person().set_password(password)
            return None
        return person if person.check_password(password) and self.user_can_authenticate(person) else None

    def get_user(self, user_id: Any) -> Person | None:
        """As Django's, without asking again for the row that came along with the session."""
        person = came_along.get()
        if person is None or str(person.pk) != str(user_id):
            return super().get_user(user_id)
        return person if self.user_can_authenticate(person) else None

    def user_can_authenticate(self, user: Person) -> bool:
        """Asked at every request as well: a record that is closed, merged or erased ends its sessions."""
        return user.may_sign_in
