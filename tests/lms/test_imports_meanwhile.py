"""Importing staff: what changed between reading a stretch of rows and writing them; lists and jobs that meet."""

import threading
from datetime import date, timedelta

import pytest
import time_machine
from django.db import connections, transaction
from django.urls import reverse
from django.utils import timezone

from lms.domain import duplicates, erasure, imports, jobs, people
from lms.domain.errors import RuleBroken
from lms.domain.imports import faults, taking, working
from lms.models import Appointment, Job, Municipality, Person, Post, RoleGrant, StaffImport
from tests.clients import FullClient
from tests.factories.people import a_cui, a_person, an_employee, somebody_with_role
from tests.lms import list_steps
from tests.lms.list_steps import check, line, take

pytestmark = pytest.mark.django_db
ANA = {"given_names": "Ana Lucía", "surnames": "Ceiba Demo"}


@pytest.fixture
def hr():
    return somebody_with_role("hr_delegate", municipality="1413")


@pytest.fixture
def administrator():
    return somebody_with_role("administrator")


def checked(by: Person, *rows: list[object]) -> StaffImport:
    return check(take(by, *rows), by)


def run(staff_import: StaffImport, by: Person) -> StaffImport:
    """Take it in; the job must end well whatever comes between."""
    list_steps.run(staff_import, by)
    job = Job.objects.filter(subject=str(staff_import.public_id)).latest("pk")
    assert (job.state, job.reason, staff_import.state) == ("done", "", "done")
    return staff_import


def said(staff_import: StaffImport) -> list[tuple[int, str, str]]:
    """And every one of them has a message."""
    assert all(faults.message(fault) for fault in staff_import.faults.all())
    return list_steps.said(staff_import)


def figures(staff_import: StaffImport) -> dict[str, int]:
    return {name: count for name, count in staff_import.counts.items() if count}


@pytest.fixture
def meanwhile(monkeypatch):
    """Do something after a stretch of rows was planned, and before any of it is written."""

    def arrange(act) -> None:
        real = working._do

        def after(work, plans, counts):
            act()
            real(work, plans, counts)

        monkeypatch.setattr(working, "_do", after)

    return arrange


OTHER = {"given": "Otra", "surnames": "Milpa Demo"}


def assert_only_the_other_came_in(staff_import: StaffImport, code: str) -> None:
    assert said(staff_import) == [(2, "", code)]
    assert figures(staff_import) == {"rows": 2, "faults": 1, "out": 1, "new_people": 1, "new_appointments": 1}
    assert Person.objects.filter(surnames="Milpa Demo").exists()


def test_who_was_erased_meanwhile_stays_erased(hr, administrator, meanwhile):
    known = an_employee(**ANA, born_on=date(1990, 1, 1))
    staff_import = checked(hr, line(cui=a_cui(), born="01/01/1990", email="z@example.org"), line(**OTHER))
    meanwhile(lambda: erasure.erase(person=known, by=administrator))
    assert_only_the_other_came_in(run(staff_import, hr), "person.erased_meanwhile")
    known.refresh_from_db()
    assert (known.cui_digest, known.email, known.appointments.count()) == (None, None, 0)


def test_who_was_merged_meanwhile_is_left_as_the_merge_left_them(hr, administrator, meanwhile):
    known, kept = an_employee(**ANA, born_on=date(1990, 1, 1), post="DAFIM"), a_person()
    staff_import = checked(hr, line(cui=a_cui(), born="01/01/1990", email="z@example.org"), line(**OTHER))
    meanwhile(lambda: duplicates.merge(survivor=kept, absorbed=known, reason="Es la misma.", by=administrator))
    assert_only_the_other_came_in(run(staff_import, hr), "person.merged_meanwhile")
    known.refresh_from_db()
    assert (known.cui_digest, known.email, known.appointments.count()) == (None, None, 0)
    assert kept.appointments.count() == 1


def test_who_was_closed_meanwhile_is_not_appointed(hr, administrator, meanwhile):
    known = an_employee(**ANA, cui=(cui := a_cui()), post="DAFIM")
    staff_import = checked(hr, line(cui=cui, email="z@example.org"), line(**OTHER))
    meanwhile(lambda: people.set_active(person=known, is_active=False, by=administrator))
    assert_only_the_other_came_in(run(staff_import, hr), "person.closed")
    known.refresh_from_db()
    assert (known.email, known.appointments.count()) == (None, 1)


def test_who_got_a_role_meanwhile_is_beyond_reach(hr, meanwhile):
    known = an_employee(**ANA, cui=(cui := a_cui()))
    staff_import = checked(hr, line(cui=cui, email="z@example.org"), line(**OTHER))
    meanwhile(lambda: RoleGrant.objects.create(person=known, role="administrator", scope="nation"))
    assert_only_the_other_came_in(run(staff_import, hr), "person.not_allowed")
    known.refresh_from_db()
    assert known.email is None


def test_who_was_employed_elsewhere_meanwhile_is_filled_nothing(hr, meanwhile):
    known = an_employee(**ANA, cui=(cui := a_cui()), post="DAFIM")
    staff_import = checked(hr, line(cui=cui, email="z@example.org"))
    assert said(staff_import) == []

    def hired():
        place, post = Municipality.objects.get(code="0101"), Post.objects.get(code="RECEP")
        Appointment.objects.create(
            person=known, municipality=place, post=post, starts_on=date(2024, 1, 1), confirmed_at=timezone.now()
        )

    meanwhile(hired)
    assert said(run(staff_import, hr)) == [(2, "", "person.held_elsewhere")]
    assert figures(staff_import)["warnings"] == 1
    known.refresh_from_db()
    assert (known.email, known.appointments.count()) == (None, 3)


def test_what_was_appointed_meanwhile_is_not_appointed_twice(hr, administrator, meanwhile):
    known = an_employee(**ANA, cui=(cui := a_cui()), post="DAFIM")
    staff_import = checked(hr, line(cui=cui))
    post, place = Post.objects.get(code="RECEP"), Municipality.objects.get(code="1413")
    meanwhile(
        lambda: people.appoint(
            person=known, post=post, municipality=place, starts_on=date(2024, 1, 15), by=administrator
        )
    )
    run(staff_import, hr)
    assert known.appointments.filter(post=post).count() == 1
    assert figures(staff_import) == {"rows": 1, "known_people": 1, "unchanged": 1}


def test_what_was_confirmed_meanwhile_needs_nothing(hr, meanwhile):
    known = an_employee(**ANA, cui=(cui := a_cui()), is_confirmed=False)
    staff_import = checked(hr, line(cui=cui), line(**OTHER))
    meanwhile(lambda: people.confirm_appointment(appointment=known.appointments.get(), by=hr))
    run(staff_import, hr)
    assert said(staff_import) == []
    assert figures(staff_import) == {
        "rows": 2, "known_people": 1, "unchanged": 1, "new_people": 1, "new_appointments": 1,
    }  # fmt: skip


def test_what_was_refused_meanwhile_is_not_confirmed(hr, meanwhile):
    known = an_employee(**ANA, cui=(cui := a_cui()), is_confirmed=False)
    starts = known.appointments.get().starts_on.isoformat()
    staff_import = checked(hr, line(cui=cui, starts=starts))
    refused = known.appointments.get()
    meanwhile(lambda: people.refuse_appointment(appointment=refused, reason="No trabaja aquí.", by=hr))
    assert said(run(staff_import, hr)) == [(2, "starts_on", "appointment.was_refused")]
    assert known.appointments.get().confirmed_at is None


def test_what_was_removed_meanwhile_is_planned_anew(hr, meanwhile):
    known = an_employee(**ANA, cui=(cui := a_cui()), is_confirmed=False)
    staff_import = checked(hr, line(cui=cui))
    meanwhile(lambda: Appointment.objects.all().delete())
    assert said(run(staff_import, hr)) == []
    assert known.appointments.get().starts_on == date(2024, 1, 15)
    assert figures(staff_import) == {"rows": 1, "known_people": 1, "new_appointments": 1}


def test_who_vanished_meanwhile_keeps_one_row_out(hr, meanwhile):
    known = a_person(**ANA, cui=(cui := a_cui()))
    staff_import = checked(hr, line(cui=cui), line(**OTHER))
    meanwhile(lambda: Person.objects.filter(pk=known.pk).delete())
    assert_only_the_other_came_in(run(staff_import, hr), "person.changed_meanwhile")


def test_who_was_known_by_a_contact_that_went_to_somebody_else(hr, meanwhile):
    known = an_employee(**ANA, phone="55551234", post="DAFIM")
    staff_import = checked(hr, line(phone="55551234"), line(**OTHER))

    def handed_over():
        Person.objects.filter(pk=known.pk).update(phone="55559999")
        an_employee(**ANA, phone="55551234", post="TES")

    meanwhile(handed_over)
    assert_only_the_other_came_in(run(staff_import, hr), "person.changed_meanwhile")
    assert not Appointment.objects.filter(post__code="RECEP", person__surnames="Ceiba Demo").exists()


@pytest.mark.parametrize("number", [{}, {"email": "ana@example.org"}])
def test_who_was_registered_meanwhile_is_not_registered_twice(hr, meanwhile, number):
    staff_import = checked(hr, line(born="01/01/1990", **number), line(**OTHER))
    place, post = Municipality.objects.get(code="1413"), Post.objects.get(code="RECEP")
    meanwhile(
        lambda: people.register(
            **ANA, password="", born_on=date(1990, 1, 1), municipality=place, post=post, by=hr, **number
        )
    )
    assert_only_the_other_came_in(run(staff_import, hr), "person.changed_meanwhile")
    assert Person.objects.filter(surnames="Ceiba Demo").count() == 1


def test_a_namesake_who_was_there_already_does_not_keep_anybody_out(hr):
    an_employee(**ANA, born_on=date(1970, 1, 1))
    staff_import = run(checked(hr, line(born="01/01/1990")), hr)
    assert said(staff_import) == []
    assert Person.objects.filter(surnames="Ceiba Demo").count() == 2


@pytest.mark.parametrize("failure", [
    RuleBroken("appointment.answered", "Alguien ya confirmó."),
    RuleBroken("person.closed", "Cerrada."),
    Appointment.DoesNotExist(),
])  # fmt: skip
def test_a_rule_that_breaks_while_a_row_is_written_keeps_only_that_row_out(hr, monkeypatch, failure):
    an_employee(**ANA, cui=(cui := a_cui()), is_confirmed=False)
    staff_import = checked(hr, line(cui=cui), line(**OTHER))

    def breaks(**_arguments):
        raise failure

    monkeypatch.setattr(taking.appointments, "confirm_appointment", breaks)
    known = getattr(failure, "code", "") == "person.closed"
    assert_only_the_other_came_in(run(staff_import, hr), "person.closed" if known else "person.changed_meanwhile")
    assert Appointment.objects.get(person__surnames="Ceiba Demo").is_awaiting


def test_rows_that_change_somebody_cost_few_statements(hr, django_assert_max_num_queries):
    cuis = [a_cui() for _ in range(40)]
    for number, cui in enumerate(cuis):
        an_employee(given_names=f"Ana{'x' * number}", surnames="Ceiba Demo", cui=cui, post="DAFIM")
    rows = (line(cui=cui, given=f"Ana{'x' * number}") for number, cui in enumerate(cuis))
    job = imports.start_run(staff_import=checked(hr, *rows), by=hr)
    with django_assert_max_num_queries(40 * (11 + 2) + 60):
        jobs.run(job.pk)
    assert Appointment.objects.filter(post__code="RECEP", person__surnames="Ceiba Demo").count() == 40


@pytest.mark.parametrize("way", ["import_run", "import_cancel"])
def test_a_run_that_failed_can_be_continued_or_cancelled(hr, monkeypatch, way):
    staff_import, waiting = checked(hr, line()), checked(hr, line(**OTHER))
    real = working._finish

    def fails(*_arguments):
        raise RuleBroken("import.file_gone", "El archivo ya no está.")

    monkeypatch.setattr(working, "_finish", fails)
    job = imports.start_run(staff_import=staff_import, by=hr)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    browser = FullClient()
    browser.force_login(hr)
    address = reverse(f"lms:{way}", args=[staff_import.public_id])
    assert address in browser.get(reverse("lms:import_list", args=[staff_import.public_id])).content.decode()
    imports.start_run(staff_import=waiting, by=hr)  # nobody waits for a job that failed
    jobs.run(Job.objects.latest("pk").pk)
    monkeypatch.setattr(working, "_finish", real)
    browser.post(address)
    if way == "import_run":
        jobs.run(Job.objects.latest("pk").pk)
    staff_import.refresh_from_db()
    assert staff_import.state == {"import_run": "done", "import_cancel": "cancelled"}[way]
    assert Person.objects.filter(surnames="Ceiba Demo").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("place", ["1413", None])
def test_two_lists_that_are_started_in_the_same_moment_do_not_both_go_in(administrator, place):
    first, second = (checked(administrator, line(given=name)) for name in ("Ana", "Eva"))
    if place is None:
        StaffImport.objects.update(municipality=None)
        first, second = StaffImport.objects.order_by("pk")
    started, wait, told = threading.Event(), threading.Event(), []

    def start_first() -> None:
        try:
            with transaction.atomic():
                imports.start_run(staff_import=first, by=administrator)
                started.set()
                wait.wait(1)  # the other one asks while this is not committed
        finally:
            started.set()
            connections.close_all()

    thread = threading.Thread(target=start_first)
    thread.start()
    started.wait()
    try:
        imports.start_run(staff_import=second, by=administrator)
    except RuleBroken as broken:
        told.append(broken.code)
    finally:
        wait.set()
        thread.join()
    assert told == ["import.another_runs"]


def test_names_in_a_list_go_a_week_after_it_is_closed(hr):
    name = "Traslado de Xquenda Canaria.xlsx"
    done = run(checked(hr, line(post="Xquenda Canaria")), hr)
    still_open = checked(hr, line(post="Xquenda Canaria"))
    StaffImport.objects.update(file_name=name)
    with time_machine.travel(timezone.now() + timedelta(days=6)):
        imports.sweep()
    done.refresh_from_db()
    assert (done.file_name, done.faults.count()) == (name, 1)
    with time_machine.travel(timezone.now() + timedelta(days=7, hours=1)):
        assert imports.sweep() == 1
        for one in (done, still_open):
            one.refresh_from_db()
        assert (done.file_name, done.faults.count(), done.rows) == ("", 0, 1)
        assert (still_open.state, still_open.file_name, still_open.faults.count()) == ("expired", name, 1)
    with time_machine.travel(timezone.now() + timedelta(days=14, hours=2)):
        imports.sweep()
    still_open.refresh_from_db()
    assert (still_open.file_name, still_open.faults.count()) == ("", 0)
    browser = FullClient()
    browser.force_login(hr)
    page = browser.get(reverse("lms:import_index")).content.decode()
    assert page.count("Lista sin nombre") == 2
    assert "Lista sin nombre" in browser.get(reverse("lms:import_list", args=[done.public_id])).content.decode()
