"""Learning as xAPI statements, to take away: one's own, and those of a course."""

import json
from collections.abc import Iterable, Iterator
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from courses.domain import statements
from courses.domain.marking import courses_of
from courses.models import CoursePage
from courses.models.reach import EDIT
from lms.permissions import needs


@login_required
@require_safe
def own(request: HttpRequest) -> HttpResponseBase:
    """Everything that one learnt, as one JSON array, sent while it is read."""
    return _send(statements.of_person(request.user, version=_version(request)), "mi-aprendizaje-xapi.json")


@needs("export_tracking")
@require_safe
def of_courses(request: HttpRequest) -> HttpResponseBase:
    """The courses to choose from; with `curso`, what was learnt in that one, under names that say nothing."""
    if "curso" not in request.GET:
        courses: Iterable[CoursePage] = CoursePage.objects.live().order_by("title")
        context = {"courses": courses, "versions": list(statements.VERSIONS)}
        return render(request, "courses/statements.html", context)
    try:
        key = UUID(request.GET["curso"])
    except ValueError:
        raise Http404 from None
    # A course in several languages is one course.
    course = CoursePage.objects.filter(translation_key=key).order_by("pk").first()
    if course is None:
        raise Http404
    found = statements.of_course(course, by=request.user, version=_version(request))
    return _send(found, f"{course.slug}-xapi.json")


@needs(EDIT)
@require_safe
def of_own_course(request: HttpRequest, pk: int) -> HttpResponseBase:
    """What was learnt in a course that one writes: nobody by name, nothing of minors."""
    course = get_object_or_404(courses_of(request.user), pk=pk)
    found = statements.of_course(course, by=request.user, version=_version(request), with_minors=False)
    return _send(found, f"{course.slug}-xapi.json")


def _version(request: HttpRequest) -> str:
    version = request.GET.get("version", "2.0")
    if version not in statements.VERSIONS:
        raise Http404
    return version


def _send(found: Iterator[dict], name: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        _lines(found),
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )


def _lines(found: Iterator[dict]) -> Iterator[str]:
    """A JSON array, a statement on each line."""
    before = "[\n"
    for one in found:
        yield before + json.dumps(one, ensure_ascii=False)
        before = ",\n"
    yield "\n]\n" if before == ",\n" else "[]\n"
