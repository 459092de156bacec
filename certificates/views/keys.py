"""The public halves of the keys of the seal, for whoever checks a certificate without asking us anything else."""

from base64 import b64encode

from cryptography.hazmat.primitives.serialization import Encoding
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from certificates import keyring

ALGORITHMS = {keyring.Use.SEAL: "ES256", keyring.Use.CREDENTIAL: "EdDSA"}
KEPT_SECONDS = 300


@require_safe
def jwks(request: HttpRequest) -> HttpResponse:
    """Every key that there ever was (RFC 7517), with its certificate (`x5c`) and since when it was used (`iat`)."""
    keys = [
        keyring.public_jwk(key)
        | {
            "kid": key.name,
            "use": "sig",
            "alg": ALGORITHMS[use],
            "iat": int(key.since.timestamp()),
            "x5c": [b64encode(key.certificate.public_bytes(Encoding.DER)).decode()],
        }
        for use in keyring.Use
        for key in keyring.history(use)
    ]
    return for_everybody(JsonResponse({"keys": keys}, content_type="application/jwk-set+json"))


def for_everybody(response: HttpResponse) -> HttpResponse:
    """Readable by pages of other sites, and kept for a few minutes."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    return response
