"""The register under /cms/."""

import pytest

from tests.factories.certificates import a_certificate, a_revocation
from tests.factories.people import a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
ADDRESS = "/cms/certificados/"


def test_an_administrator_reads_and_filters(client):
    kept, other = a_certificate(person=an_employee("1413")), a_certificate(person=an_employee("1301"))
    a_revocation(other, reason="Error")
    client.force_login(somebody_with_role("administrator"))
    body = client.get(ADDRESS).content.decode()
    assert {kept.reference, other.reference} <= {word.strip("<>/") for word in body.replace("<", " ").split()}
    assert f"/seguimiento/{kept.public_id}/revocacion/" in body
    assert f"/seguimiento/{other.public_id}/revocacion/" not in body
    filtered = client.get(ADDRESS, {"state": "vigente"}).content.decode()
    assert kept.reference in filtered
    assert other.reference not in filtered
    assert "Certificados" in client.get("/cms/").content.decode()


def test_a_search_ignores_accents(client):
    kept = a_certificate(person=an_employee(given_names="José", surnames="Xʼol"))
    other = a_certificate()
    client.force_login(somebody_with_role("administrator"))
    body = client.get(ADDRESS, {"q": "jose xol"}).content.decode()
    assert kept.reference in body
    assert other.reference not in body


def test_a_department_s_certifier_sees_only_theirs(client):
    other = a_certificate(person=an_employee("1301"))
    client.force_login(somebody_with_role("certifier", department="14"))
    assert other.reference not in client.get(ADDRESS).content.decode()


@pytest.mark.parametrize("make", [a_person, lambda: somebody_with_role("trainer")])
def test_others_stay_out(client, make):
    client.force_login(make())
    assert client.get(ADDRESS).status_code in {302, 403}


@pytest.mark.parametrize("path", ["new/", "1/edit/", "edit/1/", "delete/1/", "copy/1/", "history/1/", "usage/1/"])
def test_nothing_can_be_changed_there(client, path):
    a_certificate()
    client.force_login(somebody_with_role("administrator"))
    assert client.get(ADDRESS + path).status_code == 404
