"""Lists of staff from hand to hand: who may, what is kept how long; the run that is left, taken over or cancelled."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from lms.domain import audit, imports, jobs
from lms.domain.imports import taking, working
from lms.models import Job, Person, RoleGrant, StaffImport, StaffImportFile
from tests.factories.people import a_cui, a_person, somebody_with_role
from tests.lms.list_steps import NAMES, broken_code, check, line, run, said, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def hr():
    return somebody_with_role("hr_delegate", municipality="1413")


def test_who_may_import_what(hr):
    learner, other = a_person(), somebody_with_role("hr_delegate", municipality="0101")
    staff_import = take(hr, line())
    assert broken_code(take, by=learner) == "import.not_allowed"
    assert broken_code(take, by=hr, place="0101") == "import.not_allowed"
    assert broken_code(take, by=hr, place=None) == "import.not_allowed"
    for verb in (imports.start_run, imports.cancel):
        assert broken_code(verb, staff_import=staff_import, by=other) == "import.not_allowed"
    mapping = {"staff_import": staff_import, "mapping": staff_import.mapping}
    assert broken_code(imports.start_check, by=other, **mapping) == "import.not_allowed"
    assert list(imports.visible_to(other)) == []
    assert list(imports.visible_to(hr)) == [staff_import]


def test_a_role_that_is_withdrawn_ends_the_run(hr):
    staff_import = check(take(hr, line()), hr)
    job = imports.start_run(staff_import=staff_import, by=hr)
    RoleGrant.objects.filter(person=hr).update(ends_at=timezone.now())
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert not Person.objects.filter(surnames="Ceiba Demo").exists()


def test_the_columns_that_are_needed(hr):
    staff_import = take(hr, line())
    for key in ("given_names", "surnames", "post"):
        mapping = {name: index for name, index in staff_import.mapping.items() if name != key}
        arguments = {"staff_import": staff_import, "mapping": mapping, "by": hr}
        assert broken_code(imports.start_check, **arguments) == "import.column_missing"
    arguments["mapping"] = {**staff_import.mapping, "cui": 99}
    assert broken_code(imports.start_check, **arguments) == "import.column_unknown"
    assert broken_code(imports.start_run, staff_import=staff_import, by=hr) == "import.closed"


def test_two_lists_of_one_town_hall_do_not_go_in_at_once(hr):
    first, second = (check(take(hr, line(given=name)), hr) for name in ("Ana", "Eva"))
    imports.start_run(staff_import=first, by=hr)
    assert broken_code(imports.start_run, staff_import=second, by=hr) == "import.another_runs"


def test_the_file_is_sealed_and_goes_when_all_is_done(hr):
    cui = a_cui()
    staff_import = take(hr, line(cui=cui))
    sealed = bytes(StaffImportFile.objects.get().sealed)
    assert cui.encode() not in sealed
    assert b"sheet1.xml" not in sealed
    run(check(staff_import, hr), hr)
    assert not StaffImportFile.objects.exists()
    imports.cancel(staff_import=(other := take(hr, line())), by=hr)
    other.refresh_from_db()
    assert other.state == "cancelled"
    assert not StaffImportFile.objects.exists()


def test_a_file_is_kept_for_a_week(hr):
    staff_import = take(hr, line())
    with time_machine.travel(timezone.now() + timedelta(days=6)):
        assert imports.sweep() == 0
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert imports.sweep() == 1
    staff_import.refresh_from_db()
    assert (staff_import.state, StaffImportFile.objects.exists()) == ("expired", False)


def test_nobody_fills_the_database_with_files(hr, monkeypatch):
    monkeypatch.setattr(imports, "MOST_OPEN", 1)
    take(hr, line())
    assert broken_code(lambda: take(hr, line())) == "import.too_many"


def test_a_run_goes_on_where_it_was_left(hr, monkeypatch):
    monkeypatch.setattr(working, "STRETCH", 3)
    monkeypatch.setattr(taking, "GROUP", 1)
    rows = [line(given=f"Ana{'x' * number}", cui=a_cui()) for number in range(1, 9)]
    rows[4][NAMES.index("post")] = ""
    staff_import = check(take(hr, *rows), hr)
    foreseen = staff_import.foreseen
    done, real = [], taking.take_in

    def die_in_the_middle(plan, staff_import, by):
        real(plan, staff_import, by)
        done.append(plan.row.number)
        if len(done) == 6:
            raise SystemExit

    monkeypatch.setattr(taking, "take_in", die_in_the_middle)
    job = imports.start_run(staff_import=staff_import, by=hr)
    with pytest.raises(SystemExit):
        jobs.run(job.pk)
    assert Person.objects.filter(surnames="Ceiba Demo").count() == 5
    monkeypatch.setattr(taking, "take_in", real)
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    jobs.run(job.pk)
    staff_import.refresh_from_db()
    assert Person.objects.filter(surnames="Ceiba Demo").count() == 7
    assert staff_import.counts == foreseen
    assert said(staff_import) == [(6, "post", "post.missing")]
    assert list(audit.find_faults()) == []


def test_a_worker_that_was_thought_dead_writes_nothing_more(hr, monkeypatch):
    staff_import = check(take(hr, line()), hr)
    job = imports.start_run(staff_import=staff_import, by=hr)
    real = working._do_row
    monkeypatch.setattr(working, "_do_row", lambda work, plan, counts: (
        StaffImport.objects.update(fence=work.list.fence + 1), real(work, plan, counts)
    ))  # fmt: skip
    jobs.run(job.pk)
    assert not Person.objects.filter(surnames="Ceiba Demo").exists()


def test_cancelling_stops_a_run_between_two_rows(hr, monkeypatch):
    monkeypatch.setattr(taking, "GROUP", 1)
    staff_import = check(take(hr, line(given="Ana"), line(given="Eva")), hr)
    job, real = imports.start_run(staff_import=staff_import, by=hr), working._do_row

    def cancelled_after(work, plan, counts):
        real(work, plan, counts)
        imports.cancel(staff_import=staff_import, by=hr)

    monkeypatch.setattr(working, "_do_row", cancelled_after)
    jobs.run(job.pk)
    job.refresh_from_db()
    staff_import.refresh_from_db()
    assert (job.state, staff_import.state) == ("done", "cancelled")
    assert Person.objects.filter(surnames="Ceiba Demo").count() == 1


def test_a_number_that_was_taken_meanwhile_keeps_one_row_out(hr, monkeypatch):
    monkeypatch.setattr(taking, "GROUP", 1)
    staff_import = check(take(hr, line(given="Ana", phone="55551234"), line(given="Eva")), hr)
    real = working._do_row

    def somebody_else_first(work, plan, counts):
        if plan.row.given_names == "Ana":
            a_person(phone="55551234")
        real(work, plan, counts)

    monkeypatch.setattr(working, "_do_row", somebody_else_first)
    run(staff_import, hr)
    assert said(staff_import) == [(2, "phone", "person.phone_taken")]
    assert (staff_import.counts["out"], staff_import.counts["new_people"]) == (1, 1)


def test_a_list_costs_the_same_queries_whatever_its_rows(hr, django_assert_max_num_queries):
    staff_import = take(hr, *(line(cui=a_cui(), given=f"Ana{'x' * (n % 60)}") for n in range(120)))
    job = imports.start_check(staff_import=staff_import, mapping=staff_import.mapping, by=hr)
    with django_assert_max_num_queries(45):
        jobs.run(job.pk)


def test_a_row_by_itself_costs_seven_statements_and_its_transaction(hr, monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(taking, "GROUP", 1)
    staff_import = check(take(hr, *(line(cui=a_cui(), given=f"Ana{'x' * (n % 60)}") for n in range(100))), hr)
    job = imports.start_run(staff_import=staff_import, by=hr)
    with django_assert_max_num_queries(100 * (7 + 2) + 60):
        jobs.run(job.pk)
