"""The page of a certificate that anybody may open who holds its code, and the field that leads there."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from certificates import keyring
from certificates.domain import codes, credentials, restoring, shown, signed_facts
from certificates.models import Certificate
from lms.domain.tries import Limit
from lms.views.filling import render_filled
from lms.views.limits import line_asking

from . import wording

# Only codes that do not exist are counted: whoever checks a pile of real papers is never stopped.
MISSES = Limit("verify", most=60, seconds=60)
MOST_TYPED = 1500  # letters: an address with signed facts in it


def verify(request: HttpRequest) -> HttpResponse:
    """One field: the code as it is printed, or the address of its page, or the one in the QR."""
    typed = request.GET.get("codigo", "")[:MOST_TYPED]
    if not typed.strip():
        return marked(render(request, "certificates/verify.html"))
    if text := signed_facts.find(typed):
        return redirect("certificates:signed", text)
    found = find(typed)
    return redirect(_address(found)) if found else absent(request, typed)


def certificate(request: HttpRequest, code: str) -> HttpResponse:
    """Every certified fact, whether it is in force, and how that was checked. No CUI, no e-mail, no phone."""
    found = shown.find(code)
    if not found:
        return absent(request, code)
    if code != found.code:
        return redirect(_address(found))
    said = {"branches": wording.branches(found), "texts": wording.texts(found), "named_by": "code"}
    return marked(render_filled(request, "certificates/certificate.html", **said))


def token(request: HttpRequest, code: str) -> HttpResponse:
    """The credential as a JSON Web Token, for whoever holds the code."""
    found = find(code)
    if not found:
        return absent(request, code)
    try:
        text = credentials.as_token(found)
    except keyring.KeyMissing:
        return HttpResponse(status=503)
    response = HttpResponse(text, content_type="application/jwt")
    response["Content-Disposition"] = f'attachment; filename="{found.reference}.jwt"'
    return marked(response)


def find(typed: str) -> Certificate | None:
    """The certificate of a code as it was typed, or None.

    A malformed code is looked up as well, so that it takes as long as one that does not exist.
    """
    code = codes.normalise(typed) or "-"
    return Certificate.objects.with_state().filter(code=code).first()


def _address(found: Certificate | shown.Shown) -> str:
    return reverse("certificates:certificate", args=[found.code])


def absent(request: HttpRequest, typed: str) -> HttpResponse:
    """The same answer for a code that does not exist and for one that cannot exist.

    Another for the code of a certificate that was lost when the register came back from a backup.
    """
    if lost := restoring.find_lost(codes.normalise(typed)):
        return marked(render(request, "certificates/lost.html", {"lost": lost}, status=404))
    if not MISSES.take(line_asking(request)):
        response = render(request, "certificates/too_many.html", status=429)
        response["Retry-After"] = str(MISSES.seconds)
        return marked(response)
    return marked(render(request, "certificates/absent.html", {"typed": typed[:60]}, status=404))


def marked(response: HttpResponse) -> HttpResponse:
    """Out of search engines and of shared caches."""
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "private, no-store"
    return response
