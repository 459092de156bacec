"""The catalogue of courses."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.domain import sayings
from courses.domain.catalogue import listed, own_networks_first
from courses.filters import CatalogueFilter
from courses.models import CatalogueIndexPage, CoursePage
from courses.views.pages import know_site

PAGE_SIZE = 12
MAX_WORDS_CHARACTERS = 80


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """Published courses the person may take, filtered, twelve a page."""
    know_site(request)
    chosen = CatalogueFilter(request.GET or None, queryset=CoursePage.objects.visible_to(request.user))
    courses = listed(own_networks_first(chosen.qs, person=request.user), person=request.user)
    page = Paginator(courses, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "index": CatalogueIndexPage.objects.live().first(),
        "filter": chosen,
        "chosen": chosen.chosen(),
        "page_obj": page,
        "total": page.paginator.count,
        "said": _said(request),
    }
    return render(request, "courses/catalogue.html", context)


def _said(request: HttpRequest) -> list[sayings.SaidInLesson]:
    """Where the words are said in videos of the courses that the person may see and the other filters leave."""
    given = request.GET.copy()
    words = given.pop("q", [""])[-1]
    if not words or request.GET.get("page", "1") != "1":
        return []
    seen = CatalogueFilter(given or None, queryset=CoursePage.objects.visible_to(request.user)).qs
    return sayings.find(words[:MAX_WORDS_CHARACTERS], courses=seen)
