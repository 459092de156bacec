"""Answers that a device sends as events, perhaps long after they were given, and the handing in that follows them."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from courses.domain import grading
from courses.models import Answer, Attempt, LearningEvent
from courses.questions import answers
from lms.domain.errors import RuleBroken


class Unknown(Exception):
    """No attempt of this person at this quiz bears that id."""


class Early(Exception):
    """Answers that belong to a handing in are still on their way."""


class _Fields:
    """Fields of a form as an event carries them: `answers.Form`."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self.fields = fields

    def get(self, name: str, default: str = "") -> str | None:
        values = self.fields.get(name)
        return values[-1] if values else default

    def getlist(self, name: str) -> list[str]:
        return list(self.fields.get(name, ()))


@transaction.atomic
def keep(row: LearningEvent, *, attempt: UUID, question: int, fields: Mapping[str, Sequence[str]]) -> str:
    """Keep an answer unless a later one is there: then `answer.newer_kept`. What arrives too late does not count.

    Raises `Unknown`, `attempt.time_over`, `attempt.closed`, `answer.unknown_question`, and what `answers.fit` says.
    """
    found = _locked(row, attempt)
    # By the server's clock: between the grant and the receipt a client may claim any moment.
    if found.ends_at and row.received_at > found.ends_at + grading.GRACE:
        raise RuleBroken("attempt.time_over", _("Se terminó el tiempo. Cuenta lo que usted guardó antes."))
    if found.closed_at:
        raise RuleBroken("attempt.closed", _("Este intento ya se envió. Sus respuestas no se pueden cambiar."))
    asked = grading.find_asked(found, question)
    body = asked.version.said.body
    try:
        given = answers.read(body, _Fields(fields))
    except answers.UnfitAnswer as unfit:
        raise RuleBroken(unfit.code, str(grading.UNFIT[unfit.code])) from unfit
    if not _is_newer(row, asked):
        return "answer.newer_kept"
    grading.write(asked, given, at=row.happened_at, by=row.client_id)
    return ""


def _is_newer(row: LearningEvent, asked: Answer) -> bool:
    """The last one by when it happened stands; of two at one instant a form's, else that with the greater id."""
    if asked.written_at is None or row.happened_at != asked.written_at:
        return asked.written_at is None or row.happened_at > asked.written_at
    return asked.written_by is not None and row.client_id > asked.written_by


def hand_in(row: LearningEvent, *, attempt: UUID, after: Sequence[UUID], here: Collection[UUID]) -> None:
    """Close an attempt once the answers `after` which it comes are there. Repeating it changes nothing.

    `here` are the events of the same batch. Raises `Unknown` and `Early`.
    """
    found = _locked(row, attempt)
    wanted = set(after) - set(here)
    if not found.closed_at and wanted:
        told = LearningEvent.objects.filter(client_id__in=wanted, enrolment=row.enrolment_id).count()
        if told < len(wanted):
            raise Early
    grading.hand_in(attempt=found, at=row.received_at, happened_at=row.happened_at)


def _locked(row: LearningEvent, attempt: UUID) -> Attempt:
    mine = Attempt.objects.select_for_update(of=("self",)).filter(enrolment=row.enrolment_id, activity=row.activity_id)
    found = mine.filter(public_id=attempt).first()
    if found is None:
        raise Unknown
    return found
