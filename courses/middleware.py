"""The short way of a page that tells every few seconds what was played (docs/decisions/0063).

It takes only what is beyond doubt: everything else, whatever is refused included, goes the way of every request, as if
nobody had looked before. So whoever is turned away is turned away there, in its words.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.core.exceptions import DisallowedHost
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.http.response import ResponseHeaders
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csrf import CsrfViewMiddleware
from django.middleware.locale import LocaleMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers
from pydantic import BaseModel, ValidationError

from courses import api
from courses.domain import watch_tokens
from courses.schemas import EventsIn, Unreadable, WatchIn
from lms.backends import came_along
from lms.domain import audit, kept
from lms.middleware import CompressionMiddleware, ContentSecurityPolicyMiddleware
from lms.models import Person, reading
from lms.sessions import SessionStore, hints
from lms.views import gate
from lms.views.limits import client_address

MOST_BYTES = 64 * 1024  # a page tells less than one; the weeks of somebody who was offline have time
ONE_PACKET = 1400  # bytes: what fits is not made smaller


class _LongWay(Exception):
    """This is for the way of every request."""


@dataclass(frozen=True)
class Way:
    """What an address takes, which tokens are in that, and the verb."""

    takes: type[BaseModel]
    tokens: Callable[[Any], Iterator[str]]
    keep: Callable[[Person, Any, reading.First], HttpResponse]


def _of_events(body: EventsIn) -> Iterator[str]:
    for one in body.events:
        if isinstance(one, Unreadable):
            raise _LongWay
        yield one.token


def _of_segments(body: WatchIn) -> Iterator[str]:
    yield from (one.token for one in body.segments)
    if body.position:
        yield body.position.token


WAYS = {
    "/api/v1/events": Way(EventsIn, _of_events, api.keep_told),
    "/api/v1/watch": Way(WatchIn, _of_segments, api.keep_watched),
}
# What stands in `settings.MIDDLEWARE` for other requests than these alone; each with why it may be left out.
LEFT_OUT = {
    "whitenoise.middleware.WhiteNoiseMiddleware": "answers at other addresses",
    "lms.middleware.NullCharacterMiddleware": "looks at addresses; these are two, and have no query",
    "django.middleware.common.CommonMiddleware": "adds slashes; the host is asked for here",
    "lms.middleware.StrangersFilesMiddleware": "looks at forms with files; these are JSON",
    "allauth.account.middleware.AccountMiddleware": "leads from pages that there are not to others",
    "django.contrib.messages.middleware.MessageMiddleware": "is for pages",
    "lms.middleware.BackOfficeMiddleware": "guards /cms/",
    "media.middleware.ViewerMiddleware": "gives keys to addresses of films; no answer here has any",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware": "looks at answers of 404",
}
# And what is done here: by itself, by its own part, or in other words.
DONE_HERE = {
    "courses.middleware.ShortWayMiddleware": "this",
    "django.middleware.security.SecurityMiddleware": "no plain line where HTTPS is asked for; its headers",
    "lms.middleware.OriginMiddleware": "the trail is told where a request comes from",
    "lms.middleware.ContentSecurityPolicyMiddleware": "its header",
    "lms.middleware.CompressionMiddleware": "of what is longer than a packet",
    "lms.middleware.KeptPagesMiddleware": "the mark is read once",
    "django.contrib.sessions.middleware.SessionMiddleware": "a session that changes goes the long way",
    "django.middleware.locale.LocaleMiddleware": "the language; its headers",
    "django.middleware.csrf.CsrfViewMiddleware": "itself",
    "lms.middleware.PersonMiddleware": "the person, by Django's own checks",
    "django.middleware.clickjacking.XFrameOptionsMiddleware": "its header",
    "lms.middleware.PrivatePagesMiddleware": "its header",
    "lms.middleware.SecondFactorMiddleware": "its gate",
}


class ShortWayMiddleware:
    """Answers plain writes of progress of somebody whose session this process knows; hands on all the others."""

    def __init__(self, get_response):
        self.get_response = get_response
        self._answer = convert_exception_to_response(self._go)
        self._csrf = CsrfViewMiddleware(get_response)
        self._security = SecurityMiddleware(get_response)
        self._compress = CompressionMiddleware(get_response)
        self._finish = [
            each(get_response).process_response
            for each in (
                XFrameOptionsMiddleware,
                LocaleMiddleware,
                ContentSecurityPolicyMiddleware,
                SecurityMiddleware,
            )
        ]
        self._headers: dict[tuple[str, bool], ResponseHeaders] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        way = WAYS.get(request.path_info)
        if way is not None and _is_plain(request):
            with kept.one_request(), _told_where_from(request):
                response = self._answer(request)
            if response is not None:
                return self._finished(request, response)
            request.csrf_processing_done = False  # type: ignore[attr-defined]  # nothing was found good
        return self.get_response(request)

    def _go(self, request: HttpRequest) -> HttpResponse | None:
        """The answer; None where the long way has to say it."""
        try:
            return self._keep(request, WAYS[request.path_info])
        except (_LongWay, ValidationError, DisallowedHost):
            return None

    def _keep(self, request: HttpRequest, way: Way) -> HttpResponse:
        self._look_at_line(request)
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        hinted = hints.get(key)
        if not hinted or self._is_forged(request):
            raise _LongWay
        body = way.takes.model_validate_json(request.body)
        whose = _whose(way.tokens(body))
        if request.META.get("HTTP_X_AULA_PERSON", str(whose)) != str(whose):
            raise _LongWay
        translation.activate(translation.get_language_from_request(request))
        # Nothing is believed of this person before `_admit` saw who they are.
        person: Any = reading.build(Person, [hinted, reading.key(whose)], ("id", "public_id"))
        request.session = session = SessionStore(key)
        return way.keep(person, body, session.going_first(hinted, lambda: _admit(request, person)))

    def _look_at_line(self, request: HttpRequest) -> None:
        if self._security.process_request(request) is not None:
            raise _LongWay
        request.get_host()  # refuses one that is not ours

    def _is_forged(self, request: HttpRequest) -> bool:
        self._csrf.process_request(request)
        return self._csrf.process_view(request, _of_a_page, (), {}) is not None

    def _finished(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """With the headers that the long way would give it."""
        response.headers.setdefault("Cache-Control", "private, no-store")
        if response.status_code != 200:
            for finish in self._finish:
                response = finish(request, response)
            patch_vary_headers(response, ["Cookie"])
            response = self._compress.process_response(request, response)
            response.headers["Content-Length"] = str(len(response.content))
            return response
        kind = (translation.get_language(), request.is_secure())
        if kind not in self._headers:
            self._headers[kind] = self._headers_of(request)
        response.headers._store.update(self._headers[kind]._store)  # as they are: they were looked at once
        length = len(response.content)
        if length > ONE_PACKET:
            response = self._compress.process_response(request, response)
            length = len(response.content)
        response.headers["Content-Length"] = str(length)
        return response

    def _headers_of(self, request: HttpRequest) -> ResponseHeaders:
        """What the long way's own parts add to an answer, which depends on the language and the line alone."""
        plain: Any = HttpResponse(content_type=api.JSON)
        for finish in self._finish:
            plain = finish(request, plain)
        patch_vary_headers(plain, ["Cookie", "Accept-Encoding"])
        return plain.headers


def _is_plain(request: HttpRequest) -> bool:
    length = request.META.get("CONTENT_LENGTH") or ""
    return (
        request.method == "POST"
        and request.content_type == "application/json"
        and not request.META.get("QUERY_STRING")
        and length.isdecimal()
        and int(length) <= MOST_BYTES
        and not settings.DISALLOWED_USER_AGENTS
    )


@contextmanager
def _told_where_from(request: HttpRequest) -> Iterator[None]:
    token = audit.origin.set(client_address(request))
    try:
        yield
    finally:
        audit.origin.reset(token)


def _of_a_page() -> None:
    """A view that asks for the mark against forgery."""


def _whose(tokens: Iterator[str]) -> UUID:
    """The one record that all tokens name."""
    grants = {token: watch_tokens.read(token) for token in tokens}
    people = {grant.person if grant else None for grant in grants.values()}
    whose = people.pop() if len(people) == 1 else None
    if whose is None:
        raise _LongWay
    return whose


def _admit(request: HttpRequest, person: Person) -> None:
    """Fill in the person, who was only named, if the session that was read is theirs and opens this address."""
    session: Any = request.session
    token = came_along.set(session.person)
    try:
        found = auth.get_user(request)
    finally:
        came_along.reset(token)
    if not found.is_authenticated or (found.pk, found.public_id) != (person.pk, person.public_id):  # type: ignore[union-attr]
        raise _LongWay
    request.user = found
    if session.modified or gate.is_owed(request):
        raise _LongWay
    person.__dict__ = found.__dict__
