"""How often a password may be tried: neither a town hall nor a victim is locked out, and a guesser is slowed."""

import pytest
from django.core.cache import cache
from django.test import Client

from lms.views import devices, limits
from tests.factories.people import PASSWORD, a_cui, a_person

pytestmark = pytest.mark.django_db
WRONG = "mal"
TOWN_HALL, ELSEWHERE = "190.0.0.1", "203.0.113.9"


@pytest.fixture(autouse=True)
def fresh():
    cache.clear()


def attempt(identifier: str, password: str = WRONG, *, client: Client | None = None, address: str = TOWN_HALL) -> int:
    fields = {"identifier": identifier, "password": password}
    return (client or Client()).post("/entrar/", fields, REMOTE_ADDR=address).status_code


def tries_of_a(address: str, identifiers: list[str], *, is_right: bool = False) -> list[bool]:
    """What the limits say to tries from one address, without the cost of hashing each password."""
    told = []
    for identifier in identifiers:
        one = limits.PasswordTry(address, identifier, "", None)
        told.append(one.take())
        if told[-1] and is_right:
            one.succeeded()
    return told


def test_an_identifier_counts_once_in_whichever_digits_it_is_typed():
    assert {limits.identifier_key(typed) for typed in ("55551234", "+502 5555-1234", "５５５５１２３４")} == {
        "55551234"
    }
    assert limits.identifier_key("٥٥٥٥١٢٣٤") == ""


HALL = [f"5500{number:04d}" for number in range(300)]


def test_three_hundred_people_behind_one_address_come_in_at_eight():
    assert all(tries_of_a(TOWN_HALL, HALL, is_right=True))
    assert all(tries_of_a(TOWN_HALL, HALL, is_right=True))
    a_person(phone="55551234", password=PASSWORD)
    assert attempt("55551234", PASSWORD) == 302


def test_whoever_has_three_identifiers_is_tried_no_more_often_than_others():
    cui = a_cui()
    person = a_person(cui=cui, phone="55551234", email="ana@example.org", password=PASSWORD)
    typed = [cui, "55551234", "ana@example.org"]
    tries = [limits.PasswordTry(ELSEWHERE, typed[number % 3], "", person).take() for number in range(10)]
    assert tries == [True] * 10
    assert attempt(cui, PASSWORD, address=ELSEWHERE) == 429
    assert attempt("55559999", address=ELSEWHERE) == 422


def test_three_hundred_people_who_mistype_three_times_each_still_come_in():
    for _time in range(3):
        assert all(tries_of_a(TOWN_HALL, HALL))
    assert all(tries_of_a(TOWN_HALL, HALL, is_right=True))
    assert not limits.SIGN_IN_BY_ADDRESS.is_spent(TOWN_HALL)


def test_one_password_over_many_identifiers_from_one_address_is_slowed():
    a_person(phone="55551234", password=PASSWORD)
    assert tries_of_a(ELSEWHERE, HALL) == [True] * 300
    assert attempt("55551234", PASSWORD, address=ELSEWHERE) == 429
    # Nor may those be tried on that were counted.
    assert tries_of_a(ELSEWHERE, HALL[:3]) == [False] * 3
    assert attempt("55551234", PASSWORD, address=TOWN_HALL) == 302


def test_many_passwords_on_one_identifier_from_many_addresses_are_slowed():
    a_person(phone="55551234", password=PASSWORD)
    assert [attempt("55551234", address=f"198.51.100.{number}") for number in range(11)] == [422] * 10 + [429]
    assert attempt("+502 5555-1234", PASSWORD, address="198.51.100.200") == 429


def test_the_owner_comes_in_from_a_known_device_whatever_strangers_try():
    a_person(phone="55551234", password=PASSWORD)
    a_person(phone="55550000", password=PASSWORD)
    owner, other = Client(), Client()
    for client, phone in ((owner, "55551234"), (other, "55550000")):
        assert attempt(phone, PASSWORD, client=client) == 302
        client.post("/salir/")
    for number in range(12):
        attempt("55551234", address=f"198.51.100.{number}")
    assert attempt("55551234", PASSWORD) == 429
    # Somebody else's known device is a stranger's for this person.
    assert attempt("55551234", PASSWORD, client=other) == 429
    assert attempt("55551234", PASSWORD, client=owner) == 302


def test_a_known_device_has_tries_of_its_own_and_no_more():
    a_person(phone="55551234", password=PASSWORD)
    client = Client()
    attempt("55551234", PASSWORD, client=client)
    client.post("/salir/")
    assert [attempt("55551234", client=client) for _try in range(11)] == [422] * 10 + [429]
    assert attempt("55551234", PASSWORD, client=client) == 429
    assert attempt("55551234", PASSWORD) == 302


def test_a_device_is_a_stranger_after_the_password_changed():
    person = a_person(phone="55551234", password=PASSWORD)
    client = Client()
    attempt("55551234", PASSWORD, client=client)
    request = client.get("/mi-cuenta/").wsgi_request
    assert devices.known_as(request, person)
    person.set_password("otra-frase-larga-2026")
    assert not devices.known_as(request, person)


def test_what_a_device_keeps_names_nobody_and_cannot_be_made_up():
    person = a_person(phone="55551234", password=PASSWORD)
    client = Client()
    attempt("55551234", PASSWORD, client=client)
    kept = client.cookies[devices.KNOWN]
    assert kept["httponly"]
    assert kept["samesite"] == "Lax"
    assert str(person.public_id) not in kept.value
    client.cookies[devices.KNOWN] = kept.value[:-1] + ("A" if kept.value[-1] != "A" else "B")
    assert not devices.known_as(client.get("/mi-cuenta/").wsgi_request, person)


def test_a_shared_device_knows_nobody():
    a_person(phone="55551234", password=PASSWORD)
    client = Client()
    attempt("55551234", PASSWORD, client=client)
    client.post("/salir/")
    client.post("/entrar/", {"identifier": "55551234", "password": PASSWORD, "is_shared": "on"})
    assert client.cookies[devices.KNOWN].value == ""
    assert client.cookies[devices.SHARED].value == "1"


def test_a_stranger_at_one_address_leaves_the_victim_a_way_in_on_a_new_device():
    a_person(phone="55551234", email="ana@example.org", password=PASSWORD)
    ask = {"identifier": "55551234", "channel": "sms"}
    for _time in range(10):
        attempt("55551234", address=ELSEWHERE)
    answers = [Client().post("/entrar/codigo/", ask, REMOTE_ADDR=ELSEWHERE).status_code for _time in range(40)]
    assert answers == [302] * 5 + [429] * 35
    assert attempt("55551234", PASSWORD) == 429
    assert Client().post("/entrar/codigo/", ask, REMOTE_ADDR=TOWN_HALL).status_code == 302


def test_a_line_counts_as_one_address():
    assert limits.line_of("2001:db8:1:2:3:4:5:6") == limits.line_of("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert limits.line_of("2001:db8:1:3::1") != limits.line_of("2001:db8:1:2::1")
    assert limits.line_of("::ffff:190.0.0.1") == limits.line_of("190.0.0.1") == "190.0.0.1"
    assert limits.line_of("") == ""
    assert tries_of_a("2001:db8:1:2::1", HALL) == [True] * 300
    assert tries_of_a("2001:db8:1:2::2", ["55551234"]) == [False]


def test_a_try_of_one_identifier_counts_once_for_its_line():
    for number in range(10):
        assert tries_of_a(f"2001:db8:1:2::{number:x}", ["55551234"]) == [True]
    line = limits.line_of("2001:db8:1:2::1")
    assert all(limits.SIGN_IN_BY_ADDRESS.take(line) for _try in range(299))


NEW = {"password": "una-nueva-para-siempre", "given_names": "Ana", "surnames": "Ceto", "phone": "55551234"}
COUNTED = {
    "recovery": ("/entrar/recursos-humanos/", {**NEW, "identifier": "55551234", "code": "AAAA-AAAA"}),
    "redeem": ("/entrar/codigo/recibido/", {"code": "000000"}),
    "register": ("/registro/", {**NEW, "link": "post", "born_on": "1990-01-01", "email": ""}),
    "taken": ("/registro/", {**NEW, "link": "post", "born_on": "1990-01-01", "email": ""}),
}


@pytest.mark.parametrize("name", COUNTED)
def test_every_limit_of_the_door_by_address_is_by_line(name):
    """However many addresses of its line somebody asks from, and nobody else's line waits for it."""
    address, fields = COUNTED[name]
    limit = getattr(limits, f"{name.upper()}_BY_ADDRESS")

    def answer(origin: str) -> int:
        client = Client(REMOTE_ADDR=origin)
        client.post("/entrar/codigo/", {"identifier": "55550001", "channel": "sms"})
        return client.post(address, fields).status_code

    for _try in range(limit.most):
        limit.take("2001:db8:1:2::/64")
    assert answer("2001:db8:1:3::1") in {302, 422}
    assert answer("2001:db8:1:2:9::1") == 429
