"""Signing in with an institution's account, against an issuer that really answers."""

import os
import subprocess
import sys

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client

from lms.domain import access
from lms.models import Person, RoleGrant
from tests.databases import ROOT
from tests.factories.people import a_person, somebody_with_role
from tests.lms import issuer as issuers

pytestmark = pytest.mark.django_db
LEAVE, BACK = "/entrar/con/institucion/", "/entrar/con/institucion/vuelta/"
ANA = {"sub": "u-1", "email": "ana@example.org", "email_verified": True, "given_name": "Ana", "family_name": "Toma"}


@pytest.fixture
def issuer(settings):
    cache.clear()
    with issuers.running() as running:
        app = {
            "provider_id": "institucion",
            "name": "Mi Institución",
            "client_id": issuers.CLIENT,
            "secret": issuers.SECRET,
            "settings": {"server_url": running.url},
        }
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
        settings.OIDC_NAME = "Mi Institución"
        running.claims = dict(ANA)
        yield running


def come_in(issuer, client: Client | None = None, **fields):
    """Off to the issuer and back; the answer to coming back."""
    client = client or Client()
    left = client.post(LEAVE, fields)
    assert left.status_code == 302
    assert left.url.startswith(f"{issuer.url}/autorizar?")
    return client.get(BACK, issuer.authorise(left.url))


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_off_there_are_no_such_addresses_and_no_button(client):
    for address in (LEAVE, BACK, "/entrar/con/otra/"):
        assert (client.get(address).status_code, client.post(address).status_code) == (404, 404)
    assert "/entrar/con/" not in client.get("/entrar/").content.decode()
    policy = client.get("/entrar/")["Content-Security-Policy"]
    assert "form-action 'self';" in policy + ";"


def test_a_new_person_gets_a_learners_record_and_comes_back_to_it(issuer):
    client = Client()
    answer = come_in(issuer, client, next="/cursos/")
    assert (answer.status_code, answer.url) == (302, "/cursos/")
    person = Person.objects.get()
    assert (person.full_name, person.email, person.has_usable_password()) == ("Ana Toma", "ana@example.org", False)
    assert access.is_email_proven(person)
    assert not RoleGrant.objects.exists()
    assert not person.is_superuser
    assert not person.groups.exists()
    assert SocialAccount.objects.get().extra_data == {}
    issuer.claims["email"] = "otra@example.org"
    again = Client()
    assert come_in(issuer, again).url == "/mi-aprendizaje/"
    assert again.session["_auth_user_id"] == str(person.pk)
    assert Person.objects.count() == 1


def test_a_claim_of_a_role_is_not_heard(issuer):
    issuer.claims |= {"role": "administrator", "groups": ["administrator"], "is_superuser": True, "is_staff": True}
    come_in(issuer)
    person = Person.objects.get()
    assert not person.is_superuser
    assert not RoleGrant.objects.exists()
    assert not person.groups.exists()


def test_a_person_whose_mail_both_sides_proved_is_found(issuer):
    person = a_person(email="ana@example.org")
    access.prove_email(person)
    client = Client()
    come_in(issuer, client)
    assert client.session["_auth_user_id"] == str(person.pk)
    assert Person.objects.count() == 1


@pytest.mark.parametrize("how", ["not_proven_here", "changed_since", "not_proven_there", "said_as_text"])
def test_a_mail_that_one_side_did_not_prove_opens_nobodys_record(issuer, how):
    person = a_person(email="ana@example.org")
    if how == "changed_since":
        EmailAddress.objects.create(user=person, email="antes@example.org", verified=True, primary=True)
    if how in {"not_proven_there", "said_as_text"}:
        access.prove_email(person)
        issuer.claims["email_verified"] = False if how == "not_proven_there" else "false"
    client = Client()
    answer = come_in(issuer, client)
    assert client.session.get("_auth_user_id") != str(person.pk)
    if how in {"not_proven_here", "changed_since"}:
        assert answer.url == "/entrar/"
        assert "Entre una vez con un código" in client.get("/entrar/").content.decode()
        assert Person.objects.count() == 1
    else:
        assert Person.objects.exclude(pk=person.pk).get().email is None


def test_who_holds_a_role_still_owes_the_second_factor(issuer):
    person = somebody_with_role("administrator", email="ana@example.org")
    access.prove_email(person)
    client = Client()
    come_in(issuer, client)
    assert is_in(client)
    assert client.get("/cms/").url.startswith("/mi-cuenta/segundo-paso/")


@pytest.mark.parametrize("state", [{"is_active": False}, {"erased_at": "2026-01-01T00:00:00Z"}])
def test_a_closed_record_stays_closed(issuer, state):
    come_in(issuer)
    Person.objects.update(**state)
    client = Client()
    assert come_in(issuer, client).url == "/entrar/"
    assert not is_in(client)


@pytest.mark.parametrize("fault", ["signature", "audience", "expired", "other_person"])
def test_a_token_that_is_not_right_lets_nobody_in(issuer, fault):
    if fault == "signature":
        issuer.key = issuers.FOREIGN_KEY
    elif fault == "audience":
        issuer.audience = "otra"
    elif fault == "expired":
        issuer.claims["exp"] = 1_600_000_000
    else:
        issuer.told = {**ANA, "sub": "u-2"}
    client = Client()
    assert come_in(issuer, client).url == "/entrar/"
    assert not is_in(client)
    assert not Person.objects.exists()


def test_a_foreign_or_repeated_state_lets_nobody_in(issuer):
    client = Client()
    carried = issuer.authorise(client.post(LEAVE).url)
    stranger = Client()
    assert stranger.get(BACK, carried).url == "/entrar/"
    assert client.get(BACK, {**carried, "state": "x"}).url == "/entrar/"
    assert not Person.objects.exists()
    client.get(BACK, carried)
    assert is_in(client)
    assert not is_in(stranger)


def test_leaving_asks_for_a_post_and_going_on_stays_inside(issuer):
    assert Client().get(LEAVE).status_code == 405
    client = Client()
    assert come_in(issuer, client, next="https://evil.example/").url == "/mi-aprendizaje/"
    assert '"/entrar/con/institucion/"' in Client().get("/entrar/").content.decode()


def test_without_a_name_nobody_is_registered(issuer):
    for name in ("given_name", "family_name"):
        del issuer.claims[name]
    client = Client()
    assert come_in(issuer, client).url == "/entrar/"
    assert not Person.objects.exists()


READ = "from lms import settings as s; print(s.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'])"
NAMED = {"AULA_OIDC_NAME": "Mi", "AULA_OIDC_CLIENT_ID": "aula", "AULA_OIDC_CLIENT_SECRET": "x"}


def read_settings(**environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", READ]
    clean = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=False)


def test_forms_may_lead_to_the_issuer_only_when_one_is_named():
    assert read_settings().stdout.strip() == "[\"'self'\"]"
    named = read_settings(AULA_OIDC_ISSUER="https://sso.example.org/realms/gt", **NAMED)
    assert named.stdout.strip() == "[\"'self'\", 'https://sso.example.org']"


def test_an_issuer_without_its_secret_does_not_start():
    answer = read_settings(AULA_OIDC_ISSUER="https://sso.example.org", AULA_OIDC_NAME="Mi")
    assert answer.returncode != 0
    assert "AULA_OIDC_CLIENT_ID" in answer.stderr
