"""Words of the glossary that a translated course still explains in Spanish: work to do, as its questions are."""

import pytest
from django.urls import reverse
from wagtail.models import Locale

from courses.domain import translating
from courses.models import LessonPage, Term, TermTranslation
from tests.courses.test_translations import CODE, publish, translated
from tests.factories.courses import a_course, a_lesson, a_term
from tests.factories.people import somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def author():
    return somebody_with_role("administrator")


def words(*terms: Term) -> tuple[str, dict]:
    return "words", {"terms": list(terms), "words": [{"word": "Tol", "meaning": "Una voz."}]}


def terms_of(course) -> list[Term]:
    return translating.lacking(course).terms


def test_words_of_its_lessons_that_nobody_put_in_the_language_are_work_to_do(author, client):
    said, other, unsaid = a_term("Acta", quc="Wuj"), a_term("Bono", mam="x"), a_term("Catastro")
    a_term("Dieta")  # no lesson of this course explains it
    course = a_course(owner=author)
    there = translated(a_lesson(course, words(said, unsaid)), author)
    a_lesson(course, words(other, unsaid), title="Sin traducir")
    a_lesson(a_course(), words(a_term("Ejido")))
    assert terms_of(there.course) == [other, unsaid]
    client.force_login(author)
    html = client.get(reverse("courses_translations:work", args=[there.course.pk])).content.decode()
    listed = [reverse("wagtailsnippets_courses_term:edit", args=[one.pk]) in html for one in (said, other, unsaid)]
    assert listed == [False, True, True]
    before = translating.lacking(there.course).count
    TermTranslation.objects.create(term=unsaid, language=CODE, word="Utz'ib'", meaning="Le tz'ib'anik")
    assert terms_of(there.course) == [other]
    assert translating.lacking(there.course).count == before - 1


def test_a_translated_lesson_lacks_the_words_that_it_explains_itself(author):
    first, second = a_term("Acta"), a_term("Bono")
    there = translated(a_lesson(a_course(), words(first)), author)
    there.body = [words(second)]
    publish(there)
    assert terms_of(there.course) == [second]


def test_what_is_read_in_spanish_lacks_no_words(author):
    course = translated(a_lesson(a_course(), words(a_term("Acta"))), author, code="en").course
    assert len(terms_of(course)) == 1
    course.locale = Locale.objects.get(language_code="es")
    assert terms_of(course) == []


def test_words_of_before_and_words_that_were_taken_away_are_passed_over(author):
    gone, bare = a_term("Acta"), a_term("Bono")
    lesson = a_lesson(a_course(), words(gone))
    there = translated(lesson, author)
    raw = [
        {"type": "words", "value": {"words": [{"word": "Tol", "meaning": "Una voz."}]}, "id": "a" * 8},
        {"type": "words", "value": {"terms": [bare.pk, gone.pk], "words": []}, "id": "b" * 8},
    ]
    LessonPage.objects.filter(pk=there.pk).update(body=raw)
    gone.delete()
    assert terms_of(there.course) == [bare]


def test_the_words_that_lack_cost_one_question_more_whatever_their_number(author, django_assert_num_queries):
    course = a_course()
    there = translated(a_lesson(course, words(a_term(), a_term())), author)
    asked = list(LessonPage.objects.child_of(course))
    from_one = len(terms_of(there.course))
    for _each in range(4):
        asked.append(a_lesson(course, words(*(a_term() for _more in range(5)))))
    with django_assert_num_queries(1):
        assert len(translating.glossary.unsaid(asked, CODE)) == from_one + 20
