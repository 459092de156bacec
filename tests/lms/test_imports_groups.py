"""Importing staff by groups: new people go in together, and one by one where something does not hold."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from lms.domain import audit, identity, imports, jobs, people
from lms.domain.errors import RuleBroken
from lms.domain.imports import taking, working
from lms.models import Appointment, AuditEvent, Job, Municipality, Person, Post, StaffImport
from tests.factories.people import a_cui, a_person, an_employee, somebody_with_role
from tests.lms.list_steps import bring_in, check, line, run, said, take

pytestmark = pytest.mark.django_db
GIVEN = ("Ana", "Eva", "Irma", "Olga", "Rosa", "Petrona")


@pytest.fixture
def hr():
    return somebody_with_role("hr_delegate", municipality="1413")


def rows(**cells: object) -> list[list[object]]:
    """Six new people, of whom each has everything; the third with what is said."""
    return [
        line(
            **{
                "given": given,
                "cui": a_cui(),
                "email": f"{given.lower()}@example.org",
                "phone": f"5555123{number}",
                "act": f"Acuerdo {given}",
                **(cells if number == 2 else {}),
            }
        )
        for number, given in enumerate(GIVEN)
    ]


def came_in() -> list[str]:
    """Who came in, by given name; each whole, with their own appointment and their own event."""
    added = list(Person.objects.filter(surnames="Ceiba Demo").order_by("pk"))
    for person in added:
        assert person.appointments.get().act == f"Acuerdo {person.given_names}"
        event = AuditEvent.objects.get(action="person.imported", subject=f"lms.person:{person.public_id}")
        assert event.facts["new"] is True
    assert Appointment.objects.filter(act__startswith="Acuerdo ").count() == len(added)
    assert AuditEvent.objects.filter(action="person.imported").count() == len(added)
    assert list(audit.find_faults()) == []
    return [person.given_names for person in added]


def figures(staff_import: StaffImport) -> dict[str, int]:
    return {name: count for name, count in staff_import.counts.items() if count}


@pytest.fixture
def before_each_group(monkeypatch):
    """Do something after rows were planned and before any group of them is written."""

    def arrange(act) -> None:
        real = working._do_at_once

        def after(work, group, counts):
            act(work)
            real(work, group, counts)

        monkeypatch.setattr(working, "_do_at_once", after)

    return arrange


def test_new_people_come_in_together_each_with_what_is_theirs(hr):
    staff_import = bring_in(hr, *rows())
    assert came_in() == list(GIVEN)
    assert figures(staff_import) == {"rows": 6, "new_people": 6, "new_appointments": 6}
    told = AuditEvent.objects.filter(action="person.imported").order_by("pk").values_list("facts__row", flat=True)
    assert list(told) == [2, 3, 4, 5, 6, 7]


def test_a_group_is_one_transaction_and_a_statement_for_each_table(hr, django_assert_max_num_queries):
    staff_import = check(take(hr, *(line(cui=a_cui(), given=f"Ana{'x' * (n % 60)}") for n in range(100))), hr)
    job = imports.start_run(staff_import=staff_import, by=hr)
    with django_assert_max_num_queries(60):
        jobs.run(job.pk)
    assert Appointment.objects.filter(person__surnames="Ceiba Demo").count() == 100
    assert list(audit.find_faults()) == []


@pytest.mark.parametrize("name", ["cui", "email", "phone"])
def test_a_number_that_was_taken_meanwhile_keeps_its_row_out_and_no_other(hr, before_each_group, name):
    cui = a_cui()
    value = {"cui": cui, "email": "irma@example.org", "phone": "55551232"}[name]
    staff_import = check(take(hr, *rows(cui=cui)), hr)
    before_each_group(lambda work: a_person(**{name: value}))
    run(staff_import, hr)
    assert said(staff_import) == [(4, name, f"person.{name}_taken")]
    assert came_in() == [given for given in GIVEN if given != "Irma"]
    assert figures(staff_import) == {
        "rows": 6, "faults": 1, "out": 1, "new_people": 5, "new_appointments": 5,
    }  # fmt: skip


def test_a_rule_that_breaks_in_a_group_keeps_its_row_out_and_no_other(hr, before_each_group):
    staff_import = check(take(hr, *rows(post="TES")), hr)

    def closed(work):
        # The posts that the rows hold were read when the list was begun: close the very one.
        for plan in plans:
            plan.row.post.is_open = plan.row.post.code != "TES"

    plans: list = []
    real = taking.together

    def seen(found):
        plans.extend(found)
        return real(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking, "together", seen)
        before_each_group(closed)
        run(staff_import, hr)
    assert said(staff_import) == [(4, "", "person.changed_meanwhile")]
    assert came_in() == [given for given in GIVEN if given != "Irma"]


def test_a_namesake_who_was_registered_meanwhile_keeps_the_row_out(hr, before_each_group):
    staff_import = check(take(hr, *rows(cui="", born="01/01/1990")), hr)
    place, post = Municipality.objects.get(code="1413"), Post.objects.get(code="RECEP")

    def registered(_work):
        if not Person.objects.filter(given_names="Irma").exists():
            people.register(
                given_names="Irma",
                surnames="Ceiba Demo",
                password="",
                born_on=date(1990, 1, 1),
                municipality=place,
                post=post,
                by=hr,
            )

    before_each_group(registered)
    run(staff_import, hr)
    assert said(staff_import) == [(4, "", "person.changed_meanwhile")]
    Person.objects.get(given_names="Irma").appointments.all().delete()
    Person.objects.filter(given_names="Irma").update(surnames="Otra")
    assert came_in() == [given for given in GIVEN if given != "Irma"]
    assert figures(staff_import)["new_people"] == 5


def test_namesakes_go_alone_and_the_others_together(hr, monkeypatch):
    an_employee(given_names="Irma", surnames="Ceiba Demo")
    alone, real = [], working._do_row
    monkeypatch.setattr(working, "_do_row", lambda work, plan, counts: (
        alone.append(plan.row.given_names), real(work, plan, counts)
    ))  # fmt: skip
    bring_in(hr, *rows(born="01/01/1990"))
    assert alone == ["Irma"]
    assert Person.objects.filter(surnames="Ceiba Demo").count() == 7


MESSY = [
    {"given": "Ana"},
    {"given": "Ana", "born": "01/01/1990"},
    {"given": "Ana", "born": "01/01/1991"},
    {"given": "Eva", "email": "eva@example.org"},
    {"given": "EVA", "email": "otra@example.org"},
    {"given": "Eva", "email": "eva@example.org"},
    {"given": "Irma", "post": ""},
    {"given": "Olga", "phone": "55551234"},
    {"given": "Ólga", "born": "02/02/1992"},
    {"given": "Conocida", "email": "conocida@example.org"},
    {"given": "Rosa"},
    {"given": "Rosa"},
    {"given": "Tomasa", "phone": "55551234"},
    {"given": "Conocida", "born": "03/03/1993"},
]


def outcome(hr: Person) -> tuple:
    """What comes of a list in which later rows depend on earlier ones; all is undone afterwards."""
    with transaction.atomic():
        an_employee(given_names="Conocida", surnames="Ceiba Demo")
        staff_import = bring_in(hr, *(line(**cells) for cells in MESSY))
        added = Person.objects.filter(surnames="Ceiba Demo").order_by("pk")
        names = [(one.given_names, one.email, one.phone, one.born_on, one.appointments.count()) for one in added]
        found = said(staff_import), figures(staff_import), names
        transaction.set_rollback(True)
    return found


def test_a_list_comes_in_by_groups_as_it_does_row_by_row(hr, monkeypatch):
    at_once = outcome(hr)
    monkeypatch.setattr(taking, "GROUP", 1)
    assert outcome(hr) == at_once
    warnings = [row for row, _field, code in at_once[0] if code == "person.namesake"]
    assert warnings[:2] == [3, 4], "the first Ana, whose date of birth nobody knows, may be either of the others"


@pytest.mark.parametrize("killed_at", ["people", "appointments", "events"])
def test_a_worker_that_is_killed_amid_a_group_leaves_nothing_of_it(hr, monkeypatch, killed_at):
    staff_import = check(take(hr, *rows()), hr)
    monkeypatch.setattr(taking, "GROUP", 3)
    asked: list[str] = []

    def dying(real, what):
        def go(*arguments, **named):
            done = real(*arguments, **named)
            asked.append(what)
            if asked.count(killed_at) == 2:
                raise SystemExit
            return done

        return go

    insert_all, job = taking.insert_all, imports.start_run(staff_import=staff_import, by=hr)
    with monkeypatch.context() as patch:
        patch.setattr(taking, "insert_all", lambda added, **named: dying(
            insert_all, {Person: "people", Appointment: "appointments"}[type(added[0])]
        )(added, **named))  # fmt: skip
        patch.setattr(taking.audit, "record_all", dying(audit.record_all, "events"))
        with pytest.raises(SystemExit):
            jobs.run(job.pk)
    assert came_in() == list(GIVEN[:3])
    staff_import.refresh_from_db()
    assert (staff_import.next_row, staff_import.counts["new_people"]) == (5, 3)
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    jobs.run(job.pk)
    assert came_in() == list(GIVEN)
    staff_import.refresh_from_db()
    assert staff_import.counts == staff_import.foreseen


def test_a_worker_that_was_thought_dead_writes_no_group_more(hr, before_each_group):
    staff_import = check(take(hr, *rows()), hr)
    job = imports.start_run(staff_import=staff_import, by=hr)
    before_each_group(lambda work: StaffImport.objects.update(fence=work.list.fence + 1))
    jobs.run(job.pk)
    assert came_in() == []


def test_cancelling_stops_a_run_between_two_groups(hr, monkeypatch):
    staff_import = check(take(hr, *rows()), hr)
    monkeypatch.setattr(taking, "GROUP", 4)
    job, real = imports.start_run(staff_import=staff_import, by=hr), working._do_at_once

    def cancelled_after(work, group, counts):
        real(work, group, counts)
        imports.cancel(staff_import=staff_import, by=hr)

    monkeypatch.setattr(working, "_do_at_once", cancelled_after)
    jobs.run(job.pk)
    job.refresh_from_db()
    staff_import.refresh_from_db()
    assert (job.state, staff_import.state, staff_import.next_row) == ("done", "cancelled", 6)
    assert came_in() == list(GIVEN[:4])


def at_once(*works) -> list:
    """Do these in the same moment, each with a connection of its own; what each returned, or the rule it broke."""
    ready, told = threading.Barrier(len(works)), [None] * len(works)

    def go(number: int, work) -> None:
        try:
            ready.wait(20)
            told[number] = work()
        except RuleBroken as broken:
            told[number] = broken.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=(number, work)) for number, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


@pytest.mark.django_db(transaction=True)
def test_two_lists_of_one_town_hall_begun_in_the_same_moment_double_nobody():
    by = somebody_with_role("administrator")
    same = [line(given=f"Ana{'x' * n}") for n in range(60)]  # nothing but a name: no number keeps them apart
    first, second = (check(take(by, *given), by) for given in (same, same[::-1]))

    def go_in(staff_import):
        return lambda: jobs.run(imports.start_run(staff_import=staff_import, by=by).pk)

    told = at_once(go_in(first), go_in(second))
    assert {True} < {*told, "import.another_runs"} <= {True, "import.another_runs"}
    assert Person.objects.filter(surnames="Ceiba Demo").count() == 60
    assert Appointment.objects.filter(person__surnames="Ceiba Demo").count() == 60
    assert list(audit.find_faults()) == []


@pytest.mark.django_db(transaction=True)
def test_a_town_hall_s_list_and_the_country_s_at_the_same_time_double_nobody():
    by = somebody_with_role("administrator")
    same = [line(given=f"Ana{'x' * (n % 60)}", cui=a_cui(), place="1413") for n in range(240)]
    first, second = check(take(by, *same), by), check(take(by, *same[::-1], place=None), by)
    started = [imports.start_run(staff_import=one, by=by) for one in (first, second)]
    at_once(*(lambda job=job: jobs.run(job.pk) for job in started))
    ended = Job.objects.filter(pk__in=[job.pk for job in started])
    assert list(ended.values_list("state", "reason")) == [("done", "")] * 2
    assert Person.objects.filter(surnames="Ceiba Demo").count() == 240
    assert Appointment.objects.filter(person__surnames="Ceiba Demo").count() == 240
    for one in (first, second):
        one.refresh_from_db()
        assert one.counts["rows"] == 240
        assert sum(one.counts.get(name, 0) for name in ("new_people", "unchanged", "out")) == 240
    assert sum(one.counts.get("new_people", 0) for one in (first, second)) == 240
    assert list(audit.find_faults()) == []


@pytest.mark.django_db(transaction=True)
def test_two_who_wait_for_each_other_s_numbers_do_not_end_a_run(before_each_group):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: nobody waits for each other")
    by = somebody_with_role("administrator")
    staff_import = check(take(by, *rows()), by)
    theirs, wait = threading.Event(), threading.Event()

    def another() -> None:
        """Holds the last number of the group, and asks for its first while the group waits for the last."""
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL deadlock_timeout = '1min'")  # so that it is the run that gives way
                a_person(phone="55551235")
                theirs.set()
                wait.wait(20)
                a_person(phone="55551230")
        finally:
            connections.close_all()

    thread = threading.Thread(target=another)
    thread.start()
    assert theirs.wait(20)
    before_each_group(lambda _work: threading.Timer(0.3, wait.set).start())
    run(staff_import, by)
    thread.join()
    assert said(staff_import) == [(2, "phone", "person.phone_taken"), (7, "phone", "person.phone_taken")]
    assert came_in() == list(GIVEN[1:5])
    assert Job.objects.latest("pk").state == "done"


def test_events_told_together_are_the_chain_that_they_are_one_by_one(hr):
    audit.record("test.before", by=hr)
    told = audit.record_all("test.together", by=hr, about=[("a", {"row": 1}), ("b", {}), ("c", {"row": 3})])
    audit.record("test.after", by=None)
    assert [event.pk for event in told] == sorted(event.pk for event in told)
    kept = AuditEvent.objects.filter(action="test.together").order_by("pk")
    assert [(event.subject, event.facts, event.actor) for event in kept] == [
        ("a", {"row": 1}, str(hr.public_id)), ("b", {}, str(hr.public_id)), ("c", {"row": 3}, str(hr.public_id)),
    ]  # fmt: skip
    assert audit.record_all("test.nothing", by=hr, about=[]) == []
    assert list(audit.find_faults()) == []


def test_a_cui_is_kept_sealed_in_a_group_as_anywhere(hr):
    cui = a_cui()
    bring_in(hr, *rows(cui=cui))
    person = Person.objects.get(cui_digest=identity.cui_digest(cui))
    assert (person.given_names, identity.decrypt_cui(person.cui_encrypted)) == ("Irma", cui)
    assert person.has_usable_password() is False
