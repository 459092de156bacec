"""The public halves of the keys of the seal, for whoever checks a certificate without asking us anything else."""

from base64 import b64encode

from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from certificates import keyring
from certificates.domain import dids, status_lists

ALGORITHMS = {
    keyring.Use.SEAL: "ES256",
    keyring.Use.CREDENTIAL: "EdDSA",
    keyring.Use.LOG: "EdDSA",
    keyring.Use.QR: "ES256",
}
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


@require_safe
def did(request: HttpRequest) -> HttpResponse:
    """The same keys as the document of `did:web:<our host>`, which credentials name as their issuer (W3C DID Core)."""
    name = dids.did_of(settings.PUBLIC_URL)
    uses = (keyring.Use.SEAL, keyring.Use.CREDENTIAL, keyring.Use.QR)  # the log's key vouches for no certificate
    methods = [_method(name, key) for use in uses for key in keyring.history(use)]
    document = {
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/multikey/v1",
            "https://w3id.org/security/jwk/v1",
        ],
        "id": name,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }
    return for_everybody(JsonResponse(document, content_type="application/did+json"))


def _method(name: str, key: keyring.Key) -> dict:
    method = {"id": f"{name}#{key.name}", "controller": name}
    if key.use is keyring.Use.CREDENTIAL:
        return method | {"type": "Multikey", "publicKeyMultibase": keyring.public_multibase(key)}
    return method | {"type": "JsonWebKey", "publicKeyJwk": keyring.public_jwk(key) | {"kid": key.name}}


def for_everybody(response: HttpResponse) -> HttpResponse:
    """Readable by pages of other sites, and kept for a few minutes."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    return response


@require_safe
def status_list(request: HttpRequest, name: str) -> HttpResponse:
    """A list of bits: which certificates are out of force for good."""
    return _status_list(name, status_lists.REVOCATION)


@require_safe
def suspension_list(request: HttpRequest, name: str) -> HttpResponse:
    """The same of those that are suspended."""
    return _status_list(name, status_lists.SUSPENSION)


@require_safe
def status_token(request: HttpRequest, name: str) -> HttpResponse:
    """The list of what is out of force for good, as a token."""
    return _status_list(name, status_lists.REVOCATION, as_token=True)


@require_safe
def suspension_token(request: HttpRequest, name: str) -> HttpResponse:
    """The list of what is suspended, as a token."""
    return _status_list(name, status_lists.SUSPENSION, as_token=True)


def _status_list(name: str, purpose: str, *, as_token: bool = False) -> HttpResponse:
    try:
        text = status_lists.publish(name, purpose, as_token=as_token)
    except keyring.KeyMissing:
        return HttpResponse(status=503)
    if text is None:
        raise Http404
    return for_everybody(HttpResponse(text, content_type="application/jwt" if as_token else "application/vc"))
