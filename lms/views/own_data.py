"""Mis datos: everything kept about oneself, who looked, what one may ask, and taking it all away."""

import json

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from lms.domain import erasure, identity, own_data, own_trail, requests
from lms.domain.errors import RuleBroken
from lms.forms.own_data import CorrectionForm, ErasureForm, ProofForm
from lms.models import PersonRequest

from . import recent
from .account import READS_AND_WRITES
from .signing import TOO_MANY

PAGE = 20


def request_or_404(request: HttpRequest, public_id) -> PersonRequest:
    """One's own request that has no answer yet."""
    waiting = request.user.requests.filter(state=PersonRequest.State.OPEN).select_related("person")
    return get_object_or_404(waiting, public_id=public_id)


@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """What is kept, why, and what may be asked."""
    person = request.user
    people = own_data.family(person)
    context = {
        "person": person,
        "joined": len(people) - 1,
        "masked_cui": identity.masked_cui(person.cui_encrypted),
        "appointments": person.appointments.select_related("post", "municipality__department").order_by("-starts_on"),
        "memberships": person.memberships.select_related("network", "municipality__department"),
        "consent": getattr(person, "guardian_consent", None),
        "grants": person.role_grants.select_related("department", "municipality__department"),
        "parts": [(part, part.held(people)) for part in own_data.parts()],
        "requests": _asked(person),
        "open_kinds": set(
            person.requests.filter(state=PersonRequest.State.OPEN).order_by().values_list("kind", flat=True)
        ),
        "looks": own_trail.events_about(people, looks_alone=True).count(),
    }
    return render(request, "lms/own_data/overview.html", context)


@login_required
@require_http_methods(READS_AND_WRITES)
def cui(request: HttpRequest) -> HttpResponse:
    """The whole number, after a tap that says so; nothing of it stays in an address or a history."""
    if request.method != "POST":
        return redirect("lms:own_data")
    context = {"cui": own_data.see_cui(person=request.user, by=request.user)}
    return render(request, "lms/own_data/cui.html", context)


@login_required
def trail(request: HttpRequest) -> HttpResponse:
    """Who looked at the CUI, and who changed the record."""
    people, looks_alone = own_data.family(request.user), request.GET.get("ver") == "cui"
    page = Paginator(own_trail.events_about(people, looks_alone=looks_alone), PAGE).get_page(request.GET.get("page"))
    lines = own_trail.in_words(list(page.object_list), people)
    return render(request, "lms/own_data/trail.html", {"page_obj": page, "lines": lines, "looks_alone": looks_alone})


@login_required
@require_http_methods(READS_AND_WRITES)
def correction(request: HttpRequest) -> HttpResponse:
    """Ask that something be put right."""
    form = CorrectionForm(request.POST or None)
    if form.is_valid():
        proposed = dict(form.cleaned_data)
        text = proposed.pop("text")
        try:
            requests.ask_correction(person=request.user, by=request.user, proposed=proposed, text=text)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            messages.success(request, _("ANAM recibió su solicitud. La respuesta va a aparecer en esta página."))
            return redirect("lms:own_data")
    masked_cui = identity.masked_cui(request.user.cui_encrypted)
    return _form_page(request, "lms/own_data/correction.html", form, person=request.user, masked_cui=masked_cui)


@login_required
@require_http_methods(READS_AND_WRITES)
def withdrawal(request: HttpRequest, public_id) -> HttpResponse:
    """Take back what one asked."""
    asked = request_or_404(request, public_id)
    if request.method == "POST":
        requests.withdraw(request=asked, by=request.user)
        messages.success(request, _("Su solicitud quedó retirada. No se cambió nada."))
        return redirect("lms:own_data")
    return render(request, "lms/own_data/withdrawal.html", {"asked": asked})


@login_required
@require_http_methods(READS_AND_WRITES)
def erasing(request: HttpRequest) -> HttpResponse:
    """Ask for erasure: what goes, what stays and why, and a word typed to say that it is meant."""
    form = ErasureForm(request.POST or None)
    if form.is_valid():
        try:
            asked = requests.ask_erasure(person=request.user, by=request.user)
        except RuleBroken as broken:
            form.add_broken(broken)
        else:
            day = timezone.localdate(requests.open_from(asked))
            messages.warning(
                request, _("ANAM recibió su solicitud. Puede retirarla hasta el %(day)s.") % {"day": date_format(day)}
            )
            return redirect("lms:own_data")
    context = {"obstacle": _obstacle(request.user), "wait_days": requests.WAIT.days}
    return _form_page(request, "lms/own_data/erasing.html", form, **context)


@login_required
@sensitive_post_parameters()
@require_http_methods(READS_AND_WRITES)
def download(request: HttpRequest) -> HttpResponse:
    """The two files, once the person has shown that it is them."""
    form, refused = ProofForm(request.POST or None), 422
    if form.is_valid():
        proved = recent.prove(request, form.cleaned_data["password"])
        if proved:
            return redirect("lms:own_data_download")
        if proved is None:
            refused = TOO_MANY
            form.add_error(None, _("Hubo demasiados intentos. Espere 15 minutos y pruebe de nuevo."))
        else:
            form.add_error("password", _("La contraseña no es esa."))
    context = {"is_recent": recent.is_recent(request), "has_password": request.user.has_usable_password()}
    return _form_page(request, "lms/own_data/download.html", form, refused=refused, **context)


@login_required
@require_http_methods(READS_AND_WRITES)
def as_json(request: HttpRequest) -> HttpResponse:
    """Everything as one JSON document, sent while it is written."""
    if request.method != "POST" or not recent.is_recent(request):
        return redirect("lms:own_data_download")
    document = own_data.take_away(person=request.user, by=request.user, form="json")
    lines = json.JSONEncoder(ensure_ascii=False, indent=2).iterencode(document)
    return StreamingHttpResponse(
        _in_pieces(lines),
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="mis-datos.json"', "Cache-Control": "private, no-store"},
    )


def _asked(person) -> list[PersonRequest]:
    """The newest requests, with which data they are about and from when they may be granted."""
    asked = list(person.requests.all()[:10])
    for one in asked:
        one.asks = ", ".join(str(own_trail.FIELDS[name]) for name in requests.proposal(one))
        one.open_from = requests.open_from(one)
    return asked


def _in_pieces(tokens, size: int = 16_384):
    """Tokens of JSON as pieces worth sending."""
    piece: list[str] = []
    length = 0
    for token in tokens:
        piece.append(token)
        length += len(token)
        if length >= size:
            yield "".join(piece)
            piece, length = [], 0
    yield "".join(piece)


def _obstacle(person) -> str:
    """Why erasure cannot be asked for today; empty when it can."""
    try:
        erasure.assert_erasable(person)
    except RuleBroken as broken:
        return broken.message
    return ""


def _form_page(request: HttpRequest, template: str, form, *, refused: int = 422, **context: object) -> HttpResponse:
    return render(request, template, {"form": form, **context}, status=refused if form.is_bound else 200)
