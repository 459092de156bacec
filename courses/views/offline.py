"""What stays with the browser when the line is down."""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker, at the root so that it answers for every page. It says nothing of the reader."""
    says = {
        "language": get_language(),
        "title": _("Sin conexión"),
        "none": _("No tiene avances por enviar."),
        "one": _("Hay 1 avance por enviar en este aparato."),
        "many": _("Hay {n} avances por enviar en este aparato."),
        "lost": _("No se pierde nada: se enviará cuando vuelva la señal."),
        "again": _("Probar de nuevo"),
    }
    context = {"says": json.dumps(says, ensure_ascii=True).replace("<", "\\u003c"), "url": reverse("api:tell_events")}
    response = render(request, "courses/sw.js", context, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response
