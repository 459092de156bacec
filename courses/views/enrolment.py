"""Entering a course and leaving it."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from courses.domain import completion, enrolment, seats
from courses.models import CoursePage, Enrolment
from lms.domain.errors import RuleBroken
from lms.views import strangers


def course_or_404(key: str) -> CoursePage:
    """The published course with this translation key."""
    try:
        return get_object_or_404(CoursePage.objects.live().sources(), translation_key=UUID(key))
    except ValueError:
        raise Http404 from None


@strangers.need_no_mark
@require_POST
def enrol(request: HttpRequest) -> HttpResponse:
    """Enter the course named by `course` and go on to what comes first; a visitor signs in and comes back."""
    course = course_or_404(request.POST.get("course", ""))
    back = _inside(request, request.POST.get("next", "")) or course.url
    if not request.user.is_authenticated:
        return redirect_to_login(back)
    was_in = enrolment.find_active(request.user, course)
    try:
        enrolled = enrolment.enrol(person=request.user, course=course, by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
        return redirect(back)
    if was_in:
        return redirect(back)
    if enrolled.waiting_since:
        messages.info(request, waiting_in_words(enrolled))
        return redirect(back)
    messages.success(request, _("Su inscripción en «%(title)s» quedó hecha.") % {"title": course.title})
    first = completion.course_progress(enrolled).here
    return redirect(first.url if first and not request.POST.get("next") else back)


@login_required
@require_POST
def withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Leave a course; what was learnt stays."""
    own = Enrolment.objects.for_person(request.user)
    mine = Enrolment.objects.filter(
        Q(pk__in=own.active().values("pk")) | Q(pk__in=own.waiting().order_by().values("pk"))
    )
    leaving = get_object_or_404(mine.select_related("course"), public_id=public_id)
    was_inside = leaving.waiting_since is None
    try:
        enrolment.withdraw(enrolment=leaving, by=request.user, reason=request.POST.get("reason", ""))
    except RuleBroken as broken:
        messages.error(request, broken.message)
    else:
        messages.success(request, _left_in_words(leaving))
        if was_inside:
            return redirect("courses:evaluate", leaving.public_id)
    return redirect(leaving.course.url or "courses:learning")


def waiting_in_words(enrolled: Enrolment) -> str:
    """Which number one has on the list of a full course."""
    words = _("El curso está lleno. Usted es la persona número %(n)d de la lista de espera.")
    return words % {"n": seats.place_of(enrolled)}


def _left_in_words(leaving: Enrolment) -> str:
    if leaving.waiting_since:
        return _("Salió de la lista de espera. Puede volver a entrar cuando quiera, al final de la lista.")
    return _("Se retiró del curso. Su avance queda guardado por si regresa.")


def _inside(request: HttpRequest, address: str) -> str:
    """`address` if it lies on this site, else nothing."""
    safe = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if safe else ""
