"""Aiken: a question, its options by letter, and the letter that is right."""

import pytest

from courses.interchange import aiken
from courses.questions import Kind

pytestmark = pytest.mark.once


def read(text: str):
    return aiken.read(text.encode())


def test_a_question_with_lines_that_go_on_and_signs_of_html():
    text = "¿Qué es a<b?\nSegunda línea\n\nA. uno\nsigue\nB) dos\n\nANSWER: B\n"
    reading = read(text)
    question = reading.questions[0].question
    assert question.text == "¿Qué es a&lt;b?<br>Segunda línea"
    assert [(option.text, option.percent) for option in question.body.options] == [("uno<br>sigue", 0), ("dos", 100)]
    assert not reading.notes


def test_several_questions_with_and_without_lines_between_them():
    reading = read("q1\nA. x\nB. y\nANSWER: A\nq2\na) x\nb) y\nAnswer: b.\n\nq3\nA. x\nB. y\nRESPUESTA: A")
    assert [found.line for found in reading.questions] == [1, 5, 10]


def test_several_right_letters_make_a_question_of_several_answers():
    reading = read("q\nA. x\nB. y\nC. z\nANSWER: A, C")
    body = reading.questions[0].question.body
    assert body.kind == Kind.MULTIPLE
    assert [option.percent > 0 for option in body.options] == [True, False, True]
    assert [note.code for note in reading.notes] == ["aiken.several_answers"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("q\nA. x\nB. y\n\nANSWER: D", "aiken.answer_unclear"),
        ("q\nA. x\nB. y\n\nANSWER: Guatemala", "aiken.answer_unclear"),
        ("q\nA. x\nB. y\n", "aiken.no_answer"),
        ("solo texto\nANSWER: A", "aiken.no_options"),
        ("q\nA. x\nA. y\nANSWER: A", "aiken.letter_twice"),
        ("q\nA. x\nANSWER: A", "question.too_few"),
    ],
)
def test_what_is_no_question_is_named_by_its_line(text, code):
    reading = read(f"q0\nA. x\nB. y\nANSWER: A\n\n{text}\n\nq9\nA. x\nB. y\nANSWER: B\n")
    assert [(note.line, note.code) for note in reading.dropped] == [(6, code)]
    assert len(reading.questions) == 2
