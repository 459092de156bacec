"""Writing the bank of questions: a change is a new version, and attempts keep the one they saw."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from courses.domain import tongues
from courses.models import BankQuestion, QuestionPicture, QuestionVersion, Topic
from courses.questions import Question, prose
from lms.domain import audit
from lms.domain.texts import fold
from lms.models import Person

if TYPE_CHECKING:
    from wagtail.images.models import Image


@transaction.atomic
def add(
    said: Question, *, topic: Topic | None, by: Person | None, pictures: Mapping[str, "Image"] | None = None
) -> BankQuestion:
    """A new question with its first version."""
    question = BankQuestion.objects.create(topic=topic, made_by=by, **_columns(said))
    _show(question, pictures)
    _version(question, said, 1, by)
    audit.record("question.added", by=by, subject=_subject(question), facts={"kind": said.kind})
    return question


@transaction.atomic
def change(
    question: BankQuestion, said: Question, *, by: Person | None, pictures: Mapping[str, "Image"] | None = None
) -> QuestionVersion:
    """What it says from now on, with pictures under keys that are new. The same again is no new version."""
    question = BankQuestion.objects.select_for_update(of=("self",)).get(pk=question.pk)
    last = question.latest
    if last is not None and last.said == said:
        return last
    for name, value in _columns(said).items():
        setattr(question, name, value)
    question.save(update_fields=[*_columns(said)])
    _show(question, pictures)
    version = _version(question, said, last.number + 1 if last else 1, by)
    if last is not None:
        tongues.carry(last, version)
    audit.record("question.changed", by=by, subject=_subject(question), facts={"version": version.number})
    return version


def archive(question: BankQuestion, *, by: Person | None) -> None:
    """Ask it in no new attempt; the old ones keep it. Repeating it changes nothing."""
    with transaction.atomic():
        count = BankQuestion.objects.filter(pk=question.pk, archived_at=None).update(archived_at=timezone.now())
        if count:
            audit.record("question.archived", by=by, subject=_subject(question))


def restore(question: BankQuestion, *, by: Person | None) -> None:
    """Take it out of the archive."""
    with transaction.atomic():
        count = BankQuestion.objects.filter(pk=question.pk, archived_at__isnull=False).update(archived_at=None)
        if count:
            audit.record("question.restored", by=by, subject=_subject(question))


def _columns(said: Question) -> dict[str, str]:
    words = [said.name, prose.to_plain(said.text), *said.tags]
    return {"name": said.name, "kind": said.kind.value, "search_text": fold(" ".join(words))}


def _version(question: BankQuestion, said: Question, number: int, by: Person | None) -> QuestionVersion:
    version = QuestionVersion.objects.create(
        question=question, number=number, content=said.model_dump(mode="json"), made_by=by
    )
    question.latest = version
    question.save(update_fields=["latest"])
    return version


def _show(question: BankQuestion, pictures: Mapping[str, "Image"] | None) -> None:
    for key, image in (pictures or {}).items():
        QuestionPicture.objects.create(question=question, key=key, image=image)


def _subject(question: BankQuestion) -> str:
    return f"courses.bankquestion:{question.public_id}"
