"""Nonsense at the door: whatever is posted to a page of signing in or of the second step, no page fails."""

import hashlib
import json
import os

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from lms import access_urls
from lms.models import Person
from lms.views import second_factor
from tests.clients import FullClient
from tests.factories.people import PASSWORD, a_person, somebody_with_role

pytestmark = pytest.mark.django_db
OURS = ("sign_in", "ask_code", "give_code", "recover", "register", "sign_out", "switch_person", "password", "account")
FIELDS = ("identifier", "password", "code", "channel", "credential", "name", "next", "current", "waiting", "is_shared")
ONE_MEGABYTE = "x" * 2**20
WRONG = (None, 5, "ñ")
SIGNED_BY_NOBODY = websafe_encode(b"\x30\x06\x02\x01\x01\x02\x01\x01")


def a_client_answer(kind: str, challenge: str) -> str:
    told = {"type": kind, "challenge": challenge, "origin": "https://testserver"}
    return websafe_encode(json.dumps(told).encode())


def authenticator_data(**fields) -> AuthenticatorData:
    flags = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV
    if "credential_data" in fields:
        flags |= AuthenticatorData.FLAG.AT
    return AuthenticatorData.create(hashlib.sha256(b"testserver").digest(), flags, 1, **fields)


def a_passkey(person: Person) -> str:
    """As a device would have made it; returns its id."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    key = AttestedCredentialData.create(b"\0" * 16, os.urandom(16), ES256.from_cryptography_key(public))
    held = AttestationObject.create("none", authenticator_data(credential_data=key), {})
    name = websafe_encode(key.credential_id)
    response = {"clientDataJSON": a_client_answer("webauthn.create", "AAAA"), "attestationObject": websafe_encode(held)}
    credential = {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
    data = {"name": "Una", "credential": credential}
    Authenticator.objects.create(user=person, type=Authenticator.Type.WEBAUTHN, data=data)
    return name


def an_answer(**response) -> dict:
    """What a device says who is asked for its passkey; the parts that are not given are well made and fit nothing."""
    said = {
        "clientDataJSON": a_client_answer("webauthn.get", "AAAA"),
        "authenticatorData": websafe_encode(authenticator_data()),
        "attestationObject": websafe_encode(b"\xa0"),
        "signature": SIGNED_BY_NOBODY,
        "userHandle": websafe_encode(b"\0" * 16),
    }
    return {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {**said, **response}}


PARTS = list(an_answer()["response"])


def without(answer: dict, key: str) -> dict:
    return {name: value for name, value in answer.items() if name != key}


CREDENTIALS = [
    "", "x", "[]", "[1]", "5", "null", '"x"', "{}", '{"id":1}', '{"response":5}', "{", "NaN", '{"id":NaN}',
    "[" * 60_000, '{"a":' * 10_000, "9" * 5_000, '{"id":"\\u0000"}', '{"id":"\\ud800"}', ONE_MEGABYTE,
    *(json.dumps(without(an_answer(), key)) for key in an_answer()),
    *(json.dumps({**an_answer(), key: value}) for key in an_answer() for value in WRONG),
    *(json.dumps(an_answer(**{key: value})) for key in an_answer()["response"] for value in (*WRONG, "AAAA")),
    *(json.dumps({**an_answer(), "response": without(an_answer()["response"], key)}) for key in PARTS),
]  # fmt: skip
BODIES = [
    {},
    *(dict.fromkeys(FIELDS, value) for value in ("", "\0", "-1", "[]", "😀")),
    *(
        dict.fromkeys(pair, ONE_MEGABYTE)
        for pair in (("identifier", "password"), ("code", "next"), ("name", "channel"))
    ),
    {field: ["1", "2"] for field in FIELDS},
]
RAW = [
    (b"{", "application/json"),
    (b"\xff\xfe\0", "application/x-www-form-urlencoded"),
    (b"code=%00%ff&credential=%", "application/x-www-form-urlencoded"),
    (b"--x\r\nnada", "multipart/form-data; boundary=x"),
]
KEY = "0000000000000000"
THEIRS = [reverse(one.name, kwargs=dict.fromkeys(one.pattern.converters, KEY)) for one in access_urls.urlpatterns]
PLACES = sorted({*THEIRS, *(reverse(f"lms:{name}") for name in OURS)})
WITH_CREDENTIAL = [
    reverse(f"mfa_{name}") for name in ("login_webauthn", "authenticate", "reauthenticate_webauthn", "add_webauthn")
]
SCRIPT = {"accept": "application/json", "x-requested-with": "XMLHttpRequest"}


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


def with_factors(person: Person) -> Person:
    TOTP.activate(person, "A" * 32)
    RecoveryCodes.activate(person)
    a_passkey(person)
    return person


def visitors() -> list[tuple[Client, str]]:
    """Nobody, somebody between the two steps, a learner, an administrator, and one who owes the factor they have.

    Each with the key by which an address names a passkey of theirs.
    """
    nobody, between = Client(), Client()
    nobody.post("/entrar/codigo/", {"identifier": "55550000", "channel": "sms"})
    learner = with_factors(a_person(phone="55551234", password=PASSWORD))
    between.post("/entrar/", {"identifier": learner.phone, "password": PASSWORD})
    assert between.get("/entrar/segundo-paso/").status_code == 200
    found = [(nobody, KEY), (between, KEY)]
    administrator = with_factors(somebody_with_role("administrator"))
    for person, client in ((learner, FullClient()), (administrator, FullClient()), (administrator, Client())):
        client.force_login(person, "lms.backends.IdentifierBackend")
        passkey = Authenticator.objects.get(user=person, type=Authenticator.Type.WEBAUTHN)
        found.append((client, second_factor.key_of(passkey)))
    return found


@pytest.mark.parametrize("place", PLACES)
def test_no_page_of_the_door_fails_whatever_is_posted(place):
    for client, key in visitors():
        for body, how in [*((body, {}) for body in BODIES), *((raw, {"content_type": kind}) for raw, kind in RAW)]:
            cache.clear()
            assert client.post(place.replace(KEY, key), body, **how).status_code < 500


@pytest.mark.once
@pytest.mark.parametrize("place", WITH_CREDENTIAL)
def test_no_passkey_that_is_none_makes_a_page_fail(place):
    refusals, found = 0, visitors()
    kept = Authenticator.objects.count()
    for client, _key in found:
        client.get(place, headers=SCRIPT)
        for credential in CREDENTIALS:
            cache.clear()
            answer = client.post(place, {"credential": credential, "name": "Una", "passwordless": "on"})
            assert answer.status_code in {302, 413, 422}
            refusals += answer.status_code in {413, 422}
    assert refusals >= len(CREDENTIALS)
    assert Authenticator.objects.count() == kept


def test_a_signature_that_is_none_is_refused():
    person = with_factors(a_person())
    passkey = Authenticator.objects.get(user=person, type=Authenticator.Type.WEBAUTHN).data["credential"]["id"]
    client = Client()
    asked = client.get("/entrar/llave/", headers=SCRIPT).json()["request_options"]["publicKey"]["challenge"]
    answer = an_answer(
        clientDataJSON=a_client_answer("webauthn.get", asked), userHandle=websafe_encode(person.public_id.bytes)
    )
    answer |= {"id": passkey, "rawId": passkey}
    refused = client.post("/entrar/llave/", {"credential": json.dumps(answer)})
    assert refused.status_code == 422
    assert "no abre ninguna cuenta" in refused.content.decode()
    assert "_auth_user_id" not in client.session
