"""What every request passes on its way in, and the response headers that every page shares."""

import hashlib
import logging

from csp.middleware import CSPMiddleware, PolicyParts
from csp.utils import build_policy
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware, re_accepts_gzip
from django.shortcuts import redirect
from django.utils.cache import get_conditional_response
from django.utils.functional import SimpleLazyObject
from django.utils.text import compress_string
from django.utils.translation import get_language_from_request
from django.utils.translation import gettext as _

from lms import permissions
from lms.backends import came_along
from lms.domain import audit, kept, roles
from lms.upload_handlers import NoFileHandler
from lms.views import gate, strangers
from lms.views.limits import client_address

log = logging.getLogger(__name__)
# What a key that is called only `pk` names, by the kind of object that the table says stands at an address.
KEYS = {"page": "page_id", "picture": "image_id", "document": "document_id"}


class NullCharacterMiddleware:
    """Refuses an address with a null character in it: no page has one, and PostgreSQL fails on it."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\0" in request.path_info or "\0" in query or "%00" in query:
            text = _("La dirección tiene un carácter que no vale. Revísela.")
            return HttpResponseBadRequest(text, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """The strict policy for everybody, a looser one under /cms/, where Wagtail's editor needs it.

    What is data and no page gets one that lets nothing be done with it, without anything being weighed.
    """

    OF_DATA = "default-src 'none'; frame-ancestors 'none'"
    # What a view may say of the policy of its own answer, and a page of a script that it holds.
    OF_ITS_OWN = frozenset({"_csp_config", "_csp_update", "_csp_replace", "_csp_exempt"})
    _written: tuple[dict, str] | None = None

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The header, unless the view gave one."""
        if response.get("Content-Type", "").startswith("application/json"):
            response.setdefault("Content-Security-Policy", self.OF_DATA)
            return response
        is_plain = self.OF_ITS_OWN.isdisjoint(vars(response)) and not hasattr(request, "_csp_nonce")
        if not is_plain or settings.DEBUG or request.path_info.startswith("/cms/"):
            return super().process_response(request, response)
        response.setdefault("Content-Security-Policy", self._policy())
        return response

    def _policy(self) -> str:
        """That of the settings, as it is written for every answer that says nothing of it."""
        said = settings.CONTENT_SECURITY_POLICY
        if self._written is None or self._written[0] is not said:
            self._written = said, build_policy()
        return self._written[1]

    def get_policy_parts(self, request: HttpRequest, response: HttpResponse, report_only: bool = False) -> PolicyParts:
        parts = super().get_policy_parts(request=request, response=response, report_only=report_only)
        if request.path_info.startswith("/cms/") and not report_only:
            parts.replace = {**settings.CMS_CONTENT_SECURITY_POLICY, **(parts.replace or {})}
        return parts


class OriginMiddleware:
    """Tells the trail of events where a request comes from."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = audit.origin.set(client_address(request))
        try:
            return self.get_response(request)
        finally:
            audit.origin.reset(token)


class PersonMiddleware(AuthenticationMiddleware):
    """Django's `request.user`, all its checks included, of the row that was read together with the session."""

    def process_request(self, request: HttpRequest) -> None:
        """Nobody is asked for before a view or a middleware wants to know."""
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: self._find(request))

    def _find(self, request: HttpRequest):
        if not hasattr(request, "_cached_user"):
            request.session.get(auth.SESSION_KEY)  # reads it
            token = came_along.set(getattr(request.session, "person", None))
            try:
                request._cached_user = auth.get_user(request)
            finally:
                came_along.reset(token)
            # From here on without the detour of what is found when it is asked for.
            request.user = request._cached_user
        return request._cached_user


class PrivatePagesMiddleware:
    """Keeps what a signed-in person sees out of shared caches and of the next person's Back button."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control") and request.user.is_authenticated:
            response["Cache-Control"] = "private, no-store"
        return response


class SecondFactorMiddleware:
    """Whoever holds a role uses nothing but their own account until they gave a second factor in this session."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view, args: tuple, kwargs: dict) -> HttpResponse | None:
        """Leads to giving or setting up the second factor; the API is told in its own language."""
        if gate.is_open_without(request) or not gate.is_owed(request):
            return None
        if request.path_info.startswith("/api/"):
            detail = "A second factor is needed."
            return JsonResponse({"detail": detail, "code": "second_factor.needed"}, status=403)
        return redirect(gate.way(request))


class BackOfficeMiddleware:
    """Opens /cms/ only to those whom the policy lets in today, whatever groups they were once put in."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/cms/") and request.user.is_authenticated and not request.user.is_superuser:
            roles.sync_groups(request.user)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view, args: tuple, kwargs: dict) -> None:
        """The row of `policy.yaml` that names this address decides; without a row there is no door.

        A signed-in stranger to it is told so; the anonymous are sent to sign in by Wagtail.
        """
        if not request.path_info.startswith("/cms/") or not request.user.is_authenticated:
            return
        name = request.resolver_match.view_name
        rule = permissions.rule_of(name)
        if rule is None:
            log.error("policy.yaml has no row for %s, so it stays shut", name)
            raise Http404
        accesses = rule.access(request.method)
        if accesses == ("nobody",):
            raise Http404
        is_door = {"public", "closed"} & set(accesses)
        if not is_door and not permissions.allows(request.user, "open_back_office"):
            raise PermissionDenied("open_back_office")
        if not permissions.opens(request.user, accesses):
            raise PermissionDenied(", ".join(accesses))
        if not permissions.reaches_all(request.user, self._named(request, kwargs, rule)):
            raise Http404

    def _named(self, request: HttpRequest, kwargs: dict, rule: permissions.Rule) -> list[tuple[str, object]]:
        """The keys that an address names, also those of a page under another name and those to do something in bulk."""
        named = [(KEYS.get(rule.of, name) if name == "pk" else name, key) for name, key in kwargs.items()]
        many = f"{kwargs.get('model_name')}_id" if request.resolver_match.view_name == "wagtail_bulk_action" else ""
        return named + [(many, key) for key in request.GET.getlist("id") if many and key.isdecimal()]


class StrangersFilesMiddleware:
    """Takes no file from somebody who has not signed in: a large form is refused before a byte of it is read.

    Looking for the token of the page would read the whole form, and write its files to the disk, for anybody.
    """

    MOST_BYTES = 256 * 1024

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.content_type == "multipart/form-data" and not request.user.is_authenticated:
            if int(request.META.get("CONTENT_LENGTH") or 0) > self.MOST_BYTES:
                text = _("Para enviar archivos hay que entrar primero. Entre y envíe el formulario de nuevo.")
                return HttpResponse(text, status=413, content_type="text/plain; charset=utf-8")
            request.upload_handlers = [NoFileHandler(request)]
        return self.get_response(request)


class CompressionMiddleware(GZipMiddleware):
    """Compresses texts. Films, sounds and pictures are compressed already, and a range must arrive as asked for."""

    LEAVE = ("video/", "audio/", "image/")

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status_code == 206 or response.get("Content-Type", "").startswith(self.LEAVE):
            return response
        return super().process_response(request, response)


class KeptPagesMiddleware:
    """Shows strangers what another stranger was shown a moment ago, and says so to a browser that still has it.

    A stranger's request carries no cookie but those named in `strangers.COOKIES`; what was shown is kept only if it set
    none and comes from a view of `settings.KEPT_PAGES`. So it says nothing of a person and holds no mark against
    forgery.
    """

    MOST_BYTES = 200_000

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with kept.one_request():
            return self._ask(request) if strangers.is_plain(request) else self.get_response(request)

    def process_view(self, request: HttpRequest, view, args: tuple, kwargs: dict) -> None:
        """The mark is read before anything is drawn, and only for what may be kept."""
        if request.resolver_match.view_name in settings.KEPT_PAGES:
            request.kept_mark = kept.read_mark()

    def _ask(self, request: HttpRequest) -> HttpResponse:
        key = f"{get_language_from_request(request)} {request.scheme}://{request.get_host()}{request.path}"
        page = kept.pages.find(key, kept.read_mark()) if key in kept.pages else None
        if page is None:
            response = self.get_response(request)
            mark = getattr(request, "kept_mark", "")
            if not (mark and self._is_for_everybody(request, response)):
                return response
            page = KeptPage(response)
            kept.pages.keep(key, mark, page)
        return page.answer(request)

    def _is_for_everybody(self, request: HttpRequest, response: HttpResponse) -> bool:
        match = request.resolver_match
        return (
            match is not None
            and match.view_name in settings.KEPT_PAGES
            and response.status_code == 200
            and not response.streaming
            and not response.cookies
            and not response.has_header("Cache-Control")
            and len(response.content) <= self.MOST_BYTES
        )


class KeptPage:
    """A page as it is sent to strangers, compressed once."""

    def __init__(self, response: HttpResponse) -> None:
        self.content = response.content
        self.compressed = compress_string(self.content)
        tag = hashlib.sha256(self.content).hexdigest()[:32]
        headers = {**dict(response.items()), "ETag": f'W/"{tag}"', "Cache-Control": "private, no-cache"}
        self.headers = {**headers, "Vary": "Accept-Encoding, Accept-Language, Cookie"}

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The page, or 304 to a browser that has it."""
        headers, content = self.headers, self.content
        if re_accepts_gzip.search(request.headers.get("Accept-Encoding", "")):
            headers, content = {**headers, "Content-Encoding": "gzip"}, self.compressed
        headers = {**headers, "Content-Length": str(len(content))}
        response = HttpResponse(content, headers=headers)
        return get_conditional_response(request, etag=headers["ETag"], response=response)
