"""Forms on pages that are the same for every stranger, and so hold no mark against forgery (docs/decisions/0035)."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect


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
