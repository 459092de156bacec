"""What is written comes back the same, and what a format cannot carry is named by whoever writes."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings

from courses.interchange import gift, qti
from courses.interchange.reading import Found, Severity
from courses.questions import Choices, Cloze, Essay, Feedback, Files, Question, Scoring, ShortText
from tests.courses.questions import asked

pytestmark = pytest.mark.once
PNG = b"\x89PNG\r\n\x1a\nmap"
EACH = {
    "single or multiple": asked.choices(),
    "true or false": asked.true_false(),
    "numeric": asked.numeric(),
    "short": asked.short_text(),
    "matching": asked.matching(),
    "ordering": asked.ordering(),
    "essay": asked.essays,
    "files": asked.files,
    "cloze": None,
}
quick = settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
FORGIVING = ("forgives_case", "forgives_accents", "forgives_apostrophes")
# What a text itself may have that GIFT has no way to say; all else is taken off by `for_gift`.
OF_A_TEXT = {"gift.answer", "gift.several_gaps", "gift.all_right"}


def questions(kind: str):
    if EACH[kind] is None:
        return asked.questions(asked.cloze())
    return asked.questions(asked.paired(EACH[kind]))


def for_gift(body):
    """The body with what GIFT cannot say as it is when nothing is said."""
    if isinstance(body, Choices):
        scoring = Scoring.PARTS if body.kind == "multiple" else Scoring.ALL
        return body.model_copy(update={"is_shuffled": True, "scoring": scoring})
    if isinstance(body, ShortText):
        return body.model_copy(
            update=dict.fromkeys(("forgives_case", "forgives_accents", "forgives_apostrophes"), True)
        )
    if isinstance(body, Essay):
        return Essay()
    if isinstance(body, Cloze):
        gaps = (gap.model_copy(update={"weight": Decimal(1), "body": for_gift(gap.body)}) for gap in body.gaps)
        return Cloze(gaps=tuple(gaps))
    if hasattr(body, "is_shuffled"):
        return body.model_copy(update={"is_shuffled": True, "scoring": Scoring.PARTS})
    return body


@pytest.mark.parametrize("kind", EACH)
def test_gift_brings_back_every_question_that_it_can_say(kind):
    @quick
    @given(questions(kind))
    def check(question: Question) -> None:
        plain = question.model_copy(
            update={
                "body": for_gift(question.body),
                "points": Decimal(1),
                "feedback": Feedback(always=question.feedback.always),
                "tags": tuple(tag for tag in question.tags if not tag.endswith("\\")),
            }
        )
        written = gift.write([plain])
        reading = gift.read(written.content)
        if isinstance(plain.body, Files):
            assert [note.code for note in written.notes] == ["kind.not_written"]
            return
        assert {note.code for note in written.notes} <= OF_A_TEXT
        assert not reading.dropped
        if not written.notes:
            assert asked.same(reading.questions[0].question) == asked.same(plain)

    check()


@pytest.mark.parametrize("version", ["2.1", "3.0"])
@pytest.mark.parametrize("kind", EACH)
def test_qti_brings_back_every_question_that_it_can_say(kind, version):
    @quick
    @given(questions(kind))
    def check(question: Question) -> None:
        written = qti.write([question], version)
        if any(note.severity == Severity.DROPPED for note in written.notes):
            assert {note.code for note in written.notes} == {"qti.several_in_gap"}
            return
        back = qti.read(written.content).questions[0].question
        if not written.notes:
            assert asked.same(back) == asked.same(question)
        named = {note.facts["name"] for note in written.notes}
        assert named <= {"percent", "least_words", "extensions"}

    check()


@quick
@given(asked.questions())
def test_gift_never_loses_a_question_without_saying_so(question):
    written = gift.write([question])
    reading = gift.read(written.content)
    dropped = sum(note.severity == Severity.DROPPED for note in written.notes)
    assert len(reading.questions) + dropped == 1
    if not written.notes:
        assert asked.same(reading.questions[0].question) == asked.same(question)


def test_pictures_tags_and_categories_come_back_from_qti():
    text = '<p>Mire <img data-picture="m" alt="el mapa"></p>'
    question = Question(name="Mapa", text=text, body=Essay(), tags=("leyes", "IVA"), pictures=({"key": "m"},))
    found = Found(question, category=("Tributos", "IVA"), pictures={"m": PNG})
    for version in qti.VERSIONS:
        written = qti.write([found, question.model_copy(update={"name": "Otra"})], version)
        first, second = qti.read(written.content).questions
        assert (first.category, first.question.tags) == (("Tributos", "IVA"), ("leyes", "IVA"))
        assert list(first.pictures.values()) == [PNG]
        assert first.question.text == '<p>Mire <img data-picture="f1" alt="el mapa"></p>'
        # The other one was handed over without its picture.
        assert second.question.text == "<p>Mire el mapa</p>"
        assert [(note.line, note.code) for note in written.notes] == [(2, "picture.not_written")]


def test_the_same_questions_give_the_same_bytes():
    question = Question(name="a", text="b", body=Essay())
    assert qti.write([question]).content == qti.write([question]).content
    assert gift.write([question]).content == gift.write([question]).content
