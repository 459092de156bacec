"""The second factor for tests: set up an application of codes, and come in through both steps."""

import re
from datetime import timedelta

import time_machine
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client, TestCase
from django.utils import timezone

from lms.models import Person
from tests.factories.people import PASSWORD, somebody_with_role

INDEX = "/mi-cuenta/segundo-paso/"
ACTIVATE = INDEX + "aplicacion/"


def signed_in(person: Person, **fields) -> Client:
    """Through the form, without a second factor."""
    client = Client()
    person.set_password(PASSWORD)
    person.phone = person.phone or f"{50000000 + person.pk}"
    person.save()
    client.post("/entrar/", {"identifier": person.phone, "password": PASSWORD, **fields})
    return client


def totp(secret: str, *, ahead: int = 0) -> str:
    """What an application of codes shows now, or some half minutes ahead."""
    return format_hotp_value(hotp_value(secret, int(timezone.now().timestamp()) // 30 + ahead))


def add_application(client: Client, *, codes: bool = True) -> str:
    """Set up an application of codes; returns its secret. `codes`: whether those of paper are made with it."""
    page = client.get(ACTIVATE).content.decode()
    secret = re.search(r'secret">([A-Z2-7]{32})<', page)[1]
    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = client.post(ACTIVATE, {"code": totp(secret)})
    assert (answer.status_code, answer.url) == (302, INDEX + ("codigos/" if codes else ""))
    return secret


def enrolled(role: str = "administrator") -> tuple[Person, str, list[str]]:
    """Somebody with a role, an application and ten codes on paper, as long ago as any code lives."""
    person = somebody_with_role(role)
    with time_machine.travel(timezone.now() - timedelta(minutes=5)):
        client = signed_in(person)
        secret = add_application(client)
        codes = re.findall(r"<li>(\d{8})</li>", client.get(INDEX + "codigos/").content.decode())
    person.refresh_from_db()
    return person, secret, codes


def at_the_door(person: Person, **fields) -> Client:
    client = Client()
    answer = client.post("/entrar/", {"identifier": person.phone, "password": PASSWORD, **fields})
    assert (answer.status_code, answer.url) == (302, "/entrar/segundo-paso/")
    assert "_auth_user_id" not in client.session
    return client
