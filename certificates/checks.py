"""System checks of this app. Ids are stable; each has a test named after it."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from certificates import keyring


@register(Tags.security, deploy=True)
def check_seal_keys(**kwargs: object) -> list[CheckMessage]:
    """There are keys to seal with: in production none are made unasked."""
    missing = [use.value for use in keyring.Use if not any(key.private for key in keyring.history(use))]
    if not missing:
        return []
    hint = "Run manage.py make_seal_keys once, and let every node have that folder."
    said = f"{settings.SEAL_KEYS_DIR} holds no key of use {' and '.join(missing)}: no certificate can be sealed."
    return [Error(said, hint=hint, id="certificates.E001")]
