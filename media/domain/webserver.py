"""The configuration of nginx in `deploy/nginx`, filled in with this installation's folders, host and secret."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

TEMPLATES = settings.BASE_DIR / "deploy" / "nginx"
FILES = ("aula.conf", "delivery.conf", "counting.conf")
SECRET_FILES = {"delivery.conf"}
PLACE = re.compile(r"@([A-Z_]+)@")
PLAIN = re.compile(r"[A-Za-z0-9._:/-]+")
HSTS = 'add_header Strict-Transport-Security "max-age=31536000; includeSubDomains; preload" always;'


def values(folder: Path) -> dict[str, str]:
    """What stands in the places of the templates, by the settings."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    return {
        "FOLDER": str(folder),
        "HOST": host,
        "CERTIFICATE": f"/etc/letsencrypt/live/{host}/fullchain.pem",
        "CERTIFICATE_KEY": f"/etc/letsencrypt/live/{host}/privkey.pem",
        "UPSTREAM": "127.0.0.1:8000",
        "FILES": str(Path(settings.MEDIA_ROOT).resolve()),
        "SECRET": settings.DELIVERY_SECRET,
        "LOG": str(settings.DELIVERY_LOG),
    }


def render(folder: Path, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Each file's text by its name. Raises `ValueError` for a value that nginx would read as more than one word."""
    chosen = values(folder) | dict(given or {})
    for name, value in chosen.items():
        if not PLAIN.fullmatch(value):
            raise ValueError(f"{name} may hold letters, digits and . _ : / - alone, not {value!r}")
    chosen["HSTS"] = HSTS if settings.HTTPS else "# no https, no Strict-Transport-Security"
    return {name: PLACE.sub(lambda place: chosen[place[1]], (TEMPLATES / name).read_text()) for name in FILES}


def write(folder: Path, given: Mapping[str, str] | None = None) -> list[Path]:
    """Write the files, the one with the secret readable by owner and group alone; returns where they are."""
    folder = folder.resolve()
    rendered = render(folder, given)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in rendered.items():
        path = folder / name
        path.touch(mode=0o640)
        path.chmod(0o640 if name in SECRET_FILES else 0o644)
        path.write_text(text)
        written.append(path)
    return written
