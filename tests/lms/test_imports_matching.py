"""Importing staff: whom a row speaks of, and what a stale list must not bring back."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from lms.domain import people
from lms.domain.imports import faults
from lms.models import Appointment, Person
from tests.factories.people import a_cui, a_person, an_employee, somebody_with_role
from tests.lms.list_steps import NAMES, bring_in, line, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def hr():
    return somebody_with_role("hr_delegate", municipality="1413")


def figures(staff_import) -> dict[str, int]:
    return {name: count for name, count in staff_import.counts.items() if count}


@pytest.mark.parametrize("contact", [{"phone": "55551234"}, {"email": "familia@example.org"}])
@pytest.mark.parametrize("known_born", [None, date(1990, 1, 1)])
def test_siblings_who_share_a_contact_are_two_people(hr, contact, known_born):
    maria = an_employee(given_names="María", surnames="López García", born_on=known_born, **contact)
    row = line(cui=a_cui(), given="Juan", surnames="López García", born="05/05/1995", post="DAFIM", **contact)
    name = next(iter(contact))
    assert said(bring_in(hr, row)) == [(2, name, f"person.{name}_taken")]
    maria.refresh_from_db()
    assert (maria.cui_digest, maria.born_on, maria.appointments.count()) == (None, known_born, 1)


def test_one_name_and_contact_with_two_birth_dates_are_two_people(hr):
    father = an_employee(given_names="Juan", surnames="López García", phone="55551234", born_on=date(1960, 1, 1))
    row = line(given="Juan", surnames="López García", phone="55551234", born="05/05/1995", post="DAFIM")
    assert said(bring_in(hr, row)) == [(2, "phone", "person.phone_taken")]
    assert father.appointments.count() == 1


def test_a_contact_and_a_name_that_sounds_the_same_are_one_person(hr):
    known = an_employee(given_names="Bictoria", surnames="Gonzáles Demo", phone="55551234", born_on=date(1990, 1, 1))
    row = line(cui=a_cui(), given="Victoria Isabel", surnames="González Demo", phone="55551234", starts="")
    assert said(bring_in(hr, row)) == []
    known.refresh_from_db()
    assert known.cui_digest


@pytest.mark.parametrize("other", [
    {"given": "Ana", "surnames": "López Tzoc"},  # one surname in common
    {"given": "Ana", "surnames": "López Ramírez"},  # a sister's number
    {"given": "Pedro", "surnames": "Tzoc Ixcoy"},  # a given name in common
])  # fmt: skip
def test_a_cui_with_another_name_fills_nothing(hr, other):
    known = a_person(given_names="Pedro", surnames="López Ramírez", cui=(cui := a_cui()))
    row = line(cui=cui, email="ana@example.org", phone="55512345", **other)
    assert said(bring_in(hr, row)) == [(2, "cui", "cui.of_another_name")]
    known.refresh_from_db()
    assert (known.email, known.phone, known.appointments.count()) == (None, None, 0)


@pytest.mark.parametrize("number", [True, False])
def test_a_stale_list_does_not_bring_back_whom_the_town_hall_let_go(hr, number):
    row = line(cui=a_cui() if number else None, phone="")
    bring_in(hr, row)
    held = Appointment.objects.get()
    ended = timezone.localdate() - timedelta(days=30)
    people.end_appointment(appointment=held, ends_on=ended, end_reason="dismissed", by=hr)
    row[NAMES.index("phone")] = "55551234"
    again = bring_in(hr, row)
    assert said(again) == [(2, "starts_on", "appointment.over")]
    assert f"{ended:%d/%m/%Y}" in faults.message(again.faults.get())
    assert again.faults.get().is_warning
    assert again.foreseen == again.counts
    assert figures(again) == {"rows": 1, "warnings": 1, "known_people": 1, "unchanged": 1}
    assert Appointment.objects.get().ends_on == ended
    assert Person.objects.get(surnames="Ceiba Demo").phone is None
    # Whoever came back did so on another day.
    assert said(bring_in(hr, line(cui=row[0], starts=timezone.localdate().isoformat()))) == []
    assert Appointment.objects.count() == 2


def test_a_list_without_first_days_brings_nobody_back_either(hr):
    row = line(cui=a_cui(), starts="")
    bring_in(hr, row)
    ended = timezone.localdate() - timedelta(days=30)
    Appointment.objects.update(starts_on=ended - timedelta(days=30))
    people.end_appointment(appointment=Appointment.objects.get(), ends_on=ended, by=hr)
    assert said(bring_in(hr, row)) == [(2, "starts_on", "appointment.over")]
    assert Appointment.objects.get().ends_on == ended


@pytest.mark.parametrize("number", [True, False])
def test_a_stale_list_does_not_bring_back_what_was_annulled(hr, number):
    row = line(cui=a_cui() if number else None)
    bring_in(hr, row)
    people.annul_appointment(appointment=Appointment.objects.get(), reason="Se anotó por error.", by=hr)
    again = bring_in(hr, row)
    assert said(again) == [(2, "starts_on", "appointment.was_refused")]
    assert figures(again) == {"rows": 1, "warnings": 1, "known_people": 1, "unchanged": 1}
    assert Appointment.objects.get().refused_at
