"""ANAM's review in the back-office: what waits, and where pages are reviewed before they are published."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from wagtail.admin import messages

from courses.domain import review
from courses.models.reach import REVIEW
from lms.domain.errors import RuleBroken
from lms.permissions import needs


@needs(REVIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """What waits, the oldest first; and the two switches."""
    if request.method == "POST":
        return _turn(request)
    title = _("Revisión")
    context = {
        "states": [state for state in review.waiting() if state.revision.content_object],
        "trees": review.trees(),
        "page_title": title,
        "header_title": title,
        "header_icon": "clipboard-list",
        "breadcrumbs_items": [{"url": "", "label": title}],
    }
    return render(request, "wagtailadmin/courses/review.html", context)


def _turn(request: HttpRequest) -> HttpResponse:
    found = {str(tree.page.pk): tree.page for tree in review.trees()}
    page = found.get(request.POST.get("page", ""))
    turn = review.begin if request.POST.get("is_reviewed") == "1" else review.end
    if page is None:
        messages.error(request, _("Elija los cursos o las herramientas."))
        return redirect("courses_review")
    try:
        turn(page, by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
    else:
        messages.success(request, _("Guardado."))
    return redirect("courses_review")
