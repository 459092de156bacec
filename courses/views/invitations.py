"""Invitations: typing or opening a code, and making codes for a course or for a town hall's staff."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from courses import squares
from courses.domain import invitations
from courses.forms import InvitationForm
from courses.models import CoursePage, Invitation
from courses.models.reach import EDIT, writes
from lms import permissions
from lms.domain.errors import RuleBroken
from lms.domain.tries import Limit
from lms.models import Municipality
from lms.permissions import needs
from lms.views.limits import HOUR

PAGE_SIZE = 25
READS_AND_WRITES = ["GET", "HEAD", "POST"]
# Codes that nobody made, typed by one person: mistyping is fine, going through them is not.
WRONG_BY_PERSON = Limit("invitation-wrong", most=20, seconds=HOUR)


@require_http_methods(READS_AND_WRITES)
def type_code(request: HttpRequest) -> HttpResponse:
    """Type a code, on whatever telephone."""
    code = invitations.plain_code(request.POST.get("code", ""))
    if request.method == "POST" and code:
        return redirect("courses:invitation", code)
    return render(request, "courses/invitation_type.html", {"is_empty": request.method == "POST"})


@require_http_methods(READS_AND_WRITES)
def invitation(request: HttpRequest, code: str) -> HttpResponse:
    """What one is invited to, and the button. A visitor signs in or registers first, and learns nothing of the code."""
    if not request.user.is_authenticated:
        if request.method == "POST":
            return redirect_to_login(request.path)
        return render(request, "courses/invitation.html", {"code": code})
    found = _found(request, code)
    if found is None:
        return render(request, "courses/invitation_type.html", {"unknown": code[:12]}, status=404)
    if request.method == "POST":
        try:
            entered = invitations.redeem(invitation=found, person=request.user)
        except RuleBroken as broken:
            messages.error(request, broken.message)
        else:
            words = _("Entró en «%(title)s».") if entered.is_active else _("Está en la lista de espera de «%(title)s».")
            messages.success(request, words % {"title": found.course.title})
            return redirect(found.course.url or "courses:learning")
    return render(request, "courses/invitation.html", {"invitation": found, "code": code})


def _found(request: HttpRequest, code: str) -> Invitation | None:
    key = str(request.user.pk)
    if WRONG_BY_PERSON.is_spent(key):
        return None
    found = invitations.find(code)
    if found is None or not found.course.live:
        WRONG_BY_PERSON.take(key)
        return None
    return found


def _course_or_404(request: HttpRequest, course_key: UUID) -> CoursePage:
    for course in CoursePage.objects.live().filter(translation_key=course_key).order_by("pk")[:1]:
        if writes(request.user, course):
            return course
    raise Http404


def _town_or_404(request: HttpRequest, code: str) -> Municipality:
    reach = permissions.municipalities_for(request.user, invitations.STAFF)
    return get_object_or_404(reach.select_related("department"), code=code)


@needs(EDIT)
@require_http_methods(READS_AND_WRITES)
def of_course(request: HttpRequest, course_key: UUID) -> HttpResponse:
    """The invitations to a course that one writes, and a new one."""
    course = _course_or_404(request, course_key)
    form = InvitationForm(request.POST or None, course=course)
    context = {"course": course, "found": invitations.made_for(course_key)}
    return _list(request, form, context, {"course": course}, ["courses:course_invitation", course_key])


@needs(EDIT)
@require_http_methods(READS_AND_WRITES)
def one_of_course(request: HttpRequest, course_key: UUID, public_id: UUID) -> HttpResponse:
    """One of them, to print and to revoke."""
    course = _course_or_404(request, course_key)
    found = get_object_or_404(invitations.made_for(course_key), public_id=public_id)
    return _one(request, found, reverse("courses:course_invitations", args=[course.translation_key]))


@needs(invitations.STAFF)
@require_http_methods(READS_AND_WRITES)
def of_staff(request: HttpRequest, code: str) -> HttpResponse:
    """The invitations of a town hall for its staff, and a new one."""
    municipality = _town_or_404(request, code)
    form = InvitationForm(request.POST or None)
    context = {"municipality": municipality, "found": invitations.made_in(municipality)}
    return _list(request, form, context, {"municipality": municipality}, ["courses:staff_invitation", code])


@needs(invitations.STAFF)
@require_http_methods(READS_AND_WRITES)
def one_of_staff(request: HttpRequest, code: str, public_id: UUID) -> HttpResponse:
    """One of them, to print and to revoke."""
    municipality = _town_or_404(request, code)
    found = get_object_or_404(invitations.made_in(municipality), public_id=public_id)
    return _one(request, found, reverse("courses:staff_invitations", args=[municipality.code]))


def _list(request: HttpRequest, form: InvitationForm, context: dict, given: dict, then: list) -> HttpResponse:
    """The list; what was made is shown on a page of its own."""
    if form.is_valid():
        try:
            made = invitations.make(by=request.user, **{**given, **form.cleaned_data})
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            return redirect(*then, made.public_id)
    page = Paginator(context.pop("found"), PAGE_SIZE).get_page(request.GET.get("page"))
    context |= {"form": form, "page_obj": page, "door": then[0]}
    return render(request, "courses/invitations.html", context, status=422 if form.is_bound else 200)


def _one(request: HttpRequest, found: Invitation, back: str) -> HttpResponse:
    if request.method == "POST":
        try:
            invitations.revoke(invitation=found, by=request.user)
        except RuleBroken as broken:
            messages.error(request, broken.message)
        else:
            messages.success(request, _("La invitación ya no deja entrar a nadie más. Quien entró se queda."))
        return redirect(back)
    address = request.build_absolute_uri(reverse("courses:invitation", args=[found.code]))
    typed = request.build_absolute_uri(reverse("courses:invitation_type"))
    context = {
        "invitation": found,
        "address": address,
        "typed": typed,
        "square": squares.drawn(address),
        "back": back,
    }
    return render(request, "courses/invitation_sheet.html", context)
