"""The second step: who owes it, what is open without it, setting it up, giving it at the door."""

import json
import re
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms.models import AuditEvent, Membership, Person, RoleGrant
from lms.views import gate
from tests.factories.people import a_member, a_network, a_person, an_employee, somebody_with_role
from tests.lms.second_factor_steps import ACTIVATE, INDEX, add_application, at_the_door, enrolled, signed_in, totp

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("/mi-aprendizaje/", 302),
        ("/cursos/", 302),
        ("/cms/", 302),
        ("/cms/personas/", 302),
        ("/cms/pages/", 302),
        ("/seguimiento/", 302),
        ("/mi-cuenta/datos/", 302),
        ("/mi-cuenta/", 200),
        ("/mi-cuenta/contrasena/", 200),
        (INDEX, 200),
        ("/salud/", 200),
    ],
)
def test_without_it_a_role_opens_nothing_but_ones_own_account(address, answer):
    client = signed_in(somebody_with_role("administrator"))
    got = client.get(address)
    assert got.status_code == answer
    if answer == 302:
        assert got.url.startswith(f"{INDEX}?next=")
        posted = client.post(address)
        assert (posted.status_code, posted.url) == (302, INDEX)


def test_the_api_is_told_in_its_own_language():
    client = signed_in(somebody_with_role("trainer"))
    answer = client.post("/api/v1/watch", "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor.needed")


@pytest.mark.parametrize(
    "role", ["trainer", "hr_delegate", "department_delegate", "certifier", "administrator", "auditor"]
)
def test_every_role_owes_it_and_the_installer_too(role):
    assert signed_in(somebody_with_role(role)).get("/mi-aprendizaje/").status_code == 302
    assert signed_in(a_person(is_superuser=True)).get("/mi-aprendizaje/").status_code == 302


def test_learners_and_coordinators_do_not_owe_it():
    assert signed_in(an_employee()).get("/mi-aprendizaje/").status_code == 200
    assert signed_in(a_member(a_network(), is_coordinator=True)).get("/redes/").status_code == 200
    assert Membership.objects.get().is_coordinator


def test_a_role_granted_in_mid_session_asks_at_the_next_request_and_its_end_lets_go():
    person = an_employee()
    client = signed_in(person)
    assert client.get("/mi-aprendizaje/").status_code == 200
    grant = RoleGrant.objects.create(person=person, role="trainer", scope="nation")
    assert client.get("/mi-aprendizaje/").status_code == 302
    grant.delete()
    assert client.get("/mi-aprendizaje/").status_code == 200


def test_only_these_addresses_are_open_without_it():
    for name in gate.OPEN | gate.OPEN_TO_SET_UP:
        assert reverse(name)
    shut = {"lms:details", "lms:own_data", "courses:learning", "mfa_deactivate_totp", "mfa_generate_recovery_codes"}
    assert shut & (gate.OPEN | gate.OPEN_TO_SET_UP) == set()
    assert {"lms:password", "mfa_activate_totp", "mfa_add_webauthn"} & gate.OPEN == set()


def test_demo_people_are_spared_where_the_demo_is_and_nowhere_else(settings):
    demo = somebody_with_role("administrator", is_demo=True)
    assert signed_in(demo).get("/mi-aprendizaje/").status_code == 200
    settings.SECOND_FACTOR_SPARES_DEMO = False
    assert signed_in(demo).get("/mi-aprendizaje/").status_code == 302


def test_it_can_be_switched_off(settings):
    settings.SECOND_FACTOR = "off"
    assert signed_in(somebody_with_role("administrator")).get("/mi-aprendizaje/").status_code == 200


def test_setting_up_an_application_opens_the_way_and_leads_on():
    person = somebody_with_role("administrator")
    client = signed_in(person)
    assert client.get(client.get("/cms/personas/").url).status_code == 200
    add_application(client)
    codes = client.get(INDEX + "codigos/").content.decode()
    assert len(re.findall(r"<li>\d{8}</li>", codes)) == 10
    assert not re.findall(r"<li>\d{8}</li>", client.get(INDEX + "codigos/").content.decode())
    page = client.get(INDEX).content.decode()
    assert 'href="/cms/personas/"' in page
    assert client.get("/cms/personas/").status_code == 200
    assert list(AuditEvent.objects.filter(action="access.factor_added").values_list("facts", "actor")) == [
        ({"type": "totp"}, str(person.public_id)),
        ({"type": "recovery_codes"}, str(person.public_id)),
    ]


def test_secrets_are_kept_encrypted():
    client = signed_in(somebody_with_role("administrator"))
    secret = add_application(client)
    codes = re.findall(r"<li>(\d{8})</li>", client.get(INDEX + "codigos/").content.decode())
    kept = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert not [word for word in (secret, *codes) if word in kept]
    assert json.loads(kept)[0]["secret"].startswith("gAAAA")
    assert [row["seed"][:5] for row in json.loads(kept) if "seed" in row] == ["gAAAA"]


def test_the_second_step_at_the_door_goes_on_to_where_one_was_going():
    person, secret, _codes = enrolled()
    client = at_the_door(person, next="/cms/personas/", is_shared="on")
    assert client.get("/mi-aprendizaje/").url.startswith("/entrar/")
    before = client.session.session_key
    assert client.post("/entrar/segundo-paso/", {"code": "000000"}).status_code == 422
    answer = client.post("/entrar/segundo-paso/", {"code": totp(secret)})
    assert (answer.status_code, answer.url) == (302, "/cms/personas/")
    assert client.session.session_key != before
    assert client.session.get_expire_at_browser_close()
    assert client.get("/cms/personas/").status_code == 200


def test_the_second_step_is_nobodys_page_without_the_first():
    assert Client().get("/entrar/segundo-paso/").url == "/entrar/"
    assert Client().post("/entrar/segundo-paso/", {"code": "123456"}).url == "/entrar/"


def test_a_code_of_the_application_is_taken_once_as_long_as_it_would_be_accepted():
    person, secret, _codes = enrolled()
    code = totp(secret, ahead=1)
    assert at_the_door(person).post("/entrar/segundo-paso/", {"code": code}).status_code == 302
    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        assert at_the_door(person).post("/entrar/segundo-paso/", {"code": code}).status_code == 422


def test_a_recovery_code_is_taken_once():
    person, _secret, codes = enrolled()
    assert at_the_door(person).post("/entrar/segundo-paso/", {"code": codes[0]}).status_code == 302
    assert at_the_door(person).post("/entrar/segundo-paso/", {"code": codes[0]}).status_code == 422
    assert at_the_door(person).post("/entrar/segundo-paso/", {"code": codes[1]}).status_code == 302


def test_five_wrong_codes_and_then_a_pause_for_this_account_alone():
    person, secret, _codes = enrolled()
    client = at_the_door(person)
    for _try in range(5):
        assert client.post("/entrar/segundo-paso/", {"code": "000000"}).status_code == 422
    paused = client.post("/entrar/segundo-paso/", {"code": totp(secret)})
    assert paused.status_code == 422
    assert "Espere 5 minutos" in paused.content.decode()
    other, secret, _codes = enrolled()
    assert at_the_door(other).post("/entrar/segundo-paso/", {"code": totp(secret)}).status_code == 302


def test_a_record_that_closes_between_the_steps_stays_out():
    person, secret, _codes = enrolled()
    client = at_the_door(person)
    Person.objects.filter(pk=person.pk).update(is_active=False)
    client.post("/entrar/segundo-paso/", {"code": totp(secret)})
    assert client.get("/mi-aprendizaje/").status_code == 302


def test_who_owes_a_factor_they_have_may_only_give_it():
    person, secret, codes = enrolled()
    client = Client()
    client.force_login(person, "lms.backends.IdentifierBackend")
    kept = list(Authenticator.objects.order_by("pk").values_list("pk", "data"))
    shut = (ACTIVATE, f"{ACTIVATE}quitar/", f"{INDEX}llaves/", f"{INDEX}llaves/{'0' * 16}/", f"{INDEX}codigos/")
    for address in (*shut, f"{INDEX}codigos/nuevos/", "/mi-cuenta/", "/mi-cuenta/contrasena/", "/cms/"):
        assert client.get(address).url.startswith(f"{INDEX}?next=")
        assert client.post(address, {"code": totp(secret)}).url == INDEX
    assert list(Authenticator.objects.order_by("pk").values_list("pk", "data")) == kept
    page = client.get(INDEX).content.decode()
    assert "Dar el segundo paso" in page
    assert "Agregar" not in page.split("<main")[1]
    assert "Hacer códigos nuevos" not in page
    assert client.get("/mi-cuenta/confirmar/").url == "/mi-cuenta/confirmar/codigo/"
    assert client.get("/mi-cuenta/confirmar/codigo/").status_code == 200
    assert client.get("/mi-cuenta/confirmar/llave/").status_code == 302
    given = client.post(f"/mi-cuenta/confirmar/codigo/?next={INDEX}", {"code": codes[0]})
    assert (given.status_code, given.url) == (302, INDEX)
    assert client.get("/cms/").status_code == 200
    assert "Hacer códigos nuevos" in client.get(INDEX).content.decode()


def test_passkey_nonsense_is_refused_in_peace():
    client = Client()
    offered = client.get("/entrar/llave/", headers={"accept": "application/json", "x-requested-with": "XMLHttpRequest"})
    options = offered.json()["request_options"]["publicKey"]
    assert (options["userVerification"], options.get("allowCredentials", [])) == ("required", [])
    credential = {"id": "AA", "rawId": "AA", "type": "public-key", "response": {}, "clientExtensionResults": {}}
    for nonsense in ("", "{}", "[]", "null", '"x"', json.dumps(credential)):
        answer = client.post("/entrar/llave/", {"credential": nonsense})
        assert answer.status_code == 422
        assert "Esta llave no abre ninguna cuenta aquí" in answer.content.decode()


@pytest.mark.parametrize("name", ["signup", "email", "password/reset", "logout", "inactive", "3rdparty", "2fa"])
def test_allauths_own_pages_are_not_there(client, name):
    for prefix in ("accounts", "entrar", "mi-cuenta", ""):
        assert client.get(f"/{prefix}/{name}/".replace("//", "/")).status_code == 404
