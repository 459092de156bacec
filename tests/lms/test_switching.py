"""A device that several people use: what is left of one for the next."""

import pytest
from django.test import Client

from lms.views import devices
from tests.factories.people import PASSWORD, a_person

pytestmark = pytest.mark.django_db
SWITCH = "/cambiar-de-persona/"


@pytest.fixture
def shared() -> Client:
    a_person(given_names="Rigoberta", phone="55551234", password=PASSWORD)
    client = Client()
    client.post("/entrar/", {"identifier": "55551234", "password": PASSWORD, "is_shared": "on"})
    return client


def test_one_tap_in_the_header_of_a_shared_device(shared):
    page = shared.get("/mi-aprendizaje/").content.decode()
    header = page.split("</header>")[0]
    assert header.count("data-switch") == 2
    assert "Salir" not in header
    assert "courses/outbox.js" in page


def test_on_ones_own_device_it_stands_in_the_account(client):
    client.force_login(a_person())
    assert "data-switch" not in client.get("/mi-aprendizaje/").content.decode()
    assert client.get("/mi-cuenta/").content.decode().count("data-switch") == 1


@pytest.mark.parametrize(
    ("waiting", "forgets"),
    [("0", '"cache", "storage"'), ("3", '"cache"'), ("", '"cache"'), (None, '"cache"'), ("-0", '"cache"')],
)
def test_the_browser_forgets_and_keeps_what_still_waits(shared, waiting, forgets):
    answer = shared.post(SWITCH, {} if waiting is None else {"waiting": waiting})
    assert (answer.status_code, answer.url) == (302, "/entrar/")
    assert answer["Clear-Site-Data"] == forgets
    assert "_auth_user_id" not in shared.session


def test_the_next_person_finds_no_trace_of_the_last(shared):
    shared.post(SWITCH, {"waiting": "0"})
    page = shared.get("/entrar/").content.decode()
    assert not [trace for trace in ("Rigoberta", "55551234") if trace in page]
    fields = page.split("<main")[1].split("</form>")[0]
    assert fields.count('autocomplete="off"') == 2
    assert 'autocomplete="username"' not in fields
    assert "checked" in fields
    kept = {name: cookie.value for name, cookie in shared.cookies.items() if cookie.value}
    assert set(kept) - {"csrftoken", "sessionid", "messages", devices.SHARED} == set()
    assert not shared.session.get("_auth_user_id")


def test_it_is_said_again_that_the_device_is_ones_own(shared):
    shared.post(SWITCH)
    shared.post("/entrar/", {"identifier": "55551234", "password": PASSWORD})
    assert not shared.session.get_expire_at_browser_close()
    assert shared.cookies[devices.SHARED].value == ""


def test_registering_on_a_shared_device_ends_with_the_browser_too(client):
    client.cookies[devices.SHARED] = "1"
    client.force_login(a_person())
    assert devices.is_shared(client.get("/mi-cuenta/").wsgi_request)


def test_leaving_asks_for_a_post(shared):
    assert shared.get(SWITCH).status_code == 405
    assert "_auth_user_id" in shared.session


def test_signing_out_of_a_shared_device_empties_its_cache(shared, client):
    assert shared.post("/salir/")["Clear-Site-Data"] == '"cache"'
    client.force_login(a_person())
    assert not client.post("/salir/").has_header("Clear-Site-Data")


def test_a_page_of_ones_own_is_kept_by_nobody(shared):
    assert "no-store" in shared.get("/mi-cuenta/")["Cache-Control"]
