"""Forms on pages that are the same for every stranger, and so hold no mark against forgery (docs/decisions/0035)."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

# The only cookies of whoever is nobody yet: their language, and the mark against forgery.
COOKIES = frozenset({settings.LANGUAGE_COOKIE_NAME, settings.CSRF_COOKIE_NAME})
LONGEST_ADDRESS = 300


def is_plain(request: HttpRequest) -> bool:
    """Whether a stranger asks for a page and says nothing else: addresses with a query are as many as searches."""
    is_short = len(request.path) <= LONGEST_ADDRESS and not request.META.get("QUERY_STRING")
    return request.method == "GET" and is_short and COOKIES.issuperset(request.COOKIES)


def need_no_mark(view: Callable) -> Callable:
    """Take the form of a stranger without the mark: it does nothing that somebody else could want in their name.

    Whoever is signed in gives it, as everywhere.
    """
    checked = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def chosen(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        return (checked if request.user.is_authenticated else view)(request, *args, **kwargs)

    return chosen
