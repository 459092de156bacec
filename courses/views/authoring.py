"""Doors of the back-office: from a menu item to the folder of the page tree where courses or tools are written."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from wagtail.models import Page
from wagtail.permissions import policy_registry

from courses.models import CatalogueIndexPage, ToolIndexPage


def _open(request: HttpRequest, model: type[Page]) -> HttpResponse:
    """The folder; for those whose way begins further down, the beginning of their way."""
    policy = policy_registry.get_by_type(Page)
    index = policy.explorable_instances(request.user).type(model).first()
    where = index or policy.explorable_root_instance(request.user)
    if where is None:
        raise Http404
    return redirect("wagtailadmin_explore", where.pk)


def courses(request: HttpRequest) -> HttpResponse:
    """The courses."""
    return _open(request, CatalogueIndexPage)


def tools(request: HttpRequest) -> HttpResponse:
    """The toolbox."""
    return _open(request, ToolIndexPage)
