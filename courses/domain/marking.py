"""What a person marks: texts of one's own, by a rubric or a percent.

A mark may be corrected, for a reason that the learner reads; what stood there before is kept, and what was earned
stays.
"""

from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.domain import grading
from courses.models import Answer, Attempt, CoursePage, Enrolment, MarkChange
from courses.models.reach import roots_for
from courses.questions import Essay, Files
from courses.questions import grading as engine
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Person

# What a marker sees with an answer.
SHOWN = (
    "version__question",
    "translation",
    "attempt__quiz",
    "attempt__enrolment__person",
    "attempt__enrolment__course",
)


def courses_of(person: Person) -> QuerySet[CoursePage]:
    """The courses that somebody writes, and whose answers they may therefore mark."""
    below = Q(pk__in=[])
    for root in roots_for(person):
        below |= Q(path__startswith=root.path)
    return CoursePage.objects.filter(below)


def to_mark(person: Person) -> QuerySet[Answer]:
    """What waits for somebody who writes the course, the longest waiting first."""
    waiting = Answer.objects.filter(
        attempt__closed_at__isnull=False, percent=None, points__gt=0, attempt__enrolment__course__in=courses_of(person)
    ).exclude(attempt__enrolment__person=person)
    return waiting.select_related(*SHOWN).order_by("attempt__closed_at", "order")


def marked(person: Person) -> QuerySet[Answer]:
    """What was marked by a person in the courses that somebody writes, the newest first: it may be corrected."""
    found = Answer.objects.filter(
        attempt__closed_at__isnull=False, marked_at__isnull=False, attempt__enrolment__course__in=courses_of(person)
    ).exclude(attempt__enrolment__person=person)
    return found.select_related(*SHOWN, "marked_by").order_by("-marked_at", "-pk")


@transaction.atomic
def mark(
    *,
    answer: Answer,
    by: Person,
    levels: Mapping[str, str] | None = None,
    percent: Decimal | None = None,
    remark: str = "",
    reason: str = "",
) -> Answer:
    """Say what an answer is worth: a level for each criterion where there is a rubric, else a percent from 0 to 100.

    One that was marked before needs a `reason`. Raises `mark.own`, `mark.graded`, `mark.open`, `mark.rubric`,
    `mark.percent`, `mark.no_reason`.
    """
    enrolment = Enrolment.objects.select_for_update(of=("self",)).get(pk=answer.attempt.enrolment_id)
    attempt = Attempt.objects.select_for_update(of=("self",)).get(pk=answer.attempt_id)
    answer = Answer.objects.select_related("version", "translation").get(pk=answer.pk)
    body = answer.version.said.body
    if enrolment.person_id == by.pk:
        raise RuleBroken("mark.own", _("Su propia respuesta la califica otra persona."))
    if not isinstance(body, Essay | Files):
        raise RuleBroken("mark.graded", _("Esta respuesta la califica el sistema."))
    if attempt.closed_at is None:
        raise RuleBroken("mark.open", _("La persona todavía no ha enviado sus respuestas."))
    change = _change(answer, attempt, by, reason.strip())
    answer.levels = dict(levels or {})
    answer.percent = _percent(body, answer.levels, percent)
    answer.remark, answer.marked_by, answer.marked_at = remark.strip(), by, timezone.now()
    answer.said = list(engine.said_at(answer.asked, answer.percent))
    answer.save(update_fields=["percent", "levels", "remark", "said", "marked_by", "marked_at"])
    grading.settle(attempt, enrolment, at=timezone.now())
    if change:
        change.percent_after, change.score_after = answer.percent, attempt.score_percent
        change.is_passed = attempt.is_passed
        change.save()
    facts = {"order": answer.order, "percent": float(answer.percent), "score_percent": attempt.score_percent}
    audit.record("answer.marked", by=by, subject=f"courses.attempt:{attempt.public_id}", facts=facts)
    return answer


def _change(answer: Answer, attempt: Attempt, by: Person, reason: str) -> MarkChange | None:
    """What stands there before a correction; None for the first mark. Raises `mark.no_reason`."""
    if answer.marked_at is None:
        return None
    if not reason:
        raise RuleBroken("mark.no_reason", _("Escriba por qué corrige la nota: la persona lo lee."))
    return MarkChange(
        answer=answer,
        version=answer.version,
        percent_before=answer.percent,
        score_before=attempt.score_percent,
        was_passed=attempt.is_passed,
        levels=answer.levels,
        remark=answer.remark,
        reason=reason[:2000],
        made_by=by,
    )


def _percent(body: Essay | Files, levels: Mapping[str, str], percent: Decimal | None) -> Decimal:
    if body.rubric:
        try:
            return engine.by_rubric(body.rubric, levels).quantize(Decimal("0.00001"))
        except KeyError as missing:
            raise RuleBroken("mark.rubric", _("Elija un nivel para cada criterio.")) from missing
    if percent is None or not 0 <= percent <= 100:
        raise RuleBroken("mark.percent", _("Escriba una nota de 0 a 100."))
    return percent
