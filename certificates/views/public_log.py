"""The log as everybody may see it: what was signed each day, and proofs against it. No name, no code."""

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from certificates.domain import checkpoints, log, restoring
from certificates.models import CertificateEvent, Checkpoint, Restoration

from . import verification
from .keys import for_everybody

SHOWN = 31


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What the log is, what was signed of it lately, with which key, and when it came back from a backup."""
    rows = list(Checkpoint.objects.order_by("-day")[:SHOWN])
    restorations = [(one, restoring.void_of(one)) for one in Restoration.objects.order_by("-pk")]
    context = {"rows": rows, "keys": checkpoints.verifier_keys(), "restorations": restorations}
    return render(request, "certificates/log.html", context)


@require_safe
def newest(request: HttpRequest) -> HttpResponse:
    """The note of the newest checkpoint, word for word."""
    return _note(Checkpoint.objects.last())


@require_safe
def of_day(request: HttpRequest, day: str) -> HttpResponse:
    """The note of one day."""
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        raise Http404 from None
    return _note(Checkpoint.objects.filter(day=wanted).first())


def _note(found: Checkpoint | None) -> HttpResponse:
    if found is None:
        raise Http404
    return for_everybody(HttpResponse(found.note, content_type="text/plain; charset=utf-8"))


@require_safe
def consistency(request: HttpRequest) -> HttpResponse:
    """That what was published once still stands in what was published later."""
    try:
        first, second = (int(request.GET.get(name, "")[:18]) for name in ("desde", "hasta"))
        path = checkpoints.consistency(first, second)
    except ValueError:
        detail = _("Indique «desde» y «hasta»: cuántas hojas tenía el registro en dos de sus puntos de control.")
        return JsonResponse({"detail": detail}, status=400)
    return for_everybody(JsonResponse({"first": first, "second": second, "path": path}))


@require_safe
def proof(request: HttpRequest, code: str) -> HttpResponse:
    """For whoever holds a certificate: where its events stand in the log, what its first leaf says, and the proofs."""
    found = verification.find(code)
    if not found:
        return verification.absent(request, code)
    latest = Checkpoint.objects.last()
    events = [_event(leaf, latest) for leaf in checkpoints.leaves_of(found)]
    answer = {"certificate": found.reference, "checkpoint": latest.note if latest else None, "events": events}
    return verification.marked(JsonResponse(answer, json_dumps_params={"ensure_ascii": False}))


def _event(leaf, latest: Checkpoint | None) -> dict:
    """Of what came after the issue only the digest: reasons are not for everybody."""
    said = {"kind": leaf.event.kind, "at": leaf.event.at.isoformat(), "index": leaf.index}
    if leaf.event.kind == CertificateEvent.Kind.ISSUED:
        said["entry"] = log.shown(leaf.entry)
    if latest is None or leaf.index >= latest.size:
        return said | {"proof": None}
    made = checkpoints.inclusion(leaf, latest.size)
    return said | {"leaf": made.leaf, "proof": {"size": made.size, "path": made.path}}
