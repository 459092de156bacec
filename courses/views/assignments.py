"""Assigning courses: by a town hall to its staff, by a network to its members, by ANAM to the country."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from courses.domain import assigned_lists, assigning
from courses.domain.audience import Rule
from courses.forms import AssignmentForm
from courses.models import Assignment
from lms import permissions
from lms.domain import networks
from lms.domain.errors import RuleBroken
from lms.models import Job, Person

PAGE_SIZE = 25


@dataclass(frozen=True)
class Door:
    """In whose name one assigns: `name` begins the names of the addresses, `keys` fill them in."""

    rule: Rule
    name: str
    keys: tuple

    def to(self, page: str, *more: object) -> str:
        """The address of `assignments`, `assignment_new` or `assignment`."""
        return reverse(f"courses:{self.name}_{page}", args=[*self.keys, *more])

    @property
    def title(self) -> str:
        """Whose people they are."""
        if self.rule.municipality:
            return _("Personal de %(place)s") % {"place": self.rule.municipality.name_common}
        return self.rule.network.name if self.rule.network else _("Todo el país")


def _door(request: HttpRequest, where: dict) -> Door:
    """403 for who assigns nowhere of the kind, 404 for another's town hall or network."""
    if "code" in where:
        _needs(request, assigning.TO_STAFF)
        reach = permissions.municipalities_for(request.user, assigning.TO_STAFF)
        found = get_object_or_404(reach.select_related("department"), code=where["code"])
        return Door(Rule(municipality=found), "staff", (found.code,))
    if "network_id" in where:
        _needs(request, assigning.TO_NETWORK)
        network = get_object_or_404(networks.in_care_of(request.user), public_id=where["network_id"])
        return Door(Rule(network=network), "network", (network.public_id,))
    _needs(request, assigning.TO_ALL)
    return Door(Rule(), "national", ())


def _needs(request: HttpRequest, action: str) -> None:
    if not permissions.allows(request.user, action):
        raise PermissionDenied(action)


@login_required
@require_safe
def index(request: HttpRequest, **where: object) -> HttpResponse:
    """What was assigned in one's name."""
    door = _door(request, where)
    page = Paginator(assigned_lists.of_issuer(door.rule), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [(one, door.to("assignment", one.public_id)) for one in page]
    context = {"door": door, "rows": rows, "page_obj": page, "new": door.to("assignment_new")}
    return render(request, "courses/assignments.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, **where: object) -> HttpResponse:
    """Choose whom; look whom it reaches, page by page; then assign to all of them, or to those who were ticked."""
    door = _door(request, where)
    asked = request.POST if request.method == "POST" else request.GET
    form = AssignmentForm(asked if asked.get("course") else None, issuer=door.rule)
    context: dict = {"door": door, "form": form, "words": asked.get("q", "")[:80], "back": door.to("assignments")}
    status = 200
    if form.is_valid():
        try:
            if request.method == "POST":
                return _assign(request, door, form)
            context |= _reached(request, form, context["words"])
        except RuleBroken as broken:
            form.add_broken(broken)
            status = 422
    return render(request, "courses/assignment_new.html", context, status=422 if form.errors else status)


def _reached(request: HttpRequest, form: AssignmentForm, words: str) -> dict:
    course = form.cleaned_data["course"]
    page = Paginator(assigned_lists.listed(form.rule(), course, words), PAGE_SIZE).get_page(request.GET.get("page"))
    return {"page_obj": page, "course": course, "conditions": form.rule().in_words(), "sent": _sent(request.GET)}


def _sent(query: QueryDict) -> list[tuple[str, str]]:
    """The form as hidden fields of the one that assigns."""
    return [(name, value) for name, values in query.lists() if name not in {"q", "page"} for value in values]


def _assign(request: HttpRequest, door: Door, form: AssignmentForm) -> HttpResponse:
    only = None
    if request.POST.get("to") == "ticked":
        only = list(Person.objects.filter(public_id__in=_ids(request.POST.getlist("person"))))
    made = assigning.assign(
        course=form.cleaned_data["course"], rule=form.rule(), by=request.user, only=only, **form.due()
    )
    messages.success(request, _("Quedó asignado. Las personas entran al curso en los próximos minutos."))
    return redirect(door.to("assignment", made.public_id))


def _ids(values: list[str]) -> list[UUID]:
    found = []
    for value in values[:PAGE_SIZE]:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def assignment(request: HttpRequest, assignment_id: UUID, **where: object) -> HttpResponse:
    """Whom it reached and how they are getting on; sent to, it is ended."""
    door = _door(request, where)
    mine: Assignment = get_object_or_404(assigned_lists.of_issuer(door.rule), public_id=assignment_id)
    if request.method == "POST":
        assigning.end(assignment=mine, by=request.user)
        messages.success(request, _("La asignación terminó. Quien ya está en el curso se queda."))
        return redirect(door.to("assignment", mine.public_id))
    page = Paginator(assigned_lists.people_of(mine), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "door": door,
        "assignment": mine,
        "conditions": Rule.of(mine).in_words(),
        "figures": assigned_lists.figures(mine),
        "job": Job.objects.for_subject(assigning.KIND, mine.public_id).unfinished().first(),
        "rows": [(row, *assigned_lists.state_of(row)) for row in page],
        "page_obj": page,
        "back": door.to("assignments"),
    }
    return render(request, "courses/assignment.html", context)
