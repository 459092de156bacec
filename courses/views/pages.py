"""Wagtail's pages: the way to each is walked once, and then known for a while."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from wagtail import views as wagtail_views
from wagtail.models import Page, Site
from wagtail.url_routing import RouteResult

from courses.models import CoursePage, LessonPage
from lms.domain import kept
from lms.models.written import Written


@dataclass(frozen=True)
class Way:
    """Which page an address leads to. `is_open`: it is shut off from nobody, and neither is anything above it."""

    model: type[Page]
    pk: int
    url_path: str
    is_open: bool


def serve(request: HttpRequest, path: str) -> HttpResponse:
    """A published page. Its words are read anew each time; only the way to it is kept."""
    know_site(request)
    page = _find(request, path)
    if page is not None:
        request._wagtail_route_for_request = RouteResult(page)  # type: ignore[attr-defined]
    return wagtail_views.serve(request, path)


def know_site(request: HttpRequest) -> None:
    """Let Wagtail find the site of a request, and where sites begin, where it looks first."""
    request._wagtail_site = kept.get(  # type: ignore[attr-defined]
        f"site {request.get_host()}", lambda: Site.find_for_request(request)
    )
    request._wagtail_cached_site_root_paths = kept.get(  # type: ignore[attr-defined]
        "roots", Site.get_site_root_paths
    )


def _find(request: HttpRequest, path: str) -> Page | None:
    """The page to which a way is known, if it stands there still, is published and open."""
    way = kept.get(f"way {request.get_host()} {path}", lambda: _walk(request, path))
    if not way or not way.is_open:
        return None
    found = _PUBLISHED[way.model](pk=way.pk, url_path=way.url_path)
    for page in found:
        page.is_known_open = True
        return page
    return None


def _published(model: type[Page]) -> Written:
    """The page of a kind that is published and stands at a path."""

    def find(pk: int, url_path: str) -> QuerySet:
        return model.objects.live().select_related("locale").filter(pk=pk, url_path=url_path).order_by()

    return Written(find)


_PUBLISHED = {model: _published(model) for model in (CoursePage, LessonPage)}


def _walk(request: HttpRequest, path: str) -> Way | bool | None:
    """As Wagtail does; False where there is something else than a course or a lesson, None where there is nothing."""
    found = Page.route_for_request(request, path)
    if found is None:
        return None
    page = found.page
    if not isinstance(page, (CoursePage, LessonPage)):
        return False
    return Way(type(page), page.pk, page.url_path, not page.get_view_restrictions())
