"""Pending."""

from django.http import Http404


def pending(request, **kwargs):
    raise Http404


tools = pending
