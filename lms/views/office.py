"""Where the closed doors of Wagtail's own user administration lead."""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from .signing import safe_next


def to_sign_in(request: HttpRequest, *args: object) -> HttpResponse:
    """Our sign-in, keeping where to go on to."""
    inside = request.path_info.startswith("/cms/")
    return redirect_to_login(safe_next(request, default="wagtailadmin_home" if inside else "lms:home"))


def to_account(request: HttpRequest, *args: object) -> HttpResponse:
    """One's own account."""
    return redirect("lms:account")


def to_people(request: HttpRequest, *args: object) -> HttpResponse:
    """The list of people in the back-office, which asks for the right to see it."""
    return redirect("lms_people:index")
