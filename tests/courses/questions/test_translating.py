"""A question in another language asks the same, and the same is right."""

from decimal import Decimal

import pytest

from courses.questions import (
    Choices,
    Cloze,
    ClozeGap,
    Essay,
    Feedback,
    Item,
    Kind,
    Matching,
    NumberAnswer,
    Numeric,
    Option,
    Ordering,
    Pair,
    Picture,
    Question,
    ShortText,
    TextAnswer,
    TrueFalse,
    Unit,
    answers,
    grading,
    solving,
    translating,
    wording,
)
from courses.questions.showing import show
from courses.questions.translating import Unfit, assert_fit, carry, in_language, missing, parts, to_grade

pytestmark = pytest.mark.once
OPTIONS = tuple(
    Option(key=key, text=f"<p>Opción {key}</p>", percent=worth, feedback=f"<p>De {key}</p>")
    for key, worth in (("x", 100), ("y", 0), ("z", 50))
)
SHORT = ShortText(
    answers=(TextAnswer(text="alcalde"), TextAnswer(text="concejal", percent=50, feedback="Casi")), wrong_feedback="No"
)
LENGTH = Numeric(
    answers=(NumberAnswer(value=1500, tolerance=1, feedback="Eso"),),
    units=(Unit(name="varas"), Unit(name="leguas", factor=5000)),
    is_unit_required=True,
)
ONE = Choices(kind=Kind.SINGLE, options=OPTIONS)
BODIES = {
    "single": ONE,
    "multiple": Choices(kind=Kind.MULTIPLE, options=OPTIONS[:2]),
    "true_false": TrueFalse(is_true=True, if_true="Así es", if_false="No es así"),
    "numeric": LENGTH,
    "short": SHORT,
    "matching": Matching(
        pairs=(
            Pair(key="p1", prompt="Uno", answer="primero"),
            Pair(key="p2", prompt="Dos", answer="segundo"),
            Pair(key="p3", prompt="También uno", answer="primero"),
        ),
        distractors=("tercero",),
    ),
    "ordering": Ordering(items=tuple(Item(key=f"i{n}", text=f"Paso {n} de tres") for n in (1, 2, 3))),
    "cloze": Cloze(
        gaps=(ClozeGap(key="g1", body=ONE), ClozeGap(key="g2", body=SHORT), ClozeGap(key="g3", body=LENGTH))
    ),
    "essay": Essay(template="Empiece así", marker_note="Solo para calificar"),
}


def asked(body, text: str = "<p>¿Cuál es?</p>", **more) -> Question:
    if isinstance(body, Cloze):
        text = " y ".join(f'<span data-gap="{gap.key}"></span>' for gap in body.gaps)
    said = Feedback(always="Siempre", right="Bien", partly="En parte", wrong="Mal")
    return Question(name="Una", text=text, body=body, feedback=said, **more)


def in_mayan(question: Question) -> dict[str, str]:
    """Every text turned, in a way that is another for each; gaps stay where they are."""
    return {
        one.path: f"quc {one.path} {one.source}" if "data-gap" in one.source else f"quc {one.path}"
        for one in parts(question)
    }


@pytest.mark.parametrize("kind", BODIES)
def test_nothing_of_the_source_is_left_to_read_and_nothing_but_texts_changes(kind):
    question = asked(BODIES[kind], pictures=(Picture(key="f1", alt="Un mapa"),))
    texts = in_mayan(question)
    assert_fit(question, texts)
    assert missing(question, texts, ()) == []
    said = in_language(question, texts)
    shown = repr(show(said, {}, seed="s"))
    for one in parts(question):
        if one.role in translating.BEFORE_CLOSING - {translating.Role.TEXT, translating.Role.PICTURE}:
            assert texts[one.path] in shown, one
            assert repr(one.source) not in shown, one
    assert said.text == texts["text"]
    assert said.pictures[0].alt == texts["picture.f1"]
    assert (said.name, said.points, said.tags, said.body.kind) == (question.name, question.points, (), kind)
    assert "Solo para calificar" not in repr(parts(question))


@pytest.mark.parametrize("kind", [kind for kind in BODIES if kind != "essay"])
@pytest.mark.parametrize("solve", [solving.right, solving.wrong])
def test_an_answer_is_worth_the_same_in_each_language_and_is_told_in_the_one_that_was_read(kind, solve):
    question = asked(BODIES[kind])
    texts = in_mayan(question)
    given = answers.fit(question.body, solve(question.body))
    here, there = grading.grade(question, given), grading.grade(to_grade(question, texts, [texts]), given)
    assert (there.percent, there.parts) == (here.percent, here.parts)
    assert len(there.said) == len(here.said) > 0
    assert all(words.startswith("quc ") for words in there.said)
    shown_here, shown_there = show(question, given, seed="s"), show(in_language(question, texts), given, seed="s")
    assert [one.key for one in shown_here.choices] == [one.key for one in shown_there.choices]
    assert [one.key for one in shown_here.rows] == [one.key for one in shown_there.rows]


def test_a_text_that_is_not_there_is_read_in_the_source():
    question = asked(ONE)
    said = in_language(question, {"option.y": "Jun", "feedback.wrong": ""})
    assert [one.text for one in said.body.options] == ["<p>Opción x</p>", "Jun", "<p>Opción z</p>"]
    assert (said.text, said.feedback) == (question.text, question.feedback)
    assert in_language(question, {}) is question


def test_what_is_typed_is_accepted_in_each_language_and_worth_what_the_source_says():
    question = asked(SHORT)
    quc, kek = {"answer.1": "k'amalb'e\nq'atb'altzij", "answer.2.said": "Xaq jub'a'"}, {"answer.2": "aj k'amolb'e"}
    for shown in ({}, quc, kek):
        said = to_grade(question, shown, [quc, kek])
        worth = {
            text: grading.grade(said, {"text": text}).percent
            for text in ("alcalde", "Q’atb’altzij", "aj k'amolb'e", "concejal", "ajaw")
        }
        assert worth == dict(zip(worth, map(Decimal, (100, 100, 50, 50, 0)), strict=True))
    mark = grading.grade(to_grade(question, quc, [quc, kek]), {"text": "aj k'amolb'e"})
    assert mark.said[0] == "Xaq jub'a'"
    assert wording.solution(in_language(question, quc)) == ["k'amalb'e"]
    assert wording.solution(in_language(question, kek)) == ["alcalde"]


def test_a_unit_is_known_by_its_name_in_any_language():
    question, quc = asked(LENGTH), {"unit.1": "b'anoj"}
    assert show(in_language(question, quc), {}, seed="s").units == ["b'anoj", "leguas"]
    for shown in ({}, quc):
        said = to_grade(question, shown, [quc])
        told = {text: grading.grade(said, {"text": text}).percent for text in ("1500 b'anoj", "1500 varas", "1500 x")}
        assert list(told.values()) == [100, 100, 0]


@pytest.mark.parametrize(
    ("kind", "texts", "code"),
    [
        ("single", {"option.q": "x"}, "text.unknown"),
        ("single", {"text": "x" * 50_001}, "text.long"),
        ("short", {"answer.1": "x\n" * 21}, "text.long"),
        ("short", {"answer.1": "bien\n * "}, "text.accepts_all"),
        ("numeric", {"unit.1": "Leguas"}, "text.twice"),
        ("numeric", {"unit.1": "u", "unit.2": "u"}, "text.twice"),
        ("matching", {"match.a0": "segundo"}, "text.twice"),
        ("matching", {"match.a0": "jun", "match.a1": "jun"}, "text.twice"),
        ("cloze", {"text": '<span data-gap="g1"></span>'}, "text.gaps"),
        ("cloze", {"text": "".join(f'<span data-gap="{n}"></span>' for n in ("g1", "g2", "g3", "g1"))}, "text.gaps"),
        ("cloze", {"gap.g3.unit.1": "leguas"}, "text.twice"),
    ],
)
def test_what_would_change_what_is_right_is_refused(kind, texts, code):
    with pytest.raises(Unfit) as refused:
        assert_fit(asked(BODIES[kind]), texts)
    assert refused.value.code == code


def test_answers_that_read_alike_stay_apart_even_if_nobody_looked():
    question = asked(BODIES["matching"])
    said = in_language(question, {"match.a0": "segundo", "pair.p1": "Jun"})
    assert answers.answers_of(said.body) == answers.answers_of(question.body)
    assert said.body.pairs[0].prompt == "Jun"


def test_a_new_version_keeps_what_says_the_same_and_asks_to_look_at_the_rest():
    was = asked(ONE)
    texts = in_mayan(was)
    same = was.model_copy(update={"body": ONE.model_copy(update={"options": OPTIONS[::-1]})})
    assert carry(was, same, texts, {}) == (texts, {})
    changed = was.model_copy(update={"text": "<p>¿Cuál no es?</p>"})
    kept, old = carry(was, changed, texts, {})
    assert old == {"text": {"source": "<p>¿Cuál es?</p>", "text": "quc text"}}
    assert kept == {path: text for path, text in texts.items() if path != "text"}
    assert missing(changed, kept, old) == []
    again = changed.model_copy(update={"text": "<p>¿Y cuál no?</p>"})
    assert carry(changed, again, kept, old) == (kept, old)
    assert carry(again, was, kept, old) == (texts, {})


def test_an_accepted_answer_keeps_its_translation_wherever_it_stands():
    was = asked(SHORT)
    now = asked(SHORT.model_copy(update={"answers": SHORT.answers[::-1]}))
    kept, old = carry(was, now, {"answer.1": "k'amalb'e", "answer.2": "aj pop"}, {})
    assert (kept, old) == ({"answer.2": "k'amalb'e", "answer.1": "aj pop"}, {})


def test_numbers_and_units_need_no_translation():
    question = asked(Choices(kind=Kind.SINGLE, options=(Option(key="a", text="<p>1986</p>", percent=100), OPTIONS[1])))
    assert [one.path for one in missing(question, {}, ())][:3] == ["text", "option.y", "option.y.said"]
    assert "unit.1" not in {one.path for one in missing(asked(LENGTH), {}, ())}
