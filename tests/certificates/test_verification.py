"""The public page of a certificate."""

import re
import time

import pytest
from django.core.cache import cache
from django.urls import reverse

from certificates.domain import codes
from certificates.views.verification import MISSES
from lms.domain import tries
from tests.factories.certificates import a_certificate, a_revocation
from tests.factories.people import a_cui, an_employee

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_counts():
    cache.clear()


def page(client, code: str):
    return client.get(reverse("certificates:certificate", args=[code]))


def shape(response) -> str:
    """The body without the tokens that differ in every answer and without what was typed."""
    body = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", response.content.decode())
    body = re.sub(r'(<input id="codigo"[^>]*) value="[^"]*"', r"\1", body)
    return re.sub(r'name="next" value="[^"]*"', "", body)


def test_a_stranger_sees_every_certified_fact(client):
    certificate = a_certificate(person=an_employee(given_names="Ana <b>", surnames="Xʼol & Co."))
    response = page(client, certificate.code)
    body = response.content.decode()
    assert response.status_code == 200
    for said in (
        "Certificado auténtico y vigente",
        "Ana &lt;b&gt; Xʼol &amp; Co.",
        "Diploma",
        certificate.course_title,
        "4 horas",
        "90 sobre 100",
        "Nebaj, Quiché",
        certificate.post_name,
        certificate.reference,
        certificate.issuer,
        "Primera lección",
        "hoja 0",
    ):
        assert said in body


def test_no_number_mail_or_phone_is_shown(client):
    cui = a_cui()
    person = an_employee(cui=cui, email="ana@example.org", phone="55551234")
    body = page(client, a_certificate(person=person).code).content.decode()
    assert {leak for leak in (cui, cui[-4:] + " ", "ana@example.org", "55551234") if leak in body} == set()


def test_it_stays_out_of_search_engines_and_caches(client):
    for response in (page(client, a_certificate().code), client.get(reverse("certificates:verify")), page(client, "x")):
        assert response["X-Robots-Tag"] == "noindex"
        assert "no-store" in response["Cache-Control"]
        assert '<meta name="robots" content="noindex">' in response.content.decode()


def test_a_revoked_one_says_so_and_not_why(client):
    certificate = a_certificate()
    a_revocation(certificate, reason="Motivo privado")
    body = page(client, certificate.code).content.decode()
    assert "Certificado revocado el" in body
    assert "auténtico y vigente" not in body
    assert "Motivo privado" not in body


@pytest.mark.parametrize("change", [str.lower, lambda code: f" {code[:7]} - {code[7:]}"])
def test_the_field_understands_what_people_type(client, change):
    certificate = a_certificate()
    response = client.get(reverse("certificates:verify"), {"codigo": change(certificate.code)})
    assert response["Location"] == f"/verificar/{certificate.code}/"


def test_another_way_of_writing_leads_to_the_one_address(client):
    certificate = a_certificate()
    assert page(client, certificate.grouped_code.lower())["Location"] == f"/verificar/{certificate.code}/"


def test_absent_and_malformed_look_the_same(client):
    absent, malformed, short = page(client, codes.new_code()), page(client, "no-es-un-codigo"), page(client, "A")
    typed = client.get(reverse("certificates:verify"), {"codigo": "ANAM-2026-000001"})
    assert {response.status_code for response in (absent, malformed, short, typed)} == {404}
    assert len({shape(response) for response in (absent, malformed, short, typed)}) == 1


def test_what_was_typed_is_escaped(client):
    body = client.get(reverse("certificates:verify"), {"codigo": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in body


@pytest.fixture
def one_moment(monkeypatch):
    """A busy machine takes more than the limit's minute."""
    at = time.time()
    monkeypatch.setattr(tries.time, "time", lambda: at)


@pytest.mark.usefixtures("one_moment")
def test_guessing_is_slowed_down_and_the_genuine_still_opens(client):
    certificate = a_certificate()
    assert {page(client, codes.new_code()).status_code for _ in range(MISSES.most)} == {404}
    stopped = page(client, codes.new_code())
    assert (stopped.status_code, stopped["Retry-After"]) == (429, "60")
    assert page(client, certificate.code).status_code == 200
    elsewhere = client.get(reverse("certificates:certificate", args=[codes.new_code()]), REMOTE_ADDR="10.1.2.3")
    assert elsewhere.status_code == 404


@pytest.mark.usefixtures("one_moment")
def test_a_line_of_ipv6_guesses_as_one(client):
    addresses = [f"2001:db8:1:2::{number:x}" for number in range(MISSES.most + 1)]
    asked = reverse("certificates:certificate", args=[codes.new_code()])
    assert [client.get(asked, REMOTE_ADDR=one).status_code for one in addresses][-2:] == [404, 429]


def test_a_town_hall_may_check_a_pile(client):
    certificate = a_certificate()
    assert {page(client, certificate.code).status_code for _ in range(MISSES.most + 5)} == {200}
