"""What people think of a course (Kirkpatrick's level 1) and what one quiz at a time says they gained (level 2).

Source of the levels: D. and J. Kirkpatrick, Evaluating Training Programs (2006). Who teaches a course reads sums alone,
of five people or more, and in steps of five: with the sixth answer nothing moves, or the difference between yesterday
and today would be one person's answer.
"""

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from courses.blocks import Stage
from courses.models import Attempt, Completion, CoursePage, Enrolment, Evaluation
from courses.models.evaluation import LONGEST_SENTENCE, SCORES
from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Person

FEWEST = 5
CHANGED_FOR = timedelta(days=14)


@dataclass(frozen=True)
class Score:
    """One of the five questions: its words, the mean (1 to 5), and how many gave 1, 2, 3, 4 and 5."""

    name: str
    mean: Decimal
    counts: list[int]


@dataclass(frozen=True)
class Opinions:
    """What is said of one edition. `count` is how many are in the sums; without enough, there are no sums."""

    edition: int
    count: int
    scores: list[Score]
    sentences: list[str]


@dataclass(frozen=True)
class Gain:
    """What one quiz says: how many tried it more than once, means in percent, and the two gains (None: too few)."""

    title: str
    count: int
    first: Decimal | None = None
    best: Decimal | None = None
    mean: Decimal | None = None
    normalised: Decimal | None = None


def edition_of(enrolment: Enrolment) -> int | None:
    """The edition that somebody may evaluate: the last they completed, or the one that they left; None before."""
    done = Completion.objects.of_family(enrolment.person).filter(course_key=enrolment.course_key)
    last = done.order_by("-edition").values_list("edition", flat=True).first()
    if last is None and enrolment.withdrawn_at:
        return enrolment.course.edition
    return last


def find(enrolment: Enrolment) -> Evaluation | None:
    """What somebody said of the edition that they may evaluate."""
    edition = edition_of(enrolment)
    if edition is None:
        return None
    own = Evaluation.objects.filter(person=enrolment.person_id, course_key=enrolment.course_key)
    return own.filter(edition=edition).first()


def is_open(given: Evaluation | None) -> bool:
    """Whether it may still be given or changed."""
    return given is None or timezone.now() < given.given_at + CHANGED_FOR


@transaction.atomic
def give(*, enrolment: Enrolment, scores: dict[str, int], sentence: str = "") -> Evaluation:
    """Say what one thinks of a course, or change it within 14 days.

    Raises `evaluation.not_yet`, `evaluation.closed`, `evaluation.score`, `evaluation.too_long`.
    """
    enrolment = Enrolment.objects.select_for_update(of=("self",), no_key=True).get(pk=enrolment.pk)
    edition = edition_of(enrolment)
    if edition is None or enrolment.joined_into_id:
        raise RuleBroken("evaluation.not_yet", _("Podrá evaluar el curso cuando lo complete."))
    if set(scores) != set(SCORES) or any(one not in range(1, 6) for one in scores.values()):
        raise RuleBroken("evaluation.score", _("Elija de 1 a 5 en cada pregunta."))
    sentence = " ".join("".join(c if c.isprintable() else " " for c in sentence).split())
    if len(sentence) > LONGEST_SENTENCE:
        raise RuleBroken("evaluation.too_long", _("Escriba hasta %(n)d letras.") % {"n": LONGEST_SENTENCE})
    given = find(enrolment)
    if not is_open(given):
        raise RuleBroken("evaluation.closed", _("Ya pasaron 14 días: su evaluación queda como está."))
    said = {**scores, "sentence": sentence, "changed_at": timezone.now(), "enrolment": enrolment}
    row, _created = Evaluation.objects.update_or_create(
        person=enrolment.person, course_key=enrolment.course_key, edition=edition, defaults=said
    )
    facts = {"course": str(enrolment.course_key), "edition": edition}
    audit.record(
        "course.evaluated", by=enrolment.person, subject=f"courses.enrolment:{enrolment.public_id}", facts=facts
    )
    return row


def hand_over(survivor: Person, absorbed: Person) -> list[int]:
    """Let what one record said be the other's, where the other said nothing; the keys of what went over."""
    said = set(Evaluation.objects.filter(person=survivor).values_list("course_key", "edition"))
    rows = Evaluation.objects.filter(person=absorbed)
    keys = [row.pk for row in rows if (row.course_key, row.edition) not in said]
    Evaluation.objects.filter(pk__in=keys).update(person=survivor)
    return keys


def hand_back(survivor: Person, absorbed: Person, keys: list[int]) -> None:
    """Undo `hand_over`."""
    Evaluation.objects.filter(pk__in=keys, person=survivor).update(person=absorbed)


def opinions(course_key: UUID) -> list[Opinions]:
    """What is said of each edition, the newest first."""
    rows: dict[int, list[Evaluation]] = defaultdict(list)
    # The record that a merge took in keeps an evaluation only where the other has its own: one human being, one voice.
    for row in Evaluation.objects.filter(course_key=course_key, person__merged_into=None).order_by("given_at", "pk"):
        rows[row.edition].append(row)
    return [_opinions(edition, rows[edition]) for edition in sorted(rows, reverse=True)]


def _opinions(edition: int, rows: list[Evaluation]) -> Opinions:
    counted = rows[: len(rows) - len(rows) % FEWEST]
    scores = [_summed(one, [getattr(row, one) for row in counted]) for one in SCORES] if counted else []
    sentences = [row.sentence for row in counted if row.sentence]
    random.SystemRandom().shuffle(sentences)
    return Opinions(edition, len(counted), scores, sentences)


def _summed(name: str, given: list[int]) -> Score:
    mean = _tenths(Decimal(sum(given)) / len(given))
    words = str(Evaluation._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return Score(words, mean, [given.count(n) for n in range(1, 6)])


def gains(course: CoursePage) -> list[Gain]:
    """What each quiz of a course says that people learnt between their first attempt and their best one.

    Of those who handed in two or more attempts that have a mark: mean gain = mean(best) - mean(first), in points of
    100; normalised gain <g> = (mean(best) - mean(first)) / (100 - mean(first)), after R. Hake, Am. J. Phys. 66, 64
    (1998), the part of what was missing that was gained. A best attempt is never below the first, so both flatter: they
    are for comparing quizzes and editions, and prove nothing by themselves. Summed in steps of five, as opinions are.
    `courses.domain.gain` says more, where quizzes are marked as of entry and final.
    """
    marks: dict[int, dict[int, list[tuple[datetime, int]]]] = defaultdict(lambda: defaultdict(list))
    titles: dict[int, str] = {}
    rows = (
        Attempt.objects.filter(
            activity__course_key=course.translation_key, closed_at__isnull=False, score_percent__isnull=False
        )
        .exclude(stage=Stage.ENTRY)
        .order_by("activity__order", "activity", "number")
    )
    columns = ("activity", "activity__title", "enrolment", "closed_at", "score_percent")
    for activity, title, enrolment, at, percent in rows.values_list(*columns):
        titles[activity] = title
        marks[activity][enrolment].append((at, percent))
    return [_gain(title, marks[activity]) for activity, title in titles.items()]


def _gain(title: str, marks: dict[int, list[tuple[datetime, int]]]) -> Gain:
    # In the order in which their second attempt came: whoever tries again later changes nothing of the sums shown.
    twice = sorted((many[1][0], key) for key, many in marks.items() if len(many) > 1)
    tried = [[percent for _at, percent in marks[key]] for _second, key in twice]
    tried = tried[: len(tried) - len(tried) % FEWEST]
    if not tried:
        return Gain(title, 0)
    first = Decimal(sum(one[0] for one in tried)) / len(tried)
    best = Decimal(sum(max(one) for one in tried)) / len(tried)
    normalised = (best - first) / (100 - first) if first < 100 else None
    hundredth = None if normalised is None else normalised.quantize(Decimal("0.01"))
    return Gain(title, len(tried), _tenths(first), _tenths(best), _tenths(best - first), hundredth)


def _tenths(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.1"))
