"""The front door and what machines ask."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _

# The codes by which the toolbox is filtered.
FAMILIES = [
    {"code": "AC", "name": _("Alcaldes y concejos municipales")},
    {"code": "DE", "name": _("Desarrollo económico y social local")},
    {"code": "FI", "name": _("Gestión y operación financiera municipal")},
    {"code": "OP", "name": _("Organización de jóvenes, mujeres y vecinos")},
]


def health(request: HttpRequest) -> JsonResponse:
    """Says that the web process answers and reaches its database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def home(request: HttpRequest) -> HttpResponse:
    """The front page; somebody signed in goes on to their learning."""
    if request.user.is_authenticated:
        return redirect("courses:learning")
    return render(request, "lms/home.html", {"families": FAMILIES})
