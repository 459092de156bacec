"""Whatever is typed into the address of a list of the back-office: never a failure of ours."""

import re
from datetime import date
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from lms.domain import audit
from lms.forms.days import DayField
from lms.models import RoleGrant
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import a_member, a_network, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
LISTS = [
    "lms_people:index",
    "lms_grants:index",
    "lms_grants:on_day",
    "lms_requests:index",
    "lms_networks:index",
    "lms_memberships:index",
    "lms_municipalities:index",
    "lms_posts:index",
    "lms_duplicates:index",
    "lms_merges:index",
    "lms_audit:index",
    "lms_jobs:index",
    "media_videos:index",
    "wagtailsnippets_courses_quiz:list",
    "certificates_register:index",
]
EXPORTS = ["lms_grants:on_day_export", "lms_audit:export"]
ALWAYS = {"p", "page", "ordering"}
GARBAGE = ["9999-12-31", "0001-01-01", "\x00", "9" * 40, "-1", "x'\"<%[]"]
WORDS = {"q", "person", "name", "subject", "origin"}


@pytest.fixture
def administrator(client):
    """Somebody who may see all lists, with a row in most of them."""
    a_member(a_network())
    a_lesson(a_course(), ("quiz", {"quiz": a_quiz(), "is_required": True}))
    a_video()
    audit.record("x", by=None)
    person = somebody_with_role("administrator")
    client.force_login(person)
    client.raise_request_exception = False
    return person


def walk(client, address: str, names: set[str]) -> list[tuple]:
    """What failed: everything wrong at once and twice over, and the same without words that nobody has."""
    queries = [[(name, value) for name in sorted(names) for _twice in range(2)] for value in GARBAGE]
    queries += [[(name, value) for name, value in query if name not in WORDS] for query in queries]
    statuses = [(query[-1], client.get(f"{address}?{urlencode(query)}").status_code) for query in queries]
    return [found for found in statuses if found[1] >= 500]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_bears_whatever_it_is_asked(client, administrator, name):
    page = client.get(reverse(name))
    assert page.status_code == 200
    names = ALWAYS | set(re.findall(r'name="([a-z_]+)"', page.content.decode())) - {"csrfmiddlewaretoken", "viewport"}
    assert walk(client, reverse(name), names) == []


@pytest.mark.parametrize("name", EXPORTS)
def test_a_file_bears_whatever_it_is_asked(client, administrator, name):
    names = {"day", "at_from", "at_to", "role", "person", "action", "origin", "subject", "hour"}
    assert walk(client, reverse(name, args=["csv"]), names) == []


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1899-12-31", "2201-01-01"])
def test_a_role_that_ends_beyond_all_lives_is_answered_beside_its_field(client, administrator, day):
    somebody = an_employee()
    answer = client.post(reverse("lms_grants:add"), {"person": somebody.pk, "role": "auditor.nation", "ends_on": day})
    assert answer.status_code == 422
    assert "1900" in answer.content.decode()
    assert not RoleGrant.objects.filter(person=somebody).exists()


def test_a_day_is_of_the_years_in_which_somebody_may_live():
    assert DayField().clean("1900-01-01") == date(1900, 1, 1)
    assert DayField().clean("2200-12-31") == date(2200, 12, 31)
