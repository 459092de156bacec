"""The toolbox."""

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.filters import ToolFilter
from courses.models import Family, ToolIndexPage, ToolPage


@require_safe
def tools(request: HttpRequest) -> HttpResponse:
    """All published tools by family, filtered by family and post."""
    published = ToolPage.objects.live().public().order_by("family", "code")
    chosen = ToolFilter(request.GET or None, queryset=published)
    found = list(chosen.qs.prefetch_related("posts"))
    families = [(Family(code), list(group)) for code, group in groupby(found, key=lambda tool: tool.family)]
    context = {
        "index": ToolIndexPage.objects.live().first(),
        "filter": chosen,
        "chosen": chosen.chosen(),
        "families": families,
        "total": len(found),
    }
    return render(request, "courses/tools.html", context)
