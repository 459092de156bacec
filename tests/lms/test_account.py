"""Mi cuenta: what a person sees and changes about themselves."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms.domain import places
from lms.models import Appointment, Membership
from tests.factories.people import PASSWORD, a_cui, a_member, a_network, a_person, an_employee

pytestmark = pytest.mark.django_db


def test_everything_about_oneself_and_the_cui_masked(client):
    cui = a_cui()
    person = an_employee(cui=cui, phone="55551234", email="ana@example.org")
    client.force_login(person)
    text = client.get(reverse("lms:account")).content.decode()
    for shown in (person.full_name, "•••• ••••• 1401", "55551234", "ana@example.org", "Receptor o cajero", "Nebaj"):
        assert shown in text
    assert cui not in text
    assert client.get(reverse("lms:account"))["Cache-Control"] == "private, no-store"


def test_details_are_changed_and_the_cui_is_written_once(client):
    person = a_person(phone="55551234", password=PASSWORD)
    client.force_login(person)
    assert "55551234" in client.get(reverse("lms:details")).content.decode()
    cui = a_cui()
    posted = {"cui": cui, "phone": "5555 9999", "email": "a@example.org"}
    answer = client.post(reverse("lms:details"), posted, follow=True)
    assert "Sus datos quedaron guardados" in answer.content.decode()
    person.refresh_from_db()
    assert (person.phone, person.email) == ("55559999", "a@example.org")
    digest = person.cui_digest
    client.post(reverse("lms:details"), {**posted, "cui": a_cui()})
    person.refresh_from_db()
    assert person.cui_digest == digest
    assert 'name="cui"' not in client.get(reverse("lms:details")).content.decode()


def test_details_that_break_a_rule_keep_what_was_typed(client):
    a_person(email="otra@example.org")
    client.force_login(a_person(phone="55551234", password=PASSWORD))
    posted = {"phone": "5555 7777", "email": "otra@example.org"}
    answer = client.post(reverse("lms:details"), posted)
    assert answer.status_code == 422
    assert "Ya hay una cuenta con este correo" in answer.content.decode()
    assert 'value="5555 7777"' in answer.content.decode()


def test_the_password_changes_and_other_phones_are_signed_out(client):
    person = a_person(phone="55551234", password=PASSWORD)
    client.force_login(person)
    other = type(client)()
    other.force_login(person)
    wrong = client.post(reverse("lms:password"), {"old": "no", "password": "una-frase-larga-8"})
    assert (wrong.status_code, "no es esa" in wrong.content.decode()) == (422, True)
    assert client.post(reverse("lms:password"), {"old": PASSWORD, "password": "una-frase-larga-8"}).status_code == 302
    assert client.get(reverse("lms:account")).status_code == 200
    assert other.get(reverse("lms:account")).status_code == 302


def test_a_municipality_is_found_by_name_or_department(client):
    client.force_login(a_person())
    address = reverse("lms:appointment_new")
    page = client.get(address)
    assert page.content.decode().count("?department=") == 22
    assert len(page.content) < 12_000
    assert [place.code for place in client.get(address, {"q": "NEBAJ"}).context["found"]] == ["1413"]
    assert {place.code[:2] for place in client.get(address, {"department": "14"}).context["found"]} == {"14"}
    assert "No encontramos ese nombre" in client.get(address, {"q": "macondo"}).content.decode()
    assert client.get(address, {"municipality": "9999"}).status_code == 404


def test_an_appointment_ends(client):
    person = an_employee()
    client.force_login(person)
    appointment = person.appointments.get()
    address = reverse("lms:appointment_end", args=[appointment.public_id])
    early = client.post(address, {"ends_on": appointment.starts_on - timedelta(days=1)})
    assert early.status_code == 422
    assert client.post(address, {"ends_on": timezone.localdate()}).status_code == 302
    assert Appointment.objects.get().ends_on == timezone.localdate()
    assert client.get(address).status_code == 404


def test_a_network_is_left_after_asking(client):
    network = a_network()
    member = a_member(network)
    client.force_login(member)
    address = reverse("lms:network_leave", args=[network.public_id])
    assert "¿Salir de Red de prueba?" in client.get(address).content.decode()
    assert Membership.objects.current().exists()
    client.post(address)
    assert not Membership.objects.current().exists()
    assert client.get(address).status_code == 404


def test_what_belongs_to_another_is_not_there(client):
    owner = an_employee()
    network = a_network()
    a_member(network)
    client.force_login(a_person())
    foreign = [
        reverse("lms:appointment_end", args=[owner.appointments.get().public_id]),
        reverse("lms:network_leave", args=[network.public_id]),
    ]
    assert [client.get(url).status_code for url in foreign] == [404, 404]
    assert [client.post(url, {"ends_on": "2026-01-31"}).status_code for url in foreign] == [404, 404]
    assert owner.appointments.get().ends_on is None
    assert Membership.objects.current().exists()


@pytest.mark.parametrize("code", ["1\n", "٣٤", "14131"])
def test_what_is_no_code_never_reaches_the_database(client, code):
    client.force_login(a_person())
    address = reverse("lms:appointment_new")
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address, {"municipality": code}).status_code == 404
    assert not [query for query in asked if "lms_municipality" in query["sql"]]
    answer = client.get(address, {"department": code})
    assert (answer.status_code, answer.context["asked"]) == (200, False)


@pytest.mark.parametrize("name", ["q", "department", "municipality"])
def test_a_nul_in_the_address_is_no_failure(client, name):
    """PostgreSQL refuses it in any text: without a guard the page would end in a 500."""
    client.force_login(a_person())
    assert client.get(reverse("lms:appointment_new"), {name: "1\0"}).status_code == 400


def test_a_nul_in_what_is_searched_for_is_dropped():
    assert [place.code for place in places.find_municipalities("Neb\0aj \0")] == ["1413"]


def test_ten_numbers_of_others_and_then_a_pause(client):
    a_person(phone="55550000")
    person = a_person(phone="55551234", password=PASSWORD)
    client.force_login(person)
    posted = {"given_names": "Ana", "surnames": "Ceto", "email": "a@example.org"}

    def change(phone: str) -> int:
        return client.post(reverse("lms:details"), {**posted, "phone": phone}).status_code

    assert [change(phone) for phone in ["55551234"] * 12] == [302] * 12
    assert [change("55550000") for _try in range(11)] == [422] * 10 + [429]
    assert change("55559999") == 429
    client.force_login(a_person(phone="55557777", password=PASSWORD))
    assert change("55550000") == 422
