"""Whether one wants reminders: on one's account, or by the link in a message, without signing in."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from courses.domain import digests

READS_AND_WRITES = ["GET", "HEAD", "POST"]


@login_required
@require_http_methods(READS_AND_WRITES)
def reminders(request: HttpRequest) -> HttpResponse:
    """The setting."""
    if request.method == "POST":
        wanted = request.POST.get("wanted") == "1"
        digests.choose(person=request.user, is_wanted=wanted)
        messages.success(request, _("Recibirá recordatorios.") if wanted else _("No recibirá recordatorios."))
        return redirect("lms:account")
    return render(request, "courses/reminders.html", {"is_wanted": digests.is_wanted(request.user)})


# RFC 8058: a mail provider posts here without a session, so there is no token to compare. The signature in the address
# is the permission, and all that it permits is to stop.
@csrf_exempt
@never_cache
@require_http_methods(READS_AND_WRITES)
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Ask once, then stop; a mere look changes nothing, for scanners of mail open every link."""
    person = digests.find_by_token(token)
    if person is None:
        raise Http404
    if request.method == "POST":
        digests.choose(person=person, is_wanted=False)
    return render(request, "courses/reminders_stop.html", {"is_stopped": not digests.is_wanted(person)})
