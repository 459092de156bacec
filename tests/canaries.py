"""Five hundred CUIs that nobody has go through the whole suite; where one comes to light, the test that leaked fails.

`a_cui()` of the factories hands them out. While a test runs, this plugin looks at every answer that Django's test
client gets (address, headers, body; files unzipped and read), every log record, every row that is written, every
session, cache entry, task and mail, and at every file that appears in the folder of the test. Screens that may show a
whole CUI are named in `policy.yaml` (`shows_cui:`); a form that comes back may show what the same request typed.
"""

import itertools
import json
import logging
import os
import random
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

from tests.texts import text_of

HOW_MANY = 500
PREFIX = "97"  # no serial of the demo, of the generated lists or of a clock in milliseconds begins so
WEIGHTS = range(2, 10)
BIGGEST_FILE = 20_000_000
FILM = b"ftyp"
BINARY = ("video/", "audio/", "image/", "font/")
# Between two digits people write blanks, hyphens and points; addresses and pages write blanks in their own ways.
BETWEEN = r"(?:[\s.\-_+]|%20|&nbsp;|&#160;|\\u00a0){0,3}"
DIGIT = r"\d"


def _pattern(prefix: str) -> re.Pattern[str]:
    """Thirteen digits that begin so, and neither before nor after them another one; a search for a letter is quick."""
    rest = BETWEEN.join([*prefix[1:], *[DIGIT] * (13 - len(prefix))])
    return re.compile(rf"{prefix[0]}(?<!\d{prefix[0]}){BETWEEN}{rest}(?!\d)")


SUSPECT = _pattern(PREFIX)


def _make() -> tuple[str, ...]:
    chance, made = random.Random("canarios"), dict[str, None]()  # noqa: S311 (the same ones each time)
    while len(made) < HOW_MANY:
        serial = f"{PREFIX}{chance.randrange(10**6):06d}"
        check = sum(int(digit) * weight for digit, weight in zip(serial, WEIGHTS, strict=True)) % 11
        if check < 10:
            made[f"{serial}{check}"] = None
    return tuple(made)


# A serial of eight digits and the digit that checks it; the place of registration follows.
CANARIES = _make()
_KNOWN = frozenset(CANARIES)
_given = itertools.cycle(CANARIES)
_taken_in_this_test: set[str] = set()
_more = itertools.count(1)


def hand_out(place: str) -> str:
    """A CUI that nobody has, registered in the municipality `place` (4 digits): a canary, no number twice in a test."""
    if len(_taken_in_this_test) < HOW_MANY:
        canary = next(_given)
        _taken_in_this_test.add(canary)
        return canary + place
    while True:
        serial = f"{next(_more):08d}"
        check = sum(int(digit) * weight for digit, weight in zip(serial, WEIGHTS, strict=True)) % 11
        if check < 10:
            return f"{serial}{check}{place}"


def _digits(written: str) -> str:
    return re.sub(r"%20|&#160;|u00a0|\D", "", written)


def found_in(text: str) -> set[str]:
    """The canaries in a text, however they are written, as thirteen digits."""
    numbers = (_digits(match[0]) for match in SUSPECT.finditer(text))
    return {number for number in numbers if number[:9] in _KNOWN}


def holds_one_of(numbers: Iterable[str], text: str) -> set[str]:
    """Those of some other CUIs, such as the demo's, that a text has, however they are written."""
    return {number for number in numbers if _pattern(number).search(text)}


# The net ------------------------------------------------------------------------------------------------------------


class Net:
    """What was caught since the last test began. `others` are CUIs that are watched besides, such as the demo's."""

    def __init__(self, others: Iterable[str] = ()) -> None:
        self.leaks: list[str] = []
        self.others = tuple(others)
        self._seen: dict[Path, tuple[int, int]] = {}

    def look(self, text: object, where: str, *, allowed: Iterable[str] = ()) -> None:
        """Note every canary in `text` that is not `allowed`."""
        said = text if isinstance(text, str) else repr(text)
        for number in (found_in(said) | holds_one_of(self.others, said)) - set(allowed):
            self.leaks.append(f"{number} in {where}")

    def look_at_files(self, folder: Path) -> None:
        """Note canaries in the files that appeared or changed in a folder since the last look."""
        for path in walk(folder):
            try:
                stat = path.stat()
                state = (stat.st_mtime_ns, stat.st_size)
                if self._seen.get(path) == state or stat.st_size > BIGGEST_FILE:
                    continue
                self._seen[path] = state
                content = path.read_bytes()
            except FileNotFoundError:
                continue
            if FILM not in content[:12]:
                self.look(f"{path}\n{text_of(content)}", f"the file {path.relative_to(folder)}")

    def empty(self) -> list[str]:
        """What was caught; the net is empty again."""
        caught, self.leaks = list(dict.fromkeys(self.leaks)), []
        return caught


net = Net()
# Databases are watched row by row as they are written, the cache entry by entry (it packs its files).
# In production these say more than in tests.
LOGS = ("lms", "media", "courses", "certificates", "celery")
UNREAD = ("cache", "static", "video")


def walk(folder: Path) -> Iterator[Path]:
    """The files below a folder that may hold texts."""
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in UNREAD]
        yield from (Path(base) / name for name in names if ".sqlite3" not in name)


@contextmanager
def caught() -> Iterator[list[str]]:
    """What falls into the net within; the test does not fail of it."""
    before, net.leaks = net.leaks, []
    found: list[str] = []
    try:
        yield found
    finally:
        found += net.empty()
        net.leaks = before


# Where it hangs -----------------------------------------------------------------------------------------------------


def may_show(view_name: str) -> bool:
    """Whether the table names this screen among those that show a whole CUI."""
    from lms.permissions import policy  # noqa: PLC0415 (the plugin is loaded before Django)

    return view_name in policy().get("shows_cui", ())


def _body_of(response) -> str:
    if (response.headers.get("Content-Type") or "").startswith(BINARY):
        return ""
    if not response.streaming:
        return text_of(response.content)
    content = b"".join(response.streaming_content)
    response.streaming_content = [content]
    return text_of(content)


def look_at_response(request: dict, response, typed: str = "") -> None:
    """Note canaries in an answer and in the address that was asked for; `typed` is what the request's body said."""
    address = f"{request.get('PATH_INFO', '')}?{request.get('QUERY_STRING', '')}"
    where = f"{request.get('REQUEST_METHOD')} {request.get('PATH_INFO', '')}"
    net.look(unquote_plus(address), f"the address asked for, {where}")
    for name, value in response.headers.items():
        net.look(unquote_plus(value), f"the header {name} of {where}")
    for cookie in response.cookies.values():
        net.look(unquote_plus(cookie.value), f"the cookie {cookie.key} of {where}")
    match = getattr(getattr(response, "wsgi_request", None), "resolver_match", None)
    if match and may_show(match.view_name):
        return
    echo = found_in(typed) if response.status_code in {422, 429} else set()
    net.look(_body_of(response), f"the body of {where} ({response.status_code})", allowed=echo)


def _typed(request: dict) -> str:
    """What a request's body says; the body stays to be read."""
    from django.test.client import FakePayload  # noqa: PLC0415

    body = request.get("wsgi.input")
    if not isinstance(body, FakePayload):
        return ""
    content = body.read()
    request["wsgi.input"] = FakePayload(content)
    return unquote_plus(content.decode("utf-8", "replace"))


def _watch(owner: type, name: str, look: Callable) -> Callable[[], None]:
    """Let `look` see every call of a method first; returns what takes it off again."""
    plain = getattr(owner, name)

    @wraps(plain)
    def watched(self, *args, **kwargs):
        look(self, *args, **kwargs)
        return plain(self, *args, **kwargs)

    setattr(owner, name, watched)
    return lambda: setattr(owner, name, plain)


def _watch_responses() -> Callable[[], None]:
    from django.test.client import Client  # noqa: PLC0415

    plain = Client.request

    @wraps(plain)
    def watched(self, **request):
        typed = _typed(request)
        response = plain(self, **request)
        look_at_response(request, response, typed)
        return response

    Client.request = watched  # type: ignore[method-assign]
    return lambda: setattr(Client, "request", plain)


def _look_at_statement(cursor, sql, params, many, executor) -> None:
    # Several may be written by one statement, each a part of a `WITH`.
    begins = sql.lstrip()[:6].upper()
    if params and (begins in {"INSERT", "UPDATE"} or (begins.startswith("WITH") and "INSERT INTO" in sql)):
        rows = params if many else [params]
        for row in rows:
            _look_at_row(row.values() if isinstance(row, dict) else row, sql[:120])


def _look_at_copied(_copy, row) -> None:
    _look_at_row(row, "COPY")


def _look_at_row(values: Iterable[object], how: str) -> None:
    texts = [value if isinstance(value, str) else _plain(value) for value in values]
    net.look("\n".join(filter(None, texts)), f"the database: {how}")


def _plain(value: object) -> str:
    """A value that may hold text; numbers and days hold none."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    held = getattr(value, "obj", None)  # psycopg's JSON
    return json.dumps(held, default=str) if held is not None else ""


def _look_at_cache(cache, key, value=None, *args, **kwargs) -> None:
    net.look(f"{key}\n{value!r}", f"the cache, {key}")


def _look_at_many(cache, data, *args, **kwargs) -> None:
    net.look(repr(data), "the cache")


def _look_at_mail(message, *args, **kwargs) -> None:
    parts = [message.subject, message.body, *message.recipients(), *map(str, message.extra_headers.values())]
    parts += [str(part[0]) for part in getattr(message, "alternatives", [])]
    net.look("\n".join(map(str, parts)), f"a mail, {message.subject}")
    for attached in message.attachments:
        content = attached[1] if isinstance(attached, tuple) else attached.as_bytes()
        net.look(text_of(content) if isinstance(content, bytes) else content, "a mail's attachment")


def _look_at_task(app, name, args=None, kwargs=None, **options) -> None:
    net.look(f"{args!r} {kwargs!r} {options!r}", f"the task {name}")


def _look_at_session(session, session_dict) -> None:
    net.look(repr(session_dict), "a session")


def _watch_logs() -> Callable[[], None]:
    make = logging.getLogRecordFactory()

    def watched(*args, **kwargs) -> logging.LogRecord:
        record = make(*args, **kwargs)
        told = f"{record.msg} {record.args!r} {record.exc_info and record.exc_info[1]!r}"
        net.look(told, f"the log of {record.name}")
        return record

    logging.setLogRecordFactory(watched)
    for name in LOGS:
        logging.getLogger(name).setLevel(logging.INFO)
    return lambda: logging.setLogRecordFactory(make)


def hang() -> list[Callable[[], None]]:
    """Hang the net into Django and Celery; returns what takes it down."""
    from celery import Celery  # noqa: PLC0415
    from django.contrib.sessions.backends.base import SessionBase  # noqa: PLC0415
    from django.core.cache import caches  # noqa: PLC0415
    from django.core.mail import EmailMessage  # noqa: PLC0415
    from django.db.backends.utils import CursorWrapper  # noqa: PLC0415
    from psycopg import Copy  # noqa: PLC0415

    cache = type(caches["default"])
    return [
        _watch_responses(),
        _watch_logs(),
        _watch(CursorWrapper, "_execute_with_wrappers", _look_at_statement),
        _watch(Copy, "write_row", _look_at_copied),
        _watch(cache, "set", _look_at_cache),
        _watch(cache, "add", _look_at_cache),
        _watch(cache, "set_many", _look_at_many),
        _watch(EmailMessage, "send", _look_at_mail),
        _watch(Celery, "send_task", _look_at_task),
        _watch(SessionBase, "encode", _look_at_session),
    ]


# The plugin ---------------------------------------------------------------------------------------------------------


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Django stands by now."""
    for take_down in hang():
        session.config.add_cleanup(take_down)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item):
    """The numbers begin anew."""
    _taken_in_this_test.clear()
    net.empty()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item):
    """A test that leaked fails, saying where."""
    result = yield
    net.look_at_files(Path(os.environ["AULA_VAR_DIR"]))
    if leaks := net.empty():
        pytest.fail("Canaries came to light:\n" + "\n".join(leaks[:30]), pytrace=False)
    return result
