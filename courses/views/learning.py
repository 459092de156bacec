"""Somebody's own learning: the home after signing in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from courses.domain.learning import overview
from courses.views.pages import know_site


@login_required
@require_safe
def learning(request: HttpRequest) -> HttpResponse:
    """What to go on with, first."""
    know_site(request)
    return render(request, "courses/learning.html", {"overview": overview(request.user)})
