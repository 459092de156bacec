"""Practice in the language of its lesson, and in a network's course for its members alone."""

import pytest

from courses.models import CoursePage
from courses.questions import translating
from tests.courses.test_lesson_blocks import asked, form_of, page
from tests.courses.test_translations import translated
from tests.courses.tongue_cases import BODIES, CODE, say, spoken
from tests.factories.courses import a_course, a_lesson, a_question
from tests.factories.people import a_member, a_network, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
CANARY = "canario-de-lo-correcto"


@pytest.fixture
def author():
    return somebody_with_role("administrator")


def test_practice_is_asked_and_answered_in_the_language_of_the_lesson(client, author):
    question = a_question("¿Quién?", body=BODIES[0], made_by=author, feedback={"right": "Bien"})
    every = translating.parts(question.latest.said)
    secret = {p.path: CANARY for p in every if p.role not in translating.BEFORE_CLOSING}
    say(question, {p.path: spoken(CODE, p.source) for p in every} | secret)
    lesson = a_lesson(a_course(), ("practice", {"question": question}))
    there = translated(lesson, author)
    html = page(client, there.url)
    assert "quc ¿Quién?" in html
    assert "quc El banco" in html
    assert '<legend class="quiz-asked" lang="quc">' in html
    address, name = form_of(html)
    for seen in (html, page(client, address), client.post(address, {name: "no"}).content.decode()):
        assert CANARY not in seen
    right = client.post(address, {name: "x"}).content.decode()
    assert ("¡Correcto!" in right, CANARY in right, "quc ¿Quién?" in right) == (True, True, True)
    assert f'href="{there.url}#' in right
    here = page(client, lesson.url)
    assert ("¿Quién?" in here, "quc" in here.split("Para practicar")[1]) == (True, False)


def test_what_is_typed_for_practice_counts_in_any_language(client, author):
    question = a_question("¿Quién?", body=BODIES[1], made_by=author)
    say(question, {"answer.1": "k'amalb'e"})
    address, name = form_of(page(client, a_lesson(a_course(), ("practice", {"question": question})).url))
    for word in ("alcalde", "K'amalb'e"):
        assert "¡Correcto!" in client.post(address, {name: word}).content.decode()
    assert "Todavía no" in client.post(address, {name: "ajaw"}).content.decode()


def test_many_questions_for_practice_ask_for_their_language_once(client, author, django_assert_max_num_queries):
    course = a_course()
    one = a_lesson(course, ("practice", {"question": asked()}))
    many = a_lesson(course, *[("practice", {"question": asked()}) for _n in range(4)])
    page(client, one.url)
    with django_assert_max_num_queries(200) as few:
        page(client, one.url)
    said = [query for query in few.captured_queries if "questiontranslation" in query["sql"]]
    with django_assert_max_num_queries(200) as more:
        page(client, many.url)
    assert len(said) == 1
    assert len([query for query in more.captured_queries if "questiontranslation" in query["sql"]]) == 1


def test_in_a_networks_course_only_its_members_and_writers_practise(client, author):
    network = a_network()
    course = a_course(network=network)
    lesson = a_lesson(course, ("text", "<p>Para toda persona</p>"), ("practice", {"question": asked()}))
    there = translated(lesson, author)
    CoursePage.objects.filter(pk=there.course.pk).update(network=None)  # what the source says counts
    member = a_member(network)
    client.force_login(member)
    ways = [(form_of(page(client, one.url)), one) for one in (lesson, there)]
    for (address, name), _lesson in ways:
        assert client.get(address).status_code == 200
        assert "¡Correcto!" in client.post(address, {name: "z1"}).content.decode()
    client.force_login(author)
    assert client.get(ways[0][0][0]).status_code == 200
    client.logout()
    for reader in (None, an_employee(), a_member(a_network("Otra red"))):
        if reader:
            client.force_login(reader)
        for (address, name), one in ways:
            assert client.get(address).status_code == 404
            assert client.post(address, {name: "z1"}).status_code == 404
            html = page(client, one.url)
            assert ("Para toda persona" in html, "solo para integrantes de la red" in html) == (True, True)
            assert "IUSI" not in html
    CoursePage.objects.filter(pk=course.pk).update(network=None)
    client.logout()
    assert client.get(ways[0][0][0]).status_code == 200
