"""The code of a certificate: 128 random bits in Crockford's base32, as people copy them from paper.

Crockford's alphabet has no I, L, O, U; what is read as one of the first three is taken for the digit it looks like.
https://www.crockford.com/base32.html
"""

import re
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26  # 128 bits at 5 a letter; the first letter carries 3 and is 0 to 7
_CODE = re.compile(rf"[0-7][{ALPHABET}]{{{LENGTH - 1}}}")
_LOOKS_LIKE = str.maketrans("OIL", "011")
_ADDRESS = re.compile(r"/verificar/([^/?#\s]+)", re.IGNORECASE)


def new_code() -> str:
    """A fresh code from the system's source of randomness."""
    return _letters(secrets.randbits(128))


def to_bytes(code: str) -> bytes:
    """The 16 bytes that a code writes."""
    bits = 0
    for letter in code:
        bits = bits << 5 | ALPHABET.index(letter)
    return bits.to_bytes(16, "big")


def from_bytes(raw: bytes) -> str:
    """The code of 16 bytes."""
    return _letters(int.from_bytes(raw, "big"))


def _letters(bits: int) -> str:
    return "".join(ALPHABET[bits >> 5 * place & 31] for place in reversed(range(LENGTH)))


def normalise(typed: str) -> str:
    """The code that somebody typed or pasted, alone or in the address of its page; empty when it cannot be one.

    Case, spaces and dashes of any kind do not matter.
    """
    text = typed[:300]
    if address := _ADDRESS.search(text):
        text = address[1]
    letters = re.sub(r"[\s\-\u2010-\u2015\u2212.·]", "", text).upper().translate(_LOOKS_LIKE)
    return letters if _CODE.fullmatch(letters) else ""
