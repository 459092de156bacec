"""What a trainer types becomes a question, and a question what a trainer can change: nothing is lost on the way."""

import pytest

from courses import questions
from courses.question_forms import KINDS
from courses.question_writing import Editor
from courses.questions import Kind, typed
from lms.domain import roles
from tests.factories.courses import a_question
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db

OPTIONS = [
    {"key": "a-1", "text": "Una <strong>sola</strong>", "percent": 100, "feedback": "Sí &amp; bien"},
    {"key": "b", "text": "Otra", "percent": -25},
    {"key": "c", "text": "Ninguna"},
]
GAPS = [
    {"key": "uno", "body": {"kind": "short", "answers": [{"text": "concejo"}, {"text": "conce*", "percent": 50}]}},
    {"key": "dos", "body": {"kind": "numeric", "answers": [{"value": "12.5", "tolerance": "0.1", "feedback": "Bien"}]}},
    {
        "key": "tres",
        "weight": 2,
        "body": {"kind": "single", "options": [{"key": "z", "text": "Sí", "percent": 100}, {"key": "y", "text": "No"}]},
    },
    {
        "key": "cuatro",
        "body": {"kind": "numeric", "answers": [{"value": 3}], "units": [{"name": "km"}], "is_unit_required": True},
    },
]
LEVELS = [{"key": "l1", "text": "Cita la ley", "points": 10}, {"key": "l2", "text": "No", "points": 0}]
GAPS_TEXT = "".join(f'El <span data-gap="{gap["key"]}"></span> y ' for gap in GAPS)
BODIES = {
    Kind.SINGLE: {"options": OPTIONS, "is_shuffled": False},
    Kind.MULTIPLE: {
        "options": [
            {"key": f"k{n}", "text": str(n), "percent": worth} for n, worth in enumerate(["33.33333"] * 3 + [-50])
        ],
        "scoring": "parts",
    },
    Kind.TRUE_FALSE: {"is_true": False, "if_true": "No", "if_false": "Sí"},
    Kind.NUMERIC: {
        "answers": [{"value": 0, "tolerance": "0.5"}, {"value": "-1.25", "percent": 50, "feedback": "Casi"}],
        "units": [{"name": "m"}, {"name": "km", "factor": 1000}],
        "unit_penalty": 10,
        "wrong_feedback": "Repase",
    },
    Kind.SHORT: {"answers": [{"text": "k'aslemal"}, {"text": "vid*", "percent": "33.3"}], "forgives_accents": False},
    Kind.MATCHING: {
        "pairs": [
            {"key": "p1", "prompt": "Concejo", "answer": "Decide"},
            {"key": "p2", "prompt": "Alcalde", "answer": "Ejecuta"},
        ],
        "distractors": ["Juzga"],
        "scoring": "all",
    },
    Kind.ORDERING: {"items": [{"key": "x", "text": "Plan"}, {"key": "w", "text": "Pago"}], "scoring": "neighbours"},
    Kind.CLOZE: {"gaps": GAPS},
    Kind.FILES: {"most_files": 3, "most_megabytes": 5, "extensions": ["pdf", "jpg"], "marker_note": "Mire el sello"},
    Kind.ESSAY: {"rubric": [{"key": "c1", "text": "Fondo", "levels": LEVELS}], "least_words": 5, "marker_note": "Mire"},
}


@pytest.fixture
def trainer():
    person = a_person(email="facilitadora@example.org")
    roles.grant(person=person, role="trainer", by=None)
    return person


def posted(editor: Editor) -> dict:
    """What a browser would send of a form as it was drawn, nothing changed."""
    data = {}
    forms = [editor.form, *(row for _name, rows in editor.groups for row in rows.forms)]
    for rows in editor.rows.values():
        for field in rows.management_form:
            data[field.html_name] = field.value()
    for form in forms:
        for field in form:
            value = field.value()
            if isinstance(value, bool):
                data |= {field.html_name: "on"} if value else {}
            elif value is not None:
                data[field.html_name] = getattr(value, "pk", value)
    return data


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_of_every_kind_comes_back_as_it_was(trainer, kind):
    said = questions.Question.model_validate(
        {
            "name": "Prueba",
            "text": GAPS_TEXT if kind == Kind.CLOZE else "<p>Uno</p><p>Dos &lt; tres</p>",
            "body": {"kind": kind, **BODIES[kind]},
            "points": "2.5",
            "tags": ["agua", "cobro"],
            "feedback": {"always": "Ley, artículo 3"},
        }
    )
    more = {"points": said.points, "tags": said.tags, "feedback": said.feedback}
    question = a_question("Prueba", body=said.body, prose=said.text, made_by=trainer, **more)
    drawn = Editor(kind, trainer, question=question)
    again = Editor(kind, trainer, question=question, data=posted(drawn))
    assert again.is_valid(), (again.form.errors, [rows.errors for rows in again.rows.values()])
    assert again.said == question.latest.said


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_form_says_what_is_missing(trainer, kind):
    editor = Editor(kind, trainer, data=posted(Editor(kind, trainer)))
    assert not editor.is_valid()
    assert editor.form.errors


@pytest.mark.parametrize(
    "text", ["a < b & c", "uno\n\ndos\ntres", "<p>x</p><ul><li>y</li></ul>", "[[1]] y [[imagen 1]]", ""]
)
def test_prose_that_was_typed_is_shown_as_it_was_typed(text):
    given = {"gaps": ["g1"], "pictures": [questions.Picture(key="f1", alt='Un "mapa"')]}
    assert typed.to_typed(typed.to_prose(text, **given), **given) == text


def test_typed_prose_is_made_safe():
    assert typed.to_prose("<p>x</p><script>alert(1)</script><img src=x onerror=y>") == "<p>x</p>"
