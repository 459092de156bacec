"""What goes with a page that plays something."""

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest, HttpResponse

from media.domain import addresses

LASTS_SECONDS = addresses.DEFAULT_SECONDS + addresses.STRETCH_SECONDS


class ViewerMiddleware:
    """Gives a browser the key to the addresses that were made for it, and takes it away when its person leaves."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.MEDIA_DELIVERY != "nginx":
            return self.get_response(request)
        token = addresses.viewer.set(None)
        try:
            response = self.get_response(request)
            person = addresses.viewer.get()
        finally:
            addresses.viewer.reset(token)
        if person is not None and person.pk == request.user.pk:
            _give(response, addresses.viewer_key(person))
        elif getattr(request, "viewer_left", False):
            response.delete_cookie(addresses.COOKIE, path=addresses.COOKIE_PATH, samesite="Lax")
        return response


def _give(response: HttpResponse, key: str) -> None:
    response.set_cookie(
        addresses.COOKIE,
        key,
        max_age=LASTS_SECONDS,
        path=addresses.COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def note_leaving(sender, request: HttpRequest | None, **kwargs) -> None:
    """Somebody signed out, or handed a shared telephone on to the next."""
    if request is not None:
        request.viewer_left = True  # type: ignore[attr-defined]


for signal in (user_logged_in, user_logged_out):
    signal.connect(note_leaving, dispatch_uid="media.note_leaving")
