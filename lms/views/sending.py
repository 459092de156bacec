"""Sending a stored file once we decided who gets it: by ourselves, or by nginx, which has the better hands for it.

The name of this module stands in `SENDFILE_BACKEND`, so that Wagtail's documents go the same way.
"""

from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# An internal location of deploy/nginx/delivery.conf: no browser can ask for it.
INTERNAL = "/_archivos/"


def hand_over(path: str, *, content_type: str, noted_as: str = "") -> HttpResponse | None:
    """An answer that lets nginx send the stored file at `path`; None where nginx does not serve.

    `noted_as` is what its log says of it; without, nothing is written down. No header of these reaches a browser.
    """
    if settings.MEDIA_DELIVERY != "nginx":
        return None
    response = HttpResponse(content_type=content_type, headers={"X-Accel-Redirect": quote(f"{INTERNAL}{path}")})
    if noted_as:
        response["X-Aula-Film"] = noted_as
    return response


def sendfile(request: HttpRequest, filename: str, *, mimetype: str, **_facts: object) -> HttpResponse:
    """As `wagtail.utils.sendfile` calls it, with a path on the disk."""
    stored = Path(filename).resolve().relative_to(Path(settings.MEDIA_ROOT).resolve())
    return HttpResponse(content_type=mimetype, headers={"X-Accel-Redirect": quote(f"{INTERNAL}{stored.as_posix()}")})
