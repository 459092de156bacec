"""Credentials and lists as tokens, read by libraries that are not ours and by what the standards say of the claims."""

import json

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.urls import reverse
from openbadgeslib.errors import LibOpenBadgesException
from openbadgeslib.ob3.status import check_credential_status
from openbadgeslib.ob3.verifier import OB3Verifier

from certificates import keyring
from certificates.domain import credentials, status_lists
from tests.factories.certificates import a_certificate, a_revocation, a_suspension

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_keys(settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "keys"


def taken(client, certificate) -> str:
    response = client.get(reverse("certificates:credential_token", args=[certificate.code]))
    assert response["Content-Type"] == "application/jwt"
    assert response["Cache-Control"] == "private, no-store"
    return response.content.decode()


def published(client, token: str) -> jwt.PyJWK:
    """The key that the header names, from the key set and under the name of the DID document."""
    head = jwt.get_unverified_header(token)
    document = client.get(reverse("certificates:did")).json()
    assert head["kid"] in document["assertionMethod"]
    keys = jwt.PyJWKSet.from_dict(client.get(reverse("certificates:jwks")).json())
    return keys[head["kid"].partition("#")[2]]


def read(client, token: str, algorithm: str) -> dict:
    return jwt.decode(token, published(client, token), algorithms=[algorithm])


def public(use: keyring.Use) -> bytes:
    key = keyring.current(use).certificate.public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_it_is_the_credential_word_for_word(client):
    certificate = a_certificate()
    token = taken(client, certificate)
    assert token == taken(client, certificate)
    claims = read(client, token, "EdDSA")
    known = {name: claims.pop(name) for name in ("iss", "jti", "nbf", "sub")}
    assert claims == credentials.build(certificate)
    inside = json.loads(credentials.issue(certificate))
    del inside["proof"]
    assert claims == inside
    assert known == {
        "iss": claims["issuer"]["id"],
        "jti": certificate.facts["verify_url"],
        "nbf": int(certificate.issued_at.timestamp()),
        "sub": claims["credentialSubject"]["id"],
    }


def test_what_ends_says_when(client):
    certificate = a_certificate(certificate_months=12, grace_days=30)
    claims = read(client, taken(client, certificate), "EdDSA")
    assert claims["validUntil"].startswith(certificate.expires_on.isoformat())
    assert claims["exp"] > claims["nbf"]


def test_a_reader_of_open_badges_believes_it_and_its_lists(client):
    certificate = a_certificate()
    verifier = OB3Verifier(pubkey_pem=public(keyring.Use.CREDENTIAL))
    badge = verifier.verify(taken(client, certificate))

    def download(address: str) -> bytes:
        return client.get("/" + address.split("/", 3)[3].replace(".json", ".jwt")).content

    checked = {"verify_list": True, "list_pubkey_pem": public(keyring.Use.QR)}
    check_credential_status(badge, download, **checked)
    a_suspension(certificate)
    with pytest.raises(LibOpenBadgesException, match="suspension"):
        check_credential_status(badge, download, **checked)
    a_revocation(certificate)
    with pytest.raises(LibOpenBadgesException, match="revocation"):
        check_credential_status(badge, download, **checked)
    with pytest.raises(LibOpenBadgesException, match="proof"):
        check_credential_status(badge, download, verify_list=True, list_pubkey_pem=public(keyring.Use.SEAL))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_token_that_was_changed_is_refused(client, part):
    token = taken(client, a_certificate())
    key = published(client, token)
    parts = token.split(".")
    middle = len(parts[part]) // 2
    parts[part] = parts[part][:middle] + ("A" if parts[part][middle] != "A" else "B") + parts[part][middle + 1 :]
    with pytest.raises(jwt.InvalidTokenError):
        jwt.decode(".".join(parts), key, algorithms=["EdDSA"])


def test_lists_are_tokens_of_the_key_that_devices_bring(client):
    certificate = a_certificate()
    a_revocation(certificate)
    name = certificate.status_entry.list
    token = client.get(reverse("certificates:status_token", args=[name])).content.decode()
    claims = read(client, token, "ES256")
    document = json.loads(client.get(reverse("certificates:status_list", args=[name])).content)
    assert claims["credentialSubject"] == document["credentialSubject"]
    assert claims["id"] == document["id"] == certificate.facts["status"]["list"]
    assert published(client, token).key_id == keyring.current(keyring.Use.QR).name
    other = client.get(reverse("certificates:suspension_token", args=[name])).content.decode()
    assert read(client, other, "ES256")["id"] == certificate.facts["status"]["suspension"]
    assert status_lists.publish(name, as_token=True) == token


def test_who_does_not_hold_the_code_gets_nothing(client):
    a_certificate()
    assert client.get(reverse("certificates:credential_token", args=["0" * 26])).status_code == 404
    assert client.get(reverse("certificates:status_token", args=["ANAM-1999-1"])).status_code == 404


def test_without_a_key_nothing_is_told(client, settings):
    certificate = a_certificate()
    settings.PRODUCTION, settings.SEAL_KEYS_DIR = True, settings.SEAL_KEYS_DIR / "none"
    for name, key in (("credential_token", certificate.code), ("status_token", certificate.status_entry.list)):
        assert client.get(reverse(f"certificates:{name}", args=[key])).status_code == 503
