"""The back-office of people, places and work: who gets in, and that verbs do the work."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, get_resolver, reverse
from django.utils import timezone
from wagtail.models import GroupCollectionPermission, GroupPagePermission, Page

from lms.domain import audit, duplicates, jobs, roles
from lms.models import (
    AuditEvent,
    DuplicatePair,
    Job,
    Membership,
    Municipality,
    Network,
    Person,
    PersonRequest,
    Post,
    RoleGrant,
)
from lms.viewsets import PeopleGroup, WorkGroup, person_chooser_viewset
from tests.factories.people import PASSWORD, a_cui, a_member, a_network, a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
VIEWSETS = [*PeopleGroup.items, *WorkGroup.items, person_chooser_viewset]


def addresses() -> list[str]:
    """Every address of every viewset, on rows that exist."""
    person, network = an_employee(), a_network()
    grant = RoleGrant.objects.create(person=person, role="trainer")
    a_member(network)
    rows = {
        "lms_people": person.pk,
        "lms_grants": grant.pk,
        "lms_requests": PersonRequest.objects.create(person=person, kind="correction", text="x").pk,
        "lms_networks": network.pk,
        "lms_memberships": Membership.objects.get().pk,
        "lms_municipalities": Municipality.objects.first().pk,
        "lms_posts": Post.objects.first().pk,
        "lms_jobs": Job.objects.create(kind="x", subject="y", state="failed").pk,
        "lms_audit": audit.record("x", by=None).pk,
        "lms_jobs:cancel": (waiting := Job.objects.create(kind="x", subject="z")).pk,
        "lms_jobs:priority": waiting.pk,
        "lms_person_chooser": person.pk,
        "lms_merges": duplicates.merge(
            survivor=an_employee(), absorbed=an_employee(), by=None, reason="Es la misma persona."
        ).pk,
    }
    twins = sorted([an_employee().pk, an_employee().pk])
    pair = DuplicatePair.objects.create(first_id=twins[0], second_id=twins[1], score=80)
    rows |= {"lms_duplicates:alike": twins[0], "lms_duplicates:dismiss": pair.pk}
    rows |= {"lms_audit:export": "csv", "lms_grants:on_day_export": "csv", "lms_grants:timeline": person.pk}
    found = []
    for viewset in VIEWSETS:
        for pattern in viewset.get_urlpatterns():
            name = viewset.get_url_name(pattern.name)
            try:
                found.append(reverse(name))
            except NoReverseMatch:
                keys = twins if name == "lms_duplicates:compare" else [rows.get(name) or rows[viewset.name]]
                found.append(reverse(name, args=keys))
    return found


def statuses(client, urls: list[str]) -> dict[str, set]:
    return {url: {client.get(url).status_code, client.post(url, {"person": 1}).status_code} for url in urls}


def test_every_viewset_is_walked():
    """A viewset of ours that is registered elsewhere would escape the walk below."""
    namespaces = {name for name in get_resolver().namespace_dict if name.startswith("lms_")}
    nested = {
        name
        for pattern in get_resolver().url_patterns
        if str(pattern.pattern) == "cms/" and hasattr(pattern, "namespace_dict")
        for name in pattern.namespace_dict
        if name.startswith("lms_")
    }
    assert namespaces | nested == {viewset.name for viewset in VIEWSETS}


@pytest.mark.parametrize("role", ["trainer", "certifier", "hr_delegate", "department_delegate"])
def test_no_other_role_opens_any_of_it(client, role):
    urls = addresses()
    person = somebody_with_role(role)
    roles.sync_groups(person)
    client.force_login(person)
    before = AuditEvent.objects.count()
    assert {url: found for url, found in statuses(client, urls).items() if found - {302, 403}} == {}
    assert AuditEvent.objects.count() == before


def test_neither_does_a_learner_nor_a_stranger(client):
    urls = addresses()
    assert {url: found for url, found in statuses(client, urls).items() if found != {302}} == {}
    client.force_login(a_person())
    assert {url: found for url, found in statuses(client, urls).items() if found != {403}} == {}


def test_a_learner_put_into_a_group_by_mistake_is_taken_out_at_the_door(client):
    person = a_person()
    person.groups.add(Group.objects.get(name="Administración ANAM"))
    client.force_login(person)
    assert client.get("/cms/").status_code == 403
    assert not person.groups.exists()


def test_an_administrator_sees_every_page(client):
    urls = addresses()
    administrator = somebody_with_role("administrator")
    client.force_login(administrator)
    wrong = {url: client.get(url).status_code for url in urls if not url.endswith("/cui/")}  # which is only posted to
    assert {url: status for url, status in wrong.items() if status != 200} == {}
    home = client.get("/cms/").content.decode()
    assert "/cms/personas/" in home
    assert "/cms/users/" not in home
    assert "/cms/groups/" not in home


def test_a_withdrawn_administrator_is_out_at_the_next_click(client):
    administrator = a_person()
    grant = roles.grant(person=administrator, role="administrator", by=None)
    client.force_login(administrator)
    assert client.get(reverse("lms_people:index")).status_code == 200
    RoleGrant.objects.filter(pk=grant.pk).update(ends_at=timezone.now())
    assert client.get(reverse("lms_people:index")).status_code == 403
    assert not administrator.groups.exists()


def test_the_list_of_people_is_filtered_searched_and_masked(client):
    cui = a_cui()
    wanted = an_employee("1413", given_names="Cristóbal", surnames="Ramírez", cui=cui)
    an_employee("0101", given_names="Otra")
    trainer = somebody_with_role("trainer", given_names="Faciliti")
    client.force_login(somebody_with_role("administrator"))
    index = reverse("lms_people:index")

    def names(**query) -> set[str]:
        return {person.full_name for person in client.get(index, query).context["object_list"]}

    place = Municipality.objects.get(code="1413")
    assert names(municipality=place.pk) == {wanted.full_name}
    assert names(department=place.department_id) == {wanted.full_name}
    assert names(role="trainer") == {trainer.full_name}
    assert names(q="cristobal ramirez") == {wanted.full_name}
    assert wanted.full_name in names(post=Post.objects.get(code="RECEP").pk)
    text = client.get(index).content.decode()
    assert cui not in text
    assert "•••• ••••• 1401" in text


def test_the_list_asks_the_database_as_often_for_three_as_for_thirty(client, django_assert_num_queries):
    client.force_login(somebody_with_role("administrator"))
    index = reverse("lms_people:index")
    an_employee(cui=a_cui())
    client.get(index)
    with CaptureQueriesContext(connection) as few:
        client.get(index)
    for _number in range(20):
        an_employee(cui=a_cui())
    with django_assert_num_queries(len(few)):
        client.get(index)


def test_a_person_is_found_by_a_number_that_stays_out_of_the_address(client):
    cui = a_cui()
    person = a_person(cui=cui)
    client.force_login(somebody_with_role("administrator"))
    find = reverse("lms_people:find")
    assert client.post(find, {"identifier": cui}).url == reverse("lms_people:edit", args=[person.pk])
    missed = client.post(find, {"identifier": a_cui()})
    assert missed.status_code == 422


def test_a_person_is_opened_corrected_and_closed_by_verbs(client):
    administrator = somebody_with_role("administrator")
    client.force_login(administrator)
    posted = {"given_names": "Juana", "surnames": "Cuc", "cui": a_cui(), "phone": "55551234"}
    place = {"municipality": Municipality.objects.get(code="1413").pk, "post": Post.objects.get(code="RECEP").pk}
    made = client.post(reverse("lms_people:add"), {**posted, **place})
    assert made.status_code == 302
    person = Person.objects.get(given_names="Juana")
    assert person.current_appointment().is_declared is False
    edit = reverse("lms_people:edit", args=[person.pk])
    assert "•••• ••••• 1401" in client.get(edit).content.decode()
    client.post(edit, {"given_names": "Juana", "surnames": "Cuc Choc", "phone": "55551234", "password": PASSWORD})
    person.refresh_from_db()
    assert (person.surnames, person.is_active, person.check_password(PASSWORD)) == ("Cuc Choc", False, True)
    actions = AuditEvent.objects.values_list("action", flat=True)
    assert list(actions) == [
        "person.registered",
        "appointment.made",
        "person.changed",
        "person.password_changed",
        "person.closed",
    ]
    assert set(AuditEvent.objects.values_list("actor", flat=True)) == {str(administrator.public_id)}


def test_a_broken_rule_is_shown_and_nothing_is_lost(client):
    a_person(phone="55551234")
    client.force_login(somebody_with_role("administrator"))
    answer = client.post(
        reverse("lms_people:add"),
        {"given_names": "Juana", "surnames": "Cuc", "phone": "55551234", "password": PASSWORD},
    )
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Ya hay una cuenta con este teléfono" in text
    assert 'value="Juana"' in text


def test_an_administrator_of_one_municipality_finds_nobody_elses_people(client):
    foreign = an_employee("0101")
    grant = RoleGrant.objects.create(person=foreign, role="trainer")
    client.force_login(somebody_with_role("administrator", municipality="1413"))
    assert list(client.get(reverse("lms_people:index")).context["object_list"]) == []
    closed = [
        reverse("lms_people:edit", args=[foreign.pk]),
        reverse("lms_grants:delete", args=[grant.pk]),
        reverse("lms_person_chooser:chosen", args=[foreign.pk]),
    ]
    assert [client.get(url).status_code for url in closed] == [404, 404, 404]
    assert [client.post(url).status_code for url in closed[:2]] == [404, 404]
    assert foreign.full_name not in client.get(reverse("lms_person_chooser:choose")).content.decode()


def test_a_role_is_granted_and_withdrawn(client):
    administrator, person = somebody_with_role("administrator"), a_person()
    client.force_login(administrator)
    posted = {"person": person.pk, "role": "trainer.nation"}
    assert client.post(reverse("lms_grants:add"), posted).status_code == 302
    grant = person.role_grants.get()
    assert (grant.granted_by, list(person.groups.values_list("name", flat=True))) == (administrator, ["Facilitadores"])
    wrong = client.post(reverse("lms_grants:add"), {**posted, "role": "trainer.municipality"})
    assert wrong.status_code == 422
    ask = reverse("lms_grants:delete", args=[grant.pk])
    assert "Sí, retirar el rol" in client.get(ask).content.decode()
    client.post(ask)
    grant.refresh_from_db()
    assert grant.ends_at
    assert not person.groups.exists()
    assert client.get(ask).status_code == 404


def test_a_network_is_founded_and_somebody_joins_and_leaves(client):
    client.force_login(somebody_with_role("administrator"))
    place = Municipality.objects.get(code="1413")
    client.post(reverse("lms_networks:add"), {"name": "Red nueva", "municipalities": [place.pk]})
    network = Network.objects.get(name="Red nueva")
    person = a_person()
    add = reverse("lms_memberships:add")
    outside = {"network": network.pk, "person": person.pk, "municipality": Municipality.objects.get(code="0101").pk}
    assert client.post(add, outside).status_code == 422
    assert client.post(add, {**outside, "municipality": place.pk}).status_code == 302
    edit = reverse("lms_networks:edit", args=[network.pk])
    assert [member.person for member in client.get(edit).context["members"]] == [person]
    client.post(reverse("lms_memberships:delete", args=[person.memberships.get().pk]))
    assert list(client.get(edit).context["members"]) == []
    client.post(edit, {"name": "Red renombrada", "municipalities": [place.pk]})
    network.refresh_from_db()
    assert network.name == "Red renombrada"


def test_a_failed_job_is_tried_again_from_the_board(client):
    job = jobs.request("x", "y")
    Job.objects.filter(pk=job.pk).update(state="failed", reason="ffmpeg se detuvo", attempts=3)
    client.force_login(somebody_with_role("administrator"))
    assert "ffmpeg se detuvo" in client.get(reverse("lms_jobs:index")).content.decode()
    retry = reverse("lms_jobs:delete", args=[job.pk])
    assert "ffmpeg se detuvo" in client.get(retry).content.decode()
    assert client.post(retry).status_code == 302
    job.refresh_from_db()
    assert (job.state, job.attempts, job.reason) == ("waiting", 0, "")
    assert client.get(retry).status_code == 404


def test_the_groups_have_exactly_what_the_table_says():
    """And loading them again changes nothing; a permission given by hand is taken back."""

    def everything() -> dict:
        return {
            group.name: (
                set(group.permissions.values_list("codename", flat=True)),
                set(GroupPagePermission.objects.filter(group=group).values_list("permission__codename", flat=True)),
                set(
                    GroupCollectionPermission.objects.filter(group=group).values_list("permission__codename", flat=True)
                ),
            )
            for group in Group.objects.filter(name__in=roles.groups_table())
        }

    before = everything()
    assert before["Certificación"] == ({"access_admin"}, set(), set())
    permissions, pages, collections = before["Facilitadores"]
    assert {"access_admin", "add_video", "change_video", "add_quiz", "change_quiz"} <= permissions
    assert pages == set()
    assert collections == {"add_image", "choose_image", "add_document", "choose_document", "add_video"}
    assert not [name for name in permissions | collections if name.startswith("delete")]
    group, by_hand = Group.objects.get(name="Certificación"), Permission.objects.get(codename="delete_page")
    group.permissions.add(by_hand)
    GroupPagePermission.objects.create(group=group, permission=by_hand, page=Page.get_first_root_node())
    assert roles.ensure_groups() == []
    assert everything() == before


def test_a_trainer_enters_the_back_office_and_sees_pages(client):
    trainer = a_person()
    roles.grant(person=trainer, role="trainer", by=None)
    client.force_login(trainer)
    home = client.get("/cms/").content.decode()
    assert "/cms/personas/" not in home
    assert client.get("/cms/pages/").status_code in {200, 302}


def test_a_rule_broken_after_asking_is_told_on_the_list(client):
    failed = Job.objects.create(kind="x", subject="y", state="failed")
    Job.objects.create(kind="x", subject="y")
    grant = RoleGrant.objects.create(person=an_employee("1413"), role="trainer")
    client.force_login(somebody_with_role("administrator"))
    told = client.post(reverse("lms_jobs:delete", args=[failed.pk]), follow=True)
    assert told.redirect_chain == [(reverse("lms_jobs:index"), 302)]
    assert "Ya hay otro trabajo igual" in told.content.decode()
    client.force_login(somebody_with_role("administrator", municipality="1413"))
    told = client.post(reverse("lms_grants:delete", args=[grant.pk]), follow=True)
    assert told.redirect_chain == [(reverse("lms_grants:index"), 302)]
    assert "un rol mayor que el suyo" in told.content.decode()
    assert RoleGrant.objects.in_force().filter(pk=grant.pk).exists()
