"""The pages of likely duplicates and of merges: found, compared, merged, dismissed, undone."""

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lms.domain import identity
from lms.models import DuplicatePair, Merge, Person
from tests.clients import FullClient
from tests.factories.people import a_cui, a_person, an_employee, somebody_with_role
from tests.lms.merge_steps import fresh, merge

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Person:
    return somebody_with_role("administrator")


@pytest.fixture
def office(admin) -> Client:
    client = FullClient()
    client.force_login(admin)
    return client


def test_the_list_names_why_and_is_filtered(office):
    one, two = an_employee(surnames="Ixcoy Tum"), a_person(surnames="Ixcoy Tun")
    pair = DuplicatePair.objects.create(first=one, second=two, score=80, reasons=["cui_near", "born_same"])
    DuplicatePair.objects.create(first=one, second=a_person(), score=55, reasons=["name_same"], state="dismissed")
    page = office.get(
        reverse("lms_duplicates:index"), {"reason": "cui_near", "municipality": one.appointments.get().municipality.pk}
    )
    text = page.content.decode()
    assert "El CUI difiere en un número" in text
    assert "80 %" in text
    assert [row.pk for row in page.context["object_list"]] == [pair.pk]
    assert len(office.get(reverse("lms_duplicates:index"), {"q": "ixcoy"}).context["object_list"]) == 2


def test_the_list_asks_the_same_number_of_queries_for_any_number(office):
    asked = []
    office.get(reverse("lms_duplicates:index"))  # what is read once by a process is read
    for number in (2, 10):
        for score in range(number):
            DuplicatePair.objects.create(first=a_person(), second=a_person(), score=50 + score)
        with CaptureQueriesContext(connection) as queries:
            assert office.get(reverse("lms_duplicates:index")).status_code == 200
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_two_are_compared_without_a_whole_number_and_merged(office, admin):
    cui, other = a_cui(), a_cui()
    one = an_employee(given_names="Rosa", surnames="Ixcoy", cui=cui, email="rosa@example.org")
    two = an_employee("1401", given_names="Rosa", surnames="Ixcoy Tum", cui=other, born_on=date(1991, 2, 3))
    address = reverse("lms_duplicates:compare", args=[one.pk, two.pk])
    text = office.get(address).content.decode()
    assert cui not in text
    assert other not in text
    assert identity.masked_cui(one.cui_encrypted) in text
    marked = {
        "survivor": "second",
        "given_names": "second",
        "surnames": "second",
        "born_on": "second",
        "language": "first",
        "cui": "first",
        "email": "first",
        "phone": "second",
    }
    preview = office.post(address, {**marked, "preview": "1", "reason": ""})
    assert preview.status_code == 200
    assert {row["name"]: row["result"] for row in preview.context["rows"]}["surnames"] == "Ixcoy Tum"
    assert not Merge.objects.exists()
    unreasoned = office.post(address, {**marked, "reason": ""})
    assert unreasoned.status_code == 422
    assert unreasoned.context["form"].chosen["cui"] == "first"
    done = office.post(address, {**marked, "reason": "Mismo DPI."})
    assert done.url == reverse("lms_merges:index")
    merged = Merge.objects.get()
    assert (merged.survivor, merged.absorbed, merged.merged_by) == (two, one, admin)
    assert (fresh(two).cui_digest, fresh(two).email) == (one.cui_digest, "rosa@example.org")
    assert office.get(address).status_code == 404


def test_what_may_not_be_merged_is_said_and_has_no_button(office, admin):
    other = a_person()
    text = office.get(reverse("lms_duplicates:compare", args=[admin.pk, other.pk])).content.decode()
    assert "Nadie une ni separa su propio registro" in text
    assert "Unir los dos registros" not in text


def test_a_merge_is_listed_and_undone(office, admin):
    one, two = a_person(), a_person()
    done = merge(one, two, admin)
    assert done in office.get(reverse("lms_merges:index")).context["object_list"]
    address = reverse("lms_merges:undo", args=[done.pk])
    assert "Se puede deshacer hasta" in office.get(address).content.decode()
    assert office.post(address).url == reverse("lms_merges:index")
    assert fresh(two).merged_into is None
    assert "Esta unión ya se deshizo." in office.get(address).content.decode()


def test_people_are_chosen_by_hand_and_likes_are_found(office):
    one = an_employee(given_names="Ana", surnames="Caal Pop")
    two = an_employee(given_names="Ana", surnames="Kaal Pop")
    choose = reverse("lms_duplicates:choose")
    assert office.post(choose, {"first": one.pk, "second": two.pk}).url == reverse(
        "lms_duplicates:compare", args=[one.pk, two.pk]
    )
    assert office.post(choose, {"first": one.pk, "second": one.pk}).status_code == 422
    alike = office.post(choose, {"first": one.pk}).url
    assert alike == reverse("lms_duplicates:alike", args=[one.pk])
    office.post(alike)
    assert two.full_name in office.get(alike).content.decode()
    gone = reverse("lms_duplicates:dismiss", args=[DuplicatePair.objects.get().pk])
    assert office.post(gone, {"reason": ""}).status_code == 422
    assert office.post(gone, {"reason": "Son primas."}).url == reverse("lms_duplicates:index")
    assert office.get(gone).status_code == 404


def test_a_search_is_asked_for_and_told(office, run_jobs):
    address = reverse("lms_duplicates:search")
    assert office.post(address).url == address
    assert run_jobs() == []
    assert "Terminado" in office.get(address).content.decode()


def test_a_merged_record_is_in_no_list_and_changed_by_nobody(office, admin):
    one, two = a_person(), a_person()
    merge(one, two, admin)
    assert office.get(reverse("lms_people:edit", args=[two.pk])).status_code == 404
    assert two not in office.get(reverse("lms_people:index")).context["object_list"]
