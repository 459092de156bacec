"""The catalogue of courses."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.domain.catalogue import listed
from courses.filters import CatalogueFilter
from courses.models import CatalogueIndexPage, CoursePage

PAGE_SIZE = 12


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """Published courses the person may take, filtered, twelve a page."""
    chosen = CatalogueFilter(request.GET or None, queryset=CoursePage.objects.visible_to(request.user))
    courses = listed(chosen.qs.order_by("path"), person=request.user)
    page = Paginator(courses, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "index": CatalogueIndexPage.objects.live().first(),
        "filter": chosen,
        "chosen": chosen.chosen(),
        "page_obj": page,
        "total": page.paginator.count,
    }
    return render(request, "courses/catalogue.html", context)
