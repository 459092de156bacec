"""Minors: registering with less, naming who authorises, the paper, its withdrawal."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from lms.domain import guardians, people
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, GuardianConsent, Language, Membership, Person
from tests.factories.people import (
    PASSWORD,
    a_consent,
    a_cui,
    a_member,
    a_network,
    a_person,
    born,
    somebody_with_role,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_tries_before():
    cache.clear()


def code_of(verb, **arguments) -> str:
    try:
        verb(**arguments)
    except RuleBroken as broken:
        return broken.code
    return ""


def form(**fields) -> dict:
    given = {
        "given_names": "Ixchel",
        "surnames": "Menor Demo",
        "born_on": born(15).isoformat(),
        "phone": "5555 4321",
        "password": PASSWORD,
        "guardian_name": "Ana Mayor Demo",
        "relation": "mother",
    }
    return {**given, **fields}


# Registering ------------------------------------------------------------------------------------------------------
def test_a_minor_registers_with_little_and_names_who_authorises(client):
    network = a_network()
    onward = reverse("lms:network_join", args=[network.public_id])
    answer = client.post(reverse("lms:register_minor"), form(next=onward, cui=a_cui(), language="1"))
    assert (answer.status_code, answer.url) == (302, onward)
    person = Person.objects.get()
    assert (person.cui_digest, person.cui_encrypted, person.language) == (None, "", None)
    consent = person.guardian_consent
    assert (consent.guardian_name, consent.relation, consent.holds) == ("Ana Mayor Demo", "mother", False)
    assert "Ana Mayor" not in str(list(AuditEvent.objects.values_list("facts", flat=True)))


def test_the_minors_page_asks_for_neither_cui_nor_post_nor_language(client):
    text = client.get(reverse("lms:register_minor")).content.decode()
    assert [name for name in ("cui", "language", "post", "municipality", "renglon") if f'id="id_{name}"' in text] == []
    assert {name for name in form() if f'name="{name}"' not in text} == set()


def test_without_a_network_in_mind_a_minor_is_led_to_them(client):
    assert client.post(reverse("lms:register_minor"), form()).url.startswith(reverse("lms:network_choice"))


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"born_on": born(18).isoformat()}, "born_on"),
        ({"born_on": ""}, "born_on"),
        ({"guardian_name": " "}, "guardian_name"),
        ({"relation": ""}, "relation"),
        ({"phone": ""}, "__all__"),
    ],
)
def test_what_a_minors_registration_refuses(client, fields, wrong):
    answer = client.post(reverse("lms:register_minor"), form(**fields))
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {wrong}
    assert not Person.objects.exists()


def test_a_minor_on_the_page_of_the_grown_ups_goes_on_with_less(client):
    cui = a_cui()
    posted = {**form(), "cui": cui, "language": Language.objects.get(key="ixl").pk}
    answer = client.post(reverse("lms:register"), posted)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert f'action="{reverse("lms:register_minor")}"' in text
    assert 'value="Ixchel"' in text
    assert cui not in text
    assert PASSWORD not in text
    assert not Person.objects.exists()


def test_a_taken_phone_is_told_and_nothing_is_left_behind(client):
    a_person(phone="55554321")
    assert client.post(reverse("lms:register_minor"), form()).status_code == 422
    assert not GuardianConsent.objects.exists()
    assert Person.objects.count() == 1


# Rules ------------------------------------------------------------------------------------------------------------
def test_only_minors_have_a_guardian():
    person = a_person(born_on=born(18))
    arguments = {"person": person, "guardian_name": "Ana", "relation": "mother", "by": person}
    assert code_of(guardians.declare, **arguments) == "consent.not_a_minor"
    grown_up = {"given_names": "A", "surnames": "B", "born_on": born(18), "password": PASSWORD, "phone": "55554321"}
    assert code_of(guardians.register_minor, guardian_name="Ana", relation="mother", **grown_up) == "person.not_a_minor"


def test_nobody_else_names_the_guardian():
    minor = a_person(born_on=born(15))
    arguments = {"person": minor, "guardian_name": "Ana", "relation": "mother"}
    assert code_of(guardians.declare, by=a_person(), **arguments) == "person.not_allowed"
    assert code_of(guardians.declare, by=minor, **{**arguments, "guardian_name": " "}) == "consent.name_missing"
    assert guardians.declare(by=somebody_with_role("administrator"), **arguments).guardian_name == "Ana"


def test_who_confirms_the_paper():
    network, other = a_network("Una"), a_network("Otra")
    minor = a_member(network, born_on=born(15))
    consent = a_consent(minor, is_confirmed=False)
    for stranger in (minor, a_person(), a_member(network), a_member(other, is_coordinator=True)):
        for verb in (guardians.confirm, guardians.undo):
            assert code_of(verb, person=minor, by=stranger) == "consent.not_allowed"
    for by in (a_member(network, is_coordinator=True), somebody_with_role("administrator")):
        assert guardians.confirm(person=minor, by=by).confirmed_by == by
        guardians.undo(person=minor, by=by)
    consent.refresh_from_db()
    assert not consent.holds
    assert code_of(guardians.confirm, person=a_member(network, born_on=born(15)), by=None) == "consent.not_declared"


def test_a_minor_who_coordinated_before_does_not_confirm_their_own_paper():
    network = a_network()
    minor = a_member(network, born_on=born(17), is_coordinator=True)
    a_consent(minor, is_confirmed=False)
    assert code_of(guardians.confirm, person=minor, by=minor) == "consent.not_allowed"


def test_a_coordinator_confirms_already_while_the_request_waits():
    network = a_network()
    minor = a_member(network, born_on=born(15))
    Membership.objects.update(confirmed_at=None)
    a_consent(minor, is_confirmed=False)
    assert guardians.confirm(person=minor, by=a_member(network, is_coordinator=True)).holds


def test_another_guardian_has_to_sign_anew():
    minor = a_member(a_network(), born_on=born(15))
    a_consent(minor)
    assert people.may_be_certified(minor)
    guardians.declare(person=minor, guardian_name="Otra", relation="guardian", by=minor)
    assert not people.may_be_certified(minor)


def test_a_withdrawal_ends_networks_and_requests_and_is_no_end_for_ever():
    network = a_network()
    minor = a_member(network, born_on=born(15))
    asked = Membership.objects.create(
        person=minor, network=a_network("Otra"), municipality=minor.memberships.get().municipality, confirmed_at=None
    )
    a_consent(minor)
    guardians.withdraw(person=minor, by=minor)
    guardians.withdraw(person=minor, by=minor)
    assert not Membership.objects.open().filter(person=minor).exists()
    assert not people.may_be_certified(minor)
    assert AuditEvent.objects.filter(action="consent.withdrawn").count() == 1
    coordinator = a_member(network, is_coordinator=True)
    where = {"network": network, "municipality": asked.municipality}
    from_outside = code_of(guardians.networks.join, person=minor, by=None, **where)
    assert from_outside == "network.consent_withdrawn"
    assert code_of(guardians.confirm, person=minor, by=None) == "consent.withdrawn"
    guardians.declare(person=minor, guardian_name="Ana", relation="mother", by=minor)
    assert guardians.networks.ask_to_join(person=minor, **where).confirmed_at is None
    guardians.confirm(person=minor, by=coordinator)
    assert people.may_be_certified(minor)


def test_only_who_confirmed_a_paper_undoes_it_and_anam():
    network = a_network()
    minor = a_member(network, born_on=born(15))
    first, second = a_member(network, is_coordinator=True), a_member(network, is_coordinator=True)
    a_consent(minor, is_confirmed=False)
    guardians.confirm(person=minor, by=first)
    assert code_of(guardians.undo, person=minor, by=second) == "consent.not_allowed"
    assert not guardians.undo(person=minor, by=first).holds
    guardians.confirm(person=minor, by=first)
    assert not guardians.undo(person=minor, by=somebody_with_role("administrator")).holds


def test_a_coordinator_withdraws_from_their_own_networks_alone():
    network, other = a_network("Una"), a_network("Otra")
    minor = a_member(network, born_on=born(15))
    stays = Membership.objects.create(person=minor, network=other, municipality=minor.memberships.get().municipality)
    consent = a_consent(minor)
    guardians.withdraw(person=minor, by=a_member(network, is_coordinator=True))
    consent.refresh_from_db()
    assert consent.holds
    assert list(Membership.objects.open().filter(person=minor)) == [stays]
    guardians.withdraw(person=minor, by=a_member(other, is_coordinator=True))
    consent.refresh_from_db()
    assert consent.withdrawn_at
    assert not Membership.objects.open().filter(person=minor).exists()


def test_anam_notes_a_withdrawal_for_all_networks():
    minor = a_member(a_network("Una"), born_on=born(15))
    place = minor.memberships.get().municipality
    Membership.objects.create(person=minor, network=a_network("Otra"), municipality=place)
    a_consent(minor)
    guardians.withdraw(person=minor, by=somebody_with_role("administrator"))
    assert not Membership.objects.open().filter(person=minor).exists()


def test_a_stranger_does_not_withdraw():
    minor = a_member(a_network(), born_on=born(15))
    a_consent(minor)
    assert code_of(guardians.withdraw, person=minor, by=a_person()) == "consent.not_allowed"


# Pages ------------------------------------------------------------------------------------------------------------
def test_a_minor_sees_where_the_permission_stands_and_prints_it(client):
    network = a_network("Red de la paz")
    minor = a_member(network, born_on=born(15), given_names="Ixchel <b>")
    client.force_login(minor)
    page = reverse("lms:guardian_consent")
    assert "autoriza por escrito" in client.get(page).content.decode()
    client.post(page, {"guardian_name": "Ana & Demo", "relation": "father"})
    text = client.get(page).content.decode()
    assert "Falta entregar el permiso firmado" in text
    sheet = client.get(reverse("lms:guardian_sheet")).content.decode()
    for words in ("Red de la paz", "Ixchel &lt;b&gt;", "Ana &amp; Demo", "padre", "Firma o huella", 'class="band"'):
        assert words in sheet
    guardians.confirm(person=minor, by=None)
    assert "Permiso recibido" in client.get(page).content.decode()
    assert "Permiso recibido" in client.get(reverse("lms:account")).content.decode()


def test_a_minor_notes_that_the_guardian_withdrew(client):
    minor = a_member(a_network(), born_on=born(15))
    a_consent(minor)
    client.force_login(minor)
    page = reverse("lms:guardian_withdraw")
    assert "¿La persona encargada retira su permiso?" in client.get(page).content.decode()
    client.post(page)
    assert minor.guardian_consent.__class__.objects.get().withdrawn_at
    assert client.get(page).url == reverse("lms:account")


def test_grown_ups_have_none_of_it(client):
    client.force_login(a_person(born_on=born(18)))
    for name in ("guardian_consent", "guardian_sheet", "guardian_withdraw"):
        assert client.get(reverse(f"lms:{name}")).url == reverse("lms:account")
    assert "Permiso de mi familia" not in client.get(reverse("lms:account")).content.decode()


def test_a_minor_is_asked_for_neither_cui_nor_language_nor_post_later(client):
    client.force_login(a_person(born_on=born(15), phone="55554321"))
    details = client.get(reverse("lms:details")).content.decode()
    assert [name for name in ("cui", "language") if f'id="id_{name}"' in details] == []
    account = client.get(reverse("lms:account")).content.decode()
    assert "Anotar un puesto" not in account
