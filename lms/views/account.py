"""Registering, signing in, one's own account."""

from django.http import Http404


def pending(request, **kwargs):
    raise Http404


register = sign_in = sign_out = account = pending
