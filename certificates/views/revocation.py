"""Taking a certificate out of force, with a reason."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from certificates.domain import coverage, revocation
from certificates.forms import RevocationForm
from lms.domain.errors import RuleBroken
from lms.permissions import needs


@needs(revocation.ACTION)
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask for the reason, then revoke. A certificate out of one's reach does not exist."""
    certificate = coverage.visible_to(request.user, revocation.ACTION).filter(public_id=public_id).first()
    if certificate is None:
        raise Http404
    form = RevocationForm(request.POST or None)
    if form.is_valid():
        try:
            revocation.revoke(certificate=certificate, reason=form.cleaned_data["reason"], by=request.user)
        except RuleBroken as broken:
            form.add_error(None, broken.message)
        else:
            messages.success(
                request, _("El certificado %(number)s quedó revocado.") % {"number": certificate.reference}
            )
            return redirect("certificates:tracking")
    status = 422 if form.errors else 200
    return render(request, "certificates/revoke.html", {"form": form, "certificate": certificate}, status=status)
