"""Nobody waits for the other for ever, and nobody acts on what the other is just changing: on PostgreSQL alone.

SQLite lets in one writer at a time, and so hides each of these.
"""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from certificates.domain import issuing
from certificates.models import Certificate, OwedCertificate
from courses.domain import completion as completing
from courses.domain import enrolment as enrolling
from courses.models import Activity, Completion, Enrolment
from lms.domain import appointments, audit, duplicates, erasure, guardians, people, requests, roles
from lms.domain.errors import RuleBroken
from lms.models import Appointment, GuardianConsent, Municipality, PersonRequest, Post, RoleGrant
from tests.certificates.merging_steps import fresh, merge
from tests.crossing import cross, lock_person, on_postgresql
from tests.factories.certificates import a_completion
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import a_member, a_network, a_person, an_employee, born, somebody_with_role

pytestmark = [pytest.mark.django_db(transaction=True), on_postgresql]


def failures(came_to: list[object]) -> list[object]:
    return [one for one in came_to if isinstance(one, Exception)]


def code_of(came_to: object) -> str:
    return came_to.code if isinstance(came_to, RuleBroken) else repr(came_to)


def records(survivor_is_older: bool):
    """Two records, the survivor first."""
    older, younger = an_employee(), an_employee()
    return (older, younger) if survivor_is_older else (younger, older)


@pytest.mark.parametrize("survivor_is_older", [True, False])
def test_a_merge_takes_both_records_by_key(survivor_is_older):
    survivor, absorbed = records(survivor_is_older)
    older, younger = sorted([survivor, absorbed], key=lambda one: one.pk)
    came_to = cross(lambda: lock_person(older), lambda: merge(survivor, absorbed), lambda: lock_person(younger))
    assert failures(came_to) == []
    assert fresh(absorbed).merged_into == survivor


@pytest.mark.parametrize("survivor_is_older", [True, False])
def test_undoing_a_merge_takes_both_records_by_key(survivor_is_older):
    survivor, absorbed = records(survivor_is_older)
    done = merge(survivor, absorbed)
    older, younger = sorted([survivor, absorbed], key=lambda one: one.pk)
    came_to = cross(
        lambda: lock_person(older), lambda: duplicates.undo(merge=done, by=None), lambda: lock_person(younger)
    )
    assert failures(came_to) == []
    assert fresh(absorbed).merged_into is None


@pytest.mark.parametrize("survivor_is_older", [True, False])
def test_owing_takes_both_records_by_key_as_merges_and_their_undoing_do(survivor_is_older):
    survivor, absorbed = records(survivor_is_older)
    done = a_completion(person=absorbed)
    merge(survivor, absorbed)
    older, younger = sorted([survivor, absorbed], key=lambda one: one.pk)
    came_to = cross(lambda: lock_person(older), lambda: issuing.owe(done), lambda: lock_person(younger))
    assert failures(came_to) == []
    assert OwedCertificate.objects.get().completion == done


def test_what_is_owed_waits_for_a_merge_that_is_on_its_way():
    """Else the same edition would be owed to both records of one person."""
    course = a_course()
    survivor, absorbed = an_employee(), an_employee()
    one, other = (a_completion(person=person, course=course) for person in (survivor, absorbed))
    issuing.owe(one)
    came_to = cross(lambda: merge(survivor, absorbed), lambda: issuing.owe(other), lambda: None)
    assert came_to[0] is None
    assert OwedCertificate.objects.get().completion == one


def test_an_erasure_that_is_granted_waits_for_whoever_changes_the_person():
    """The head of the trail is what everybody takes last."""
    administrator, person = somebody_with_role("administrator"), an_employee()
    asked = requests.ask_erasure(person=person, by=person)
    PersonRequest.objects.update(asked_at=timezone.now() - requests.WAIT - timedelta(days=1))
    asked.refresh_from_db()
    came_to = cross(
        lambda: lock_person(person),
        lambda: requests.grant_erasure(request=asked, by=administrator),
        lambda: audit.record("person.changed", by=administrator, subject=f"lms.person:{person.public_id}"),
    )
    assert failures(came_to) == []
    assert fresh(person).erased_at


def test_an_erasure_waits_for_a_course_that_is_being_completed_and_for_its_certificate():
    person, course = an_employee(), a_course(certificate_kind="diploma")
    lesson = a_lesson(course)
    entered = enrolling.enrol(person=person, course=course, by=person)
    activity = Activity.objects.get(lesson_key=lesson.translation_key)
    came_to = cross(
        lambda: Enrolment.objects.select_for_update(no_key=True).get(pk=entered.pk),
        lambda: erasure.erase(person=person, by=None),
        lambda: completing.complete_activity(enrolment=entered, activity=activity),
    )
    assert code_of(came_to[0]) == "erasure.certificate_on_its_way"
    assert failures(came_to[1:]) == []
    assert fresh(person).erased_at is None
    done = Completion.objects.get(person=person)
    issuing.owe(done)
    assert issuing.issue(done.public_id).person_name == person.full_name
    erasure.erase(person=person, by=None)
    assert Certificate.objects.get().person_name == person.full_name


def test_of_two_erasures_at_once_one_finds_nothing_left():
    person = an_employee()
    came_to = cross(
        lambda: erasure.erase(person=person, by=None), lambda: erasure.erase(person=person, by=None), lambda: None
    )
    assert came_to[0] == {}


def test_nobody_is_erased_and_merged_in_the_same_moment():
    person, other = an_employee(), an_employee()
    came_to = cross(lambda: merge(other, person), lambda: erasure.erase(person=person, by=None), lambda: None)
    assert code_of(came_to[0]) == "erasure.joined"


def test_two_records_are_not_merged_into_each_other():
    one, two = an_employee(), an_employee()
    came_to = cross(lambda: merge(one, two), lambda: merge(two, one), lambda: None)
    assert code_of(came_to[0]) == "merge.already_merged"
    assert (fresh(one).merged_into, fresh(two).merged_into) == (None, one)


def test_nobody_is_merged_while_they_are_erased():
    one, two = an_employee(), an_employee()
    came_to = cross(lambda: erasure.erase(person=two, by=None), lambda: merge(one, two), lambda: None)
    assert code_of(came_to[0]) == "merge.erased"
    assert fresh(two).merged_into is None


def appoint(person, by=None):
    return people.appoint(
        person=person,
        post=Post.objects.get(code="TES"),
        municipality=Municipality.objects.get(code="1413"),
        starts_on=date(2024, 1, 15),
        by=by,
    )


def test_a_post_noted_by_two_at_once_is_noted_once():
    person = an_employee()
    came_to = cross(lambda: appoint(person), lambda: appoint(person), lambda: None)
    assert code_of(came_to[0]) == "appointment.already_held"
    assert person.appointments.filter(post__code="TES").count() == 1


def test_a_transfer_waits_for_a_post_that_is_being_noted():
    person = an_employee("1401")
    held = person.appointments.get()

    def move():
        return appointments.move(
            appointment=held,
            municipality=Municipality.objects.get(code="1413"),
            post=Post.objects.get(code="TES"),
            last_day=timezone.localdate(),
            starts_on=timezone.localdate(),
            by=None,
        )

    came_to = cross(lambda: appoint(person), move, lambda: None)
    assert code_of(came_to[0]) == "appointment.already_held"
    assert fresh(person).appointments.filter(ends_on=None).count() == 2


@pytest.mark.parametrize("verb", ["confirm", "refuse"])
def test_of_two_answers_to_one_post_the_second_is_told(verb):
    held = an_employee(is_confirmed=False).appointments.get()

    def answer():
        if verb == "confirm":
            return people.confirm_appointment(appointment=held, by=None)
        return people.refuse_appointment(appointment=held, reason="No trabaja aquí.", by=None)

    came_to = cross(lambda: people.confirm_appointment(appointment=held, by=None), answer, lambda: None)
    assert code_of(came_to[0]) == "appointment.answered"
    assert Appointment.objects.get().refused_at is None


def test_a_role_granted_by_two_at_once_is_granted_once():
    person = a_person()
    came_to = cross(
        lambda: roles.grant(person=person, role="trainer", by=None),
        lambda: roles.grant(person=person, role="trainer", by=None),
        lambda: None,
    )
    assert failures(came_to) == []
    assert RoleGrant.objects.count() == 1


def test_of_two_changes_of_one_record_neither_is_lost():
    person = an_employee()
    came_to = cross(
        lambda: people.change_details(person=person, by=None, phone="5555 1234"),
        lambda: people.change_details(person=person, by=None, email="ana@example.org"),
        lambda: None,
    )
    assert failures(came_to) == []
    assert (fresh(person).phone[-8:], fresh(person).email) == ("55551234", "ana@example.org")


def test_a_paper_is_not_confirmed_while_the_guardian_takes_the_consent_back():
    minor = a_member(a_network(), born_on=born(15))
    guardians.declare(person=minor, guardian_name="Encargada De Prueba", relation="mother", by=minor)
    came_to = cross(
        lambda: guardians.withdraw(person=minor, by=None),
        lambda: guardians.confirm(person=minor, by=None),
        lambda: None,
    )
    assert code_of(came_to[0]) == "consent.withdrawn"
    assert GuardianConsent.objects.get().confirmed_at is None


def test_of_two_who_sign_one_paper_at_once_one_is_written_down():
    minor = a_member(a_network(), born_on=born(15))
    guardians.declare(person=minor, guardian_name="Encargada De Prueba", relation="mother", by=minor)
    first, second = somebody_with_role("administrator"), somebody_with_role("administrator")
    came_to = cross(
        lambda: guardians.confirm(person=minor, by=first),
        lambda: guardians.confirm(person=minor, by=second),
        lambda: None,
    )
    assert failures(came_to) == []
    assert GuardianConsent.objects.get().confirmed_by == first
