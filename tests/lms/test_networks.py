"""Networks: asking to join, answering, ending; the page where one asks and the back-office."""

import threading

import pytest
from django.core.cache import cache
from django.db import connection
from django.urls import reverse

from lms.domain import networks
from lms.models import AuditEvent, Membership, Municipality
from tests.factories.people import a_consent, a_member, a_network, a_person, born, somebody_with_role
from tests.lms.network_steps import asks, code_of, home

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_tries_before():
    cache.clear()


# Rules ------------------------------------------------------------------------------------------------------------
def test_who_asks_is_no_member_until_accepted():
    network = a_network()
    coordinator = a_member(network, is_coordinator=True)
    asked = asks(network)
    assert set(Membership.objects.current()) == {coordinator.memberships.get()}
    again = {"person": asked.person, "network": network, "municipality": home()}
    assert code_of(networks.ask_to_join, **again) == "network.already_asked"
    networks.accept(membership=asked, by=coordinator)
    networks.accept(membership=asked, by=coordinator)
    assert Membership.objects.current().filter(pk=asked.pk).exists()
    assert code_of(networks.ask_to_join, **again) == "network.already_member"
    trail = AuditEvent.objects.filter(action__startswith="network.").values_list("action", flat=True)
    assert list(trail) == ["network.asked", "network.joined"]


def test_who_was_refused_may_ask_again_and_is_no_member():
    network = a_network()
    coordinator = a_member(network, is_coordinator=True)
    asked = asks(network)
    networks.refuse(membership=asked, by=coordinator)
    assert code_of(networks.accept, membership=asked, by=coordinator) == "network.not_asked"
    assert code_of(networks.refuse, membership=asked, by=coordinator) == "network.not_asked"
    assert not Membership.objects.open().filter(person=asked.person).exists()
    assert networks.ask_to_join(person=asked.person, network=network, municipality=home()).confirmed_at is None


def test_a_request_is_withdrawn_by_its_owner_alone():
    network = a_network()
    asked = asks(network)
    coordinator = a_member(network, is_coordinator=True)
    assert code_of(networks.withdraw_request, membership=asked, by=coordinator) == "network.not_allowed"
    networks.withdraw_request(membership=asked, by=asked.person)
    assert not asked.person.memberships.exists()


def test_nobody_else_answers():
    network, other = a_network("Una"), a_network("Otra")
    asked = asks(network)
    strangers = [
        asked.person,
        a_member(network),
        a_member(other, is_coordinator=True),
        somebody_with_role("hr_delegate", municipality="1413"),
        somebody_with_role("auditor"),
    ]
    for verb in (networks.accept, networks.refuse):
        assert {code_of(verb, membership=asked, by=person) for person in strangers} == {"network.not_allowed"}
    assert networks.accept(membership=asked, by=somebody_with_role("administrator")).confirmed_at


def test_nobody_else_invites_and_nobody_for_a_place_outside():
    network, far = a_network("Una"), Municipality.objects.get(code="0101")
    who = {"person": a_person(), "network": network}
    strangers = [a_member(network), a_member(a_network("Otra"), is_coordinator=True), somebody_with_role("auditor")]
    codes = {code_of(networks.invite, by=by, municipality=home(), **who) for by in strangers}
    assert codes == {"network.not_allowed"}
    coordinator = a_member(network, is_coordinator=True)
    assert code_of(networks.invite, by=coordinator, municipality=far, **who) == "network.municipality_outside"
    assert code_of(networks.join, by=coordinator, municipality=home(), **who) == "network.not_allowed"
    assert not Membership.objects.filter(person=who["person"]).exists()


def test_a_former_coordinator_answers_no_longer():
    network = a_network()
    coordinator = a_member(network, is_coordinator=True)
    networks.leave(membership=coordinator.memberships.get(), by=coordinator)
    assert code_of(networks.accept, membership=asks(network), by=coordinator) == "network.not_allowed"


def test_only_for_a_municipality_of_the_network_and_any_when_it_names_none():
    far = Municipality.objects.get(code="0101")
    arguments = {"person": a_person(), "municipality": far}
    assert code_of(networks.ask_to_join, network=a_network(), **arguments) == "network.municipality_outside"
    assert not code_of(networks.ask_to_join, network=a_network("Nacional", ()), **arguments)


def test_taking_in_somebody_who_asked_answers_the_request():
    network = a_network()
    asked = asks(network)
    other = Municipality.objects.get(code="1401")
    joined = networks.join(person=asked.person, network=network, municipality=other, by=None)
    assert (joined.pk, joined.municipality) == (asked.pk, other)
    assert joined.confirmed_at


def test_administrators_choose_coordinators_and_no_minor_is_one():
    network = a_network()
    coordinator, administrator = a_member(network, is_coordinator=True), somebody_with_role("administrator")
    member = a_member(network).memberships.get()
    choose = {"is_coordinator": True}
    assert code_of(networks.choose_coordinator, membership=member, by=coordinator, **choose) == "network.not_allowed"
    assert networks.choose_coordinator(membership=member, by=administrator, **choose).is_coordinator
    assert networks.looks_after(member.person, network)
    networks.choose_coordinator(membership=member, is_coordinator=False, by=administrator)
    assert not networks.looks_after(member.person, network)
    minor = a_member(network, born_on=born(16)).memberships.get()
    arguments = {"by": administrator, **choose}
    assert code_of(networks.choose_coordinator, membership=minor, **arguments) == "network.coordinator_minor"
    young = {"person": a_person(born_on=born(16)), "network": network, "municipality": home(), "by": administrator}
    assert code_of(networks.join, is_coordinator=True, **young) == "network.coordinator_minor"


@pytest.mark.django_db(transaction=True)
def test_of_two_requests_at_once_one_is_written():
    network, person = a_network(), a_person()
    start, codes = threading.Barrier(2), []

    def ask() -> None:
        start.wait()
        codes.append(code_of(networks.ask_to_join, person=person, network=network, municipality=home()))
        connection.close()

    threads = [threading.Thread(target=ask) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert person.memberships.count() == 1
    assert "" in codes
    assert set(codes) <= {"", "network.already_member", "network.already_asked"}


def test_who_turned_out_to_be_a_minor_asks_instead_of_accepting():
    network, person = a_network(), a_person()
    where = {"person": person, "network": network, "municipality": home()}
    networks.invite(by=a_member(network, is_coordinator=True), **where)
    person.born_on = born(15)
    person.save()
    a_consent(person, is_confirmed=False)
    assert networks.ask_to_join(**where).confirmed_at is None
    assert Membership.objects.awaiting().filter(person=person).exists()


# Asking to join, as a page ----------------------------------------------------------------------------------------
def test_the_page_of_a_network_is_public_and_leads_on(client):
    network = a_network()
    address = reverse("lms:network_join", args=[network.public_id])
    text = client.get(address).content.decode()
    assert "Red de prueba" in text
    for name in ("register", "register_minor", "sign_in"):
        assert f"{reverse(f'lms:{name}')}?next=/redes/{network.public_id}/unirse/" in text.replace("%2F", "/")
    assert client.post(address).url.startswith(reverse("lms:sign_in"))
    assert address in client.get(reverse("lms:network_choice")).content.decode()


def test_somebody_asks_sees_it_waiting_and_withdraws(client):
    network = a_network()
    person = a_person(born_on=born(30))
    client.force_login(person)
    address = reverse("lms:network_join", args=[network.public_id])
    refused = client.post(address, {"municipality": Municipality.objects.get(code="0101").pk})
    assert refused.status_code == 422
    told = client.post(address, {"municipality": home().pk}, follow=True).content.decode()
    assert "está en espera" in told
    assert "está en espera" in client.get(address).content.decode()
    again = client.post(address, {"municipality": home().pk})
    assert (again.status_code, person.memberships.count()) == (422, 1)
    withdraw = reverse("lms:network_request_withdraw", args=[network.public_id])
    assert client.post(withdraw).status_code == 302
    assert client.post(withdraw).status_code == 404
    assert not person.memberships.exists()


def test_a_refusal_is_told_on_the_account(client):
    network = a_network()
    asked = asks(network)
    networks.refuse(membership=asked, by=None)
    client.force_login(asked.person)
    text = client.get(reverse("lms:account")).content.decode()
    assert "Su solicitud no se aceptó" in text
    networks.ask_to_join(person=asked.person, network=network, municipality=home())
    text = client.get(reverse("lms:account")).content.decode()
    assert "Su solicitud no se aceptó" not in text
    assert "Su solicitud está en espera" in text


def test_whose_age_is_not_known_says_that_they_are_of_age(client):
    network = a_network()
    client.force_login(person := a_person())
    address = reverse("lms:network_join", args=[network.public_id])
    assert "Si tiene menos de 18 años" in client.post(address, {"municipality": home().pk}).content.decode()
    assert client.post(address, {"municipality": home().pk, "is_of_age": "on"}).status_code == 302
    assert person.memberships.get().confirmed_at is None


def test_a_minor_says_first_who_authorises(client):
    network = a_network()
    client.force_login(person := a_person(born_on=born(15)))
    address = reverse("lms:network_join", args=[network.public_id])
    assert client.get(address).url.startswith(reverse("lms:guardian_consent"))
    assert client.post(address, {"municipality": home().pk}).url.startswith(reverse("lms:guardian_consent"))
    arguments = {"person": person, "network": network, "municipality": home()}
    assert code_of(networks.ask_to_join, **arguments) == "network.consent_missing"
    named = client.post(
        reverse("lms:guardian_consent"), {"guardian_name": "Ana Demo", "relation": "mother", "next": address}
    )
    assert named.url == address
    assert client.post(address, {"municipality": home().pk}).url == reverse("lms:guardian_consent")
    assert person.memberships.get().confirmed_at is None


def test_leaving_a_network_that_ended_in_the_meantime_is_told(client, monkeypatch):
    network = a_network()
    member = a_member(network)
    client.force_login(member)
    verb = networks.leave

    def leave_first(*, membership, by):
        verb(membership=membership, by=None)  # the coordinator was quicker
        verb(membership=membership, by=by)

    monkeypatch.setattr(networks, "leave", leave_first)
    answer = client.post(reverse("lms:network_leave", args=[network.public_id]), follow=True)
    assert "ya no es integrante" in answer.content.decode()


# The back-office --------------------------------------------------------------------------------------------------
def test_municipalities_of_a_network_are_ticked_in_folds_by_department(client):
    network = a_network()
    client.force_login(somebody_with_role("administrator"))
    text = client.get(reverse("lms_networks:edit", args=[network.pk])).content.decode()
    assert text.count('name="municipalities"') == 340
    assert text.count("<details") >= 22
    assert text.count(" checked") == 2
    assert "lms/checks.js" in text
    quiche = text.split('data-name="Quiché"')[1].split("</details>")[0]
    assert "2 de 21" in quiche
    assert quiche.count('name="municipalities"') == 21


def test_those_who_ask_are_not_counted_nor_listed_as_members(client):
    network = a_network()
    a_member(network)
    asks(network)
    client.force_login(somebody_with_role("administrator"))
    index = client.get(reverse("lms_networks:index"))
    assert [one.members_count for one in index.context["object_list"]] == [1]
    assert len(client.get(reverse("lms_memberships:index")).context["object_list"]) == 1
