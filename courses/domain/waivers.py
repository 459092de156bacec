"""Exceptions: somebody is excused from an activity, or it is accepted as done. By another person, always with why."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import completion
from courses.domain.marking import courses_of
from courses.models import Activity, Completion, Enrolment, Waiver
from courses.models.rules import REASON_LENGTH
from lms import permissions
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Person

ACTION = "make_exceptions"


def may_make(by: Person, enrolment: Enrolment) -> bool:
    """Whether somebody may make exceptions here: in courses that they write, and never for themselves."""
    if not permissions.allows(by, ACTION) or _is_own(by, enrolment):
        return False
    return courses_of(by).filter(translation_key=enrolment.course_key).exists()


def _is_own(by: Person, enrolment: Enrolment) -> bool:
    return Person.objects.family(by).filter(pk=enrolment.person_id).exists()


def of_enrolment(enrolment: Enrolment) -> QuerySet[Waiver]:
    """Every exception of one enrolment, those taken back too, with who made it."""
    return enrolment.waivers.select_related("activity", "made_by", "withdrawn_by")


@transaction.atomic
def make(*, enrolment: Enrolment, activity: Activity, kind: str, reason: str, by: Person, at=None) -> Waiver:
    """Excuse somebody from an activity, or accept it as done, and judge the course. Audited.

    Raises `waiver.own`, `waiver.not_allowed`, `waiver.not_enrolled`, `waiver.other_course`, `waiver.no_reason`,
    `waiver.nothing_to_waive`, `waiver.course_completed`.
    """
    enrolment = _locked(enrolment)
    _assert_may(by, enrolment)
    if not enrolment.is_active:
        raise RuleBroken("waiver.not_enrolled", _("Esta persona ya no participa en el curso."))
    if activity.course_key != enrolment.course_key or activity.retired_at:
        raise RuleBroken("waiver.other_course", _("Esa actividad no está en este curso."))
    reason = _reasoned(reason)
    done = enrolment.activity_completions.filter(activity=activity).exists()
    if done or enrolment.waivers.in_force().filter(activity=activity).exists():
        raise RuleBroken("waiver.nothing_to_waive", _("Esa actividad ya no le falta a esta persona."))
    if _is_completed(enrolment):
        raise RuleBroken("waiver.course_completed", _("Esta persona ya completó el curso."))
    at = at or timezone.now()
    made = Waiver.objects.create(
        enrolment=enrolment, activity=activity, kind=Waiver.Kind(kind), reason=reason, made_by=by, made_at=at
    )
    _record("waiver.made", made, by)
    completion.judge(enrolment=enrolment, at=at)
    return made


@transaction.atomic
def withdraw(*, waiver: Waiver, reason: str, by: Person, at=None) -> Waiver:
    """Take an exception back, as long as the course was not completed with it. Audited. Repeating changes nothing.

    Raises `waiver.own`, `waiver.not_allowed`, `waiver.course_completed`, `waiver.no_reason`.
    """
    enrolment = _locked(waiver.enrolment)
    waiver = Waiver.objects.select_for_update(of=("self",), no_key=True).get(pk=waiver.pk)
    _assert_may(by, enrolment)
    if waiver.withdrawn_at:
        return waiver
    if _is_completed(enrolment):
        raise RuleBroken("waiver.course_completed", _("El curso ya se completó así: no se puede retirar."))
    waiver.withdrawn_reason = _reasoned(reason)
    waiver.withdrawn_at, waiver.withdrawn_by = at or timezone.now(), by
    waiver.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_reason"])
    _record("waiver.withdrawn", waiver, by)
    return waiver


def _locked(enrolment: Enrolment) -> Enrolment:
    locked = Enrolment.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("course", "person").get(pk=enrolment.pk)


def _assert_may(by: Person, enrolment: Enrolment) -> None:
    if _is_own(by, enrolment):
        raise RuleBroken("waiver.own", _("Una excepción para usted la hace otra persona."))
    if not may_make(by, enrolment):
        raise RuleBroken("waiver.not_allowed", _("Usted no puede hacer excepciones en este curso."))


def _reasoned(reason: str) -> str:
    reason = reason.strip()
    if len(reason) < REASON_LENGTH:
        raise RuleBroken("waiver.no_reason", _("Escriba por qué, en diez letras o más. La persona lo leerá."))
    return reason


def _is_completed(enrolment: Enrolment) -> bool:
    done = Completion.objects.of_family(enrolment.person).filter(course_key=enrolment.course_key)
    return done.filter(edition=enrolment.course.edition).exists()


def _record(action: str, waiver: Waiver, by: Person) -> None:
    facts = {
        "course": str(waiver.enrolment.course_key),
        "person": str(waiver.enrolment.person.public_id),
        "activity": waiver.activity.title,
        "kind": waiver.kind,
        "reason": waiver.withdrawn_reason or waiver.reason,
    }
    audit.record(action, by=by, subject=f"courses.waiver:{waiver.public_id}", facts=facts)
