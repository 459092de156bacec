"""Grading again in the back-office, what two versions differ in, and what the learner reads of it."""

import pytest
from django.urls import reverse

from courses import questions
from courses.domain import regrading
from courses.models import MarkChange, Regrading
from courses.questions import comparing
from lms.domain import jobs, roles
from lms.models import AuditEvent, Job
from tests.courses.test_regrading import REASON, Scene, choices, state
from tests.factories.people import a_person, somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(client):
    made = Scene()
    client.force_login(made.trainer)
    return made


def address(scene: Scene, name: str = "regrade") -> str:
    return reverse(f"courses_bank:{name}", args=[scene.question.public_id])


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_a_trainer_looks_orders_and_the_learner_reads_why(client, scene):
    gains, loses = scene.attempt("b", "a"), scene.attempt("a", "a")
    scene.correct()
    page = text_of(client.get(address(scene)))
    assert "<strong>1</strong> ganan · 1 aprueba" in page
    assert "<strong>1</strong> pierden" in page
    for attempt in (gains, loses):
        assert str(attempt.enrolment.person) in page
    missing = client.post(address(scene), {"number": 2, "takes": "both", "reason": " "})
    assert (missing.status_code, Regrading.objects.count()) == (422, 0)
    assert client.post(address(scene), {"number": 2, "takes": "both", "reason": REASON}).url == address(scene)
    assert "data-moving" in text_of(client.get(address(scene, "regrade_progress")))
    jobs.run(Job.objects.get(kind=regrading.KIND).pk)
    assert "Cambió 2 notas." in text_of(client.get(address(scene)))
    assert [state(gains), state(loses)] == [(100, True), (50, False)]
    for attempt, told in ((gains, "Antes: 50 %. Después: 100 %."), (loses, "Antes: 100 %. Después: 50 %.")):
        client.force_login(attempt.enrolment.person)
        shown = text_of(client.get(reverse("courses:attempt_result", args=[attempt.public_id])))
        assert told in shown
        assert REASON in shown
        assert ("sigue completado" in shown) == (attempt == loses)
        assert "Todavía no lo aprueba" not in shown


def test_the_learner_is_told_the_key_by_which_it_was_graded(client, scene):
    attempt = scene.attempt("a", "a")
    scene.correct()
    scene.regrade()
    client.force_login(attempt.enrolment.person)
    shown = text_of(client.get(reverse("courses:attempt_result", args=[attempt.public_id])))
    assert '<span class="state ok">Respuesta correcta</span><p>Opción b</p>' in shown


def test_the_file_names_whom_it_changes_and_the_trail_who_took_it(client, scene):
    gains = scene.attempt("b", "a")
    scene.correct()
    answer = client.get(address(scene, "regrade_sheet"))
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert str(gains.enrolment.person) in lines[1]
    assert "Gana,0.00,100.00,50,100,no,sí" in lines[1]
    assert AuditEvent.objects.filter(action="question.regrade_exported").count() == 1


def test_what_a_stranger_may_not_edit_nor_place_does_not_exist(client, scene):
    scene.attempt("b", "a")
    scene.correct()
    other = a_person()
    roles.grant(person=other, role="trainer", by=None)
    client.force_login(other)
    for name in ("regrade", "regrade_progress", "regrade_sheet", "compare"):
        assert client.get(address(scene, name)).status_code == 404
    assert client.post(address(scene), {"number": 2, "takes": "both", "reason": REASON}).status_code == 404
    client.force_login(somebody_with_role("hr_delegate"))
    assert client.get(address(scene)).status_code in {302, 403}
    assert not MarkChange.objects.exists()


def test_a_page_for_one_quiz_alone(client, scene):
    scene.attempt("b", "a")
    scene.correct()
    limited = f"{address(scene)}?cuestionario={scene.quiz.public_id}"
    assert "Solo del cuestionario" in text_of(client.get(limited))
    for wrong in ("x", str(scene.question.public_id)):
        assert client.get(f"{address(scene)}?cuestionario={wrong}").status_code == 404
    client.post(limited, {"number": 2, "takes": "gains", "reason": REASON})
    assert Regrading.objects.get().quiz == scene.quiz


# Versions side by side -------------------------------------------------------------------------------------------


def test_two_versions_side_by_side(client, scene):
    scene.correct()
    page = text_of(client.get(address(scene, "compare")))
    assert "2 cambios. 2 de ellos deciden qué es correcto." in page
    assert "<del>correcta</del>" in page
    assert "<ins>incorrecta</ins>" in page
    assert "antes=1&amp;despues=2" in text_of(client.get(address(scene, "history")))
    assert "Dicen lo mismo" not in page
    assert "Elija dos versiones" in text_of(client.get(f"{address(scene, 'compare')}?antes=1&despues=1"))
    assert client.get(f"{address(scene, 'compare')}?antes=9").status_code == 404


def said(body, **fields) -> questions.Question:
    return questions.Question(**{"name": "n", "text": "<p>¿Cuál es?</p>", "body": body} | fields)


def told(old, new) -> list[tuple]:
    return [
        (one.label, one.kind, "".join(p.text for p in one.before), "".join(p.text for p in one.after), one.is_key)
        for one in comparing.compare(old, new)
    ]


def test_what_was_added_removed_and_said_otherwise():
    old = said(choices("a", "a", "b"), feedback={"always": "Por la ley."})
    new = said(choices("a", "a", "b", "c"), text="<p>¿Cuál no es?</p>")
    assert told(old, new) == [
        ("Pregunta", "changed", "¿Cuál es?", "¿Cuál no es?", False),
        ("Opción 3", "added", "", "Opción c", False),
        ("Opción 3: si es correcta", "added", "", "incorrecta, vale 0 %", True),
        ("Comentario para todos", "removed", "Por la ley.", "", False),
    ]
    assert told(old, old) == []


@pytest.mark.parametrize(
    ("old", "new", "labels"),
    [
        (questions.TrueFalse(is_true=True), questions.TrueFalse(is_true=False), {("Es", True)}),
        (
            questions.ShortText(answers=[questions.TextAnswer(text="a", percent=100)]),
            questions.ShortText(answers=[questions.TextAnswer(text="b", percent=100)], forgives_accents=False),
            {("Respuesta aceptada 1", True), ("No importan", True)},
        ),
        (
            questions.Numeric(answers=[questions.NumberAnswer(value=1, percent=100)]),
            questions.Numeric(answers=[questions.NumberAnswer(value=1, percent=100, tolerance="0.5")]),
            {("Respuesta aceptada 1", True)},
        ),
        (
            questions.Cloze(gaps=[questions.ClozeGap(key="g1", body=choices("a", "a", "b"))]),
            questions.Cloze(gaps=[questions.ClozeGap(key="g1", body=choices("b", "a", "b"))]),
            {("Espacio 1: Opción 1: si es correcta", True), ("Espacio 1: Opción 2: si es correcta", True)},
        ),
    ],
)
def test_keys_are_told_apart_from_words(old, new, labels):
    assert {(one.label, one.is_key) for one in comparing.compare(said(old), said(new))} == labels


def test_every_kind_of_question_can_be_compared():
    for body in (
        questions.Matching(pairs=[questions.Pair(key=k, prompt=k, answer=k) for k in "ab"]),
        questions.Ordering(items=[questions.Item(key=k, text=k) for k in "ab"]),
        questions.Essay(),
        questions.Files(),
    ):
        found = comparing.compare(said(choices("a")), said(body))
        assert {one.kind for one in found} >= {"removed"}
        assert comparing.compare(said(body), said(body)) == []


def test_two_long_texts_are_not_compared_for_ever():
    left, right = comparing.pieces("a " * 5000, "b " * 5000)
    assert [len(left), len(right)] == [1, 1]
