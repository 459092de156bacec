"""An auditor reads people masked, roles, networks, certificates, the trail; changes nothing, and sees nothing else."""

import re

import pytest
from django.urls import reverse

from lms.domain import identity
from lms.models import AuditEvent, Membership, Person, RoleGrant
from lms.permissions import rule_of
from tests.factories.courses import a_course
from tests.factories.people import a_cui, a_member, a_network, an_employee, somebody_with_role
from tests.matrix.addresses import ALL

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(client):
    person = somebody_with_role("auditor")
    client.force_login(person)
    return person


@pytest.fixture
def watched():
    """Somebody with everything that must not be shown whole."""
    cui = a_cui()
    person = an_employee("1413", given_names="Cristóbal", cui=cui, email="cristobal@example.org", phone="55551234")
    RoleGrant.objects.create(person=person, role="trainer")
    person.secrets = (cui, f"{cui[:4]} {cui[4:9]} {cui[9:]}", "cristobal@example.org", "55551234", "5555 1234")
    return person


def test_the_sheet_tells_everything_masked(client, auditor, watched):
    text = client.get(reverse("lms_people:inspect", args=[watched.pk])).content.decode()
    for words in ("•••• ••••• 1401", "c•••@example.org", "•••• ••34", "Nebaj", "confirmado", "Facilitador", "abierta"):
        assert words in text, words
    assert [secret for secret in watched.secrets if secret in text] == []
    assert "/edit/" not in text


def test_nothing_that_an_auditor_opens_shows_a_number(client, auditor, watched):
    a_member(a_network())
    pages = [
        reverse("lms_people:index"),
        reverse("lms_people:index") + "?q=cristobal",
        reverse("lms_people:inspect", args=[watched.pk]),
        reverse("lms_grants:index"),
        reverse("lms_grants:on_day"),
        reverse("lms_grants:timeline", args=[watched.pk]),
        reverse("lms_networks:index"),
        reverse("lms_memberships:index"),
        reverse("lms_audit:index"),
        reverse("certificates_register:index"),
        reverse("certificates:tracking"),
        "/cms/",
    ]
    answers = {page: client.get(page) for page in pages}
    assert {page: answer.status_code for page, answer in answers.items() if answer.status_code != 200} == {}
    for page, answer in answers.items():
        text = answer.content.decode()
        assert [secret for secret in watched.secrets if secret in text] == [], page
        assert "/edit/" not in text, page
        assert "/delete/" not in text, page
        assert "/new/" not in text, page
    assert watched.secrets[0] not in str(list(AuditEvent.objects.values()))


def test_forms_and_changes_are_refused(client, auditor, watched):
    network = a_network()
    a_member(network)
    event = {"person": watched.pk, "role": "trainer.nation"}
    closed = [
        reverse("lms_people:add"),
        reverse("lms_people:edit", args=[watched.pk]),
        reverse("lms_people:find"),
        reverse("lms_grants:add"),
        reverse("lms_grants:delete", args=[watched.role_grants.get().pk]),
        reverse("lms_networks:add"),
        reverse("lms_networks:edit", args=[network.pk]),
        reverse("lms_memberships:add"),
        reverse("lms_memberships:delete", args=[Membership.objects.get().pk]),
        reverse("lms_person_chooser:choose"),
        reverse("lms_jobs:index"),
        reverse("lms_municipalities:index"),
        reverse("lms_posts:index"),
        reverse("media_videos:index"),
        reverse("courses_authoring"),
    ]
    before = (AuditEvent.objects.count(), Person.objects.count(), RoleGrant.objects.count())
    found = {page: (client.get(page).status_code, client.post(page, event).status_code) for page in closed}
    assert {page: codes for page, codes in found.items() if codes != (403, 403)} == {}
    assert (AuditEvent.objects.count(), Person.objects.count(), RoleGrant.objects.count()) == before


def test_every_post_of_an_auditor_to_the_back_office_is_refused(client, auditor, watched):
    """Every address under /cms/: what is not shut to reading is shut to writing."""
    a_course()
    before = (AuditEvent.objects.count(), Person.objects.count(), RoleGrant.objects.count())
    written = {}
    for pattern in ALL:
        address = pattern.sample()
        if not address.startswith("/cms/") or address.startswith(("/cms/logout", "/cms/login")):
            continue
        status = client.post(address).status_code
        if status not in {403, 404, 405} and not _leads_away(pattern.view_name):
            written[address] = status
    harmless = {"/cms/editing-sessions/", "/cms/dismissibles/", "/cms/sprite"}
    assert {address: status for address, status in written.items() if not address.startswith(tuple(harmless))} == {}
    assert (AuditEvent.objects.count(), Person.objects.count(), RoleGrant.objects.count()) == before


def _leads_away(name: str) -> bool:
    rule = rule_of(name)
    return rule is not None and set(rule.post) & {"closed", "public"} != set()


PARTS = {
    "/cms/personas/": {"administrator", "auditor"},
    "/cms/roles/": {"administrator", "auditor"},
    "/cms/redes/": {"administrator", "auditor"},
    "/cms/puestos/": {"administrator"},
    "/cms/municipios/": {"administrator"},
    "/cms/trabajos/": {"administrator"},
    "/cms/bitacora/": {"administrator", "auditor"},
    "/cms/certificados/": {"administrator", "certifier", "auditor"},
    "/cms/cursos/": {"administrator", "trainer"},
    "/cms/herramientas/": {"administrator", "trainer"},
    "/cms/videos/": {"administrator", "trainer"},
    "/cms/images/": {"administrator", "trainer"},
    "/cms/documents/": {"administrator", "trainer"},
    "/cms/cuestionarios/": {"administrator", "trainer"},
    "/cms/reports/": set(),
    "/cms/users/": set(),
    "/cms/groups/": set(),
    "/cms/sites/": set(),
    "/cms/collections/": set(),
    "/cms/redirects/": set(),
    "/cms/workflows/": set(),
}


@pytest.mark.parametrize("role", ["administrator", "trainer", "certifier", "auditor"])
def test_the_menu_shows_each_role_its_part(client, role):
    client.force_login(somebody_with_role(role))
    page = client.get("/cms/")
    assert page.status_code == 200
    links = set(re.findall(r"/cms/[a-z]+/", page.content.decode()))
    assert {part: part in links for part in PARTS if part != "/cms/reports/"} == {
        part: role in roles for part, roles in PARTS.items() if part != "/cms/reports/"
    }


@pytest.mark.parametrize("role", ["administrator", "trainer", "certifier", "auditor"])
def test_every_link_of_the_menu_opens(client, role):
    client.force_login(somebody_with_role(role))
    text = client.get("/cms/").content.decode()
    links = {link for link in re.findall(r'"url": ?"(/cms/[^"]*)"', text) if not link.startswith("/cms/logout")}
    assert {link: status for link in links if (status := client.get(link, follow=True).status_code) != 200} == {}


def test_masks():
    assert identity.masked_email("a@b.gt") == "a•••@b.gt"
    assert identity.masked_email(None) == identity.masked_email("") == ""
    assert identity.masked_phone("55551234") == "•••• ••34"
    assert identity.masked_phone(None) == ""


@pytest.mark.parametrize(("role", "searches"), [("auditor", False), ("certifier", False), ("administrator", True)])
def test_the_first_page_offers_the_search_of_pages_only_to_those_who_may_search(client, role, searches):
    client.force_login(somebody_with_role(role))
    html = client.get("/cms/").content.decode()
    doors = re.findall(r'action="(/cms/pages/[^"]*)"', html)
    assert bool(doors) is searches
    opened = re.findall(r'class="button button-secondary" href="(/cms/[^"]+)"', html)
    assert opened
    assert {client.get(path).status_code for path in doors + opened} == {200}
