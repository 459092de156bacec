"""Doors of the back-office: from a menu item to the folder of the page tree where courses or tools are written."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from wagtail.models import Page

from courses.models import CatalogueIndexPage, ToolIndexPage


def _open(model: type[Page]) -> HttpResponse:
    index = get_object_or_404(model.objects.all()[:1])
    return redirect("wagtailadmin_explore", index.pk)


def courses(request: HttpRequest) -> HttpResponse:
    """The courses."""
    return _open(CatalogueIndexPage)


def tools(request: HttpRequest) -> HttpResponse:
    """The toolbox."""
    return _open(ToolIndexPage)
