"""System checks: what would be wrong before the first request. Ids are stable; each has a test named after it."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError

from lms import permissions
from lms.domain import roles
from lms.models import Person, Role

# Whom a person is without being granted anything (lms/policy.yaml).
IMPLIED_ROLES = {"learner", "coordinator"}
LEAST_KEY_LENGTH = 32


@register(Tags.security)
def check_keys(**kwargs: object) -> list[CheckMessage]:
    """The key of identities is a secret of its own, and long."""
    found: list[CheckMessage] = []
    if settings.IDENTITY_KEY == settings.SECRET_KEY:
        hint = "Give AULA_IDENTITY_KEY a value of its own before the first person registers."
        found.append(Error("AULA_IDENTITY_KEY equals AULA_SECRET_KEY.", hint=hint, id="lms.E001"))
    if len(settings.IDENTITY_KEY) < LEAST_KEY_LENGTH:
        hint = f"Use at least {LEAST_KEY_LENGTH} random characters."
        found.append(Error("AULA_IDENTITY_KEY is short.", hint=hint, id="lms.E002"))
    return found


@register()
def check_policy(**kwargs: object) -> list[CheckMessage]:
    """`policy.yaml` and `groups.yaml` name roles that exist."""
    known = set(Role.values) | IMPLIED_ROLES
    named = {role for wanted in permissions.policy()["actions"].values() for role in wanted}
    found: list[CheckMessage] = [
        Error(f"policy.yaml names a role that does not exist: {role}.", id="lms.E003") for role in sorted(named - known)
    ]
    grouped = {role for row in roles.groups_table().values() for role in row["roles"]}
    found += [
        Error(f"groups.yaml names a role that does not exist: {role}.", id="lms.E004")
        for role in sorted(grouped - set(Role.values))
    ]
    return found


@register()
def check_database(**kwargs: object) -> list[CheckMessage]:
    """SQLite is for one town hall or a trial."""
    if settings.PRODUCTION and settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        hint = "Name a PostgreSQL database in DATABASE_URL."
        return [Warning("SQLite is in use in production.", hint=hint, id="lms.W001")]
    return []


@register(Tags.security, deploy=True)
def check_production(**kwargs: object) -> list[CheckMessage]:
    """A deployed system runs in production mode and behind https."""
    found: list[CheckMessage] = []
    if not settings.PRODUCTION:
        found.append(Warning("AULA_MODE is not 'production'.", id="lms.W002"))
    if not settings.HTTPS:
        hint = "Without https passwords and identity numbers travel in clear."
        found.append(Warning("AULA_PUBLIC_URL does not begin with https://.", hint=hint, id="lms.W003"))
    return found


@register(Tags.security, deploy=True)
def check_ways_in(**kwargs: object) -> list[CheckMessage]:
    """Who holds a role gives a second factor, nobody of the demo can come in, and codes are not left lying about."""
    found: list[CheckMessage] = []
    if settings.SECOND_FACTOR == "off":
        hint = "With AULA_SECOND_FACTOR=staff whoever holds a role needs more than a password."
        kind, name = (Error, "lms.E005") if settings.PRODUCTION else (Warning, "lms.W004")
        found.append(kind("AULA_SECOND_FACTOR is off.", hint=hint, id=name))
    if settings.PRODUCTION and settings.SMS_GATEWAY in {"console", "file"}:
        hint = "Codes would stand in logs or files; name a real gateway, or none."
        found.append(Warning("AULA_SMS_GATEWAY is for trials.", hint=hint, id="lms.W005"))
    if settings.PRODUCTION and _has_demo_people():
        hint = "Their password is public: load the demo elsewhere, or close these accounts."
        found.append(Warning("People of the demo can sign in.", hint=hint, id="lms.W006"))
    return found


def _has_demo_people() -> bool:
    try:
        return Person.objects.filter(is_demo=True, is_active=True).exists()
    except DatabaseError:  # not made yet
        return False
