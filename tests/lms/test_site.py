"""The front page, and the pages that say that something is not as expected."""

import gzip
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from tests.factories.people import a_person

pytestmark = pytest.mark.django_db


class Headings(HTMLParser):
    """The levels of a page's headings, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.levels.append(int(tag[1]))


def test_the_front_page_leads_everywhere(client):
    text = client.get("/").content.decode()
    for name in ("courses:catalogue", "courses:tools", "certificates:verify", "lms:register", "lms:sign_in"):
        assert f'href="{reverse(name)}"' in text
    for code in ("AC", "DE", "FI", "OP"):
        assert f"?family={code}" in text


def test_the_front_page_is_light(client):
    styles = [(settings.BASE_DIR / "lms/static/lms" / name).read_bytes() for name in ("aula.css", "home.css")]
    page = client.get("/").content
    assert sum(len(gzip.compress(part)) for part in [page, *styles]) < 15_000
    assert b"<script" not in page
    assert b"style=" not in page


def test_somebody_signed_in_goes_on_to_their_learning(client):
    client.force_login(a_person())
    assert client.get("/").url == reverse("courses:learning")


@pytest.mark.parametrize("name", ["lms:home", "lms:sign_in", "lms:register"])
def test_headings_are_in_order(client, name):
    levels = Headings(client.get(reverse(name)).content.decode()).levels
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_what_is_not_there_says_what_to_do(client):
    answer = client.get("/no-existe-nada/")
    assert answer.status_code == 404
    assert "Esta página no existe" in answer.content.decode()


def test_what_is_not_allowed_says_whom_to_ask(client):
    client.force_login(a_person())
    answer = client.get("/cms/")
    assert answer.status_code == 403
    assert "Su cuenta no abre esta página" in answer.content.decode()


def test_the_page_of_a_fault_stands_alone():
    """It is drawn when anything may be broken: no database, no static files, no context."""
    text = render_to_string("500.html")
    assert "Lo que ya estaba guardado sigue guardado" in text
    assert "/static/" not in text
    assert text.startswith("<!doctype html>")


@pytest.mark.parametrize("name", ["lms:home", "lms:sign_in", "lms:register"])
def test_our_pages_allow_no_inline_script_or_style(client, name):
    policy = client.get(reverse(name))["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy


@pytest.mark.parametrize(
    "address",
    ["/seguimiento/?department=%00", "/?%00=1", "/?family=AC%00", "/verificar/a%00b/", "/cms/videos/1/x%00/"],
)
def test_a_null_character_in_an_address_is_refused_in_words(client, address):
    answer = client.get(address)
    assert answer.status_code == 400
    assert "La dirección tiene un carácter que no vale." in answer.content.decode()


def test_what_only_looks_like_a_null_character_passes(client):
    assert client.get("/?family=%2500").status_code == 200
