"""Quizzes in several languages: one attempt, one grade, whichever of them somebody reads."""

import json
import re
import uuid

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.urls import reverse
from django.utils import timezone

from courses.domain import bank, grading, regrading, telling, tongues
from courses.models import Attempt, QuestionTranslation, QuizTranslation
from courses.models.regrading import Regrading
from courses.questions import TextAnswer, translating
from lms.domain.errors import RuleBroken
from tests.courses.event_cases import answered, handed_in, send
from tests.courses.test_grading import broken
from tests.courses.tongue_cases import CODE, a_setting, say

pytestmark = pytest.mark.django_db
CANARY = "canario-de-lo-correcto"


@pytest.fixture
def setting(client):
    made = a_setting()
    client.force_login(made.person)
    return made


def begin(client, setting, language: str | None = CODE) -> Attempt:
    """As the button of the lesson in a language does."""
    fields = {"attempt_id": uuid.uuid4()} | ({} if language is None else {"language": language})
    client.post(reverse("courses:attempt_start", args=[setting.activity.public_id]), fields)
    return Attempt.objects.get(enrolment=setting.enrolment, closed_at=None)


def page(client, attempt: Attempt, name: str, *rest) -> str:
    return client.get(reverse(f"courses:attempt_{name}", args=[attempt.public_id, *rest])).content.decode()


def give(client, attempt: Attempt, number: int, answer: str, **more):
    address = reverse("courses:attempt_question", args=[attempt.public_id, number])
    return client.post(address, {"answer": answer, "go": "next"} | more)


def close(client, attempt: Attempt) -> Attempt:
    client.post(reverse("courses:attempt_hand_in", args=[attempt.public_id]))
    return Attempt.objects.get(pk=attempt.pk)


def test_a_lesson_in_kiche_leads_through_the_quiz_in_kiche_and_back(client, setting):
    for one in setting.questions:
        say(one)
    html = client.get(setting.there.url).content.decode()
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html))
    assert fields["language"] == CODE
    client.post(reverse("courses:attempt_start", args=[setting.activity.public_id]), fields)
    attempt = Attempt.objects.get(public_id=fields["attempt_id"])
    html = page(client, attempt, "question", 1)
    assert all(
        words in html for words in ("quc ¿Pregunta 1?", "<p>quc El concejo</p>", '<span class="prose" lang="quc">')
    )
    give(client, attempt, 1, "x")
    give(client, attempt, 2, "quc alcalde")
    assert "quc El concejo" in page(client, attempt, "review")
    attempt = close(client, attempt)
    assert (attempt.score_percent, attempt.is_passed, attempt.language) == (100, True, CODE)
    html = page(client, attempt, "result")
    assert all(words in html for words in ("quc ¿Pregunta 2?", "<p>quc Así es</p>", "quc Bien hecho", "quc Artículo 9"))
    assert f'href="{setting.there.url}#a-{setting.activity.block_key}"' in html
    assert setting.here.url not in html
    spanish = re.sub("quc ", "", html)
    assert [given.said for given in attempt.answers.all()][1] == ["quc Bien hecho", "quc Artículo 9"]
    assert "¿Pregunta 1?" in spanish


def test_a_lesson_in_spanish_leads_through_it_in_spanish_and_back(client, setting):
    for one in setting.questions:
        say(one)
    attempt = begin(client, setting, "es")
    assert "quc" not in re.sub(r"<button[^>]*>", "", page(client, attempt, "question", 1))
    give(client, attempt, 1, "y")
    html = page(client, close(client, attempt), "result")
    assert "quc" not in html
    assert f'href="{setting.here.url}#' in html


def test_text_by_text_what_is_not_translated_is_read_in_the_source(client, setting):
    say(setting.questions[0], {"option.x": "<p>Ri popb'al</p>"})
    attempt = begin(client, setting)
    html = page(client, attempt, "question", 1)
    assert all(words in html for words in ("¿Pregunta 1?", "<p>Ri popb'al</p>", "<p>El banco</p>"))
    assert 'lang="quc"' not in re.sub(r"<button[^>]*>", "", html)  # not all of it is
    assert "¿Pregunta 2?" in page(client, attempt, "question", 2)


def test_a_draft_is_read_by_nobody(client, setting):
    say(setting.questions[0], publishes=False)
    attempt = begin(client, setting)
    html = page(client, attempt, "question", 1)
    assert "quc ¿" not in html
    assert "quiz-languages" not in html


def test_one_switches_as_one_answers_and_loses_nothing(client, setting):
    for one in setting.questions:
        say(one)
    attempt = begin(client, setting, "es")
    html = page(client, attempt, "question", 1)
    offered = html.split('class="quiz-languages"')[1].split("</div>")[0]
    assert re.findall(r'name="language" value="(\w+)"', offered) == ["es", CODE]
    assert give(client, attempt, 1, "x", language=CODE).url.endswith("/1/")
    html = page(client, attempt, "question", 1)
    assert "quc ¿Pregunta 1?" in html
    assert re.search(r'value="x" checked', html)
    give(client, attempt, 2, "quc alcalde", language="es")
    html = page(client, attempt, "question", 2)
    assert 'value="quc alcalde"' in html
    assert "quc ¿Pregunta 2?" not in html
    attempt = close(client, attempt)
    assert (attempt.score_percent, attempt.language) == (100, "es")
    assert [given.said[0] for given in attempt.answers.all()] == ["<p>Así es</p>", "Bien hecho"]


def test_an_answer_that_does_not_fit_changes_no_language(client, setting):
    say(setting.questions[0])
    attempt = begin(client, setting, "es")
    assert give(client, attempt, 1, "no", language=CODE).status_code == 422
    assert Attempt.objects.get().language == "es"


@pytest.mark.parametrize("language", [None, "", "xx", "../es", "q" * 200])
def test_a_language_that_nobody_knows_is_that_of_the_source(client, setting, language):
    say(setting.questions[0])
    attempt = begin(client, setting, language)
    assert attempt.language == ""
    assert "quc ¿" not in page(client, attempt, "question", 1)
    give(client, attempt, 1, "x", language="xx")
    assert Attempt.objects.get().language == ""


def test_going_on_from_the_lesson_in_the_other_language_switches(client, setting):
    say(setting.questions[0])
    first = begin(client, setting, "es")
    give(client, first, 1, "x")
    assert begin(client, setting, CODE) == first
    html = page(client, first, "question", 1)
    assert "quc ¿Pregunta 1?" in html
    assert re.search(r'value="x" checked', html)


def test_a_closed_attempt_stays_in_the_language_in_which_it_was_closed(client, setting):
    say(setting.questions[0])
    attempt = begin(client, setting)
    give(client, attempt, 1, "y")
    attempt = close(client, attempt)
    say(setting.questions[0], {"text": "otra cosa"})
    assert tongues.read_in(attempt, "es").language == CODE
    give(client, attempt, 1, "x", language="es")
    assert Attempt.objects.get(pk=attempt.pk).language == CODE
    html = page(client, attempt, "result")
    assert "quc ¿Pregunta 1?" in html
    assert "otra cosa" not in html


def test_an_open_attempt_keeps_the_version_and_the_translation_that_it_began_with(client, setting):
    asked = setting.questions[0]
    first = say(asked)
    attempt = begin(client, setting)
    say(asked, {"text": "corregida"})
    bank.change(asked, asked.latest.said.model_copy(update={"text": "<p>¿Otra?</p>"}), by=None)
    given = attempt.answers.get(order=1)
    assert (given.version.number, given.translation) == (1, first)
    assert "quc ¿Pregunta 1?" in page(client, attempt, "question", 1)
    with pytest.raises(ProtectedError), transaction.atomic():
        first.delete()


def test_what_a_device_sends_late_is_the_same_answer(setting, client):
    for one in setting.questions:
        say(one)
    attempt = begin(client, setting)

    class Learner:
        """As the cases of events know one."""

    learner = Learner()
    learner.person, learner.enrolment, learner.attempt = setting.person, setting.enrolment, attempt
    learner.at = learner.granted_at = timezone.now()
    learner.tokens = {"quiz": re.search(r'data-token="([^"]+)"', page(client, attempt, "question", 1))[1]}
    sent = [answered(learner, 1, ["x"], 0), answered(learner, 2, ["quc alcalde"], 0)]
    tongues.read_in(attempt, "es")
    send(learner, *sent, handed_in(learner, sent, 0))
    attempt.refresh_from_db()
    assert attempt.score_percent == 100


# What is right stays the source's


def test_the_language_that_is_read_decides_no_mark(client, setting):
    say(setting.questions[1], {"answer.1": "k'amalb'e\nq'atb'altzij"})
    say(setting.questions[1], {"answer.1": "aj k'amolb'e"}, code="kek")
    for language in ("es", CODE, "kek", "mam"):
        for word, worth in (("alcalde", 50), ("Qʼatbʼaltzij", 50), ("aj k'amolb'e", 50), ("quc", 0)):
            Attempt.objects.all().delete()
            attempt = begin(client, setting, language)
            give(client, attempt, 2, word)
            assert close(client, attempt).score_percent == worth, (language, word)


def test_grading_again_speaks_and_accepts_in_the_language_too(client, setting, run_jobs):
    asked = setting.questions[1]
    attempt = begin(client, setting)
    give(client, attempt, 2, "k'amalb'e")
    attempt = close(client, attempt)
    assert attempt.score_percent == 0
    said = asked.latest.said
    body = said.body.model_copy(update={"answers": (*said.body.answers, TextAnswer(text="alcaldesa"))})
    bank.change(asked, said.model_copy(update={"body": body}), by=None)
    say(asked, {"answer.2": "k'amalb'e", "feedback.right": "Utz", "text": "¿Achinaq?"})
    asked.refresh_from_db()
    takes = Regrading.Takes.GAINS if hasattr(Regrading.Takes, "GAINS") else Regrading.Takes.BOTH
    regrading.ask(question=asked, number=2, takes=takes, reason="Faltaba una.", by=setting.author)
    run_jobs()
    attempt.refresh_from_db()
    given = attempt.answers.get(order=2)
    assert (attempt.score_percent, given.said) == (50, ["Utz", "Artículo 9"])
    assert given.graded_by == asked.latest


def test_a_right_answer_is_told_in_the_language_that_was_read(client):
    setting = a_setting(max_attempts=1)
    client.force_login(setting.person)
    say(setting.questions[0])
    say(setting.questions[1], {"answer.1": "k'amalb'e"})
    attempt = begin(client, setting)
    html = page(client, close(client, attempt), "result")
    right = [re.sub(r"<[^>]+>", "", one) for one in re.findall(r'<div class="quiz-right">.*?</div>', html)]
    assert [one.removeprefix("Respuesta correcta") for one in right] == ["quc El concejo", "k&#x27;amalb&#x27;e"]


def test_no_translation_says_what_is_right_before_the_attempt_closes(client, setting):
    """Every text that is not asked itself is a canary; nothing of it comes before the end, in no language."""
    for one in setting.questions:
        every = translating.parts(one.latest.said)
        secret = {p.path: f"{CANARY} {p.path}" for p in every if p.role not in translating.BEFORE_CLOSING}
        assert len(secret) >= 4
        said = {p.path: f"{p.source} quc" for p in every if p.role in translating.BEFORE_CLOSING}
        say(one, secret | said)
        say(one, secret | said, code="kek")
        say(one, secret, publishes=False, code="mam")
    seen = {}

    def look(name: str, response) -> None:
        seen[name] = response.content.decode() + json.dumps(dict(response.headers))

    attempt = begin(client, setting, "es")
    for lesson in (setting.here, setting.there):
        look(lesson.url, client.get(lesson.url))
    for language in (CODE, "kek", "mam", "es", CODE):
        for number, given in ((1, "y"), (2, "algo")):
            look(f"{language} {number}", give(client, attempt, number, given, language=language))
            at = reverse("courses:attempt_question", args=[attempt.public_id, number])
            look(f"page {language} {number}", client.get(at))
            look(f"unfit {language} {number}", client.post(at, {"answer": "x" * 2000, "language": language}))
            script = {"X-Requested-With": "fetch"}
            look(f"autosave {language} {number}", client.post(at, {"answer": given}, headers=script))
        look(f"review {language}", client.get(reverse("courses:attempt_review", args=[attempt.public_id])))
        look(f"result {language}", client.get(reverse("courses:attempt_result", args=[attempt.public_id]), follow=True))
    for name in ("courses:learning", "lms:own_data"):
        look(name, client.get(reverse(name)))
    seen["own data"] = json.dumps(telling.tell(setting.person), default=str)
    assert [name for name, text in seen.items() if CANARY in text] == []
    assert "¿Pregunta 1? quc" in seen["page quc 1"]
    assert CANARY in page(client, close(client, attempt), "result")


def test_the_pages_ask_one_query_more_at_most(client, setting, django_assert_max_num_queries):
    for one in setting.questions:
        say(one)
    attempt = begin(client, setting)
    for name, rest, most in (("question", (1,), 11), ("review", (), 10)):
        with django_assert_max_num_queries(most):
            page(client, attempt, name, *rest)
    close(client, attempt)
    with django_assert_max_num_queries(15):
        page(client, attempt, "result")


# Keeping translations


def test_a_published_translation_is_not_written_over(setting):
    asked = setting.questions[0]
    first = say(asked, {"text": "Jun"})
    second = say(asked, {"text": "Keb'"})
    assert (first.number, second.number) == (1, 2)
    assert QuestionTranslation.objects.get(pk=first.pk).texts == {"text": "Jun"}
    assert say(asked, {"text": "Keb'"}) == second
    assert tongues.newest([asked.latest_id], CODE) == {asked.latest_id: second}


def test_a_draft_is_written_over_and_ends_with_what_is_published(setting):
    asked = setting.questions[0]
    first = say(asked, {"text": "Ju"}, publishes=False)
    assert say(asked, {"text": "Jun"}, publishes=False) == first
    assert tongues.newest([asked.latest_id], CODE) == {}
    published = say(asked, {"text": "Jun"})
    assert list(QuestionTranslation.objects.all()) == [published]


def test_nobody_writes_over_what_somebody_else_saved(setting):
    asked = setting.questions[0]
    mark = tongues.standings([asked.latest], CODE)[0].mark
    say(asked, {"text": "Jun"}, publishes=False)
    given = {"code": CODE, "texts": {"text": "Keb'"}, "mark": mark, "by": setting.author, "publishes": True}
    assert broken(tongues.keep, question=asked, **given) == "translation.saved_meanwhile"
    assert broken(tongues.keep, question=asked, **given | {"code": "xx"}) == "translation.unknown_language"


def test_a_new_version_of_the_source_leaves_what_says_the_same(client, setting):
    asked = setting.questions[0]
    texts = say(asked).texts
    say(asked, {"text": "borrador"}, publishes=False, code="kek")
    said = asked.latest.said
    bank.change(asked, said.model_copy(update={"text": "<p>¿Quién NO decide?</p>"}), by=None)
    asked.refresh_from_db()
    state = tongues.standings([asked.latest], CODE)[0]
    assert state.published.texts == {path: text for path, text in texts.items() if path != "text"}
    assert state.published.outdated == {"text": {"source": "¿Pregunta 1?", "text": "quc ¿Pregunta 1?"}}
    assert (state.outdated, state.missing, state.is_whole) == (1, 0, False)
    assert tongues.standings([asked.latest], "kek")[0].draft.outdated["text"]["text"] == "borrador"
    html = page(client, begin(client, setting), "question", 1)
    assert "¿Quién NO decide?" in html
    assert "quc ¿" not in html
    assert "<p>quc El banco</p>" in html
    say(asked)
    assert tongues.standings([asked.latest], CODE)[0].is_whole


def test_the_rules_of_the_tables_hold(setting):
    version = setting.questions[0].latest
    row = {"version": version, "language": CODE, "number": 1, "published_at": timezone.now()}
    QuestionTranslation.objects.create(**row)
    QuestionTranslation.objects.create(**row | {"number": 2, "published_at": None})
    QuizTranslation.objects.create(quiz=setting.quiz, language=CODE)
    for refused in (
        lambda: QuestionTranslation.objects.create(**row),
        lambda: QuestionTranslation.objects.create(**row | {"number": 3, "published_at": None}),
        lambda: QuestionTranslation.objects.create(**row | {"language": ""}),
        lambda: QuizTranslation.objects.create(quiz=setting.quiz, language=CODE),
        lambda: QuizTranslation.objects.create(quiz=setting.quiz, language=""),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            refused()


def test_starting_twice_with_one_id_begins_once_and_in_the_newer_language(setting):
    say(setting.questions[0])
    asked = {"enrolment": setting.enrolment, "activity": setting.activity, "attempt_id": uuid.uuid4()}
    first = grading.start(**asked, language=CODE)
    assert grading.start(**asked, language="es") == first
    assert grading.start(**asked).language == "es"
    with pytest.raises(RuleBroken):
        grading.answer(attempt=first, order=9, given={})
