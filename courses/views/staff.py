"""How somebody of the staff is getting on in their courses, for Human Resources: in the words that they read."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from courses.domain import uncounted
from courses.domain.progress import build_each
from courses.models import Enrolment
from lms.domain import people
from lms.domain.errors import RuleBroken
from lms.permissions import needs

READ = "read_tracking"


@needs(READ)
@require_safe
def progress(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Each course that is running, with what is missing and why what was done does not count."""
    listed = people.visible_to(request.user, READ).filter(merged_into=None, erased_at=None)
    person = get_object_or_404(listed, public_id=public_id)
    try:
        people.assert_reaches(person, request.user, READ)
    except RuleBroken:
        raise Http404 from None
    active = Enrolment.objects.active().for_person(person).filter(course__live=True)
    every = build_each(list(active.select_related("course", "person")))
    rows = [(one, uncounted.of_progress(one)) for one in every]
    return render(request, "courses/staff_progress.html", {"person": person, "rows": rows})
