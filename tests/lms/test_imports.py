"""Importing staff: who is new, who is known, what is filled in and what never is."""

from datetime import date

import pytest
from django.utils import timezone

from lms.domain import audit, identity
from lms.domain.imports import faults, known
from lms.models import Appointment, AuditEvent, Person, RoleGrant
from tests.factories.people import a_cui, a_member, a_network, a_person, an_employee, born, somebody_with_role
from tests.lms.list_steps import bring_in, check, line, run, said, state_of_everything, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def hr():
    return somebody_with_role("hr_delegate", municipality="1413")


def test_a_row_becomes_a_person_with_a_confirmed_appointment_and_no_password(hr):
    cui = a_cui()
    row = line(cui=int(cui), given="MARÍA DE LOS ÁNGELES", surnames="KʼANIL DEMO", born="31/12/1990", phone=55551234,
               email="Maria@Example.org", renglon=11, act="Acuerdo 4-2024")  # fmt: skip
    staff_import = bring_in(hr, row)
    assert said(staff_import) == []
    person = Person.objects.get(cui_digest=identity.cui_digest(cui))
    assert (person.full_name, person.email, person.phone) == (
        "María de los Ángeles Kʼanil Demo",
        "maria@example.org",
        "55551234",
    )
    assert (person.born_on, person.search_text) == (date(1990, 12, 31), "maria de los angeles kanil demo")
    assert identity.decrypt_cui(person.cui_encrypted) == cui
    assert not person.has_usable_password()
    held = person.appointments.get()
    assert (held.post.code, held.renglon, held.starts_on, held.act) == (
        "RECEP",
        "011",
        date(2024, 1, 15),
        "Acuerdo 4-2024",
    )
    assert (held.confirmed_by, held.is_declared, held.municipality.code) == (hr, False, "1413")
    assert staff_import.counts == {
        "rows": 1, "warnings": 0, "faults": 0, "new_people": 1, "new_appointments": 1, "completed": 0, "unchanged": 0,
    }  # fmt: skip
    assert list(AuditEvent.objects.values_list("action", flat=True)) == [
        "import.taken", "import.started", "person.imported", "import.ended",
    ]  # fmt: skip
    assert list(audit.find_faults()) == []
    assert cui not in str(list(AuditEvent.objects.values_list("facts", flat=True)))


def test_the_dry_run_writes_nothing_and_foresees_what_the_run_does(hr):
    before = state_of_everything()
    staff_import = check(take(hr, line(), line(given="", surnames="Otra Demo")), hr)
    assert state_of_everything() == before
    foreseen = staff_import.foreseen
    assert said(staff_import) == [(3, "given_names", "given_names.missing")]
    assert run(staff_import, hr).counts == foreseen
    assert said(staff_import) == [(3, "given_names", "given_names.missing")]
    assert Person.objects.filter(surnames="Ceiba Demo").count() == 1


def test_the_same_list_twice_changes_nothing(hr):
    rows = [
        line(cui=a_cui()),
        line(given="Sin", surnames="Cui Demo", cui="sin DPI"),
        line(given="Solo", surnames="Correo Demo", email="solo@example.org"),
        line(given="Solo", surnames="Fecha Demo", born="01/02/1980"),
        line(given="Ya", surnames="Salió Demo", ends="31/12/2024", phone="55550001"),
        line(given="Falta", surnames="Puesto Demo", post=""),
    ]
    first = bring_in(hr, *rows)
    before, events = state_of_everything(), AuditEvent.objects.filter(action="person.imported").count()
    second = bring_in(hr, *rows)
    assert state_of_everything() == before
    assert AuditEvent.objects.filter(action="person.imported").count() == events == 5
    assert said(first) == said(second) == [(7, "post", "post.missing")]
    assert (second.counts["unchanged"], second.counts["out"]) == (5, 1)
    assert "new_people" not in second.counts


def test_somebody_twice_in_a_list_is_told_with_the_first_row(hr):
    cui = a_cui()
    rows = [
        line(cui=cui, phone="55550001", email="a@example.org"),
        line(cui=cui, given="Otra"),
        line(given="Rosa", surnames="Milpa Demo", phone="55550001"),
        line(given="Petrona", surnames="Telar Demo", email="A@example.org"),
        line(given="Juan", surnames="Comal Demo", born="01/02/1980", cui=a_cui()),
        line(given="JUAN", surnames="COMAL DEMO", born="01/02/1980"),
        line(given="Juan", surnames="Comal Demo", born="01/02/1981"),
    ]
    staff_import = bring_in(hr, *rows)
    assert [(fault.row, fault.field, fault.code, fault.facts) for fault in staff_import.faults.all()] == [
        (3, "cui", "row.same_person", {"row": 2}),
        (4, "phone", "phone.twice", {"row": 2}),
        (5, "email", "email.twice", {"row": 2}),
        (7, "", "row.same_person", {"row": 6}),
    ]
    assert faults.message(staff_import.faults.first()) == "Esta persona ya está en la fila 2."


def test_one_person_under_two_numbers_comes_in_once(hr):
    cui = a_cui()
    an_employee(given_names="Ana Lucía", surnames="Ceiba Demo", cui=cui, email="ana@example.org")
    staff_import = bring_in(hr, line(cui=cui, post="FONT"), line(email="ana@example.org", post="TES"))
    assert said(staff_import) == [(3, "", "row.same_person")]


def test_only_what_is_empty_is_filled_in(hr):
    cui = a_cui()
    known = an_employee(given_names="Ana", surnames="Ceiba", cui=cui, email="suya@example.org")
    Appointment.objects.update(act="Acuerdo propio")
    row = line(cui=cui, given="Ana", surnames="CEIBA LÓPEZ", email="otra@example.org", phone="55551234",
               born="1/2/1980", renglon="022", act="Otro", starts="")  # fmt: skip
    staff_import = bring_in(hr, row)
    assert said(staff_import) == []
    known.refresh_from_db()
    assert (known.full_name, known.email, known.phone) == ("Ana Ceiba", "suya@example.org", "55551234")
    assert known.born_on == date(1980, 2, 1)
    held = known.appointments.get()
    assert (held.renglon, held.act) == ("022", "Acuerdo propio")
    assert staff_import.counts["completed"] == 1
    event = AuditEvent.objects.get(action="person.imported")
    assert (event.facts["fields"], event.facts["completed"]) == (["born_on", "phone"], ["renglon"])


def test_whoever_signs_in_keeps_their_ways_to_sign_in(hr):
    cui = a_cui()
    known = an_employee(given_names="Ana Lucía", surnames="Ceiba Demo", cui=cui, password="maíz-y-frijol-2026")
    staff_import = bring_in(hr, line(cui=cui, email="trampa@example.org", phone="55551234"))
    assert said(staff_import) == [(2, "", "person.kept_own")]
    known.refresh_from_db()
    assert (known.email, known.phone) == (None, None)


def test_people_of_another_town_hall_are_appointed_and_left_as_they_are(hr):
    cui = a_cui()
    known = an_employee("0101", given_names="Ana Lucía", surnames="Ceiba Demo", cui=cui)
    staff_import = bring_in(hr, line(cui=cui, phone="55551234", born="1/2/1980"))
    assert said(staff_import) == [(2, "", "person.held_elsewhere")]
    known.refresh_from_db()
    assert (known.phone, known.born_on) == (None, None)
    assert {held.municipality.code for held in known.appointments.all()} == {"0101", "1413"}


def test_people_of_a_network_are_appointed_and_left_as_they_are(hr):
    cui = a_cui()
    known = a_member(a_network(), given_names="Ana Lucía", surnames="Ceiba Demo", cui=cui)
    staff_import = bring_in(hr, line(cui=cui, phone="55551234", born="1/2/1980"))
    assert said(staff_import) == [(2, "", "person.held_elsewhere")]
    known.refresh_from_db()
    assert (known.phone, known.born_on) == (None, None)


def test_a_list_makes_no_minor_a_town_hall_s(hr):
    cui, day = a_cui(), f"{born(15):%d/%m/%Y}"
    minor = a_person(given_names="Ana Lucía", surnames="Ceiba Demo", cui=cui, born_on=born(15))
    for row in (line(cui=cui, born=""), line(cui=a_cui(), born=day)):
        assert said(bring_in(hr, row)) == [(2, "born_on", "appointment.minor")]
    assert not minor.appointments.exists()


def test_people_who_hold_roles_beyond_reach_are_not_touched(hr):
    cuis = [a_cui() for _ in range(3)]
    colleague = an_employee(given_names="Ana Lucía", surnames="Ceiba Demo", cui=cuis[0])
    RoleGrant.objects.create(person=colleague, role="administrator")
    chief = a_person(given_names="Rosa", surnames="Milpa Demo", cui=cuis[1], is_superuser=True)
    same = an_employee(given_names="Eva", surnames="Telar Demo", cui=cuis[2])
    RoleGrant.objects.create(person=same, role="trainer")
    rows = [
        line(cui=cuis[0], phone="55551234", starts=""),
        line(cui=cuis[1], given="Rosa", surnames="Milpa Demo"),
        line(cui=cuis[2], given="Eva", surnames="Telar Demo", starts=""),  # nothing would change
    ]
    staff_import = bring_in(hr, *rows)
    assert said(staff_import) == [(2, "", "person.not_allowed"), (3, "", "person.not_allowed")]
    assert staff_import.counts["unchanged"] == 1
    colleague.refresh_from_db()
    assert colleague.phone is None
    assert not chief.appointments.exists()
    administrator = somebody_with_role("administrator")
    assert said(bring_in(administrator, rows[0])) == []


def test_nobody_confirms_their_own_appointment(hr):
    hr.cui_digest = identity.cui_digest(cui := a_cui())
    hr.given_names, hr.surnames = "Ana Lucía", "Ceiba Demo"
    hr.save()
    bring_in(hr, line(cui=cui))
    assert hr.appointments.get().is_awaiting


def test_what_a_person_declared_is_confirmed(hr):
    cui = a_cui()
    known = an_employee(given_names="Ana Lucía", surnames="Ceiba Demo", cui=cui, is_confirmed=False)
    staff_import = bring_in(hr, line(cui=cui))
    held = known.appointments.get()
    assert (held.confirmed_by, held.is_awaiting, staff_import.counts["completed"]) == (hr, False, 1)


def test_a_last_day_ends_what_lasts(hr):
    cui = a_cui()
    known = an_employee(given_names="Ana Lucía", surnames="Ceiba Demo", cui=cui)
    today = timezone.localdate()
    bring_in(hr, line(cui=cui, ends=today.isoformat()))
    assert known.appointments.get().ends_on == today
    before = state_of_everything()
    bring_in(hr, line(cui=cui, ends=today.isoformat()))
    assert state_of_everything() == before


def test_numbers_that_are_somebody_elses(hr):
    an_employee(given_names="Petrona", surnames="Maguey", email="suyo@example.org", cui=(cui := a_cui()))
    an_employee(given_names="Mateo", surnames="Portón", phone="55551234", email="mateo@example.org", cui=a_cui())
    an_employee(given_names="Ana", surnames="Uno", email="uno@example.org")
    an_employee(given_names="Ana", surnames="Uno Dos", phone="55550002")
    staff_import = bring_in(
        hr,
        line(cui=cui, given="Diego", surnames="Puente"),
        line(email="suyo@example.org"),
        line(given="Eva", phone="55551234"),
        line(given="MATEO", surnames="PORTON", email="mateo@example.org", cui=a_cui()),
        line(given="Ana", surnames="Uno Dos", email="uno@example.org", phone="55550002"),
    )
    assert said(staff_import) == [
        (2, "cui", "cui.of_another_name"),
        (3, "email", "person.email_taken"),
        (4, "phone", "person.phone_taken"),
        (5, "cui", "cui.differs"),
        (6, "phone", "person.two_people"),
    ]


def test_people_without_a_number_are_known_by_contact_and_by_name_and_birth(hr):
    by_mail = an_employee(given_names="Ana Lucía", surnames="Seiva Demo", email="ana@example.org")
    by_birth = an_employee(given_names="Juan", surnames="Comal Demo", born_on=date(1980, 2, 1))
    an_employee("0101", given_names="Rosa", surnames="Milpa Demo", born_on=date(1980, 2, 1))
    staff_import = bring_in(
        hr,
        line(email="ana@example.org", cui=a_cui(), starts=""),
        line(given="JUAN", surnames="COMAL DEMO", born="01/02/1980", cui=a_cui(), starts=""),
        line(given="Rosa", surnames="Milpa Demo", born="01/02/1980"),
    )
    assert said(staff_import) == []
    assert (staff_import.counts["known_people"], staff_import.counts["new_people"]) == (2, 1)
    for one in (by_mail, by_birth):
        one.refresh_from_db()
        assert one.cui_digest


def test_two_of_one_name_are_not_told_apart_by_guessing(hr):
    for _ in range(2):
        an_employee(given_names="Juan", surnames="Comal Demo", born_on=date(1980, 2, 1))
    an_employee(given_names="Eva", surnames="Telar Demo", cui=a_cui())
    staff_import = bring_in(
        hr,
        line(given="Juan", surnames="Comal Demo", born="01/02/1980"),
        line(given="Eva", surnames="Telar Demo"),
    )
    assert said(staff_import) == [(2, "", "person.ambiguous"), (3, "", "person.namesake")]


def test_a_record_that_was_merged_leads_to_the_one_that_took_it_in(hr):
    kept = an_employee(given_names="Ana Lucía", surnames="Ceiba Demo", cui=a_cui())
    gone = a_person(given_names="Ana Lucía", surnames="Seiba", cui=(cui := a_cui()), merged_into=kept)
    bring_in(hr, line(cui=cui, post="FONT"))
    assert kept.appointments.count() == 2
    assert not gone.appointments.exists()


def test_a_closed_record_is_not_reopened(hr):
    an_employee(given_names="Ana Lucía", surnames="Ceiba Demo", cui=(cui := a_cui()), is_active=False)
    assert said(bring_in(hr, line(cui=cui))) == [(2, "", "person.closed")]


def test_a_town_hall_imports_its_own_and_anam_everybodys(hr):
    foreign = line(place="0101")
    assert said(bring_in(hr, foreign)) == [(2, "municipality", "municipality.outside")]
    administrator = somebody_with_role("administrator")
    done = bring_in(administrator, line(place="La Libertad, Petén"), line(given="Eva", place=""), place=None)
    assert said(done) == [(3, "municipality", "municipality.missing")]
    assert Appointment.objects.get(municipality__code="1705")


def test_faults_of_a_row_are_told_all_at_once_with_the_column(hr):
    staff_import = check(
        take(hr, line(cui="123", email="x@", post="Astronauta", renglon="9999", born="99/99/9999")), hr
    )
    assert [(fault.column, fault.code) for fault in staff_import.faults.all()] == [
        ("cui", "cui.malformed"), ("nacimiento", "date.unreadable"), ("correo", "email.malformed"),
        ("puesto", "post.unknown"), ("renglón", "renglon.unknown"),
    ]  # fmt: skip


def test_namesakes_who_cannot_be_meant_are_not_even_read(hr, monkeypatch):
    name = {"given_names": "Eva", "surnames": "Telar Demo"}
    an_employee(**name, cui=a_cui(), born_on=date(1980, 2, 1))
    an_employee(**name, born_on=date(1981, 2, 1))
    an_employee("0101", **name, born_on=date(1980, 2, 1))
    meant, read, real = an_employee(**name, born_on=date(1980, 2, 1)), [], known._namesakes
    monkeypatch.setattr(known, "_namesakes", lambda rows: read.append(real(rows)) or read[-1])
    staff_import = bring_in(hr, line(given="EVA", surnames="TELAR DEMO", born="01/02/1980", cui=a_cui()))
    assert read == [[meant]] * 3  # tried out, planned, and looked at again when it is written
    assert staff_import.counts["known_people"] == 1
