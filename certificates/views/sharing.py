"""Links to one's record: making them, seeing when they were opened, ending them; and the page that they lead to."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certificates.domain import competencies, lines, record, sharing
from certificates.forms import ShareForm
from certificates.models import CareerShare
from lms.domain import people
from lms.domain.errors import RuleBroken
from lms.domain.tries import Limit
from lms.views.limits import line_asking

from .verification import marked

# Only codes that lead nowhere are counted.
MISSES = Limit("shared", most=60, seconds=60)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def links(request: HttpRequest) -> HttpResponse:
    """One's links, and a form for another; its address is shown once, when it is made."""
    form, address = ShareForm(request.POST or None), ""
    if form.is_valid():
        given = form.cleaned_data
        try:
            made = sharing.share(
                person=request.user, parts=given["parts"], days=given["days"], note=given["note"], by=request.user
            )
            address, form = request.build_absolute_uri(reverse("certificates:shared", args=[made.code])), ShareForm()
        except RuleBroken as broken:
            form.add_broken(broken)
    context = {
        "form": form,
        "address": address,
        "links": sharing.of(request.user).prefetch_related("openings")[:50],
        "is_minor": people.is_minor(request.user.born_on),
    }
    response = render(request, "certificates/links.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "private, no-store"
    return response


@login_required
@require_POST
def end(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Let a link of one's own lead nowhere from now on."""
    link = get_object_or_404(sharing.of(request.user), public_id=public_id)
    sharing.end(link=link, by=request.user)
    messages.success(request, _("El enlace ya no funciona."))
    return redirect("certificates:links")


@require_safe
def shared(request: HttpRequest, code: str) -> HttpResponse:
    """What was chosen of somebody's record. A wrong, an expired and an ended link look the same."""
    link = sharing.find(code)
    if link is None:
        if not MISSES.take(line_asking(request)):
            response = render(request, "certificates/too_many.html", status=429)
            response["Retry-After"] = str(MISSES.seconds)
            return _unseen(response)
        return _unseen(render(request, "certificates/shared_absent.html", status=404))
    person = link.person.holder
    if request.method == "GET" and request.user.pk != person.pk:
        sharing.note_opening(link, device=sharing.device_of(request.headers.get("User-Agent", "")))
    found = record.find(person)
    shown = lines.lines_of(found)
    if link.parts == CareerShare.Parts.CERTIFICATES:
        shown = lines.certified(shown)
    context = {
        "link": link,
        "person": person,
        "lines": shown,
        "sums": lines.sums(shown),
        "competencies": competencies.fold(found.certificates),
        "periods": [one for one in found.periods if one.appointment] if link.parts == CareerShare.Parts.ALL else [],
    }
    return _unseen(render(request, "certificates/shared.html", context))


def _unseen(response: HttpResponse) -> HttpResponse:
    """Kept nowhere, found by no search, and told to no page that it leads to."""
    response["Referrer-Policy"] = "no-referrer"
    return marked(response)
