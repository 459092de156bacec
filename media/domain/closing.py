"""Telling nginx whose accounts are closed: it asks us nothing, but looks whether a file is there (decision 0021)."""

from pathlib import Path

from django.conf import settings

from lms.models import Person


def folder() -> Path:
    """Beside the films, where nginx looks: an empty file for everybody whose account is closed, by their public id."""
    return Path(settings.MEDIA_ROOT) / "closed"


def bring_into_step() -> int:
    """Let the folder name exactly those whose accounts are closed now; returns how many names came or went."""
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o711)  # nginx asks for one name and need not see the others
    closed = {public_id.hex for public_id in Person.objects.filter(is_active=False).values_list("public_id", flat=True)}
    named = {file.name for file in place.iterdir()}
    for name in closed - named:
        (place / name).touch(mode=0o644)
    for name in named - closed:
        (place / name).unlink(missing_ok=True)
    return len(closed ^ named)
