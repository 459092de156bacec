"""System checks of this app. Ids are stable; each has a test named after it."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from certificates import keyring, token_keys

MOST_SIGNATORIES = 3  # as of a template (domain/designs.py)


@register(Tags.security, deploy=True)
def check_seal_keys(**kwargs: object) -> list[CheckMessage]:
    """There are keys to seal with: in production none are made unasked."""
    missing = [use.value for use in keyring.Use if not any(key.private for key in keyring.history(use))]
    if not missing:
        return []
    hint = "Run manage.py make_seal_keys once, and let every node have that folder."
    said = f"{settings.SEAL_KEYS_DIR} holds no key of use {' and '.join(missing)}: no certificate can be sealed."
    return [Error(said, hint=hint, id="certificates.E001")]


@register(Tags.security, deploy=True)
def check_token(**kwargs: object) -> list[CheckMessage]:
    """Keys that live in a token are within reach, and every use that settings give to it is one."""
    known = {use.value for use in keyring.Use}
    if unknown := sorted(set(settings.PKCS11_USES) - known):
        said = f"AULA_PKCS11_USES names {', '.join(unknown)}, which no key is for."
        return [Error(said, hint=f"There are {', '.join(sorted(known))}.", id="certificates.E004")]
    try:
        for use in keyring.Use:
            usable = [key.private for key in keyring.history(use) if key.private]
            if usable and token_keys.is_in_token(usable[-1]):
                usable[-1].assert_there()
    except keyring.KeyMissing as problem:
        hint = "Certificates are issued and wait for their file until it is back (docs/operations.md, Keys in a token)."
        return [Error(f"Keys that live in a token cannot be used: {problem}", hint=hint, id="certificates.E003")]
    return []


@register()
def check_signatories(**kwargs: object) -> list[CheckMessage]:
    """Who signs can be drawn: nothing is issued with what is no list of names and roles."""
    said = settings.CERTIFICATE_SIGNATORIES
    if isinstance(said, list) and len(said) <= MOST_SIGNATORIES and all(_is_signatory(one) for one in said):
        return []
    hint = 'Write it as [{"name": "", "role": "Dirección Ejecutiva"}]; an empty name leaves room for a pen.'
    found = f"AULA_CERTIFICATE_SIGNATORIES is no list of up to {MOST_SIGNATORIES} of name and role."
    return [Error(found, hint=hint, id="certificates.E002")]


def _is_signatory(one: object) -> bool:
    if not isinstance(one, dict) or set(one) != {"name", "role"}:
        return False
    return isinstance(one["name"], str) and isinstance(one["role"], str) and bool(one["role"].strip())
