"""A PDF that somebody was given: is it, byte for byte, one that we issued?"""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from certificates.domain import given_out
from certificates.models import Certificate
from lms.upload_handlers import DigestHandler
from lms.views.limits import line_asking

from .verification import MISSES, marked


@csrf_exempt  # it changes nothing, and the mark could only be looked for by reading the file into a place
@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: HttpRequest) -> HttpResponse:
    """The page, and for browsers without script its answer. Of the file that is sent nothing is kept."""
    if request.method != "POST":
        return marked(render(request, "certificates/file.html"))
    handler = DigestHandler(request)
    request.upload_handlers = [handler]
    len(request.FILES)  # reads the body
    if not handler.digest:
        said = {"words": _("Elija el PDF del certificado, tal como lo descargó o lo recibió."), "holds": False}
        return marked(render(request, "certificates/file.html", {"said": said}, status=400))
    said, status = _answer(request, handler.digest)
    return marked(render(request, "certificates/file.html", {"said": said}, status=status))


@require_safe
def by_digest(request: HttpRequest, digest: str) -> HttpResponse:
    """For the page's script, which sends the digest and not the file."""
    said, status = _answer(request, digest)
    return marked(JsonResponse(said, status=status))


def _answer(request: HttpRequest, digest: str) -> tuple[dict, int]:
    found = given_out.find(digest)
    if found:
        return _said_of(found), 200
    if not MISSES.take(line_asking(request)):
        return {"words": _("Se probaron demasiados archivos. Espere un minuto."), "holds": False}, 429
    words = _(
        "Este archivo no es uno de los que emitimos, o alguien lo cambió después. A veces lo cambia el programa que lo "
        "guardó o lo escaneó: si duda, verifique con el código que está al pie."
    )
    return {"words": words, "holds": False}, 404


def _said_of(found: Certificate) -> dict:
    holds = found.state == Certificate.State.ISSUED
    if holds:
        words = _("Es, byte por byte, el archivo que emitimos, y el certificado %(reference)s está vigente.")
    elif found.state == Certificate.State.EXPIRED:
        words = _("Es, byte por byte, el archivo que emitimos, pero el certificado %(reference)s ya venció.")
    elif found.state == Certificate.State.SUSPENDED:
        words = _("Es, byte por byte, el archivo que emitimos, pero el certificado %(reference)s está suspendido.")
    else:
        words = _("Es el archivo que emitimos, pero el certificado %(reference)s ya no tiene validez.")
    address = reverse("certificates:certificate", args=[found.code])
    return {"words": words % {"reference": found.reference}, "holds": holds, "address": address}
