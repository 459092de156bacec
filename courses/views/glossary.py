"""The glossary, for everybody."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.models import Term

PAGE_SIZE = 40
LONGEST_QUERY = 200


@require_safe
def glossary(request: HttpRequest) -> HttpResponse:
    """Every word that some lesson explains, with what it means in each language; searchable."""
    query = request.GET.get("q", "").strip()[:LONGEST_QUERY]
    found = Term.objects.saying(query).prefetch_related("translations")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "courses/glossary.html", {"query": query, "page_obj": page})
