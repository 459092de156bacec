"""Credentials as JSON Web Tokens: the same words with a signature around them (W3C VC-JOSE-COSE, Open Badges 3.0 8.2).

For readers that know no JSON-LD. The header names the key (`kid`) as our DID document does.
"""

import json
from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from certificates import keyring

ALGORITHMS = {keyring.Use.CREDENTIAL: "EdDSA", keyring.Use.QR: "ES256"}


def sign(document: dict[str, Any], key: keyring.Key) -> str:
    """A credential without proof as a compact token; the same text for the same words and key.

    `key` is one of the uses in `ALGORITHMS`. The claims that tokens know by themselves say what the credential says.
    """
    issuer = document["issuer"]
    issuer = issuer["id"] if isinstance(issuer, dict) else issuer
    claims = document | {"iss": issuer, "jti": document["id"], "nbf": _seconds(document["validFrom"])}
    if subject := document["credentialSubject"].get("id"):
        claims["sub"] = subject
    if end := document.get("validUntil"):
        claims["exp"] = _seconds(end)
    header = {"alg": ALGORITHMS[key.use], "kid": f"{issuer}#{key.name}", "typ": "JWT"}
    signed = ".".join(
        _letters(json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode()) for part in (header, claims)
    )
    return f"{signed}.{_letters(_signature(signed.encode(), key))}"


def _signature(content: bytes, key: keyring.Key) -> bytes:
    if key.use is keyring.Use.CREDENTIAL:
        return key.private.sign(content)
    made = key.private.sign(content, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(made))


def _letters(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
