"""Who could do what on any day: grants in force then, what they carried, and honest about closed accounts."""

import csv
import io
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lms import permissions
from lms.domain import people, powers, roles
from lms.models import AuditEvent, Department, Municipality, Person, RoleGrant
from tests.factories.people import a_person, somebody_with_role

pytestmark = pytest.mark.django_db
GUATEMALA = ZoneInfo("America/Guatemala")
MARCH = date(2026, 3, 10)


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=GUATEMALA)


def a_grant(
    person: Person, *, since: datetime, until: datetime | None = None, role: str = "trainer", **scope
) -> RoleGrant:
    return RoleGrant.objects.create(person=person, role=role, starts_at=since, ends_at=until, **scope)


def names(span: powers.Span, **query) -> list[str]:
    return [grant.person.given_names for grant in powers.held_in(span, **query)]


@pytest.fixture
def grants():
    """One through the month, one that ended on the 10th at noon, one that began then, one before, one after."""
    spans = {
        "Siempre": (at(1), None),
        "Hasta": (at(1), at(10)),
        "Desde": (at(10), None),
        "Antes": (at(1), datetime.combine(MARCH, time.min, GUATEMALA)),
        "Después": (datetime.combine(MARCH + timedelta(days=1), time.min, GUATEMALA), None),
        "Nunca": (at(12), at(5)),
    }
    return {
        name: a_grant(a_person(given_names=name, surnames=f"{number}"), since=since, until=until)
        for number, (name, (since, until)) in enumerate(spans.items())
    }


def test_a_day_holds_what_held_at_any_moment_of_it_in_guatemala(grants):
    assert names(powers.Span.of(MARCH)) == ["Siempre", "Hasta", "Desde"]
    assert names(powers.Span.of(MARCH, time(11, 59))) == ["Siempre", "Hasta"]
    assert names(powers.Span.of(MARCH, time(12, 0))) == ["Siempre", "Desde"]
    assert names(powers.Span.of(MARCH - timedelta(days=1))) == ["Siempre", "Hasta", "Antes"]
    assert names(powers.Span.of(MARCH + timedelta(days=1))) == ["Siempre", "Desde", "Después"]


def test_what_a_moment_says_is_what_the_permission_function_said_then(grants):
    for hour in (9, 12, 15):
        moment = at(10, hour)
        with time_machine.travel(moment, tick=False):
            could = {person.given_names for person in Person.objects.all() if permissions.allows(person, "edit_course")}
        assert set(names(powers.Span.of(MARCH, time(hour)))) == could


def test_a_place_finds_what_reached_it():
    nebaj = Municipality.objects.get(code="1413")
    everywhere, inside, whole, outside = (a_person(given_names=name) for name in ("País", "Muni", "Depto", "Fuera"))
    a_grant(everywhere, since=at(1), role="administrator")
    a_grant(inside, since=at(1), role="hr_delegate", scope="municipality", municipality=nebaj)
    a_grant(whole, since=at(1), role="department_delegate", scope="department", department=nebaj.department)
    foreign = Municipality.objects.get(code="0101")
    a_grant(outside, since=at(1), role="hr_delegate", scope="municipality", municipality=foreign)
    span = powers.Span.of(MARCH)
    assert set(names(span, municipality=nebaj)) == {"País", "Muni", "Depto"}
    assert set(names(span, department=Department.objects.get(code="14"))) == {"País", "Muni", "Depto"}
    assert set(names(span, municipality=foreign)) == {"País", "Fuera"}
    assert set(names(span, role="hr_delegate")) == {"Muni", "Fuera"}
    assert set(names(span, name="muni")) == {"Muni"}


def test_a_closed_account_could_do_nothing():
    person = a_person()
    a_grant(person, since=at(1))
    for day, is_open in ((5, False), (8, True), (12, False)):
        with time_machine.travel(at(day), tick=False):
            people.set_active(person=person, is_active=is_open, by=None)

    def was_closed(day: int, hour: time | None = None) -> bool:
        span = powers.Span.of(date(2026, 3, day), hour)
        return powers.as_powers(powers.held_in(span), span)[0].was_closed

    assert [was_closed(day) for day in (4, 5, 6, 7, 8, 9, 12, 13)] == [
        False,
        False,
        True,
        True,
        False,
        False,
        False,
        True,
    ]
    assert [was_closed(5, time(hour)) for hour in (11, 13)] == [False, True]
    assert [was_closed(8, time(hour)) for hour in (11, 13)] == [True, False]


def test_each_role_says_in_words_what_it_carries():
    for role in permissions.policy()["roles"]:
        words = powers.actions_in_words(role)
        assert len(words) == len(permissions.actions_of(role))
        assert not [word for word in words if "_" in word]


@pytest.fixture
def auditor(client):
    person = somebody_with_role("auditor", given_names="Quien", surnames="Mira")
    RoleGrant.objects.filter(person=person).update(starts_at=at(1))
    client.force_login(person)
    return person


def test_the_page_shows_the_day_and_says_what_each_could_do(client, auditor, grants):
    text = client.get(reverse("lms_grants:on_day"), {"day": "2026-03-10"}).content.decode()
    assert "4 roles vigentes entonces" in text
    assert "escribir sus cursos y los que el rol nombra" in text
    assert "Antes 3" not in text
    assert "según la tabla de permisos de hoy" in text
    today = client.get(reverse("lms_grants:on_day")).content.decode()
    assert "Siempre 0" in today
    wrong = client.get(reverse("lms_grants:on_day"), {"day": "2026-13-45"})
    assert (wrong.status_code, "2026-13-45" in wrong.content.decode()) == (422, True)
    empty = client.get(reverse("lms_grants:on_day"), {"day": "2001-01-01"}).content.decode()
    assert "Nadie tenía un rol así entonces" in empty


def test_it_asks_the_database_as_often_for_three_as_for_thirty(client, auditor, grants, django_assert_num_queries):
    page = reverse("lms_grants:on_day")
    client.get(page, {"day": "2026-03-10"})
    with CaptureQueriesContext(connection) as few:
        client.get(page, {"day": "2026-03-10"})
    for number in range(30):
        a_grant(a_person(given_names=f"Otra{number}"), since=at(1))
    with django_assert_num_queries(len(few)):
        client.get(page, {"day": "2026-03-10"})


def test_the_file_is_safe_and_the_trail_knows_who_took_it(client, auditor):
    a_grant(a_person(given_names="=cmd", surnames="|x"), since=at(1), role="certifier")
    answer = client.get(reverse("lms_grants:on_day_export", args=["csv"]), {"day": "2026-03-10", "role": "certifier"})
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert rows[1][0] == "'=cmd |x"
    assert "certificar lo que otra persona pidió sobre un certificado" in rows[1][-1]
    told = AuditEvent.objects.get(action="grants.exported")
    assert told.facts == {"form": "csv", "filters": {"day": "2026-03-10", "role": "certifier"}, "rows": 1}
    book = client.get(reverse("lms_grants:on_day_export", args=["xlsx"]), {"day": "2026-03-10"})
    assert b"".join(book.streaming_content)[:2] == b"PK"
    assert client.get(reverse("lms_grants:on_day_export", args=["exe"])).status_code == 404
    assert client.get(reverse("lms_grants:on_day_export", args=["csv"]), {"day": "x"}).status_code == 422


def test_the_timeline_tells_who_gave_who_took_and_when_the_account_was_closed(client, auditor):
    administrator = somebody_with_role("administrator", given_names="Administra", surnames="Demo")
    person = a_person(given_names="Lucía", surnames="Demo")
    roles.withdraw(grant=roles.grant(person=person, role="trainer", by=administrator), by=administrator)
    people.set_active(person=person, is_active=False, by=administrator)
    text = client.get(reverse("lms_grants:timeline", args=[person.pk])).content.decode()
    for words in ("Lucía Demo", "Lo otorgó Administra Demo.", "Lo retiró Administra Demo.", "Se cerró la cuenta"):
        assert words in text
    assert client.get(reverse("lms_grants:timeline", args=[0])).status_code == 404


@pytest.mark.parametrize("role", ["trainer", "certifier", "hr_delegate", "department_delegate"])
def test_nobody_else_sees_it(client, role):
    client.force_login(somebody_with_role(role))
    addresses = [
        reverse("lms_grants:on_day"),
        reverse("lms_grants:on_day_export", args=["csv"]),
        reverse("lms_grants:timeline", args=[a_person().pk]),
    ]
    assert {client.get(address).status_code for address in addresses} == {403}


def test_a_grant_to_come_is_not_in_force_today():
    person = a_person()
    roles.grant(person=person, role="auditor", by=None, starts_on=timezone.localdate() + timedelta(days=3))
    assert names(powers.Span.of(timezone.localdate())) == []
    assert names(powers.Span.of(timezone.localdate() + timedelta(days=3))) == [person.given_names]
