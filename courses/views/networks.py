"""How the members of a network are getting on, for whoever coordinates it."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from courses.domain import networks as domain
from courses.filters import MemberFilter
from lms.permissions import needs

PAGE_SIZE = 50


@needs(domain.ACTION)
@require_safe
def networks(request: HttpRequest) -> HttpResponse:
    """The networks the person coordinates; all of them for an administrator."""
    return render(request, "courses/networks.html", {"networks": domain.networks_for(request.user)})


@login_required
@require_safe
def network(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One network's members, by municipality and course. To everybody else it does not exist."""
    network = get_object_or_404(domain.networks_for(request.user), public_id=public_id)
    courses = domain.courses_of(network)
    members = MemberFilter(
        request.GET or None,
        queryset=domain.members_of(network),
        municipalities=domain.municipalities_of(network),
        courses=courses,
    )
    chosen = members.chosen()
    only = members.form.cleaned_data.get("course") if members.is_bound else None
    shown = [only] if only else list(courses)
    page = Paginator(members.qs, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "network": network,
        "filter": members,
        "chosen": chosen,
        "summary": domain.summarise(members.qs, shown),
        "rows": domain.member_rows(page, shown),
        "page_obj": page,
    }
    return render(request, "courses/network.html", context)
