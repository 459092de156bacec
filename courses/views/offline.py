"""What stays with the browser when the line is down."""

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker, at the root so that it answers for every page. It says nothing of the reader.

    `idioma` is the language of the page that asks: browsers ask for a worker in their own, not in the reader's.
    """
    asked = request.GET.get("idioma", "")
    with override(asked if asked in dict(settings.INTERFACE_LANGUAGES) else get_language()):
        context = {"says": _says(), "url": reverse("api:tell_events")}
        response = render(request, "courses/sw.js", context, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


def _says() -> str:
    says = {
        "language": get_language(),
        "title": _("Sin conexión"),
        "none": _("No tiene avances por enviar."),
        "one": _("Hay 1 avance por enviar en este aparato."),
        "many": _("Hay {n} avances por enviar en este aparato."),
        "lost": _("No se pierde nada: se enviará cuando vuelva la señal."),
        "again": _("Probar de nuevo"),
    }
    return json.dumps(says, ensure_ascii=True).replace("<", "\\u003c")
