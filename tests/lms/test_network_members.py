"""The pages of whoever looks after a network's members: answering, adding, the guardians' papers, the list."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lms.domain import guardians, networks
from lms.models import AuditEvent, Membership, Network
from lms.views import limits
from tests.factories.people import (
    a_consent,
    a_cui,
    a_member,
    a_network,
    a_person,
    an_employee,
    born,
    somebody_with_role,
)
from tests.lms.network_steps import asks, code_of, home, members_page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_tries_before():
    cache.clear()


ACTIONS = ["network_accept", "network_refuse", "network_end", "member_consent", "member_consent_undo"]
ACTIONS += ["member_consent_withdraw", "member_sheet", "network_member", "network_coordinate"]


def test_to_everybody_else_the_pages_do_not_exist(client):
    network, other = a_network("Una"), a_network("Otra")
    minor = a_member(network, born_on=born(15))
    a_consent(minor, is_confirmed=False)
    before = AuditEvent.objects.count()
    strangers = [a_person(), a_member(network), a_member(other, is_coordinator=True), minor, an_employee()]
    for stranger in strangers:
        client.force_login(stranger)
        pages = [members_page(network), *(members_page(network, minor, name) for name in ACTIONS)]
        answers = {client.get(page).status_code for page in pages} | {client.post(page).status_code for page in pages}
        assert answers - {405} == {404}
    assert AuditEvent.objects.count() == before


def test_a_member_of_another_network_is_not_found_under_ones_own(client):
    mine, other = a_network("Mía"), a_network("Ajena")
    client.force_login(a_member(mine, is_coordinator=True))
    foreign = a_member(other)
    assert client.get(members_page(mine, foreign)).status_code == 404
    assert client.post(members_page(mine, foreign, "network_end")).status_code == 404


def test_a_coordinator_answers_requests_and_ends_a_membership(client):
    network = a_network()
    coordinator = a_member(network, is_coordinator=True)
    wanted, unwanted = asks(network, given_names="Deseada"), asks(network, given_names="Ajeno")
    client.force_login(coordinator)
    text = client.get(members_page(network)).content.decode()
    assert "Deseada" in text
    assert "Ajeno" in text
    client.post(members_page(network, wanted.person, "network_accept"))
    assert "¿Rechazar" in client.get(members_page(network, unwanted.person, "network_refuse")).content.decode()
    client.post(members_page(network, unwanted.person, "network_refuse"))
    assert {one.person for one in Membership.objects.current()} == {coordinator, wanted.person}
    assert client.post(members_page(network, wanted.person, "network_accept")).status_code == 404
    client.post(members_page(network, wanted.person, "network_end"))
    assert {one.person for one in Membership.objects.current()} == {coordinator}


def add_by_number(client, network: Network, identifier: str):
    return client.post(members_page(network), {"identifier": identifier, "municipality": home().pk}, follow=True)


def test_anam_adds_somebody_by_a_whole_identifier(client):
    network = a_network()
    cui = a_cui()
    person = a_person(cui=cui)
    client.force_login(somebody_with_role("administrator"))
    unknown = add_by_number(client, network, "55550001")
    assert unknown.status_code == 422
    assert "Nadie tiene ese CUI" in unknown.content.decode()
    assert add_by_number(client, network, cui).status_code == 200
    assert Membership.objects.current().filter(person=person, network=network).exists()
    twice = add_by_number(client, network, cui)
    assert (twice.status_code, "ya es integrante" in twice.content.decode()) == (422, True)


def test_a_coordinator_invites_and_the_person_decides(client):
    network = a_network()
    coordinator = a_member(network, is_coordinator=True)
    willing, unwilling = a_person(phone="55551001"), a_person(phone="55551002", born_on=born(30))
    client.force_login(coordinator)
    for person in (willing, unwilling):
        add_by_number(client, network, person.phone)
        assert client.get(members_page(network, person)).status_code == 404
    assert set(Membership.objects.current()) == {coordinator.memberships.get()}
    answer = reverse("lms:network_join", args=[network.public_id])
    client.force_login(willing)
    assert "Le invitan a esta red" in client.get(reverse("lms:account")).content.decode()
    assert "Aceptar la invitación" in client.get(answer).content.decode()
    assert client.post(answer, {"municipality": home().pk}).status_code == 422  # who does not say that they are of age
    assert client.post(answer, {"municipality": home().pk, "is_of_age": "on"}).status_code == 302
    assert Membership.objects.current().filter(person=willing).exists()
    client.force_login(unwilling)
    client.post(reverse("lms:network_request_withdraw", args=[network.public_id]))
    text = client.get(reverse("lms:account")).content.decode()
    assert "Le invitan" not in text
    assert "Su solicitud no se aceptó" not in text
    client.force_login(coordinator)
    add_by_number(client, network, unwilling.phone)
    assert not Membership.objects.invited().exists()
    networks.ask_to_join(person=unwilling, network=network, municipality=home())
    add_by_number(client, network, unwilling.phone)
    assert Membership.objects.current().filter(person=unwilling).exists()
    trail = AuditEvent.objects.filter(action__startswith="network.").values_list("action", flat=True)
    told = ["invited", "invited", "joined", "invitation_declined", "asked", "joined"]
    assert list(trail) == [f"network.{one}" for one in told]


def test_a_minor_comes_in_by_their_own_request_alone(client):
    home_network, network = a_network("Red A"), a_network("Red B")
    minor = a_member(home_network, phone="55551003", born_on=born(15))
    a_consent(minor)
    client.force_login(a_member(network, is_coordinator=True))
    add_by_number(client, network, minor.phone)
    assert client.get(members_page(network, minor)).status_code == 404
    for name in ("member_consent_undo", "member_consent_withdraw"):
        assert client.post(members_page(network, minor, name)).status_code == 404
    assert [one.network for one in minor.memberships.all()] == [home_network]
    assert minor.guardian_consent.holds


def test_the_answer_to_a_number_says_nothing_about_it(client):
    network = a_network()
    inside = a_member(network, phone="55551004")
    others = [a_person(phone="55551005"), a_person(phone="55551006", born_on=born(15))]
    client.force_login(a_member(network, is_coordinator=True))

    def told(number: str) -> str:
        answer = add_by_number(client, network, number)
        return str((answer.status_code, [str(one) for one in answer.context["messages"]], answer.redirect_chain))

    assert {told(person.phone) for person in (inside, *others)} == {told("55550001")}


def test_whose_record_is_closed_is_not_invited(client):
    network, gone = a_network(), a_person(phone="55551007")
    gone.is_active = False
    gone.save()
    client.force_login(a_member(network, is_coordinator=True))
    assert add_by_number(client, network, gone.phone).status_code == 200
    assert not gone.memberships.exists()


def test_nobody_declines_an_invitation_for_another():
    network, person = a_network(), a_person()
    coordinator = a_member(network, is_coordinator=True)
    invited = networks.invite(person=person, network=network, municipality=home(), by=coordinator)
    for other in (a_person(), coordinator, somebody_with_role("administrator")):
        assert code_of(networks.decline, membership=invited, by=other) == "network.not_allowed"
    assert Membership.objects.invited().get() == invited
    assert code_of(networks.decline, membership=invited, by=person) == ""


def test_thirty_numbers_are_tried_whoever_has_them(client):
    network = a_network()
    for number in range(20):
        a_person(phone=f"5555{number:04d}")
    a_person(phone="55557777")
    client.force_login(a_member(network, is_coordinator=True))
    assert {add_by_number(client, network, f"5555{number:04d}").status_code for number in range(30)} == {200}
    assert add_by_number(client, network, "55557777").status_code == 429
    limits.FOUND_BY_PERSON.forget("another")
    assert not Membership.objects.filter(person__phone="55557777").exists()


def test_of_a_minor_no_number_mail_phone_or_birth_date_is_shown(client):
    network = a_network()
    cui = a_cui()
    minor = a_member(network, cui=cui, email="menor@example.org", phone="55554321", born_on=born(15, days=100))
    a_consent(minor, is_confirmed=False)
    client.force_login(a_member(network, is_coordinator=True))
    pages = [members_page(network), members_page(network, minor), members_page(network, minor, "member_sheet")]
    texts = [client.get(page).content.decode() for page in pages]
    day = minor.born_on
    secrets = [cui, cui[-4:], "menor@example.org", "55554321", day.isoformat(), f"{day.day} de ", str(day.year)]
    assert [
        (page, secret) for page, text in zip(pages, texts, strict=True) for secret in secrets if secret in text
    ] == []
    assert all(minor.full_name in text for text in texts)


def test_a_coordinator_confirms_the_paper_undoes_it_and_notes_a_withdrawal(client):
    network = a_network()
    minor = a_member(network, born_on=born(15))
    consent = a_consent(minor, is_confirmed=False)
    client.force_login(coordinator := a_member(network, is_coordinator=True))
    assert "Encargada De Prueba" in client.get(members_page(network, minor)).content.decode()
    client.post(members_page(network, minor, "member_consent"))
    consent.refresh_from_db()
    assert (consent.holds, consent.confirmed_by) == (True, coordinator)
    client.post(members_page(network, minor, "member_consent_undo"))
    consent.refresh_from_db()
    assert (consent.holds, consent.confirmed_at, consent.confirmed_by) == (False, None, None)
    assert (
        "¿La persona encargada" in client.get(members_page(network, minor, "member_consent_withdraw")).content.decode()
    )
    client.post(members_page(network, minor, "member_consent_withdraw"))
    consent.refresh_from_db()
    assert consent.withdrawn_at
    assert not Membership.objects.open().filter(person=minor).exists()
    assert client.get(members_page(network, minor)).status_code == 404


def test_a_grown_up_has_no_paper_to_confirm(client):
    network = a_network()
    member = a_member(network, born_on=born(20))
    client.force_login(a_member(network, is_coordinator=True))
    assert client.post(members_page(network, member, "member_consent")).status_code == 404
    assert "Permiso de la persona encargada" not in client.get(members_page(network, member)).content.decode()


def test_coordinators_are_chosen_on_the_members_page_by_administrators(client):
    network = a_network()
    member = a_member(network)
    address = members_page(network, member, "network_coordinate")
    client.force_login(somebody_with_role("administrator"))
    assert "Que coordine la red" in client.get(members_page(network, member)).content.decode()
    client.post(address, {"is_coordinator": "1"})
    assert member.memberships.get().is_coordinator
    client.post(address, {"is_coordinator": "0"})
    assert not member.memberships.get().is_coordinator


def test_the_list_is_paged_and_its_queries_do_not_grow(client):
    network = a_network()
    client.force_login(a_member(network, is_coordinator=True))

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(members_page(network)).status_code == 200
        return len(asked)

    def grow(count: int) -> None:
        for _number in range(count):
            a_consent(a_member(network, born_on=born(15)))
            asked = asks(network, born_on=born(30))
            assert asked.confirmed_at is None

    grow(1)
    queries()
    few = queries()
    grow(3)
    assert queries() == few
    for _number in range(50):
        a_member(network)
    assert len(client.get(members_page(network)).context["page_obj"].object_list) == 50
    assert "Página 1 de 2" in client.get(members_page(network)).content.decode()


def test_members_in_care_of_a_coordinator_are_those_of_their_networks():
    mine, other = a_network("Mía"), a_network("Ajena")
    coordinator, member = a_member(mine, is_coordinator=True), a_member(mine)
    foreign = a_member(other)
    assert {one.person for one in guardians.members_in_care_of(coordinator)} == {coordinator, member}
    everybody = guardians.members_in_care_of(somebody_with_role("administrator"))
    assert {one.person for one in everybody} == {coordinator, member, foreign}


def test_another_browser_signed_out_sees_nothing():
    network = a_network()
    assert Client().get(members_page(network)).url.startswith(reverse("lms:sign_in"))
