"""Helping somebody back in: a code from Human Resources, a second factor that was lost."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from lms.domain import access, people
from lms.domain.errors import RuleBroken
from lms.models import Person
from lms.permissions import needs

from . import limits

METHODS = ["GET", "HEAD", "POST"]


def person_or_404(request: HttpRequest, public_id, action: str) -> Person:
    """Somebody on whom the one who asks may do `action`."""
    return get_object_or_404(people.visible_to(request.user, action), public_id=public_id)


@needs("recover_access")
@never_cache
@require_http_methods(METHODS)
def recover_access(request: HttpRequest, public_id) -> HttpResponse:
    """Hand somebody a code. It is shown in the answer itself, once: a page to come back to would have to keep it."""
    person = person_or_404(request, public_id, "recover_access")
    context: dict = {"person": person, "refusal": "", "code": ""}
    if request.method == "POST":
        status = _issue(request, person, context)
        return render(request, "lms/recover_access.html", context, status=status)
    context["refusal"] = access.recovery_refusal(person=person, by=request.user)
    return render(request, "lms/recover_access.html", context)


def _issue(request: HttpRequest, person: Person, context: dict) -> int:
    if not limits.HANDED_BY_DELEGATE.take(str(request.user.public_id)):
        context["refusal"] = _("Dio muchos códigos en poco tiempo. Espere una hora.")
        return 429
    try:
        context["code"] = access.issue_recovery_code(person=person, by=request.user)
    except RuleBroken as broken:
        context["refusal"] = broken.message
        return 422
    return 200


@needs("manage_people")
@never_cache
@require_http_methods(METHODS)
def remove_factors(request: HttpRequest, public_id) -> HttpResponse:
    """Take away the second factors of somebody who lost their telephone; asks first."""
    person = person_or_404(request, public_id, "manage_people")
    is_allowed = access.may_remove_factors(person=person, by=request.user)
    if request.method == "POST":
        try:
            access.remove_factors(person=person, by=request.user)
        except RuleBroken as broken:
            context = {"person": person, "refusal": broken.message}
            return render(request, "lms/remove_factors.html", context, status=422)
        messages.success(request, _("El segundo paso de esta persona quedó quitado y sus sesiones terminaron."))
        return redirect("lms:remove_factors", public_id)
    refusal = "" if is_allowed else _("Usted no puede quitar el segundo paso de esta persona.")
    context = {"person": person, "refusal": refusal, "has_factor": access.has_second_factor(person)}
    return render(request, "lms/remove_factors.html", context)
