"""Template variables that every page has."""

from django.http import HttpRequest

from lms import permissions


def site(request: HttpRequest) -> dict:
    """`can`: what the person may do, by the names of `policy.yaml`, asked lazily: `{% if can.read_tracking %}`."""
    return {"can": permissions.Abilities(getattr(request, "user", None))}
