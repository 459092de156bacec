"""Learning paths: all of them, one of them, and who lacks what."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from courses.domain import path_gaps
from courses.domain import paths as domain
from courses.filters import PathGapsForm
from courses.models import LearningPath
from lms import permissions
from lms.permissions import needs
from lms.views import sheets

READ = "read_tracking"
PAGE_SIZE = 25


def _done(request: HttpRequest) -> set:
    if not request.user.is_authenticated:
        return set()
    return domain.completed_by([request.user.pk]).get(request.user.pk, set())


@require_safe
def paths(request: HttpRequest) -> HttpResponse:
    """Every published path, by the posts that it is for."""
    found = domain.routes(LearningPath.objects.published().prefetch_related("posts"))
    done = _done(request)
    shown = [domain.marked(route, done) for route in found if route.total]
    return render(request, "courses/paths.html", {"routes": shown})


@require_safe
def path(request: HttpRequest, slug: str) -> HttpResponse:
    """One path: its courses in order, and which of them the reader completed."""
    found = get_object_or_404(LearningPath.objects.published().prefetch_related("posts"), slug=slug)
    route = domain.marked(domain.routes([found])[0], _done(request))
    return render(request, "courses/path.html", {"route": route, "path": found})


def _gaps(request: HttpRequest) -> tuple[PathGapsForm, path_gaps.Gaps]:
    reach = permissions.municipalities_for(request.user, READ)
    form = PathGapsForm(request.GET or None, municipalities=reach)
    return form, path_gaps.Gaps(reach, form.wanted())


@needs(READ)
@require_safe
def gaps(request: HttpRequest) -> HttpResponse:
    """The people of one's municipalities and what they lack of the paths of their posts."""
    form, found = _gaps(request)
    page = Paginator(found.people, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"filter": form, "chosen": form.chosen(), "page_obj": page, "rows": found.rows(page)}
    return render(request, "courses/path_gaps.html", context)


@needs(READ)
@require_safe
def gaps_csv(request: HttpRequest) -> HttpResponseBase:
    """What is filtered, as CSV, sent while it is read."""
    form, found = _gaps(request)
    filters = [name for name, _label, _words in form.chosen()]
    path_gaps.record_export(found, by=request.user, form="csv", filters=filters)
    return sheets.send("csv", "rutas", _("Rutas"), path_gaps.headings(), found.cells())
