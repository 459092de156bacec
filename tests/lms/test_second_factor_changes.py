"""The second factor afterwards: a fresh proof for each change, what a first one ends, taking it away, losing it."""

import re
import time
from datetime import timedelta

import pytest
import time_machine
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from lms.domain import access
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, RoleGrant
from tests.clients import FullClient
from tests.factories.people import PASSWORD, a_person, an_employee, somebody_with_role
from tests.lms.second_factor_steps import ACTIVATE, INDEX, add_application, at_the_door, enrolled, signed_in, totp

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


def test_nothing_is_changed_without_a_fresh_proof():
    person, secret, _codes = enrolled()
    client = at_the_door(person)
    client.post("/entrar/segundo-paso/", {"code": totp(secret)})
    assert client.get(ACTIVATE + "quitar/").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        for address in (ACTIVATE + "quitar/", INDEX + "llaves/", INDEX + "codigos/nuevos/"):
            asked = client.get(address)
            assert (asked.status_code, asked.url.split("?")[0]) == (302, "/mi-cuenta/confirmar/codigo/")
            if "codigos" not in address:
                assert client.post(address).status_code == 302
        asked = client.get(INDEX + "codigos/nuevos/")
        assert Authenticator.objects.filter(user=person).count() == 2
        assert client.post(asked.url, {"code": "000000"}).status_code == 422
        back = client.post(asked.url, {"code": totp(secret)})
        assert (back.status_code, back.url) == (302, INDEX + "codigos/nuevos/")
        assert client.get(back.url).status_code == 200


@pytest.mark.parametrize("make", [somebody_with_role, an_employee])
def test_a_password_is_no_proof_for_whoever_has_a_factor(make):
    person = make("trainer") if make is somebody_with_role else make()
    client = signed_in(person)
    secret = add_application(client)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        confirm = client.get(INDEX + "codigos/nuevos/").url
        assert "Con mi contraseña" not in client.get(confirm).content.decode()
        refused = client.post("/mi-cuenta/confirmar/", {"password": PASSWORD})
        assert refused.url == "/mi-cuenta/confirmar/codigo/"
        # A password that was given before there was a factor, by the letter of allauth still fresh.
        session = client.session
        given = {"method": "password", "at": time.time(), "reauthenticated": True}
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [*session[AUTHENTICATION_METHODS_SESSION_KEY], given]
        session.save()
        for address in (INDEX + "codigos/nuevos/", INDEX + "llaves/", ACTIVATE + "quitar/"):
            assert client.post(address).url.startswith("/mi-cuenta/confirmar/codigo/")
        assert client.post("/mi-cuenta/confirmar/codigo/", {"code": totp(secret)}).status_code == 302
        assert client.get(ACTIVATE + "quitar/").status_code == 200


def test_whoever_has_none_confirms_with_the_password():
    person = somebody_with_role("trainer")
    client = signed_in(person)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        asked = client.get(ACTIVATE)
        assert asked.url.startswith("/mi-cuenta/confirmar/?")
        assert client.post(asked.url, {"password": "mal"}).status_code == 422
        assert client.post(asked.url, {"password": PASSWORD}).url == ACTIVATE
        add_application(client)
        assert client.get("/cms/").status_code == 200


def test_whoever_has_neither_password_nor_factor_comes_in_anew(run_jobs):
    person, client = a_person(email="ana@example.org"), Client()

    def come_in() -> None:
        client.post("/entrar/codigo/", {"identifier": person.email, "channel": "email"})
        run_jobs()
        client.post("/entrar/codigo/recibido/", {"code": re.search(r"\d{6}", mail.outbox[-1].body)[0]})

    come_in()
    assert client.get(ACTIVATE).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        for address in (ACTIVATE, INDEX + "llaves/"):
            assert [client.get(address).url, client.post(address, {"code": "000000"}).url] == ["/mi-cuenta/"] * 2
        assert "salga y entre de nuevo" in client.get("/mi-cuenta/").content.decode()
        assert not Authenticator.objects.exists()
        client.post("/salir/")
        come_in()
        add_application(client)
    assert access.has_second_factor(person)


def test_the_first_factor_ends_the_sessions_that_came_in_without_and_a_second_one_does_not():
    person = somebody_with_role("administrator")
    ours = signed_in(person)
    older = Client()
    older.post("/entrar/", {"identifier": person.phone, "password": PASSWORD})
    assert older.get("/mi-cuenta/").status_code == 200
    secret = add_application(ours)
    assert ours.get("/cms/").status_code == 200
    for address in ("/mi-cuenta/", INDEX, "/cms/"):
        assert older.get(address).url.startswith(("/entrar/", "/cms/login/"))
    cache.clear()
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        later = at_the_door(person)
        later.post("/entrar/segundo-paso/", {"code": totp(secret)})
        Authenticator.objects.filter(type="totp").update(type="webauthn")
        add_application(later, codes=False)
    assert ours.get("/cms/").status_code == 200


def test_the_last_one_is_not_taken_away_from_a_role_and_learners_may_go_without():
    person, secret, _codes = enrolled()
    client = at_the_door(person)
    client.post("/entrar/segundo-paso/", {"code": totp(secret)})
    assert client.post(ACTIVATE + "quitar/").status_code == 422
    assert access.has_second_factor(person)
    RoleGrant.objects.all().delete()
    assert client.post(ACTIVATE + "quitar/").url == INDEX
    assert not Authenticator.objects.filter(user=person).exists()
    RoleGrant.objects.create(person=person, role="trainer", scope="nation")
    # What was given once does not outlive the factor.
    assert client.get("/mi-aprendizaje/").status_code == 302


def test_somebody_elses_passkey_is_no_page():
    client = signed_in(a_person())
    assert client.get(f"{INDEX}llaves/{'0' * 16}/").status_code == 404
    assert client.post(f"{INDEX}llaves/{'0' * 16}/quitar/").status_code == 404


def test_anam_takes_a_lost_factor_away_and_nobody_else():
    person, _secret, _codes = enrolled("hr_delegate")
    session = FullClient()
    session.force_login(person)
    assert session.get("/mi-aprendizaje/").status_code == 200
    address = f"/personal/{person.public_id}/segundo-paso/"
    for role in ("hr_delegate", "auditor", "trainer", "certifier"):
        client = FullClient()
        client.force_login(somebody_with_role(role))
        assert client.post(address).status_code == 403
    assert access.has_second_factor(person)
    administrator = somebody_with_role("administrator")
    client = FullClient()
    client.force_login(administrator)
    assert address in client.get(f"/cms/personas/edit/{person.pk}/", follow=True).content.decode()
    assert "Quitar el segundo paso" in client.get(address).content.decode()
    assert client.post(address, follow=True).status_code == 200
    assert not Authenticator.objects.filter(user=person).exists()
    assert session.get("/mi-cuenta/").status_code == 302
    event = AuditEvent.objects.get(action="access.factors_removed")
    assert (event.actor, event.facts) == (str(administrator.public_id), {"types": ["recovery_codes", "totp"]})
    with pytest.raises(RuleBroken) as broken:
        access.remove_factors(person=administrator, by=administrator)
    assert broken.value.code == "access.not_allowed"
    with pytest.raises(RuleBroken):
        access.remove_factors(person=a_person(is_superuser=True), by=administrator)


def test_a_first_password_asks_for_a_fresh_sign_in():
    person = a_person()
    client = FullClient()
    client.force_login(person)
    page = "/mi-cuenta/contrasena/"
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert client.get(page).url == "/mi-cuenta/"
    assert "Contraseña actual" not in client.get(page).content.decode()
    assert client.post(page, {"password": "12345678"}).status_code == 422
    assert client.post(page, {"password": PASSWORD}).status_code == 302
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert client.get("/mi-cuenta/").status_code == 200
    assert client.post(page, {"password": "otra-frase-larga-2026"}).status_code == 422
