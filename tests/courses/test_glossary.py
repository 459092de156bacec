"""The glossary: said once for all lessons, in the reader's language, found by any word."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from wagtail.models import Locale

from courses.blocks import WordsBlock
from courses.models import LessonPage, Term, TermTranslation
from lms.domain import roles
from tests.courses.test_translations import CODE, publish, translated
from tests.factories.courses import a_course, a_lesson, a_term
from tests.factories.people import somebody_with_role

pytestmark = pytest.mark.django_db
ALL = "/glosario/"


@pytest.fixture
def trainer():
    person = somebody_with_role("trainer")
    roles.sync_groups(person)
    return person


def a_lesson_with(*terms: Term, words: tuple[tuple[str, str], ...] = ()) -> LessonPage:
    own = [{"word": word, "meaning": meaning} for word, meaning in words]
    return a_lesson(a_course(), ("words", {"terms": list(terms), "words": own}))


def read(address: str, **asked) -> str:
    answer = Client().get(address, asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_lesson_explains_words_of_all_lessons_and_its_own():
    lesson = a_lesson_with(
        a_term("Presupuesto", "Lo que se gastará."),
        a_term("Catastro", "El registro de inmuebles."),
        words=[("Tol", "Eh")],
    )
    html = read(lesson.url)
    assert html.index("Catastro") < html.index("Presupuesto") < html.index("<dfn>Tol</dfn>")
    assert "El registro de inmuebles." in html
    assert f'href="{ALL}"' in html


def test_whoever_corrects_a_word_corrects_it_in_every_lesson():
    term = a_term("Catastro", "Mal dicho.")
    lessons = [a_lesson_with(term), a_lesson_with(term)]
    term.meaning = "El registro de inmuebles."
    term.save()
    assert all("El registro de inmuebles." in read(lesson.url) for lesson in lessons)


def test_a_translated_lesson_explains_in_its_language_and_else_in_spanish():
    both, one = a_term("Catastro", "El registro.", quc="Utz'ib'"), a_term("IUSI", "Un impuesto.")
    lesson = a_lesson_with(both, one)
    there = translated(lesson, somebody_with_role("administrator"))
    assert there.locale == Locale.objects.get(language_code=CODE)
    html = read(there.url)
    assert "Utz&#x27;ib&#x27;" in html
    assert "El registro. (quc)" in html
    assert "<dfn>IUSI</dfn>" in html
    assert "<dfn>Catastro</dfn>" not in html
    assert "<dfn>Catastro</dfn>" in read(lesson.url)


def test_a_word_that_was_taken_away_leaves_the_lesson_whole():
    kept, gone = a_term("Catastro"), a_term("Impuesto")
    lesson = a_lesson_with(kept, gone)
    gone.delete()
    html = read(lesson.url)
    assert "<dfn>Catastro</dfn>" in html
    assert "Impuesto" not in html


def test_lessons_of_before_say_their_words():
    lesson = a_lesson(a_course(), ("text", "<p>x</p>"))
    raw = [{"type": "words", "value": {"words": [{"word": "Tol", "meaning": "Una voz."}]}, "id": "a" * 8}]
    LessonPage.objects.filter(pk=lesson.pk).update(body=raw)
    html = read(lesson.url)
    assert "Una voz." in html
    assert ALL not in html


def test_a_block_without_words_is_refused():
    block = WordsBlock()
    with pytest.raises(ValidationError) as refusal:
        block.clean(block.to_python({"terms": [], "words": []}))
    assert refusal.value.messages == ["Elija palabras del glosario o escriba alguna."]
    assert block.clean(block.to_python({"terms": [], "words": [{"word": "a", "meaning": "b"}]}))


@pytest.mark.parametrize("query", ["CATÁSTRO", "inmueble", "utz ib", "municipal catastro", "Utz'ib'"])
def test_everybody_finds_a_word_in_any_language_without_accents(query):
    a_term("Catastro", "Registro municipal de inmuebles.", quc="Utz ib utz'ib'")
    a_term("Impuesto")
    html = read(ALL, q=query)
    assert "<dfn>Catastro</dfn>" in html
    assert "K&#x27;iche&#x27;" in html
    assert "<dfn>Impuesto</dfn>" not in html


def test_what_is_not_there_is_said_with_what_to_do():
    assert "El glosario todavía está vacío." in read(ALL)
    a_term("Catastro")
    assert "Esa palabra no está en el glosario." in read(ALL, q="zzz")
    assert "Catastro" in read(ALL, q="", page="x")


def test_the_questions_do_not_grow_with_the_words(django_assert_max_num_queries):
    for count in (1, 30):
        for _each in range(count):
            a_term(quc="x", mam="y")
        read(ALL)
        with django_assert_max_num_queries(12):
            read(ALL)


def test_a_word_stands_once_and_once_in_a_language():
    term = a_term("Catastro", quc="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        Term.objects.create(word="CATASTRO", meaning="Otra vez.")
    with pytest.raises(IntegrityError), transaction.atomic():
        TermTranslation.objects.create(term=term, language="quc", word="z", meaning="z")


def _form(word: str, meaning: str, *said: tuple[str, str, str]) -> dict:
    rows = {
        f"translations-{number}-{name}": value
        for number, row in enumerate(said)
        for name, value in zip(("language", "word", "meaning"), row, strict=True)
    }
    counts = {"TOTAL": len(said), "INITIAL": 0, "MIN_NUM": 0, "MAX_NUM": 1000}
    return {"word": word, "meaning": meaning} | rows | {f"translations-{key}_FORMS": n for key, n in counts.items()}


def test_trainers_write_a_word_in_several_languages(client, trainer):
    client.force_login(trainer)
    add = reverse("wagtailsnippets_courses_term:add")
    page = client.get(add).content.decode()
    assert "K&#x27;iche&#x27;" in page
    answer = client.post(add, _form("Catastro", "El registro.", ("quc", "Utz'ib'", "Le tz'ib'anik")))
    assert answer.status_code == 302, answer.context["form"].errors
    assert Term.objects.get().said_in("quc").word == "Utz'ib'"
    again = client.post(add, _form("catastro", "Otra vez."))
    assert "Esa palabra ya está en el glosario." in again.content.decode()
    assert "Otra vez." in again.content.decode()
    assert Term.objects.count() == 1
    chooser = client.get(reverse("wagtailsnippetchoosers_courses_term:choose"))
    assert "Catastro" in chooser.content.decode()


def test_it_is_said_where_a_word_is_used_before_it_is_deleted(client):
    administrator = somebody_with_role("administrator")
    roles.sync_groups(administrator)
    client.force_login(administrator)
    term = a_term("Catastro")
    lesson = a_lesson_with(term)
    publish(lesson)
    page = client.get(reverse("wagtailsnippets_courses_term:usage", args=[term.pk])).content.decode()
    assert lesson.title in page
