"""Registering, signing in and out, in a browser's place."""

import logging

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from lms.backends import Argon2idHasher
from lms.domain import people
from lms.models import Person, Post
from lms.views import limits
from lms.views.limits import client_address
from tests.factories.people import PASSWORD, a_cui, a_network, a_person

pytestmark = pytest.mark.django_db
LEARNING = "/mi-aprendizaje/"


@pytest.fixture(autouse=True)
def no_tries_before():
    cache.clear()


def form(**fields) -> dict:
    given = {"given_names": "Ana Lucía", "surnames": "Toma Raymundo", "email": "ana@example.org", "password": PASSWORD}
    return {**given, **fields}


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_grown_up_registers_is_asked_for_the_post_and_goes_where_they_came_from(client):
    answer = client.post(reverse("lms:register"), form(next="/cursos/", language=""))
    assert answer.status_code == 302
    assert answer.url == "/mi-cuenta/puestos/?next=%2Fcursos%2F"
    assert is_signed_in(client)
    found = client.get(answer.url, {"q": "nebaj", "next": "/cursos/"})
    assert "municipality=1413&amp;next=/cursos/" in found.content.decode().replace("%2F", "/")
    saved = client.post(
        "/mi-cuenta/puestos/?municipality=1413",
        {"post": _post_id("RECEP"), "renglon": "011", "starts_on": "2026-01-05", "next": "/cursos/"},
    )
    assert (saved.status_code, saved.url) == (302, "/cursos/")
    appointment = Person.objects.get().current_appointment()
    assert (appointment.municipality.code, appointment.post.code) == ("1413", "RECEP")


def _post_id(code: str) -> int:
    return Post.objects.get(code=code).pk


def test_somebody_of_a_network_is_led_to_it(client):
    assert client.post(reverse("lms:register"), form(link="network")).url.startswith(reverse("lms:network_choice"))


def test_who_came_from_a_network_goes_back_to_it(client):
    page = reverse("lms:network_join", args=[a_network().public_id])
    text = client.get(reverse("lms:register"), {"next": page}).content.decode()
    assert 'value="network" id="id_link_1" checked' in text
    assert client.post(reverse("lms:register"), form(link="network", next=page)).url == page


def test_what_happens_next_is_said_when_the_post_was_noted(client):
    client.post(reverse("lms:register"), form())
    posted = {"post": _post_id("RECEP"), "renglon": "011", "starts_on": "2026-01-05"}
    told = client.post("/mi-cuenta/puestos/?municipality=1413", posted, follow=True).content.decode()
    assert "Ya puede aprender." in told
    assert "Su certificado sale cuando Recursos Humanos de Nebaj, Quiché confirme su puesto." in told
    assert "Declarado por usted" in told
    assert not people.may_be_certified(Person.objects.get())


def test_a_cui_that_looks_wrong_is_asked_about_and_then_taken(client):
    asked = client.post(reverse("lms:register"), form(cui="1234 56780 0101"))
    text = asked.content.decode()
    assert asked.status_code == 422
    assert 'name="cui_confirmed"' in text
    assert "1234 56780 0101" in text
    assert PASSWORD not in text
    assert not Person.objects.exists()
    taken = client.post(reverse("lms:register"), form(cui="1234 56780 0101", cui_confirmed="on"))
    assert taken.status_code == 302


def test_a_good_cui_is_not_asked_about(client):
    assert client.post(reverse("lms:register"), form(cui="1234 56789 0101")).status_code == 302


def test_an_error_loses_nothing_but_the_password(client):
    answer = client.post(reverse("lms:register"), form(email="", phone="12", surnames="Toma <b>"))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Ana Lucía"' in text
    assert "Toma &lt;b&gt;" in text
    assert 'value="12"' in text
    assert PASSWORD not in text


def test_an_identifier_that_exists_leads_to_signing_in_and_says_no_name(client):
    a_person(given_names="Rigoberta", surnames="Secreta", email="ana@example.org")
    answer = client.post(reverse("lms:register"), form())
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Ya hay una cuenta con este correo" in text
    assert reverse("lms:sign_in") in text
    assert "Rigoberta" not in text


def test_thirty_identifiers_that_exist_and_then_a_pause():
    """What succeeds or is refused for another reason does not count: a town hall shares one address."""
    a_person(email="ana@example.org")

    def register(**fields) -> int:
        return Client().post(reverse("lms:register"), form(**fields)).status_code

    assert [register(email=f"{number}@example.org") for number in range(2)] == [302, 302]
    assert register(email="otra@example.org", password="12345678") == 422
    assert limits.TAKEN_BY_ADDRESS.take("127.0.0.1")
    assert cache.get(limits.TAKEN_BY_ADDRESS._name("127.0.0.1")) == 1
    assert all(limits.TAKEN_BY_ADDRESS.take("127.0.0.1") for _try in range(27))
    assert [register(), register(), register(), register(email="libre@example.org")] == [422, 422, 429, 429]


@pytest.mark.parametrize("how", ["cui", "cui_spaced", "email", "phone"])
def test_signing_in_with_whatever_one_has(client, how):
    cui = a_cui()
    a_person(cui=cui, email="beto@example.org", phone="55551234", password=PASSWORD)
    typed = {
        "cui": cui,
        "cui_spaced": f"{cui[:4]} {cui[4:9]} {cui[9:]}",
        "email": " BETO@example.org",
        "phone": "+502 5555-1234",
    }[how]
    answer = client.post(reverse("lms:sign_in"), {"identifier": typed, "password": PASSWORD})
    assert (answer.status_code, answer.url) == (302, LEARNING)
    assert is_signed_in(client)
    assert client.session.get_expire_at_browser_close() is False


def test_a_shared_phone_ends_with_the_browser(client):
    a_person(phone="55551234", password=PASSWORD)
    client.post(reverse("lms:sign_in"), {"identifier": "55551234", "password": PASSWORD, "is_shared": "on"})
    assert client.session.get_expire_at_browser_close() is True
    assert client.cookies["sessionid"]["max-age"] == ""


def test_wrong_unknown_and_closed_get_the_same_answer(client):
    a_person(phone="55551234", password=PASSWORD)
    a_person(phone="55550000", password=PASSWORD, is_active=False)
    tries = [("55551234", "mal"), ("55559999", "mal"), ("55550000", PASSWORD)]
    answers = [client.post(reverse("lms:sign_in"), {"identifier": who, "password": word}) for who, word in tries]
    texts = {
        answer.content.decode().replace(who, "").split("<main")[1].split("csrfmiddlewaretoken")[0]
        for answer, (who, _word) in zip(answers, tries, strict=True)
    }
    assert {answer.status_code for answer in answers} == {422}
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/cursos/?q=agua", "/cursos/?q=agua"),
        ("https://evil.example/", LEARNING),
        ("//evil.example/", LEARNING),
        ("javascript:alert(1)", LEARNING),
        ("/\\evil.example", LEARNING),
    ],
)
def test_going_on_stays_inside(client, asked, goes):
    a_person(phone="55551234", password=PASSWORD)
    page = client.get(reverse("lms:sign_in"), {"next": asked}).content.decode().split("<main")[1].split("</main")[0]
    assert not [word for word in ("evil", "javascript:") if word in page]
    answer = client.post(reverse("lms:sign_in"), {"identifier": "55551234", "password": PASSWORD, "next": asked})
    assert answer.url == goes


def test_ten_tries_for_one_identifier_and_then_a_pause(client):
    a_person(phone="55551234", password=PASSWORD)
    statuses = [_sign_in(client, "55551234", "mal") for _try in range(11)]
    assert statuses == [422] * 10 + [429]
    assert _sign_in(client, "+502 5555 1234", PASSWORD) == 429
    assert not is_signed_in(client)


def _sign_in(client: Client, identifier: str, password: str) -> int:
    return client.post(reverse("lms:sign_in"), {"identifier": identifier, "password": password}).status_code


def test_an_unknown_identifier_is_counted_all_the_same(client):
    assert [_sign_in(client, "55559999", "mal") for _try in range(11)][-1] == 429


def test_a_success_forgets_the_tries(client):
    a_person(phone="55551234", password=PASSWORD)
    for _try in range(9):
        _sign_in(client, "55551234", "mal")
    assert _sign_in(client, "55551234", PASSWORD) == 302
    client.logout()
    assert _sign_in(client, "55551234", "mal") == 422


def test_a_town_hall_behind_one_address_is_not_locked_out(client):
    assert all(limits.SIGN_IN_BY_ADDRESS.take("127.0.0.1") for _try in range(299))
    assert _sign_in(client, "55550998", "mal") == 422
    assert _sign_in(client, "55550999", "mal") == 429


def test_successes_do_not_count_for_the_address(client):
    a_person(phone="55551234", password=PASSWORD)
    for _time in range(3):
        _sign_in(client, "55551234", PASSWORD)
        client.logout()
    assert not [key for key in _counts() if key]


def _counts() -> list[int]:
    return [cache.get(limits.SIGN_IN_BY_ADDRESS._name("127.0.0.1"), 0)]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "9.9.9.9", "127.0.0.1"),
        (1, "1.1.1.1, 2.2.2.2", "2.2.2.2"),
        (2, "1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_only_our_own_proxies_are_believed(rf, settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    request = rf.get("/", headers={"X-Forwarded-For": forwarded} if forwarded else {})
    assert client_address(request) == address


def test_signing_out_clears_and_says_so(client):
    person = a_person(phone="55551234", password=PASSWORD)
    client.force_login(person)
    assert client.get(reverse("lms:sign_out")).status_code == 405
    assert is_signed_in(client)
    answer = client.post(reverse("lms:sign_out"), follow=True)
    assert "Su sesión está cerrada" in answer.content.decode()
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("address", "goes"),
    [
        ("/cms/login/?next=/cms/pages/", "/entrar/?next=/cms/pages/"),
        ("/cms/login/", "/entrar/?next=/cms/"),
        ("/cms/password_reset/", "/mi-cuenta/"),
        ("/cms/password_reset/confirm/MQ/set-password/", "/mi-cuenta/"),
        ("/cms/account/", "/mi-cuenta/"),
        ("/cms/users/", "/cms/personas/"),
        ("/cms/groups/", "/cms/personas/"),
        ("/cms/bulk/lms/person/delete/?id=1", "/cms/personas/"),
        ("/_util/login/", "/entrar/?next=/"),
        ("/cms/", "/entrar/?next=/cms/"),
    ],
)
def test_wagtails_own_doors_are_closed(client, address, goes):
    answer = client.get(address)
    assert (answer.status_code, answer.url) == (302, goes)


def test_wagtails_login_takes_no_password(client):
    a_person(email="jefe@example.org", password=PASSWORD, is_superuser=True)
    client.post("/cms/login/", {"username": "jefe@example.org", "password": PASSWORD})
    assert not is_signed_in(client)


def test_posting_without_the_forms_mark_is_explained_in_spanish():
    answer = Client(enforce_csrf_checks=True).post(reverse("lms:sign_in"), {"identifier": "1", "password": "2"})
    assert answer.status_code == 403
    assert "No se cambió nada" in answer.content.decode()


def test_a_cui_reaches_neither_pages_nor_addresses_nor_logs(client, caplog):
    cui = "1234567890101"
    caplog.set_level(logging.DEBUG)
    answers = [
        client.post(reverse("lms:register"), form(cui=cui), follow=True),
        client.get(reverse("lms:account")),
        client.get(reverse("lms:details")),
        client.post(reverse("lms:sign_out"), follow=True),
        client.post(reverse("lms:sign_in"), {"identifier": cui, "password": PASSWORD}, follow=True),
    ]
    for answer in answers:
        assert answer.status_code in {200, 404}
        assert cui not in answer.content.decode().replace(" ", "")
        assert not [url for url, _status in getattr(answer, "redirect_chain", []) if cui in url]
    assert "•••• ••••• 0101" in answers[1].content.decode()
    assert cui not in caplog.text


def test_a_password_costs_what_owasp_asks_for():
    kept = Argon2idHasher().encode("maíz-y-frijol-2026", "sal-de-la-tierra")
    assert kept.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
