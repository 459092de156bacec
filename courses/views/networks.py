"""How the members of a network are getting on, for whoever coordinates it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from courses.domain import enrolment
from courses.domain import networks as domain
from courses.filters import MemberFilter
from courses.models import CoursePage
from lms.domain import members as lists
from lms.domain.errors import RuleBroken
from lms.domain.networks import in_care_of, looks_after
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
        "looks_after": looks_after(request.user, network),
        "requests_count": lists.waiting_count([network]),
    }
    return render(request, "courses/network.html", context)


@login_required
@require_POST
def enrol_members(request: HttpRequest, public_id: UUID, course_key: UUID) -> HttpResponse:
    """Put all members of a network in one of its courses who never were in it."""
    network = get_object_or_404(in_care_of(request.user), public_id=public_id)
    course = get_object_or_404(CoursePage.objects.live().sources(), network=network, translation_key=course_key)
    try:
        count = enrolment.enrol_members(course=course, by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
    else:
        messages.success(request, _enrolled_in_words(count))
    return redirect("courses:network", network.public_id)


def _enrolled_in_words(count: int) -> str:
    if not count:
        return _("Todos los integrantes ya estaban inscritos, o se retiraron del curso.")
    return ngettext("Se inscribió a %(n)d integrante.", "Se inscribió a %(n)d integrantes.", count) % {"n": count}
