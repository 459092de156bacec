"""Everything kept about oneself as a PDF: here, since only this app draws."""

from io import BytesIO

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from certificates.pdf.own_data import render_own_data
from lms.domain import own_data
from lms.views import recent


@login_required
def as_pdf(request: HttpRequest) -> HttpResponseBase:
    """The PDF, for whoever proved a moment ago that it is theirs."""
    if request.method != "POST" or not recent.is_recent(request):
        return redirect("lms:own_data_download")
    document = own_data.take_away(person=request.user, by=request.user, form="pdf")
    return FileResponse(
        BytesIO(render_own_data(document)),
        as_attachment=True,
        filename="mis-datos.pdf",
        content_type="application/pdf",
        headers={"Cache-Control": "private, no-store"},
    )
