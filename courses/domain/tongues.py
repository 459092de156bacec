"""Questions and quizzes in several languages: what learners read, and how translations are kept.

A translation has only texts: what is right, keys, worth and tolerance are the source's. What is typed as an answer is
accepted in whatever language the question was translated into, so that the language one reads decides no mark.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.coreutils import get_content_languages

from courses.models import (
    Activity,
    Answer,
    Attempt,
    BankQuestion,
    CoursePage,
    QuestionTranslation,
    QuestionVersion,
    Quiz,
    QuizItem,
    QuizTranslation,
)
from courses.questions import Body, Cloze, Numeric, Question, ShortText, translating
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Person


def languages() -> dict[str, str]:
    """Those in which something may be written: their names in themselves, by code."""
    return get_content_languages()


# What learners read -------------------------------------------------------------------------------------------------


def newest(versions: Iterable[int], code: str) -> dict[int, QuestionTranslation]:
    """What learners read of these versions in a language, by version; one query."""
    found = QuestionTranslation.objects.published().in_language(code).filter(version__in=list(versions))
    return {one.version_id: one for one in found}


def offered(attempt: Attempt, asked: Iterable[Answer]) -> list[tuple[str, str]]:
    """The languages in which an attempt may be read, as code and name, the source's first; none where it is alone."""
    keys = [one.version_id for one in asked]
    found = QuestionTranslation.objects.filter(version__in=keys, published_at__isnull=False)
    codes = set(found.order_by().values_list("language", flat=True).distinct())
    source = attempt.enrolment.course.locale.language_code
    names = languages()
    return [(code, names.get(code, code)) for code in (source, *sorted(codes - {source}))] if codes else []


@transaction.atomic
def read_in(attempt: Attempt, code: str) -> Attempt:
    """Go on in another language; answers stay as they are. A closed attempt keeps the one in which it was closed.

    An unknown language changes nothing.
    """
    attempt = Attempt.objects.select_for_update(of=("self",)).get(pk=attempt.pk)
    if attempt.closed_at or code not in languages():
        return attempt
    attempt.language = code
    attempt.save(update_fields=["language"])
    every = list(attempt.answers.all())
    found = newest([one.version_id for one in every], code)
    for one in every:
        one.translation = found.get(one.version_id)
    Answer.objects.bulk_update(every, ["translation"])
    return attempt


def with_titles(attempts: QuerySet[Attempt]) -> QuerySet[Attempt]:
    """Attempts with `quiz_title` in the language in which they are read."""
    said = QuizTranslation.objects.filter(
        quiz=OuterRef("quiz"), language=OuterRef("language"), of_title=OuterRef("quiz__title")
    ).exclude(title="")
    return attempts.annotate(quiz_title=Coalesce(Subquery(said.values("title")[:1]), F("quiz__title")))


@dataclass(frozen=True)
class QuizTexts:
    """What a quiz says of itself."""

    title: str
    instructions: str


def quiz_texts(quiz: Quiz, code: str) -> QuizTexts:
    """In a language; what changed since it was translated, in the words of the source."""
    said = QuizTranslation.objects.filter(quiz=quiz, language=code).first()
    texts = {name: said.said_of(name) if said else "" for name in ("title", "instructions")}
    return QuizTexts(texts["title"] or quiz.title, texts["instructions"] or quiz.instructions)


# Grading ------------------------------------------------------------------------------------------------------------


def _is_typed(body: Body) -> bool:
    """Whether something that has a name in each language is typed as an answer."""
    if isinstance(body, Cloze):
        return any(_is_typed(gap.body) for gap in body.gaps)
    return isinstance(body, ShortText) or (isinstance(body, Numeric) and bool(body.units))


@dataclass(frozen=True)
class Tongues:
    """What is published of some versions: texts by version and language."""

    texts: Mapping[int, Mapping[str, translating.Texts]]

    @classmethod
    def of(cls, versions: Iterable[QuestionVersion]) -> "Tongues":
        """Of all of them in one query."""
        texts: dict[int, dict[str, translating.Texts]] = defaultdict(dict)
        for one in QuestionTranslation.objects.published().filter(version__in=[version.pk for version in versions]):
            texts[one.version_id][one.language] = one.texts
        return cls(texts)

    def to_grade(self, version: QuestionVersion, shown: translating.Texts | None = None, code: str = "") -> Question:
        """The question by which an answer is graded; `shown` or the texts of `code` are those that were read."""
        mine = self.texts.get(version.pk, {})
        said = mine.get(code, {}) if shown is None else shown
        return translating.to_grade(version.said, said, mine.values())


def questions_to_grade(every: list[Answer]) -> list[Question]:
    """For each answer the question by which it is graded; one query, and none where nothing is typed."""
    typed = Tongues.of({one.version for one in every if _is_typed(one.version.said.body)}) if every else Tongues({})
    return [
        typed.to_grade(one.version, one.translation.texts if one.translation else {})
        if _is_typed(one.version.said.body)
        else one.asked
        for one in every
    ]


def note_solutions(every: Iterable[Answer], code: str) -> None:
    """Let answers that were graded again tell what is right in a language."""
    again = [(one, one.graded_by) for one in every if one.graded_by]
    if again and code:
        found = newest({version.pk for _one, version in again}, code)
        for one, version in again:
            if said := found.get(version.pk):
                one.solved = translating.in_language(version.said, said.texts)


# Keeping ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How far a version is in a language: what learners read (`published`), and what is being written (`draft`)."""

    version: QuestionVersion
    code: str
    published: QuestionTranslation | None
    draft: QuestionTranslation | None

    @property
    def newest(self) -> QuestionTranslation | None:
        """What whoever translates goes on from."""
        return self.draft or self.published

    @property
    def mark(self) -> str:
        """Another one whenever somebody saved in between."""
        return "-".join(f"{one.pk}.{one.made_at.timestamp()}" for one in (self.published, self.draft) if one)

    @property
    def missing(self) -> int:
        """How many texts learners read in the language of the source, for want of another."""
        told = self.published
        said, old = (told.texts, told.outdated) if told else ({}, {})
        return len(translating.missing(self.version.said, said, old))

    @property
    def outdated(self) -> int:
        """How many texts have to be looked at again."""
        return len(self.published.outdated) if self.published else 0

    @property
    def is_whole(self) -> bool:
        """Whether learners read all of it."""
        return not self.missing and not self.outdated


def standings(versions: Iterable[QuestionVersion], code: str) -> list[Standing]:
    """Of each version, in one query."""
    every = list(versions)
    found = QuestionTranslation.objects.in_language(code).filter(version__in=every).order_by("number")
    published: dict[int, QuestionTranslation] = {}
    drafts: dict[int, QuestionTranslation] = {}
    for one in found:
        (published if one.published_at else drafts)[one.version_id] = one
    return [Standing(one, code, published.get(one.pk), drafts.get(one.pk)) for one in every]


def source_of(question: BankQuestion) -> str:
    """The language in which a question is written: that of the courses that ask it; of the house where they disagree.

    Two queries. Courses are asked in the language of their source, so that a translation of one says nothing here.
    """
    items = QuizItem.objects.filter(Q(question=question.pk) | Q(topic=question.topic_id, topic__isnull=False))
    asking = Activity.objects.current().filter(quiz__in=items.values("quiz")).values("course_key")
    courses = CoursePage.objects.sources().filter(translation_key__in=asking)
    codes = set(courses.order_by().values_list("locale__language_code", flat=True))
    return codes.pop() if len(codes) == 1 else settings.LANGUAGE_CODE


def by_language(version: QuestionVersion) -> list[Standing]:
    """How a version stands in each language but its own, in the order of their names; three queries."""
    published: dict[str, QuestionTranslation] = {}
    drafts: dict[str, QuestionTranslation] = {}
    for one in version.translations.order_by("number"):
        (published if one.published_at else drafts)[one.language] = one
    own = source_of(version.question)
    codes = [code for code in languages() if code != own or code in published or code in drafts]
    return [Standing(version, code, published.get(code), drafts.get(code)) for code in codes]


@transaction.atomic
def keep(
    question: BankQuestion, *, code: str, texts: translating.Texts, mark: str, by: Person, publishes: bool
) -> QuestionTranslation:
    """Keep the texts of the latest version: as a draft, or as what learners read from now on. Empty ones are left out.

    `mark` is that of the standing in which they were typed. Raises `translation.unknown_language`,
    `translation.version_changed`, `translation.saved_meanwhile`, and where it publishes `Unfit`.
    """
    if code not in languages():
        raise RuleBroken("translation.unknown_language", _("Elija uno de los idiomas de la lista."))
    question = BankQuestion.objects.select_for_update(of=("self",)).select_related("latest").get(pk=question.pk)
    if question.latest is None:
        raise ValueError(question.pk)
    state = standings([question.latest], code)[0]
    if mark != state.mark:
        raise RuleBroken(
            "translation.saved_meanwhile",
            _("Otra persona guardó esta traducción mientras usted escribía. Ábrala en otra pestaña y compare."),
        )
    said = {path: text.strip() for path, text in texts.items() if text.strip()}
    was = state.newest
    outdated = was.outdated if was else {}
    if not publishes:
        return _draft(state, said, outdated, by)
    rest = {path: one for path, one in outdated.items() if path not in said}
    return _publish(state, question, said, rest, by)


def _publish(
    state: Standing, question: BankQuestion, said: dict[str, str], rest: dict, by: Person
) -> QuestionTranslation:
    translating.assert_fit(state.version.said, said)
    if state.draft:
        state.draft.delete()
    last = state.published
    if last and (last.texts, last.outdated) == (said, rest):
        return last
    made = QuestionTranslation.objects.create(
        version=state.version,
        language=state.code,
        number=last.number + 1 if last else 1,
        texts=said,
        outdated=rest,
        published_at=timezone.now(),
        made_by=by,
    )
    facts = {"version": state.version.number, "language": state.code, "translation": made.number}
    audit.record("question.translated", by=by, subject=f"courses.bankquestion:{question.public_id}", facts=facts)
    return made


def _draft(state: Standing, said: dict[str, str], rest: dict, by: Person) -> QuestionTranslation:
    known = {one.path for one in translating.parts(state.version.said)}
    said = {path: text for path, text in said.items() if path in known}
    number = state.published.number + 1 if state.published else 1
    values = {"texts": said, "outdated": rest, "number": number, "made_by": by, "made_at": timezone.now()}
    draft, _is_new = QuestionTranslation.objects.update_or_create(
        version=state.version, language=state.code, published_at=None, defaults=values
    )
    return draft


@transaction.atomic
def keep_quiz(quiz: Quiz, *, code: str, title: str, instructions: str, by: Person) -> QuizTranslation:
    """What a quiz says of itself in a language, from now on. Raises `translation.unknown_language`."""
    if code not in languages():
        raise RuleBroken("translation.unknown_language", _("Elija uno de los idiomas de la lista."))
    quiz = Quiz.objects.select_for_update(of=("self",)).get(pk=quiz.pk)
    said = {"title": title.strip(), "instructions": instructions.strip()}
    source = {"of_title": quiz.title, "of_instructions": quiz.instructions}
    values = said | source | {"made_by": by, "made_at": timezone.now()}
    made, _is_new = QuizTranslation.objects.update_or_create(quiz=quiz, language=code, defaults=values)
    audit.record("quiz.translated", by=by, subject=f"courses.quiz:{quiz.public_id}", facts={"language": code})
    return made


def carry(was: QuestionVersion, now: QuestionVersion) -> None:
    """Give a new version what it leaves of the translations of the last one. A verb of `bank.change`."""
    last: dict[tuple[str, bool], QuestionTranslation] = {}
    for one in was.translations.order_by("number"):
        last[one.language, one.published_at is None] = one
    made = []
    for (code, is_draft), one in last.items():
        texts, outdated = translating.carry(was.said, now.said, one.texts, one.outdated)
        made.append(
            QuestionTranslation(
                version=now,
                language=code,
                number=2 if is_draft and (code, False) in last else 1,
                texts=texts,
                outdated=outdated,
                published_at=None if is_draft else timezone.now(),
                made_by=one.made_by,
            )
        )
    QuestionTranslation.objects.bulk_create(made)
