"""Exceptions by a person: with a reason, told, audited, and never for oneself."""

import pytest

from courses.domain import completion, enrolment, waivers
from courses.domain.telling import tell
from courses.models import Activity, Completion, CoursePage, Waiver
from lms.domain import own_trail
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent
from tests.courses.test_completion import a_learner
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
WHY = "Lo vio en persona, en el taller de mayo."


@pytest.fixture
def trainer():
    return somebody_with_role("trainer")


@pytest.fixture
def enrolled(trainer):
    course = a_course(title="Ingresos")
    CoursePage.objects.filter(pk=course.pk).update(owner=trainer)
    a_lesson(course, title="Uno")
    a_lesson(course, ("quiz", {"quiz": a_quiz(), "is_required": True}), title="Dos")
    return a_learner(course)


def the_quiz():
    return Activity.objects.get(kind="quiz")


def waive(enrolled, by, **fields):
    said = {"enrolment": enrolled, "activity": the_quiz(), "kind": "accepted", "reason": WHY, "by": by}
    return waivers.make(**(said | fields))


def refuses(code, verb, *args, **fields):
    with pytest.raises(RuleBroken) as broken:
        verb(*args, **fields)
    assert broken.value.code == code


def test_what_is_accepted_is_not_missing_and_may_complete_the_course(enrolled, trainer):
    made = waive(enrolled, trainer)
    progress = completion.course_progress(enrolled)
    assert [item.activity.kind for item in progress.missing] == ["reading"]
    assert (progress.percent, progress.items[1].waiver) == (50, made)
    assert not Completion.objects.exists()
    completion.complete_activity(enrolment=enrolled, activity=Activity.objects.get(kind="reading"))
    (said,) = Completion.objects.get().rule["exceptions"]
    assert (said["reason"], said["kind"], said["by"]) == (WHY, "accepted", trainer.full_name)


def test_the_last_thing_that_is_waived_completes_the_course(enrolled, trainer):
    completion.complete_activity(enrolment=enrolled, activity=Activity.objects.get(kind="reading"))
    waive(enrolled, trainer, kind="excused")
    assert Completion.objects.exists()
    refuses("waiver.course_completed", waivers.withdraw, waiver=Waiver.objects.get(), reason=WHY, by=trainer)


def test_an_exception_needs_a_reason(enrolled, trainer):
    refuses("waiver.no_reason", waive, enrolled, trainer, reason="   porque   ")
    refuses("waiver.no_reason", waivers.withdraw, waiver=waive(enrolled, trainer), reason="", by=trainer)


def test_it_is_taken_back_for_a_reason_and_both_are_audited_and_told(enrolled, trainer):
    made = waive(enrolled, trainer)
    waivers.withdraw(waiver=made, reason="Se anotó a otra persona.", by=trainer)
    waivers.withdraw(waiver=made, reason="Se anotó a otra persona.", by=trainer)
    assert len(completion.course_progress(enrolled).missing) == 2
    events = AuditEvent.objects.filter(action__startswith="waiver.").order_by("pk")
    assert [(one.action, one.actor, one.facts["reason"]) for one in events] == [
        ("waiver.made", str(trainer.public_id), WHY),
        ("waiver.withdrawn", str(trainer.public_id), "Se anotó a otra persona."),
    ]
    (told,) = tell(enrolled.person)["enrolments"]
    (said,) = told["exceptions"]
    assert (said["reason"], said["made_by"], said["withdrawn_reason"]) == (
        WHY,
        trainer.full_name,
        "Se anotó a otra persona.",
    )
    assert {"waiver.made", "waiver.withdrawn"} <= set(own_trail.WORDS)


def test_nobody_makes_one_for_themselves(enrolled):
    administrator = somebody_with_role("administrator")
    mine = enrolment.enrol(person=administrator, course=enrolled.course, by=administrator)
    refuses("waiver.own", waive, mine, administrator)
    waive(enrolled, administrator)


def test_only_those_who_write_the_course_may(enrolled):
    for role, where in (("trainer", {}), ("hr_delegate", {"municipality": "1413"}), ("auditor", {})):
        refuses("waiver.not_allowed", waive, enrolled, somebody_with_role(role, **where))
    refuses("waiver.not_allowed", waive, enrolled, an_employee())


def test_what_is_done_or_waived_or_elsewhere_is_not_waived(enrolled, trainer):
    reading = Activity.objects.get(kind="reading")
    completion.complete_activity(enrolment=enrolled, activity=reading)
    refuses("waiver.nothing_to_waive", waive, enrolled, trainer, activity=reading)
    other = a_course()
    a_lesson(other)
    foreign = Activity.objects.get(course_key=other.translation_key)
    refuses("waiver.other_course", waive, enrolled, trainer, activity=foreign)
    enrolment.withdraw(enrolment=enrolled, by=enrolled.person)
    refuses("waiver.not_enrolled", waive, enrolled, trainer)
