"""At the door of a session: finding who is not on its list, and giving them a seat."""

from uuid import UUID

from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from wagtail.admin import messages

from courses.domain import attendance, walk_ins
from courses.models import Enrolment
from courses.models.reach import EDIT
from courses.session_forms import FindForm, PersonForm
from courses.views.attendance import Line
from courses.views.sessions import frame_of, session_or_404
from lms.domain.errors import RuleBroken
from lms.models import Appointment, Person
from lms.permissions import needs


@needs(EDIT)
@require_POST
def find(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Somebody who is not on the list. What was looked for is in no address."""
    session = session_or_404(request, public_id)
    form = FindForm(request.POST)
    words = form.cleaned_data["words"] if form.is_valid() else ""
    found = walk_ins.find(session, words)
    rows = {row.enrolment.pk: row for row in attendance.rows_of(session)}
    shown = [rows.get(one.pk) or attendance.Row(one, None, None) for one in found]
    lines = [Line(row) for row in shown if not row.is_present]
    outside = walk_ins.find_outside(session, words)
    now = timezone.now()
    context = {
        "lines": lines,
        "outside": _with_posts(outside),
        "already": len(found) - len(lines),
        "form": FindForm(),
        "has_begun": now >= session.starts_at - attendance.EARLY,
        "is_over": now >= session.ends_at,
    }
    title = _("Buscar a quien no está en la lista")
    return render(request, "wagtailadmin/courses/attendance_find.html", context | frame_of(session, title))


def _with_posts(found: list[Person]) -> list[Person]:
    """Each with `held`, what tells one from another of the same name."""
    held = Appointment.objects.current().confirmed().select_related("post", "municipality__department")
    keys = [one.pk for one in found]
    rows = Person.objects.filter(pk__in=keys).order_by("surnames", "given_names", "pk")
    return list(rows.prefetch_related(Prefetch("appointments", queryset=held, to_attr="held")))


@needs(EDIT)
@require_POST
def register(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give somebody a seat, and put them in the course if it lets them in; a person of neither does not exist."""
    session = session_or_404(request, public_id)
    form = PersonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Busque de nuevo a la persona."))
        return redirect("courses_sessions:attendance", public_id)
    inside = Enrolment.objects.active().filter(course_key=session.activity.course_key)
    reach = Q(pk__in=inside.values("person")) | Q(pk__in=walk_ins.outside(session).values("pk"))
    person = get_object_or_404(Person.objects.filter(reach), public_id=form.cleaned_data["person"])
    try:
        made = walk_ins.bring_in(session=session, person=person, by=request.user)
    except RuleBroken as broken:
        messages.error(request, broken.message)
    else:
        said = _("%(name)s tiene el lugar número %(n)d.") % {"name": person.full_name, "n": made.number}
        messages.success(request, said)
    return redirect("courses_sessions:attendance", public_id)
