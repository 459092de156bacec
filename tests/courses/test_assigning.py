"""Assigning courses: whom it reaches, what it does, and that it may be repeated and cut off."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from courses.domain import assigning, audience, completion, enrolment
from courses.domain.audience import Rule
from courses.models import Activity, AssignedPerson, Assignment, Enrolment
from lms.domain import duplicates, jobs
from lms.domain.errors import RuleBroken
from lms.models import Appointment, AuditEvent, Department, Job, Municipality, Person, Post
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import a_member, a_network, an_employee, born, somebody_with_role

pytestmark = pytest.mark.django_db


def place(code: str = "1413") -> Municipality:
    return Municipality.objects.get(code=code)


def post(code: str) -> Post:
    return Post.objects.get(code=code)


def reached(rule: Rule, course=None) -> set[Person]:
    return set(audience.people(rule, course or a_course()))


def refusal(**facts) -> str:
    with pytest.raises(RuleBroken) as caught:
        assigning.assign(**facts)
    return caught.value.code


def staff(**facts) -> Rule:
    return Rule(municipality=place(), **facts)


def with_line(person: Person, renglon: str) -> Person:
    Appointment.objects.filter(person=person).update(renglon=renglon)
    return person


# Whom


def test_a_town_hall_reaches_its_confirmed_staff_of_today_and_nobody_else():
    mine = an_employee()
    an_employee("0101")
    an_employee(is_confirmed=False)
    former, closed = an_employee(), an_employee(is_active=False)
    Appointment.objects.filter(person=former).update(ends_on=timezone.localdate() - timedelta(days=1))
    an_employee(born_on=born(16))
    duplicates.merge(survivor=mine, absorbed=an_employee(), reason="x", by=None)
    assert closed.appointments.exists()
    assert reached(staff()) == {mine}


def test_conditions_are_asked_of_one_and_the_same_appointment():
    cashier = with_line(an_employee(post="RECEP"), "022")
    with_line(an_employee(post="RECEP"), "011")
    with_line(an_employee(post="FONT"), "022")
    split = an_employee(post="RECEP")
    Appointment.objects.create(
        person=split,
        municipality=place(),
        post=post("FONT"),
        renglon="022",
        starts_on=timezone.localdate(),
        confirmed_at=timezone.now(),
    )
    assert reached(staff(posts=[post("RECEP")], renglones=["022"])) == {cashier}


def test_anam_reaches_places_posts_and_networks_and_never_the_whole_country():
    quiche, capital = an_employee("1413"), an_employee("0101")
    network = a_network()
    member = a_member(network)
    a_member(network, born_on=born(15))
    assert reached(Rule(departments=[Department.objects.get(code="14")])) == {quiche}
    assert reached(Rule(municipalities=[place("0101")], departments=[Department.objects.get(code="14")])) == {
        quiche,
        capital,
    }
    assert reached(Rule(networks=[network])) == {member}
    with pytest.raises(RuleBroken) as caught:
        reached(Rule())
    assert caught.value.code == "assignment.nobody_named"


def test_a_network_reaches_its_own_members_the_minors_too():
    network = a_network()
    grown, young = a_member(network), a_member(network, born_on=born(15))
    elsewhere = a_member(network, municipality="1401")
    a_member(a_network("Otra"), born_on=born(15))
    assert reached(Rule(network=network)) == {grown, young, elsewhere}
    assert reached(Rule(network=network, municipalities=[place("1401")])) == {elsewhere}


def test_a_networks_course_reaches_its_members_alone():
    network = a_network()
    an_employee()
    member = an_employee()
    member.memberships.create(network=network, municipality=place())
    assert reached(staff(), a_course(network=network)) == {member}


# Who may


def test_nobody_assigns_beyond_their_scope():
    course, network = a_course(), a_network()
    an_employee()
    delegate = somebody_with_role("hr_delegate", municipality="1413")
    coordinator, member = a_member(network, is_coordinator=True), a_member(network)
    country = Rule(posts=[post("RECEP")])
    for by, rule in [
        (delegate, Rule(municipality=place("0101"))),
        (delegate, country),
        (delegate, Rule(network=network)),
        (coordinator, staff()),
        (coordinator, country),
        (coordinator, Rule(network=a_network("Otra"))),
        (member, Rule(network=network)),
        (somebody_with_role("trainer"), country),
        (somebody_with_role("department_delegate", department="14"), staff()),
    ]:
        assert refusal(course=course, rule=rule, by=by) == "assignment.not_allowed"
    assert not Assignment.objects.exists()
    for by, rule in [
        (delegate, staff()),
        (coordinator, Rule(network=network)),
        (somebody_with_role("administrator"), country),
    ]:
        assert assigning.assign(course=course, rule=rule, by=by)


def test_named_people_have_to_be_within_the_rule():
    course, mine, other = a_course(), an_employee(), an_employee("0101")
    assert refusal(course=course, rule=staff(), by=None, only=[mine, other]) == "assignment.out_of_reach"
    assert refusal(course=course, rule=staff(), by=None, only=[]) == "assignment.out_of_reach"


def test_dates_that_are_no_dates():
    course, today = a_course(), timezone.localdate()
    assert refusal(course=course, rule=staff(), by=None, due_on=today - timedelta(days=1)) == "assignment.past"
    assert refusal(course=course, rule=staff(), by=None, due_days=731) == "assignment.past"
    assert refusal(course=course, rule=staff(), by=None, due_days=3, due_on=today) == "assignment.due_twice"
    course.unpublish()
    assert refusal(course=course, rule=staff(), by=None) == "assignment.course_closed"


# What it does


def test_everybody_is_put_in_once_and_whoever_comes_later_too(run_jobs):
    course, first = a_course(entry="assigned"), [an_employee(), an_employee()]
    with time_machine.travel("2026-03-01 12:00-06:00", tick=False):
        made = assigning.assign(course=course, rule=staff(), by=None, due_days=15)
        assert run_jobs() == []
    assert set(Enrolment.objects.active().values_list("person", flat=True)) == {one.pk for one in first}
    with time_machine.travel("2026-03-05 12:00-06:00", tick=False):
        later = an_employee()
        assert assigning.look_again() == 1
        assert run_jobs() == []
        assert assigning.look_again() == 0
    rows = {one.person_id: one.due_on.isoformat() for one in made.people.all()}
    assert rows == {first[0].pk: "2026-03-16", first[1].pk: "2026-03-16", later.pk: "2026-03-20"}
    assert Enrolment.objects.active().count() == 3
    jobs.request(assigning.KIND, made.public_id)
    assert run_jobs() == []
    assert (made.people.count(), AuditEvent.objects.filter(action="enrolment.made").count()) == (3, 3)


def test_whoever_fits_no_more_keeps_everything_but_the_date(run_jobs):
    course, person = a_course(), an_employee()
    made = assigning.assign(course=course, rule=staff(), by=None, due_days=15)
    run_jobs()
    Appointment.objects.filter(person=person).update(ends_on=timezone.localdate() - timedelta(days=1))
    assert assigning.look_again() == 1
    run_jobs()
    assert Enrolment.objects.active().filter(person=person).exists()
    assert not AssignedPerson.objects.binding().exists()
    Appointment.objects.filter(person=person).update(ends_on=None)
    assert assigning.look_again() == 1
    run_jobs()
    assert made.people.get().released_at is None
    assert assigning.look_again() == 0


def test_whoever_completed_it_is_not_asked_again(run_jobs):
    course, person = a_course(), an_employee()
    lesson = a_lesson(course)
    entered = enrolment.enrol(person=person, course=course, by=person)
    completion.mark_read(enrolment=entered, activity=Activity.objects.get(lesson_key=lesson.translation_key))
    enrolment.withdraw(enrolment=entered, by=person)
    assigning.assign(course=course, rule=staff(), by=None)
    run_jobs()
    assert not Enrolment.objects.active().exists()


def test_an_assignment_brings_back_who_had_left_and_leaving_it_asks_why(run_jobs):
    course, person = a_course(), an_employee()
    entered = enrolment.enrol(person=person, course=course, by=person)
    enrolment.withdraw(enrolment=entered, by=person)
    made = assigning.assign(course=course, rule=staff(), by=None)
    run_jobs()
    assert Enrolment.objects.get().is_active
    with pytest.raises(RuleBroken) as caught:
        enrolment.withdraw(enrolment=entered, by=person, reason="  ")
    assert caught.value.code == "enrolment.reason_missing"
    enrolment.withdraw(enrolment=entered, by=person, reason="Estoy de permiso")
    row = made.people.get()
    assert (bool(row.declined_at), row.decline_reason) == (True, "Estoy de permiso")
    assert assigning.look_again() == 0
    jobs.request(assigning.KIND, made.public_id)
    run_jobs()
    assert not Enrolment.objects.active().exists()
    enrolment.enrol(person=person, course=course, by=person)
    assert AssignedPerson.objects.binding().filter(person=person).exists()


def test_named_people_stay_the_named_ones(run_jobs):
    course, one = a_course(), an_employee()
    an_employee()
    made = assigning.assign(course=course, rule=staff(), by=None, only=[one])
    run_jobs()
    an_employee()
    assert assigning.look_again() == 0
    assert [row.person for row in made.people.all()] == [one]


def test_what_was_ended_reaches_nobody_else_and_binds_nobody(run_jobs):
    person = an_employee()
    made = assigning.assign(course=a_course(), rule=staff(), by=None, due_days=3)
    run_jobs()
    assigning.end(assignment=made, by=None)
    an_employee()
    assert assigning.look_again() == 0
    assert Enrolment.objects.get().person == person
    assert not AssignedPerson.objects.binding().exists()


def test_a_job_that_was_cut_off_goes_on_where_it_was(run_jobs, monkeypatch):
    monkeypatch.setattr(assigning, "BATCH", 2)
    people = [an_employee() for _number in range(5)]
    made = assigning.assign(course=a_course(), rule=staff(), by=None)
    put_in, calls = assigning._put_in, []

    def falls_over(assignment, some):
        calls.append([one.pk for one in some])
        if len(calls) == 2:
            raise OSError("the light went out")
        put_in(assignment, some)

    monkeypatch.setattr(assigning, "_put_in", falls_over)
    assert run_jobs() == []
    assert sorted(key for keys in calls for key in keys) == sorted([one.pk for one in people] + calls[1])
    assert (made.people.count(), Enrolment.objects.active().count()) == (5, 5)
    job = Job.objects.get(kind=assigning.KIND)
    assert (job.state, job.done, job.total) == (Job.State.DONE, 3, 3)


def test_beyond_the_seats_the_assigned_wait(run_jobs):
    for _number in range(3):
        an_employee()
    assigning.assign(course=a_course(seats=2), rule=staff(), by=None)
    run_jobs()
    assert (Enrolment.objects.seated().count(), Enrolment.objects.waiting().count()) == (2, 1)


def test_two_records_of_one_person_are_asked_once(run_jobs):
    first, second = an_employee(), an_employee()
    made = assigning.assign(course=a_course(), rule=staff(), by=None)
    run_jobs()
    merge = duplicates.merge(survivor=first, absorbed=second, reason="x", by=None)
    assert AssignedPerson.objects.binding().filter(person=first).count() == 1
    only = an_employee()
    assigning.look_again()
    run_jobs()
    assert made.people.filter(released_at=None).count() == 2
    duplicates.undo(merge=merge, by=None)
    assert set(made.people.values_list("person", flat=True)) == {first.pk, second.pk, only.pk}


def test_the_rules_of_the_tables():
    course = a_course()
    facts = {"course": course, "course_key": course.translation_key}
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(**facts, municipality=place(), network=a_network())
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(**facts, due_on=timezone.localdate(), due_days=3)
    made, person = Assignment.objects.create(**facts), an_employee()
    AssignedPerson.objects.create(assignment=made, person=person)
    with pytest.raises(IntegrityError), transaction.atomic():
        AssignedPerson.objects.create(assignment=made, person=person)
    with pytest.raises(IntegrityError), transaction.atomic():
        AssignedPerson.objects.filter(person=person).update(declined_at=timezone.now())
