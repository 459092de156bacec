"""What every request passes on its way in, and the response headers that every page shares."""

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.middleware.gzip import GZipMiddleware
from django.utils.translation import gettext as _

from lms import permissions
from lms.domain import roles


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
    """The strict policy for everybody, a looser one under /cms/, where Wagtail's editor needs it."""

    def get_policy_parts(self, request: HttpRequest, response: HttpResponse, report_only: bool = False) -> PolicyParts:
        parts = super().get_policy_parts(request=request, response=response, report_only=report_only)
        if request.path_info.startswith("/cms/") and not report_only:
            parts.replace = {**settings.CMS_CONTENT_SECURITY_POLICY, **(parts.replace or {})}
        return parts


class PrivatePagesMiddleware:
    """Keeps what a signed-in person sees out of shared caches and of the next person's Back button."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control") and request.user.is_authenticated:
            response["Cache-Control"] = "private, no-store"
        return response


class BackOfficeMiddleware:
    """Opens /cms/ only to those whom the policy lets in today, whatever groups they were once put in."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/cms/") and request.user.is_authenticated and not request.user.is_superuser:
            roles.sync_groups(request.user)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view, args: tuple, kwargs: dict) -> None:
        """A signed-in stranger to the back-office is told so; the anonymous are sent to sign in by Wagtail."""
        if request.path_info.startswith("/cms/") and request.user.is_authenticated:
            if request.path_info == "/cms/logout/" or permissions.allows(request.user, "open_back_office"):
                return
            raise PermissionDenied("open_back_office")


class CompressionMiddleware(GZipMiddleware):
    """Compresses texts. Films, sounds and pictures are compressed already, and a range must arrive as asked for."""

    LEAVE = ("video/", "audio/", "image/")

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status_code == 206 or response.get("Content-Type", "").startswith(self.LEAVE):
            return response
        return super().process_response(request, response)
