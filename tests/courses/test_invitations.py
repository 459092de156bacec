"""Coming in by a code."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from courses.domain import enrolment, invitations
from courses.models import CoursePage, Enrolment, Invitation, InvitationUse
from lms.domain import duplicates
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Municipality, Person, RoleGrant
from tests.factories.courses import a_course
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def broken(call, **facts) -> str:
    with pytest.raises(RuleBroken) as caught:
        call(**facts)
    return caught.value.code


def closed_course(**fields) -> CoursePage:
    return a_course(entry="invited", **fields)


def nebaj() -> Municipality:
    return Municipality.objects.get(code="1413")


def test_a_course_by_invitation_lets_in_whoever_has_a_code_and_nobody_else():
    course, person = closed_course(), an_employee()
    assert broken(enrolment.enrol, person=person, course=course, by=person) == "enrolment.invitation_needed"
    made = invitations.make(course=course, by=None, max_uses=2)
    found = invitations.find(f" {made.typed_code.lower()} ")
    assert found == made
    assert invitations.redeem(invitation=found, person=person).is_active
    invitations.redeem(invitation=found, person=person)
    made.refresh_from_db()
    assert (made.used_count, made.is_over) == (1, False)
    told = set(AuditEvent.objects.values_list("action", flat=True))
    assert told == {"enrolment.made", "invitation.used", "invitation.made"}


def test_whoever_was_in_may_come_back_without_a_code():
    course, person = closed_course(), an_employee()
    entered = invitations.redeem(invitation=invitations.make(course=course, by=None), person=person)
    enrolment.withdraw(enrolment=entered, by=person)
    assert enrolment.enrol(person=person, course=course, by=person).is_active


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"used_count": 1},
    ],
)
def test_what_was_revoked_expired_or_used_up_lets_nobody_in(change):
    made = invitations.make(course=closed_course(), by=None)
    Invitation.objects.filter(pk=made.pk).update(**change)
    assert broken(invitations.redeem, invitation=made, person=an_employee()) == "invitation.over"
    assert not Enrolment.objects.exists()
    assert not Invitation.objects.open().exists()


def test_an_assigned_course_takes_no_invitations():
    course = a_course(entry="assigned")
    assert broken(invitations.make, course=course, by=None) == "invitation.course_closed"
    person = an_employee()
    assert broken(enrolment.enrol, person=person, course=course, by=person) == "enrolment.assigned_only"


def test_who_may_invite_whom():
    mine, other = closed_course(), closed_course()
    trainer, delegate = somebody_with_role("trainer"), somebody_with_role("hr_delegate", municipality="1413")
    helper, learner = an_employee(), an_employee()
    RoleGrant.objects.create(person=helper, role="trainer", scope="course", course_key=mine.translation_key)
    CoursePage.objects.filter(pk=mine.pk).update(owner=trainer)
    mine.refresh_from_db()
    elsewhere = Municipality.objects.get(code="0101")
    for by in (trainer, helper, somebody_with_role("administrator")):
        assert invitations.make(course=mine, by=by)
    refused = [
        {"course": other, "by": trainer},
        {"course": other, "by": helper},
        {"course": mine, "by": learner},
        {"course": mine, "by": delegate},
        {"course": mine, "by": delegate, "municipality": elsewhere},
        {"course": mine, "by": trainer, "municipality": nebaj()},
    ]
    assert {broken(invitations.make, **facts) for facts in refused} == {"invitation.not_allowed"}
    made = invitations.make(course=other, by=delegate, municipality=nebaj())
    assert broken(invitations.revoke, invitation=made, by=trainer) == "invitation.not_allowed"
    assert invitations.revoke(invitation=made, by=delegate).is_over


def test_a_town_halls_code_is_for_its_own_staff():
    made = invitations.make(course=closed_course(), by=None, municipality=nebaj(), max_uses=9)
    only_said = an_employee(is_confirmed=False)
    for outsider in (an_employee("0101"), only_said):
        assert broken(invitations.redeem, invitation=made, person=outsider) == "invitation.other_staff"
    assert invitations.redeem(invitation=made, person=an_employee()).is_active


def test_bounds_of_uses_and_days():
    course = closed_course()
    for facts in ({"max_uses": 0}, {"max_uses": 1001}, {"days": 0}, {"days": 367}):
        assert broken(invitations.make, course=course, by=None, **facts) == "invitation.out_of_bounds"


def test_more_uses_than_allowed_cannot_be_written():
    made = invitations.make(course=closed_course(), by=None)
    with pytest.raises(IntegrityError, match="invitation_used_within_its_uses"), transaction.atomic():
        Invitation.objects.filter(pk=made.pk).update(used_count=2)
    person = an_employee()
    InvitationUse.objects.create(invitation=made, person=person)
    with pytest.raises(IntegrityError), transaction.atomic():
        InvitationUse.objects.create(invitation=made, person=person)


def test_a_use_goes_over_to_the_record_that_stays_and_back():
    made = invitations.make(course=closed_course(), by=None, max_uses=3)
    first, second = an_employee(), an_employee()
    invitations.redeem(invitation=made, person=second)
    merge = duplicates.merge(survivor=first, absorbed=second, reason="x", by=None)
    assert list(InvitationUse.objects.values_list("person", flat=True)) == [first.pk]
    duplicates.undo(merge=merge, by=None)
    assert list(InvitationUse.objects.values_list("person", flat=True)) == [second.pk]


@pytest.mark.django_db(transaction=True)
def test_a_code_for_three_lets_in_three_however_many_come_at_once():
    made = invitations.make(course=closed_course(), by=None, max_uses=3)
    people = [an_employee() for _number in range(10)]

    def come(person: Person) -> str:
        try:
            invitations.redeem(invitation=made, person=person)
        except RuleBroken as refused:
            return refused.code
        finally:
            connection.close()
        return "in"

    with ThreadPoolExecutor(8) as pool:
        came = Counter(pool.map(come, people))
    made.refresh_from_db()
    assert came == {"in": 3, "invitation.over": 7}
    assert (made.used_count, Enrolment.objects.count()) == (3, 3)
