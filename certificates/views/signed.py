"""The address in the QR of a certificate: signed facts, looked at before they lead to the check page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from certificates.domain import shown, signed_facts
from lms.views.limits import line_asking

from .verification import MISSES, marked


def signed(request: HttpRequest, text: str) -> HttpResponse:
    """To the check page; where the signature is not ours, or the register does not say the same, that is said."""
    try:
        facts = signed_facts.read(text)
    except signed_facts.NotOurs:
        return _not_ours(request)
    found = shown.find(facts.code)
    if found and signed_facts.says(facts, found):
        return marked(redirect(reverse("certificates:certificate", args=[found.code])))
    return marked(render(request, "certificates/signed.html", {"facts": facts, "found": found}, status=404))


def _not_ours(request: HttpRequest) -> HttpResponse:
    """Counted with the codes that do not exist."""
    if not MISSES.take(line_asking(request)):
        response = render(request, "certificates/too_many.html", status=429)
        response["Retry-After"] = str(MISSES.seconds)
        return marked(response)
    return marked(render(request, "certificates/signed.html", status=404))
