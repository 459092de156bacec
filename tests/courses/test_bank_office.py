"""The bank in the back-office: whose questions one sees, writing them, their versions, and putting them in a quiz."""

import pytest
from django.test import Client
from django.urls import reverse
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file
from wagtail.test.utils.form_data import inline_formset, nested_form_data

from courses.domain import bank
from courses.models import BankQuestion, Quiz, QuizItem, Topic
from courses.models.reach import bank_for
from courses.questions import Files
from lms.domain import roles
from tests.factories.courses import a_course, a_lesson, a_question, a_quiz
from tests.factories.people import a_person
from tests.matrix.world import QUIET

pytestmark = pytest.mark.django_db

QUIZ_ADD = "wagtailsnippets_courses_quiz:add"


@pytest.fixture
def trainer(client):
    person = a_person(email="facilitadora@example.org")
    roles.grant(person=person, role="trainer", by=None)
    client.force_login(person)
    return person


@pytest.fixture
def shared():
    """Somebody else's question, of a topic that all may use."""
    other = a_person()
    topic = Topic.objects.create(name="Para todos", is_shared=True, made_by=other)
    return a_question("¿Compartida?", made_by=other, topic=topic, feedback={"always": "Secreto del otro"})


def url(name: str, question: BankQuestion | None = None, *args) -> str:
    return reverse(f"courses_bank:{name}", args=[question.public_id, *args] if question else args)


def single(**fields) -> dict:
    rows = [{"text": "Concejo", "is_right": "on"}, {"text": "Alcalde", "feedback": "No es él"}]
    form = {"text": "¿Quién decide?", "name": "", "topic": "", "points": "1", "tags": "", "is_shuffled": "on"}
    return nested_form_data(form | {"options": inline_formset(rows), "pictures": inline_formset([]), **fields})


def reach(person, to_edit: bool) -> set[str]:
    return set(bank_for(person, BankQuestion.objects.all(), to_edit=to_edit).values_list("name", flat=True))


# Whose -------------------------------------------------------------------------------------------------------------


def test_one_changes_ones_own_and_places_what_is_shared(trainer, shared):
    a_question("¿Ajena?", made_by=a_person())
    a_question("¿De nadie?")
    a_question("¿Mía?", made_by=trainer)
    assert reach(trainer, to_edit=True) == {"¿Mía?"}
    assert reach(trainer, to_edit=False) == {"¿Mía?", "¿Compartida?"}
    admin = a_person()
    roles.grant(person=admin, role="administrator", by=None)
    assert reach(admin, to_edit=True) == {"¿Mía?", "¿Compartida?", "¿Ajena?", "¿De nadie?"}
    assert reach(a_person(), to_edit=False) == set()


def test_a_role_over_a_course_reaches_what_its_quizzes_ask_until_it_ends():
    author, person, course = a_person(), a_person(), a_course()
    roles.grant(person=author, role="trainer", by=None)
    quiz = a_quiz(questions=0, made_by=author)
    asked = a_question("¿Del curso?", made_by=author)
    borrowed = a_question("¿Prestada?", made_by=a_person())
    for question in (asked, borrowed):
        QuizItem.objects.create(quiz=quiz, question=question)
    a_lesson(course, ("quiz", {"quiz": quiz, "is_required": True}))
    roles.grant(person=person, role="trainer", scope="course", course=course, by=None)
    assert reach(person, to_edit=True) == {"¿Del curso?"}
    roles.withdraw(grant=person.role_grants.get(), by=None)
    assert reach(person, to_edit=False) == set()


def test_to_place_a_question_is_no_way_to_make_it_ones_own(trainer, shared):
    QuizItem.objects.create(quiz=a_quiz(questions=0, made_by=trainer), question=shared)
    assert reach(trainer, to_edit=True) == set()


@pytest.mark.parametrize("name", ["preview", "edit", "history", "archive", "restore"])
def test_anothers_question_does_not_exist(client, trainer, name):
    foreign = a_question("¿Ajena?", made_by=a_person())
    assert client.get(url(name, foreign)).status_code in {404, 405}
    assert client.post(url(name, foreign), single()).status_code in {404, 405}
    foreign.refresh_from_db()
    assert (foreign.archived_at, foreign.latest.number) == (None, 1)
    assert "¿Ajena?" not in client.get(url("index") + "?archivo=todas").content.decode()


def test_a_role_that_ended_ends_the_bank(client, trainer):
    mine = a_question(made_by=trainer)
    assert client.get(url("edit", mine)).status_code == 200
    roles.withdraw(grant=trainer.role_grants.get(), by=None)
    for address in (url("edit", mine), url("index"), url("import"), reverse("courses_marking:index")):
        assert client.get(address).status_code in {302, 403, 404}


def test_whoever_may_only_place_a_question_does_not_learn_what_is_right(client, trainer, shared):
    address, right = url("preview", shared), shared.latest.said.body.options[0].key
    page = client.get(address).content.decode()
    assert "¿Compartida?" in page
    assert "Probar" not in page
    for answer in (client.get(address), client.post(address, {"answer": right}), client.get(address + "?version=1")):
        assert "Secreto del otro" not in answer.content.decode()
        assert "Vale" not in answer.content.decode()
    for name in ("edit", "history"):
        assert client.get(url(name, shared)).status_code == 404
    assert b"Secreto" not in client.get(url("export"), {"pregunta": shared.public_id, "archivo": "1"}).content


def test_the_list_filters_and_says_where_a_question_is_asked(client, trainer, shared):
    topic = Topic.objects.create(name="Agua", made_by=trainer)
    mine = a_question("¿Cuánto llueve en Sololá?", made_by=trainer, topic=topic)
    QuizItem.objects.create(quiz=a_quiz(questions=0, made_by=trainer, title="El quiz de agua"), question=mine)
    gone = a_question("¿Vieja?", made_by=trainer)
    bank.archive(gone, by=trainer)

    def listed(**query) -> set[str]:
        html = client.get(url("index"), query).content.decode()
        return {name for name in ("¿Cuánto llueve en Sololá?", "¿Vieja?", "¿Compartida?") if name in html}

    assert listed() == {"¿Cuánto llueve en Sololá?", "¿Compartida?"}
    assert listed(q="solola LLUEVE") == listed(mias="on") == listed(tema=topic.pk) == {"¿Cuánto llueve en Sololá?"}
    assert listed(archivo="si") == {"¿Vieja?"}
    assert listed(clase="essay") == set()
    assert "El quiz de agua" in client.get(url("index")).content.decode()


# Writing -----------------------------------------------------------------------------------------------------------


def test_a_trainer_writes_a_question_changes_it_and_sees_its_versions(client, trainer):
    assert client.get(url("add", None, "single")).status_code == 200
    client.post(url("add", None, "single"), single())
    question = BankQuestion.objects.get()
    assert (question.name, question.made_by, question.kind) == ("¿Quién decide?", trainer, "single")
    keys = [option.key for option in question.latest.said.body.options]
    rows = [{"key": keys[0], "text": "El concejo", "is_right": "on"}, {"key": keys[1], "text": "El alcalde"}]
    response = client.post(url("edit", question), single(options=inline_formset(rows), version="1"))
    assert response.status_code == 302
    question.refresh_from_db()
    assert question.latest.number == 2
    assert [(one.key, one.text) for one in question.latest.said.body.options] == [
        (keys[0], "El concejo"),
        (keys[1], "El alcalde"),
    ]
    html = client.get(url("history", question)).content.decode()
    assert "Versión 1" in html
    assert "Alcalde" in client.get(url("preview", question) + "?version=1").content.decode()


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(client, trainer):
    question = a_question(made_by=trainer)
    bank.change(question, question.latest.said.model_copy(update={"name": "Otra"}), by=trainer)
    response = client.post(url("edit", question), single(version="1"))
    assert response.status_code == 422
    assert "Otra persona cambió" in response.content.decode()
    assert "¿Quién decide?" in response.content.decode()
    assert question.versions.count() == 2


def test_what_is_wrong_is_said_and_what_was_typed_stays(client, trainer):
    rows = [{"text": "Sin marcar"}, {"text": "Tampoco"}]
    response = client.post(url("add", None, "single"), single(options=inline_formset(rows), tags="uno, dos"))
    html = response.content.decode()
    assert response.status_code == 422
    assert "Marque cuál opción es la correcta." in html
    assert all(word in html for word in ("Sin marcar", "Tampoco", "uno, dos", "¿Quién decide?"))
    assert not BankQuestion.objects.exists()


def test_more_rows_are_had_without_script_and_save_nothing(client, trainer):
    response = client.post(url("add", None, "single"), single(more="options"))
    assert response.status_code == 200
    assert 'name="options-4-text"' in response.content.decode()
    assert not BankQuestion.objects.exists()


def test_the_preview_grades_for_whoever_may_change_it_and_writes_nothing(client, trainer):
    client.post(url("add", None, "single"), single())
    question = BankQuestion.objects.get()
    right, wrong = question.latest.said.body.options
    assert "Vale 100 %." in client.post(url("preview", question), {"answer": right.key}).content.decode()
    html = client.post(url("preview", question), {"answer": wrong.key}).content.decode()
    assert "Vale 0 %." in html
    assert "No es él" in html
    assert client.post(url("preview", question), {"answer": "nada"}).status_code == 200


def test_a_question_of_files_is_written_and_written_again(client, trainer):
    form = {"text": "Suba su plan.", "name": "", "topic": "", "points": "2", "tags": "", "most_files": "2"}
    form |= {"most_megabytes": "5", "marker_note": "Mire el sello"}
    rubric = [{"text": "Fundamento", "levels": "10: Bien\n0: Mal"}]
    form = nested_form_data(form | {"rubric": inline_formset(rubric), "pictures": inline_formset([])})
    form["extensions"] = ["pdf", "docx"]
    assert client.post(url("add", None, "files"), form).status_code == 302
    question = BankQuestion.objects.get()
    body = question.latest.said.body
    assert (body.most_files, body.most_megabytes, body.extensions) == (2, 5, ("pdf", "docx"))
    assert body.rubric[0].text == "Fundamento"
    page = client.get(url("edit", question)).content.decode()
    assert 'value="docx"' in page
    assert "Mire el sello" in page
    assert "Se aceptan: PDF, DOCX." in client.get(url("preview", question)).content.decode()
    assert client.get(url("add", None, "otra")).status_code == 404


def test_a_form_from_elsewhere_changes_nothing(trainer):
    stranger = Client(enforce_csrf_checks=True)
    stranger.force_login(trainer)
    question = a_question(made_by=trainer)
    assert stranger.post(url("archive", question)).status_code == 403
    assert stranger.post(url("add", None, "single"), single()).status_code == 403
    assert BankQuestion.objects.in_use().count() == 1


@QUIET
def test_a_question_shows_ones_own_picture_and_nobody_elses(client, trainer):
    mine = Image.objects.create(title="Mía", file=get_test_image_file(), uploaded_by_user=trainer)
    other = Image.objects.create(title="Foto ajena", file=get_test_image_file(), uploaded_by_user=a_person())
    given = {"text": "¿Qué es [[imagen 1]]?"}
    refused = client.post(
        url("add", None, "single"), single(**given, pictures=inline_formset([{"image": other.pk, "alt": "x"}]))
    )
    assert refused.status_code == 422
    assert "Foto ajena" not in refused.content.decode()
    assert not BankQuestion.objects.exists()
    client.post(
        url("add", None, "single"), single(**given, pictures=inline_formset([{"image": mine.pk, "alt": 'Un "mapa"'}]))
    )
    question = BankQuestion.objects.get()
    said = question.latest.said
    assert said.text == '¿Qué es <img data-picture="f1" alt="Un &quot;mapa&quot;">?'
    assert (question.pictures.get().image, said.pictures[0].alt) == (mine, 'Un "mapa"')
    assert 'alt="Un &quot;mapa&quot;"' in client.get(url("preview", question)).content.decode()
    assert "[[imagen 1]]" in client.get(url("edit", question)).content.decode()


def test_a_changed_picture_leaves_the_old_one_to_the_version_that_showed_it(client, trainer):
    first, second = (
        Image.objects.create(title=name, file=get_test_image_file(), uploaded_by_user=trainer) for name in "ab"
    )
    client.post(url("add", None, "single"), single(pictures=inline_formset([{"image": first.pk}])))
    question = BankQuestion.objects.get()
    text = "¿Quién decide? [[imagen 1]]"
    rows = inline_formset([{"key": "f1", "image": second.pk}])
    client.post(url("edit", question), single(pictures=rows, text=text, version="1"))
    question.refresh_from_db()
    assert {one.key: one.image for one in question.pictures.all()} == {"f1": first, "f2": second}
    assert [one.key for one in question.latest.said.pictures] == ["f2"]


def test_topics_are_ones_own_and_say_when_a_name_is_taken(client, trainer):
    other = Topic.objects.create(name="Ajeno", made_by=a_person())
    client.post(reverse("courses_bank:topic_add"), {"name": "Agua", "is_shared": "on"})
    assert Topic.objects.get(name="Agua").made_by == trainer
    again = client.post(reverse("courses_bank:topic_add"), {"name": "Agua"})
    assert "Ya tiene un tema con ese nombre" in again.content.decode()
    assert client.post(reverse("courses_bank:topic_add"), {"name": "X", "parent": other.pk}).status_code == 422
    assert client.get(reverse("courses_bank:topic_edit", args=[other.pk])).status_code == 404
    assert "Ajeno" not in client.get(reverse("courses_bank:topics")).content.decode()
    refused = client.post(url("add", None, "single"), single(topic=other.pk))
    assert refused.status_code == 422
    assert "Ajeno" not in refused.content.decode()


# In a quiz ---------------------------------------------------------------------------------------------------------


def quiz(*items: dict, **fields) -> dict:
    rules = {"title": "Prueba", "pass_percent": "70", "max_attempts": "3", "wait_minutes": "0", "minutes": "0"}
    rows = [{"draws": "1", "points": "1", "question": "", "topic": ""} | item for item in items]
    return nested_form_data(rules | {"shows": "spent", "instructions": "", "items": inline_formset(rows), **fields})


def test_a_quiz_asks_questions_and_draws_from_topics_within_reach(client, trainer, shared):
    mine = a_question(made_by=trainer)
    form = quiz({"question": mine.pk}, {"question": shared.pk}, {"topic": shared.topic.pk, "draws": "2"})
    assert client.get(reverse(QUIZ_ADD)).status_code == 200
    assert client.post(reverse(QUIZ_ADD), form).status_code == 302
    found = Quiz.objects.get().items.values_list("question", "topic", "draws")
    assert list(found) == [(mine.pk, None, 1), (shared.pk, None, 1), (None, shared.topic.pk, 2)]


@pytest.mark.parametrize("field", ["question", "topic"])
def test_anothers_question_or_topic_is_not_put_into_a_quiz_nor_named(client, trainer, field):
    topic = Topic.objects.create(name="Nombre ajeno", made_by=a_person())
    foreign = a_question("Nombre ajeno", made_by=a_person(), topic=topic)
    form = quiz({"question": a_question(made_by=trainer).pk}, {field: {"question": foreign, "topic": topic}[field].pk})
    response = client.post(reverse(QUIZ_ADD), form)
    assert "Esto no lo puede usar usted" in response.content.decode()
    assert "Nombre ajeno" not in response.content.decode()
    assert not Quiz.objects.exists()


def test_a_question_of_files_is_offered_and_placed(client, trainer):
    files = a_question("¿Archivo?", made_by=trainer, body=Files())
    assert "¿Archivo?" in client.get(reverse("bank_question_chooser:choose")).json()["html"]
    client.post(reverse(QUIZ_ADD), quiz({"question": files.pk}))
    assert Quiz.objects.get().items.get().question == files


def test_the_chooser_offers_what_one_may_place_and_searches_it(client, trainer, shared):
    foreign = a_question("¿Ajena?", made_by=a_person())
    a_question("¿Mía de agua?", made_by=trainer)
    html = client.get(reverse("bank_question_chooser:choose")).json()["html"]
    assert ("¿Mía de agua?" in html, "¿Compartida?" in html, "¿Ajena?" in html) == (True, True, False)
    found = client.get(reverse("bank_question_chooser:choose_results"), {"q": "AGUA"}).content.decode()
    assert ("¿Mía de agua?" in found, "¿Compartida?" in found) == (True, False)
    assert client.get(reverse("bank_question_chooser:chosen", args=[shared.pk])).status_code == 200
    assert client.get(reverse("bank_question_chooser:chosen", args=[foreign.pk])).status_code == 404


def test_whoever_changes_a_question_reads_where_else_it_stands(client, trainer):
    question, other = a_question("¿Mía?", made_by=trainer), a_person()
    assert "Esta pregunta está en" not in client.get(url("edit", question)).content.decode()
    for quiz in (
        a_quiz(questions=0, made_by=trainer, title="El mío"),
        a_quiz(questions=0, made_by=other, title="Ajeno"),
    ):
        QuizItem.objects.create(quiz=quiz, question=question)
    page = client.get(url("edit", question)).content.decode()
    assert "Esta pregunta está en 2 cuestionarios" in page
    assert "El mío</a>" in page
    assert f"Ajeno (de {other})" in page


def test_more_than_a_file_holds_is_exported_in_parts_and_none_is_left_out(client, trainer, monkeypatch):
    monkeypatch.setattr("courses.views.bank_files.MOST_EXPORTED", 2)
    for number in range(5):
        a_question(f"¿Número {number}?", made_by=trainer)
    page = client.get(reverse("courses_bank:export"), {"formato": "gift"}).content.decode()
    assert "Son 5 preguntas" in page
    assert "Preguntas 5 a 5" in page
    found = ""
    for part in (1, 2, 3):
        given = {"formato": "gift", "parte": part, "archivo": "1"}
        found += client.get(reverse("courses_bank:export"), given).content.decode()
    assert [found.count(f"¿Número {number}?") > 0 for number in range(5)] == [True] * 5
    assert client.get(reverse("courses_bank:export"), {"parte": "x", "archivo": "1"}).status_code == 200
