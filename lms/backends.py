"""Signing in with CUI, e-mail or phone; hashing passwords."""

import re

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.http import HttpRequest

from lms.domain import identity
from lms.domain.errors import RuleBroken
from lms.models import Person


class Argon2idHasher(Argon2PasswordHasher):
    """argon2id at OWASP's least cost (19 MiB, t=2, p=1): one tenth of Django's default on a small server."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1


def find_person(identifier: str) -> Person | None:
    """The person who has this CUI, e-mail or phone; None when nobody does."""
    identifier = identifier.strip()
    if "@" in identifier:
        return Person.objects.filter(email__iexact=identifier).first()
    try:
        if len(re.sub(r"\D", "", identifier)) == 13:
            digest = identity.cui_digest(identity.normalise_cui(identifier))
            return Person.objects.filter(cui_digest=digest).first()
        return Person.objects.filter(phone=identity.normalise_phone(identifier)).first()
    except RuleBroken:
        return None


class IdentifierBackend(ModelBackend):
    """Django's backend with our three ways to name oneself."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs
    ) -> Person | None:
        """The person, or None. Takes as long when nobody has the identifier."""
        if not username or password is None:
            return None
        person = find_person(username)
        if person is None:
            Person().set_password(password)
            return None
        return person if person.check_password(password) and self.user_can_authenticate(person) else None
