"""What an answer is worth."""

from decimal import Decimal

import pytest
from django.http import QueryDict
from pydantic import ValidationError

from courses.questions import (
    Choices,
    Cloze,
    ClozeGap,
    Criterion,
    Essay,
    Feedback,
    Files,
    Item,
    Kind,
    Level,
    Matching,
    NumberAnswer,
    Numeric,
    Option,
    Ordering,
    OrderingScore,
    Pair,
    Question,
    Scoring,
    ShortText,
    TextAnswer,
    TrueFalse,
    Unit,
    answers,
    grading,
)

pytestmark = pytest.mark.once


def asked(body, **more) -> Question:
    return Question(name="Una", text="<p>¿Cuál?</p>", body=body, **more)


def worth(body, answer) -> Decimal | None:
    return grading.grade(asked(body), answers.fit(body, answer)).percent


def options(*percents) -> tuple[Option, ...]:
    return tuple(
        Option(key=f"o{n}", text=f"<p>{n}</p>", percent=percent, feedback=f"<p>de {n}</p>")
        for n, percent in enumerate(percents)
    )


ONE = Choices(kind=Kind.SINGLE, options=options(100, 50, 0, -25))
SEVERAL = Choices(kind=Kind.MULTIPLE, options=options(50, 50, -50, 0))
PARTLY = SEVERAL.model_copy(update={"scoring": Scoring.PARTS})


@pytest.mark.parametrize(
    ("body", "chosen", "percent"),
    [
        (ONE, ["o0"], 100),
        (ONE, ["o1"], 50),
        (ONE, ["o2"], 0),
        (ONE, ["o3"], 0),  # never less than nothing
        (ONE, [], 0),
        (SEVERAL, ["o0", "o1"], 100),
        (SEVERAL, ["o0"], 0),
        (SEVERAL, ["o0", "o1", "o3"], 0),  # one that is worth nothing is still too many
        (PARTLY, ["o0"], 50),
        (PARTLY, ["o0", "o1", "o2"], 50),
        (PARTLY, ["o0", "o2"], 0),
        (PARTLY, ["o2"], 0),
        (PARTLY, ["o0", "o1", "o3"], 100),
    ],
)
def test_choices(body, chosen, percent):
    assert worth(body, {"chosen": chosen}) == percent


def test_three_thirds_are_the_whole():
    third = Decimal("33.33333")
    body = Choices(kind=Kind.MULTIPLE, options=options(third, third, third, 0), scoring=Scoring.PARTS)
    assert worth(body, {"chosen": ["o0", "o1", "o2"]}) == 100


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": Kind.SINGLE, "options": options(50, 0)},
        {"kind": Kind.MULTIPLE, "options": options(50, 20)},
        {"kind": Kind.SINGLE, "options": options(100)},
        {"kind": Kind.SINGLE, "options": (*options(100), *options(100))},
    ],
)
def test_choices_without_a_right_one_are_none(broken):
    with pytest.raises(ValidationError):
        Choices(**broken)


@pytest.mark.parametrize(("chosen", "percent"), [(["true"], 0), (["false"], 100), ([], 0)])
def test_true_or_false(chosen, percent):
    assert worth(TrueFalse(is_true=False), {"chosen": chosen}) == percent


METRES = Numeric(
    answers=(NumberAnswer(value=Decimal(1500), tolerance=Decimal(10)), NumberAnswer(value=Decimal(1000), percent=40)),
    units=(Unit(name="m"), Unit(name="km", factor=Decimal(1000))),
)


@pytest.mark.parametrize(
    ("change", "typed", "percent"),
    [
        ({}, "1500", 100),
        ({}, "1,510 m", 100),
        ({}, "1511 m", 0),
        ({}, "1.5 km", 100),
        ({}, "1,5 km", 100),
        ({}, "1 km", 40),
        ({}, "1500 leguas", 100),  # a strange unit costs what the question says: here nothing
        ({}, "mil", 0),
        ({"is_unit_required": True}, "1500", 0),
        ({"is_unit_required": True}, "1500 m", 100),
        ({"is_unit_required": True}, "1500 leguas", 0),
        ({"unit_penalty": Decimal(10)}, "1500", 90),
        ({"unit_penalty": Decimal(10)}, "1500 M.", 100),
        ({"unit_penalty": Decimal(10)}, "1500 leguas", 90),
    ],
)
def test_numbers(change, typed, percent):
    assert worth(METRES.model_copy(update=change), {"text": typed}) == percent


NAME = ShortText(
    answers=(TextAnswer(text="K’iche’"), TextAnswer(text="quich*", percent=60)), wrong_feedback="<p>no</p>"
)


@pytest.mark.parametrize(
    ("change", "typed", "percent"),
    [
        ({}, "k'iche'", 100),
        ({}, "  KʼICHEʼ ", 100),
        ({}, "kiche", 100),
        ({}, "quiché", 60),
        ({}, "Quichelense", 60),
        ({}, "mam", 0),
        ({}, "", 0),
        ({"forgives_apostrophes": False}, "kiche", 0),
        ({"forgives_apostrophes": False}, "k’iche’", 100),
        ({"forgives_case": False}, "k’iche’", 0),
        ({"forgives_case": False}, "K’iche’", 100),
        ({"forgives_accents": False, "answers": (TextAnswer(text="Petén"),)}, "Peten", 0),
        ({"forgives_accents": True, "answers": (TextAnswer(text="Petén"),)}, "Peten", 100),
        ({"answers": (TextAnswer(text=r"5\*"),)}, "55", 0),
        ({"answers": (TextAnswer(text=r"5\*"),)}, "5*", 100),
        ({"answers": (TextAnswer(text="a.c"),)}, "abc", 0),
        ({"answers": (TextAnswer(text="un*dos*tres"),)}, "uno dos y tres", 100),
        ({"answers": (TextAnswer(text="un*dos*tres"),)}, "undotres", 0),
        ({"answers": (TextAnswer(text="aba*aba"),)}, "aba", 0),
        ({"answers": (TextAnswer(text="*"),)}, "lo que sea", 100),
    ],
)
def test_short_texts(change, typed, percent):
    assert worth(NAME.model_copy(update=change), {"text": typed}) == percent


def test_no_pattern_takes_for_ever():
    body = ShortText(answers=(TextAnswer(text="*a" * 40 + "b"),))
    assert worth(body, {"text": "a" * 60}) == 0


PAIRS = Matching(
    pairs=tuple(Pair(key=key, prompt=key, answer=answer) for key, answer in [("p", "x"), ("q", "y"), ("r", "x")]),
    distractors=("z", "y"),
)


def test_matching_offers_each_answer_once():
    assert list(answers.answers_of(PAIRS).values()) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("pairs", "percent"),
    [({"p": "a0", "q": "a1", "r": "a0"}, 100), ({"p": "a0", "q": "a2"}, Decimal(100) / 3), ({}, 0)],
)
def test_matching(pairs, percent):
    assert worth(PAIRS, {"pairs": pairs}) == percent
    all_or_none = PAIRS.model_copy(update={"scoring": Scoring.ALL})
    assert worth(all_or_none, {"pairs": pairs}) == (100 if percent == 100 else 0)


FOUR = Ordering(items=tuple(Item(key=key, text=key) for key in "abcd"))


@pytest.mark.parametrize(
    ("order", "by_place", "by_neighbour"),
    [("abcd", 100, 100), ("abdc", 50, Decimal(100) / 3), ("bcda", 0, Decimal(200) / 3), ("dcba", 0, 0)],
)
def test_ordering(order, by_place, by_neighbour):
    given = {"order": list(order)}
    assert worth(FOUR, given) == by_place
    assert worth(FOUR.model_copy(update={"scoring": OrderingScore.NEIGHBOURS}), given) == by_neighbour
    assert worth(FOUR.model_copy(update={"scoring": OrderingScore.ALL}), given) == (100 if by_place == 100 else 0)


def test_a_text_with_gaps_counts_them_by_weight():
    body = Cloze(
        gaps=(
            ClozeGap(key="g1", body=ONE, weight=Decimal(3)),
            ClozeGap(key="g2", body=ShortText(answers=(TextAnswer(text="sí"),))),
        )
    )
    assert worth(body, {"gaps": {"g1": {"chosen": ["o0"]}}}) == 75
    assert worth(body, {"gaps": {"g2": {"text": "SI"}}}) == 25
    assert worth(body, {"gaps": {"g1": {"chosen": ["o1"]}, "g2": {"text": "si"}}}) == Decimal("62.5")
    assert grading.grade(asked(body), {"gaps": {"g1": {"chosen": ["o0"]}}}).said == ("<p>de 0</p>",)


def levels(best: int) -> tuple[Level, ...]:
    return Level(key="0", text="no", points=0), Level(key="1", text="sí", points=best)


RUBRIC = (
    Criterion(key="c", text="Claridad", levels=levels(4)),
    Criterion(key="d", text="Datos", levels=levels(6)),
)


def test_a_person_marks_what_was_written_and_nothing_is_nothing():
    body = Essay(rubric=RUBRIC)
    assert worth(body, {"text": "Mi plan"}) is None
    assert worth(body, {"text": "  "}) == 0
    assert grading.by_rubric(RUBRIC, {"c": "0", "d": "1"}) == 60
    with pytest.raises(KeyError):
        grading.by_rubric(RUBRIC, {"c": "1"})
    with pytest.raises(KeyError):
        grading.by_rubric(RUBRIC, {"c": "1", "d": "7"})


def test_what_is_said_goes_with_what_was_answered():
    words = Feedback(always="<p>siempre</p>", right="<p>bien</p>", partly="<p>casi</p>", wrong="<p>mal</p>")
    said = [grading.grade(asked(ONE, feedback=words), {"chosen": [key]}).said for key in ("o0", "o1", "o2")]
    assert said == [
        ("<p>de 0</p>", "<p>bien</p>", "<p>siempre</p>"),
        ("<p>de 1</p>", "<p>casi</p>", "<p>siempre</p>"),
        ("<p>de 2</p>", "<p>mal</p>", "<p>siempre</p>"),
    ]


@pytest.mark.parametrize(
    ("body", "raw", "code"),
    [
        (ONE, {"chosen": ["o9"]}, "answer.unknown_choice"),
        (ONE, {"chosen": ["o0", "o1"]}, "answer.one_choice_only"),
        (ONE, {"chosen": "o0"}, "answer.unknown_choice"),
        (TrueFalse(is_true=True), {"chosen": ["maybe"]}, "answer.unknown_choice"),
        (PAIRS, {"pairs": {"p": "a7"}}, "answer.unknown_choice"),
        (PAIRS, {"pairs": {"w": "a0"}}, "answer.unknown_choice"),
        (PAIRS, {"pairs": ["p"]}, "answer.unknown_choice"),
        (FOUR, {"order": ["a", "b", "c"]}, "answer.unknown_choice"),
        (FOUR, {"order": ["a", "b", "c", "c"]}, "answer.unknown_choice"),
        (NAME, {"text": "x" * 1001}, "answer.too_long"),
        (NAME, {"text": 3}, "answer.unknown_choice"),
        (Essay(), {"text": "x" * 60_001}, "answer.too_long"),
        (Files(most_files=1), {"files": ["a", "b"]}, "answer.too_many_files"),
        (Files(), {"files": [{}]}, "answer.unknown_choice"),
    ],
)
def test_what_the_question_does_not_offer_is_no_answer(body, raw, code):
    with pytest.raises(answers.UnfitAnswer) as refused:
        answers.fit(body, raw)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("body", "form", "answer", "is_whole"),
    [
        (ONE, "answer=o1", {"chosen": ["o1"]}, True),
        (ONE, "", {"chosen": []}, False),
        (SEVERAL, "answer=o1&answer=o0", {"chosen": ["o0", "o1"]}, True),
        (NAME, "answer=+mam%00+", {"text": "mam"}, True),
        (PAIRS, "answer-p=a0&answer-q=", {"pairs": {"p": "a0"}}, False),
        (PAIRS, "answer-p=a0&answer-q=a1&answer-r=a2", {"pairs": {"p": "a0", "q": "a1", "r": "a2"}}, True),
        (FOUR, "answer-a=4&answer-b=1&answer-c=2&answer-d=3", {"order": ["b", "c", "d", "a"]}, True),
        (FOUR, "answer-c=1&answer-a=1", {"order": ["a", "c", "b", "d"]}, True),
        (FOUR, "", {"order": []}, False),
        (Files(), "answer=f1&answer=f1", {"files": ["f1"]}, True),
        (Cloze(gaps=(ClozeGap(key="g", body=ONE), ClozeGap(key="h", body=NAME))), "answer-g=o0",
         {"gaps": {"g": {"chosen": ["o0"]}, "h": {"text": ""}}}, False),
    ],
)  # fmt: skip
def test_a_form_is_read(body, form, answer, is_whole):
    read = answers.read(body, QueryDict(form))
    assert read == answer
    assert answers.is_whole(body, read) == is_whole
    assert answers.is_empty(body, read) == (not form)
