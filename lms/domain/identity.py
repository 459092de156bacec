"""The CUI: thirteen digits, kept encrypted, found by a keyed digest, shown masked.

Digits 1–8 are a serial, the ninth checks them (weights 2–9, sum modulo 11), 10–13 name the place of birth
registration, never the employer. RENAP publishes no rule for the check digit: it warns, it never refuses.
"""

import base64
import hashlib
import hmac
import re
import unicodedata

from cryptography.fernet import Fernet
from django.conf import settings
from django.utils.translation import gettext as _

from .errors import RuleBroken


def normalise_cui(text: str) -> str:
    """The thirteen digits of a CUI typed in any of the usual ways. Raises `cui.malformed`."""
    digits = re.sub(r"[\s.\-]", "", text)
    if not re.fullmatch(r"[0-9]{13}", digits):
        raise RuleBroken("cui.malformed", _("El CUI tiene 13 números. Revise su DPI y escríbalo de nuevo."))
    return digits


def has_number(text: str) -> bool:
    """Whether thirteen digits stand together, as a CUI is typed: with spaces, points or hyphens between them or not."""
    return re.search(r"(?:[0-9][\s.\-]*){13}", unicodedata.normalize("NFKC", text)) is not None


def assert_no_number(text: str) -> None:
    """For what others read in clear. Raises `text.number_in_it`."""
    if has_number(text):
        message = _("Esto parece un CUI, y aquí no se escribe. Quítelo; otros números sepárelos con palabras.")
        raise RuleBroken("text.number_in_it", message)


def cui_check_digit_holds(cui: str) -> bool:
    """Whether the ninth digit fits the first eight."""
    total = sum(int(digit) * weight for digit, weight in zip(cui[:8], range(2, 10), strict=True))
    return total % 11 == int(cui[8])


def _derived_key(purpose: str) -> bytes:
    return hmac.new(settings.IDENTITY_KEY.encode(), purpose.encode(), hashlib.sha256).digest()


def cui_digest(cui: str) -> str:
    """The keyed digest a CUI is found by (HMAC-SHA-256, hex)."""
    return hmac.new(_derived_key("cui-digest"), cui.encode(), hashlib.sha256).hexdigest()


def encrypt_cui(cui: str) -> str:
    """The CUI as it is kept."""
    return Fernet(base64.urlsafe_b64encode(_derived_key("cui-encryption"))).encrypt(cui.encode()).decode()


def decrypt_cui(token: str) -> str:
    """The CUI in clear; only for its owner, or where a reveal is audited."""
    return Fernet(base64.urlsafe_b64encode(_derived_key("cui-encryption"))).decrypt(token.encode()).decode()


def seal(text: str) -> str:
    """Any short text as it is kept when it may hold a CUI."""
    return Fernet(base64.urlsafe_b64encode(_derived_key("sealed-text"))).encrypt(text.encode()).decode()


def unseal(token: str) -> str:
    """The text that `seal` took."""
    return Fernet(base64.urlsafe_b64encode(_derived_key("sealed-text"))).decrypt(token.encode()).decode()


def key_for(purpose: str) -> bytes:
    """A key of 32 bytes for one purpose of its own, derived from the one outside the database."""
    return _derived_key(purpose)


def masked_cui(token: str) -> str:
    """A kept CUI as screens show it: `•••• ••••• 0101`; empty when there is none."""
    return f"•••• ••••• {decrypt_cui(token)[-4:]}" if token else ""


def digits_of(text: str) -> str:
    """The digits 0–9 of what was typed. Full-width ones count as theirs; those of other scripts are no digits here.

    Otherwise one number could be kept, found and counted in as many ways as there are scripts.
    """
    return re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text))


def normalise_phone(text: str) -> str:
    """The eight digits of a phone number of the country, with or without +502. Raises `phone.malformed`."""
    digits = digits_of(text)
    if len(digits) == 11 and digits.startswith("502"):
        digits = digits[3:]
    if len(digits) != 8:
        raise RuleBroken("phone.malformed", _("El teléfono tiene 8 números, por ejemplo 5555 1234."))
    return digits


def masked_email(email: str | None) -> str:
    """The first letter and the house: `a•••@muninebaj.gob.gt`; nothing for none."""
    name, at, house = (email or "").partition("@")
    return f"{name[:1]}•••{at}{house}" if at else ""


def masked_phone(phone: str | None) -> str:
    """The last two digits: `•••• ••34`; nothing for none."""
    return f"•••• ••{phone[-2:]}" if phone else ""
