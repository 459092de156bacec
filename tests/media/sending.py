"""Uploads from inside a system, through all of its middleware: `system.python(…)` prints what was answered, as JSON."""

import json
import random

from lms.domain import roles
from tests.clients import FullClient
from tests.factories.people import somebody_with_role
from tests.media.tus import TUS, create, patch

COOKIE = "sessionid"


def content(size: int) -> bytes:
    """What is sent: the same each time."""
    return random.Random(4).randbytes(size)  # noqa: S311 no secret


def begin(size: int, count: int = 1) -> None:
    """A trainer, signed in, and so many uploads."""
    roles.ensure_groups()
    person = somebody_with_role("trainer")
    roles.sync_groups(person)
    client = FullClient()
    client.force_login(person)
    urls = [create(client, size)["Location"] for _number in range(count)]
    _say(urls=urls, session=client.cookies[COOKIE].value)


def go_on(url: str, session: str, size: int, *ends: int) -> None:
    """To each end: ask how far it is and send from there; what was answered, and how far it is then."""
    client = FullClient(raise_request_exception=False)
    client.cookies[COOKIE] = session
    told = []
    for end in ends:
        start = int(client.head(url, headers=TUS)["Upload-Offset"])
        answer = patch(client, url, start, content(size)[start:end])
        told.append({"status": answer.status_code, "said": answer.content.decode()} | _far(client, url))
    _say(answers=told)


def look(url: str, session: str) -> None:
    """How far it is."""
    client = FullClient(raise_request_exception=False)
    client.cookies[COOKIE] = session
    _say(**_far(client, url))


def _far(client: FullClient, url: str) -> dict:
    answer = client.head(url, headers=TUS)
    return {"head": answer.status_code, "offset": int(answer.get("Upload-Offset", -1))}


def _say(**words: object) -> None:
    print(json.dumps(words))  # noqa: T201 it talks to the test
