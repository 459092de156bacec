"""The people of a course, for whoever writes it: how each gets on, in the words that they read, and exceptions."""

from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from wagtail.admin import messages

from courses.domain import completion, uncounted, waivers
from courses.domain.marking import courses_of
from courses.domain.progress import build_each
from courses.models import Activity, CoursePage, Enrolment, Waiver
from courses.models.reach import EDIT
from courses.rule_forms import ReasonForm, WaiverForm
from courses.views.rules import course_or_404, frame
from lms.domain.errors import RuleBroken
from lms.models import Person
from lms.permissions import needs

PER_PAGE = 50


def enrolled_in(request: HttpRequest, course: CoursePage) -> QuerySet[Enrolment]:
    """Those who take part in a course."""
    active = Enrolment.objects.active().filter(course_key=course.translation_key)
    return active.select_related("course", "person")


def enrolment_or_404(request: HttpRequest, public_id: UUID) -> Enrolment:
    """Somebody's enrolment in a course that one writes."""
    keys = courses_of(request.user).values("translation_key")
    mine = Enrolment.objects.active().filter(course_key__in=keys).select_related("course", "person")
    return get_object_or_404(mine, public_id=public_id)


@needs(EDIT)
@require_safe
def index(request: HttpRequest, course_key: UUID) -> HttpResponse:
    """Who takes part, with how far they are."""
    course = course_or_404(request, course_key)
    found, query = enrolled_in(request, course), request.GET.get("q", "").strip()
    if query:
        found = found.filter(person__in=Person.objects.search_words(query).values("pk"))
    found = found.order_by("person__surnames", "person__given_names", "pk")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("p"))
    context = {"page": page, "rows": build_each(list(page)), "query": query}
    return render(request, "wagtailadmin/courses/people.html", context | frame(course, _("Personas del curso")))


@needs(EDIT)
def person(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How one of them is getting on, and an exception for them."""
    enrolment = enrolment_or_404(request, public_id)
    progress = completion.course_progress(enrolment)
    may_except = waivers.may_make(request.user, enrolment) and not progress.is_complete
    missing = Activity.objects.filter(pk__in=[item.activity.pk for item in progress.missing])
    form = WaiverForm(request.POST or None, missing=missing, kinds=Waiver.Kind.choices) if may_except else None
    if request.method == "POST" and form and form.is_valid():
        try:
            waivers.make(enrolment=enrolment, by=request.user, **form.cleaned_data)
        except RuleBroken as broken:
            form.add_error("reason" if broken.code == "waiver.no_reason" else None, broken.message)
        else:
            messages.success(request, _("La excepción quedó anotada. La persona la verá con su motivo."))
            return redirect("courses_people:person", public_id)
    context = {
        "enrolment": enrolment,
        "progress": progress,
        "uncounted": uncounted.of_progress(progress),
        "waivers": waivers.of_enrolment(enrolment),
        "form": form if missing else None,
        "may_except": may_except,
        "reason_form": ReasonForm(),
    }
    status = 422 if request.method == "POST" else 200
    context |= frame(enrolment.course, enrolment.person.full_name)
    return render(request, "wagtailadmin/courses/person.html", context, status=status)


@needs(EDIT)
@require_POST
def withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take an exception back."""
    keys = courses_of(request.user).values("translation_key")
    mine = Waiver.objects.filter(enrolment__course_key__in=keys).select_related("enrolment")
    waiver = get_object_or_404(mine, public_id=public_id)
    try:
        waivers.withdraw(waiver=waiver, reason=request.POST.get("reason", ""), by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
    else:
        messages.success(request, _("La excepción se retiró."))
    return redirect("courses_people:person", waiver.enrolment.public_id)
