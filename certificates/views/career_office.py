"""Por cotejar: what people declared, for Human Resources, who have the original before them, and for certifiers."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from certificates.domain import career, transcripts
from certificates.forms import ReasonForm
from certificates.models import CareerAnnotation
from lms import permissions
from lms.domain.errors import RuleBroken
from lms.permissions import needs

from .career import send_evidence

ACTIONS = (career.CHECK, career.CERTIFY)
PAGE = 25
RELATED = ("person", "details", "asked__department")


def _either(view: Callable) -> Callable:
    """For whoever may check or certify; as `permissions.needs`."""

    def guarded(request: HttpRequest, **keys: UUID) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not any(permissions.allows(request.user, action) for action in ACTIONS):
            raise PermissionDenied(career.CHECK)
        return view(request, **keys)

    return guarded


def _entry_or_404(request: HttpRequest, public_id: UUID, *actions: str) -> CareerAnnotation:
    """The gate: an entry that somebody may check or certify; never one's own."""
    for action in actions or ACTIONS:
        if permissions.allows(request.user, action):
            reach = career.within_reach(request.user, action).select_related(*RELATED)
            if found := reach.filter(public_id=public_id).first():
                return found
    raise Http404


@require_safe
@_either
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for one: to be compared with its original, and to be certified."""
    lists = []
    for action, title, rows in (
        (career.CHECK, _("Por cotejar con el original"), career.to_check),
        (career.CERTIFY, _("Por certificar"), career.to_certify),
    ):
        if permissions.allows(request.user, action):
            waiting = rows(request.user).select_related(*RELATED)
            page = Paginator(waiting, PAGE).get_page(1)
            lists.append({"title": title, "rows": transcripts.entries_for(list(page)), "count": page.paginator.count})
    return render(request, "certificates/career_queue.html", {"lists": lists})


@require_safe
@_either
def entry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One entry with its paper, and what can be done about it."""
    return _page(request, _entry_or_404(request, public_id), ReasonForm())


@require_safe
@_either
def evidence(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """The paper of an entry."""
    return send_evidence(_entry_or_404(request, public_id))


def _page(request: HttpRequest, row: CareerAnnotation, form: ReasonForm, status: int = 200) -> HttpResponse:
    found = transcripts.entry_of(row)
    allowed = career.ALLOWED.get(found.state, frozenset())
    may_check = permissions.allows(request.user, career.CHECK)
    may_certify = permissions.allows(request.user, career.CERTIFY)
    is_checked = found.state == transcripts.Step.CHECKED
    context = {
        "row": row,
        "entry": found,
        "form": form,
        "may_check": may_check and transcripts.Step.CHECKED in allowed,
        "may_certify": may_certify and row in career.to_certify(request.user),
        "may_refuse": transcripts.Step.REFUSED in allowed and (may_certify if is_checked else may_check),
        "may_annul": may_certify and transcripts.Step.ANNULLED in allowed and not is_checked,
    }
    return render(request, "certificates/career_entry.html", context, status=status)


@needs(career.CHECK)
@require_POST
def check(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Cotejado con el original."""
    row = _entry_or_404(request, public_id, career.CHECK)
    return _done(request, lambda: career.check(entry=row, by=request.user), _("Quedó cotejada."))


@needs(career.CERTIFY)
@require_POST
def certify(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Certificado por ANAM."""
    row = _entry_or_404(request, public_id, career.CERTIFY)
    return _done(request, lambda: career.certify(entry=row, by=request.user), _("Quedó certificada."))


@require_POST
@_either
def refuse(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Not accepted, with a reason."""
    return _with_reason(
        request, _entry_or_404(request, public_id), career.refuse, _("No se aceptó, y la persona lo ve.")
    )


@needs(career.CERTIFY)
@require_POST
def annul(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Counts no longer, with a reason."""
    row = _entry_or_404(request, public_id, career.CERTIFY)
    return _with_reason(request, row, career.annul, _("Quedó anulada. Lo anterior sigue escrito."))


def _with_reason(request: HttpRequest, row: CareerAnnotation, verb: Callable, words: str) -> HttpResponse:
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            verb(entry=row, reason=form.cleaned_data["reason"], by=request.user)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            messages.success(request, words)
            return redirect("certificates:career_queue")
    return _page(request, row, form, status=422)


def _done(request: HttpRequest, verb: Callable[[], object], words: str) -> HttpResponse:
    try:
        verb()
        messages.success(request, words)
    except RuleBroken as broken:
        messages.error(request, broken.message)
    return redirect("certificates:career_queue")
