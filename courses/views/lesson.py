"""What a learner does on a lesson's page."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from courses.domain import completion
from courses.models import Activity, Enrolment
from lms.domain.errors import RuleBroken


@login_required
@require_POST
def mark_read(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Note that a lesson without video or quiz was read."""
    activity = get_object_or_404(Activity, public_id=public_id, kind=Activity.Kind.READING)
    mine = Enrolment.objects.active().for_person(request.user).select_related("course")
    enrolment = get_object_or_404(mine, course_key=activity.course_key)
    try:
        completion.mark_read(enrolment=enrolment, activity=activity)
    except RuleBroken as broken:
        messages.error(request, broken.message)
        return redirect(enrolment.course.url or "courses:learning")
    messages.success(request, _("Lección leída."))
    lesson = completion.course_progress(enrolment).find_lesson(activity.lesson_key)
    return redirect(lesson.url if lesson else enrolment.course.url or "courses:learning")
