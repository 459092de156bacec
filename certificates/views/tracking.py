"""Pending."""

from django.http import Http404


def pending(request, **kwargs):
    raise Http404


tracking = export_xlsx = export_csv = pending
