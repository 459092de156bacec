"""Recordings, tables, words and questions for practice in a lesson."""

import re
import uuid

import pytest
from wagtail.contrib.typed_table_block.blocks import TypedTable, TypedTableBlockValidationError

from courses.blocks import QuestionChooserBlock, TableBlock
from courses.domain import enrolment, watching
from courses.domain.bank import archive
from courses.models import Activity, Answer, Attempt, LessonPage
from courses.models.placing import PLACEABLE
from courses.questions import Choices, Essay, Kind, Option
from tests.courses.watching_cases import stretch
from tests.factories.courses import a_course, a_lesson, a_question
from tests.factories.media import a_video
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
CANARIES = ("CANARIO-PORQUE", "CANARIO-BIEN", "CANARIO-MAL", "percent")


def page(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def asked(**fields):
    options = (
        Option(key="z1", text="Trimestral", percent=100, feedback="CANARIO-PORQUE"),
        Option(key="z2", text="Anual", percent=0),
    )
    words = {"right": "CANARIO-BIEN", "wrong": "CANARIO-MAL"}
    return a_question(
        "¿Cada cuánto se paga el IUSI?",
        body=Choices(kind=Kind.SINGLE, options=options, is_shuffled=False),
        feedback=words,
        **fields,
    )


def a_lesson_that_asks(question=None) -> LessonPage:
    return a_lesson(a_course(), ("practice", {"question": question or asked()}))


def form_of(html: str) -> tuple[str, str]:
    """Where the form of the first question for practice goes, and the name of its field."""
    address = re.search(r'action="(/lecciones/[^"]+)"', html)[1]
    return address, re.search(r'name="(q[0-9a-f]{12})"', html)[1]


def test_a_question_in_a_lesson_tells_nothing_before_it_is_answered(client):
    lesson = a_lesson_that_asks()
    html = page(client, lesson.url)
    address, name = form_of(html)
    for seen in (html, page(client, address), client.post(address, {name: ""}).content.decode()):
        assert "¿Cada cuánto se paga el IUSI?" in seen
        assert [word for word in CANARIES if word in seen] == []
        assert "checked" not in seen


def test_an_answer_is_checked_by_the_server_as_often_as_one_likes_and_nothing_is_kept(client):
    address, name = form_of(page(client, a_lesson_that_asks().url))
    for _time in range(3):
        wrong = client.post(address, {name: "z2"}).content.decode()
        assert ("Todavía no" in wrong, "CANARIO-MAL" in wrong) == (True, True)
        assert "CANARIO-PORQUE" not in wrong  # said of the right choice alone
        assert "CANARIO-BIEN" not in wrong
    right = client.post(address, {name: "z1"}).content.decode()
    assert ("¡Correcto!" in right, "CANARIO-BIEN" in right, "CANARIO-PORQUE" in right) == (True, True, True)
    assert not Attempt.objects.exists()
    assert not Answer.objects.exists()
    assert set(Activity.objects.values_list("kind", flat=True)) == {"reading"}


def test_what_was_not_offered_is_said_and_is_no_error(client):
    address, name = form_of(page(client, a_lesson_that_asks().url))
    for given, words in (({}, "Responda primero"), ({name: "otra"}, "Elija una de las opciones")):
        answer = client.post(address, given)
        assert answer.status_code == 422
        assert words in answer.content.decode()


def test_practice_is_found_in_published_lessons_alone(client):
    question = asked()
    lesson = a_lesson_that_asks(question)
    address, name = form_of(page(client, lesson.url))
    assert client.get(address.replace(lesson.body[0].id, str(uuid.uuid4()))).status_code == 404
    assert client.get(address.replace("/es/", "/en/")).status_code == 404
    archive(question, by=None)
    assert client.post(address, {name: "z1"}).status_code == 404
    assert "Esta pregunta ya no está disponible." in page(client, lesson.url)
    question.archived_at = None
    question.save()
    assert client.get(address).status_code == 200
    lesson.unpublish()
    assert client.get(address).status_code == 404
    lesson.save_revision().publish()
    lesson.course.unpublish()
    assert client.get(address).status_code == 404


def test_two_questions_of_a_lesson_have_fields_of_their_own(client):
    question = asked()
    lesson = a_lesson(a_course(), ("practice", {"question": question}), ("practice", {"question": question}))
    html = page(client, lesson.url)
    assert len(set(re.findall(r'name="(q[0-9a-f]{12})"', html))) == 2
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_what_a_person_marks_cannot_be_practised_nor_anothers_question_be_placed():
    from_essay = a_question("Cuente", body=Essay())
    with pytest.raises(Exception, match="la califica una persona"):
        QuestionChooserBlock().clean(from_essay)
    mine = somebody_with_role("trainer")
    theirs, own = asked(made_by=somebody_with_role("trainer")), asked(made_by=mine)
    assert QuestionChooserBlock().clean(own) == own
    assert set(PLACEABLE[type(own)](mine)) == {own}
    assert theirs not in PLACEABLE[type(own)](mine)


# Recordings


def test_a_recording_is_heard_in_an_audio_element_and_counts_like_a_video(client):
    recording = a_video(title="La voz de la alcaldesa", rungs=("audio",), kind="sound", duration_seconds=100)
    course = a_course()
    lesson = a_lesson(course, ("audio", {"audio": recording, "is_required": True}))
    assert "Inscríbase para oír la grabación" in page(client, lesson.url)
    activity = Activity.objects.get()
    assert (activity.kind, activity.video) == ("video", recording)
    person = an_employee()
    enrolled = enrolment.enrol(person=person, course=course, by=person)
    client.force_login(person)
    html = page(client, lesson.url)
    assert re.search(r'<audio[^>]+src="/video/[^"]+/audio.mp4', html)
    assert "<video" not in html
    assert html.count("Le faltan 1 min 30 s de la grabación") == 2
    token = re.search(r'data-token="([^"]+)"', html)[1]
    verdicts = watching.record(person=person, batch=stretch(token, 0, 1))
    assert [one.outcome for one in verdicts] == ["stored"]
    assert enrolled.watch_progress.get().video == recording


# Tables and words


def a_table(caption="Plazos", heading="Mes") -> TypedTable:
    text = TableBlock().child_blocks["text"]
    columns = [{"block": text, "heading": heading}, {"block": text, "heading": "Pago"}]
    return TypedTable(columns=columns, row_data=[{"values": ["Enero", "Q 100"]}], caption=caption)


def test_a_table_has_a_caption_headings_and_a_frame_to_scroll_in(client):
    html = page(client, a_lesson(a_course(), ("table", a_table())).url)
    frame = r'<div class="table-wrap" role="region" tabindex="0" aria-label="Plazos">.*?</div>'
    table = re.search(frame, html, re.S)[0]
    assert "<caption>Plazos</caption>" in table
    for cell in ('<th scope="col">Mes</th>', '<th scope="row">Enero</th>', "<td>Q 100</td>"):
        assert cell in table


@pytest.mark.parametrize("missing", [{"caption": " "}, {"heading": ""}])
def test_a_table_without_its_words_is_not_saved(missing):
    TableBlock().clean(a_table())
    with pytest.raises(TypedTableBlockValidationError):
        TableBlock().clean(a_table(**missing))


def test_the_words_of_a_lesson_are_defined_in_it(client):
    lesson = a_lesson(a_course(), ("words", {"words": [{"word": "IUSI", "meaning": "Impuesto <único>"}]}))
    assert "<dt><dfn>IUSI</dfn></dt><dd>Impuesto &lt;único&gt;</dd>" in page(client, lesson.url)
