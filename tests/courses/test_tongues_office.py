"""Typing translations of questions and quizzes in the back-office, and what is left to do."""

import pytest
from django.urls import reverse
from wagtail.models import Locale

from courses.domain import bank, tongues, translating
from courses.models import Activity, QuestionTranslation, QuizItem, QuizTranslation, Topic
from courses.questions import Cloze, ClozeGap, Picture
from lms.models import AuditEvent
from tests.courses.test_translations import publish
from tests.courses.tongue_cases import BODIES, CODE, a_setting, say
from tests.factories.courses import a_course, a_lesson, a_question, a_quiz
from tests.factories.people import somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def setting(client):
    made = a_setting()
    client.force_login(made.author)
    return made


def at(question, code: str = CODE) -> str:
    return reverse("courses_bank:tongue", args=[question.public_id, code])


def typed(client, question, button: str = "publish", **texts):
    """Send the page back as a browser would, with some texts changed."""
    form = client.get(at(question)).context["form"]
    fields = {name: form[name].value() or "" for name in form.fields if not name.startswith("same-")}
    return client.post(at(question), fields | texts | {button: ""}, follow=True)


def said(question) -> tongues.Standing:
    question.refresh_from_db()
    return tongues.standings([question.latest], CODE)[0]


def test_a_trainer_types_a_draft_and_then_publishes_it(client, setting):
    asked = setting.questions[0]
    html = client.get(at(asked)).content.decode()
    for words in ("¿Pregunta 1?", "El concejo", "Así es", "Bien hecho", "Artículo 9", "K&#x27;iche&#x27;"):
        assert words in html, words
    assert '<textarea name="option.x"' in html
    assert 'lang="quc"' in html
    answer = typed(client, asked, "draft", **{"text": "¿Jas?", "option.x": "Ri popb'al"})
    assert "borrador" in answer.content.decode()
    assert (said(asked).published, said(asked).draft.texts) == (
        None,
        {"text": "¿Jas?", "option.x": "Ri popb'al"},
    )
    answer = typed(client, asked, **{"option.y": "Ri <script>alert(1)</script><strong>b'anko</strong>"})
    state = said(asked)
    assert (state.draft, state.published.texts["option.y"]) == (None, "Ri <strong>b'anko</strong>")
    assert state.published.texts["text"] == "¿Jas?"
    assert state.published.made_by == setting.author
    assert AuditEvent.objects.filter(action="question.translated").count() == 1
    assert client.get(at(asked)).context["form"]["text"].value() == "¿Jas?"


def test_what_changed_in_the_source_is_shown_and_has_to_be_revised_or_confirmed(client, setting):
    asked = setting.questions[0]
    typed(client, asked, **{"text": "¿Jas?", "option.x": "Popb'al", "option.y": "B'anko"})
    now = asked.latest.said.model_copy(update={"text": "<p>¿Quién NO decide?</p>"})
    bank.change(asked, now, by=None)
    html = client.get(at(asked)).content.decode()
    assert "por revisar" in html
    assert "<ins>Quién</ins>" in html
    assert "<del>Pregunta</del>" in html
    assert client.get(at(asked)).context["form"]["text"].value() == "¿Jas?"
    html = typed(client, asked).content.decode()
    assert "Se publicó, menos lo que falta revisar" in html
    assert (said(asked).outdated, "text" in said(asked).published.texts) == (1, False)
    typed(client, asked, "draft")
    assert said(asked).draft.outdated.keys() == {"text"}
    typed(client, asked, **{"same-text": "on"})
    assert (said(asked).outdated, said(asked).published.texts["text"]) == (0, "¿Jas?")


def test_accepted_answers_are_typed_one_a_line_and_none_accepts_all(client, setting):
    asked = setting.questions[1]
    answer = typed(client, asked, **{"answer.1": "k'amalb'e\n*"})
    assert answer.status_code == 422
    assert "aceptaría cualquier respuesta" in answer.content.decode()
    assert not QuestionTranslation.objects.exists()
    typed(client, asked, **{"answer.1": "k'amalb'e\r\nq'atb'altzij"})
    assert translating_lines(asked) == ["k'amalb'e", "q'atb'altzij"]


def translating_lines(question) -> list[str]:
    return said(question).published.texts["answer.1"].split()


def test_gaps_and_pictures_keep_their_places(client, setting):
    text = '<p>Uno <span data-gap="g1"></span> y <span data-gap="g2"></span><img data-picture="f1" alt="Mapa"></p>'
    body = Cloze(gaps=tuple(ClozeGap(key=key, body=one) for key, one in zip(("g1", "g2"), BODIES, strict=True)))
    asked = a_question(
        "Espacios", prose=text, body=body, pictures=(Picture(key="f1", alt="Mapa"),), made_by=setting.author
    )
    html = client.get(at(asked)).content.decode()
    assert "Uno [[1]] y [[2]][[imagen 1]]" in html
    answer = typed(client, asked, text="[[2]] xuquje'")
    assert answer.status_code == 422
    assert "Cada espacio del original debe estar una vez" in answer.content.decode()
    typed(client, asked, text="[[2]] xuquje' [[1]] [[imagen 1]]", **{"picture.f1": "Ri ulew"})
    assert said(asked).published.texts["text"] == (
        '<span data-gap="g2"></span> xuquje\' <span data-gap="g1"></span> <img data-picture="f1" alt="Ri ulew">'
    )


def test_nobody_writes_over_what_was_saved_meanwhile(client, setting):
    asked = setting.questions[0]
    mark = client.get(at(asked)).context["form"]["mark"].value()
    say(asked, {"text": "Jun"}, publishes=False)
    answer = client.post(at(asked), {"mark": mark, "text": "Keb'", "publish": ""})
    assert answer.status_code == 422
    assert "Otra persona guardó esta traducción" in answer.content.decode()
    assert "Keb&#x27;" in answer.content.decode()
    assert said(asked).draft.texts == {"text": "Jun"}


def test_only_those_who_may_change_a_question_translate_it(client, setting):
    shared = Topic.objects.create(name="Agua", is_shared=True)
    asked = a_question("Compartida", topic=shared, made_by=setting.author)
    client.force_login(somebody_with_role("trainer"))
    for one in (asked, setting.questions[0]):
        assert client.get(at(one)).status_code == 404
        assert client.post(at(one), {"text": "x", "publish": ""}).status_code == 404
    address = reverse("courses_bank:quiz_tongue", args=[setting.quiz.public_id, CODE])
    assert client.post(address, {"title": "x"}).status_code == 404
    client.force_login(setting.author)
    assert client.get(at(asked, "xx")).status_code == 404
    assert not QuestionTranslation.objects.exists()


def test_the_languages_of_a_question_are_listed_with_what_lacks(client, setting):
    asked = setting.questions[0]
    say(asked, {"text": "Jun"})
    say(asked, {"text": "Jun"}, code="kek", publishes=False)
    html = client.get(reverse("courses_bank:tongues", args=[asked.public_id])).content.decode()
    assert "faltan 7 textos" in html
    assert html.count(">borrador<") == 1
    assert html.index(f"/idiomas/{CODE}/") < html.index("/idiomas/mam/")
    preview = client.get(reverse("courses_bank:preview", args=[asked.public_id])).content.decode()
    assert reverse("courses_bank:tongues", args=[asked.public_id]) in preview


def listed(client, question) -> set[str]:
    answer = client.get(reverse("courses_bank:tongues", args=[question.public_id]))
    return {one.code for _name, one in answer.context["languages"]}


def test_the_language_of_a_question_is_none_to_translate_it_into(client, setting):
    every = set(tongues.languages())
    asked = setting.questions[0]
    for one in (asked, a_question("En ningún curso", made_by=setting.author)):
        assert listed(client, one) == every - {"es"}
    drawn = a_question("Sorteada", topic=Topic.objects.create(name="Agua"), made_by=setting.author)
    QuizItem.objects.create(quiz=setting.quiz, topic=drawn.topic, sort_order=9)
    english = Locale.objects.get_or_create(language_code="en")[0]
    for page in (setting.here.course, setting.here):
        page.locale = english
        page.save()
    assert listed(client, asked) == listed(client, drawn) == every - {"en"}
    say(asked, {"text": "One"}, code="en", publishes=False)  # somebody began it: it is not hidden
    assert listed(client, asked) == every


def test_a_question_of_courses_in_two_languages_is_taken_for_one_of_the_house(client, setting):
    quiz = a_quiz(questions=0, title="Review", made_by=setting.author)
    QuizItem.objects.create(quiz=quiz, question=setting.questions[0], sort_order=0)
    english = Locale.objects.get_or_create(language_code="en")[0]
    course = a_course()
    course.locale = english
    course.save()
    a_lesson(course, ("quiz", {"quiz": quiz, "is_required": True}))
    assert set(Activity.objects.filter(quiz=quiz).values_list("course_key", flat=True)) == {course.translation_key}
    assert listed(client, setting.questions[0]) == set(tongues.languages()) - {"es"}


def test_a_quiz_says_its_title_in_the_language_until_the_source_changes(client, setting):
    address = reverse("courses_bank:quiz_tongue", args=[setting.quiz.public_id, CODE])
    client.post(address, {"title": "Na'tajisab'al", "instructions": "Xa nojimal"})
    client.force_login(setting.person)
    html = client.get(setting.there.url).content.decode()
    assert "Na&#x27;tajisab&#x27;al" in html
    assert "Xa nojimal" in html
    assert "Na&#x27;tajisab" not in client.get(setting.here.url).content.decode()
    setting.quiz.title = "Repaso dos"
    setting.quiz.save()
    html = client.get(setting.there.url).content.decode()
    assert "Repaso dos" in html
    assert "Xa nojimal" in html
    client.force_login(setting.author)
    assert "por revisar" in client.get(address).content.decode()
    assert QuizTranslation.objects.get().made_by == setting.author


# The work that is left


def test_what_lacks_is_counted_by_text_and_leads_to_where_it_is_typed(client, setting):
    course = setting.there.course
    practised = a_question("Practicada", body=BODIES[0], made_by=setting.author)
    drawn = a_question("Sorteada", topic=Topic.objects.create(name="Agua"), made_by=setting.author)
    QuizItem.objects.create(quiz=setting.quiz, topic=drawn.topic, sort_order=9)
    a_lesson(setting.here.course, ("practice", {"question": practised}), title="Dos")
    html = client.get(reverse("courses_translations:work", args=[course.pk])).content.decode()
    for one in (*setting.questions, practised, drawn):
        assert f'href="{at(one)}"' in html
    assert "faltan 8 textos" in html
    quiz = reverse("courses_bank:quiz_tongue", args=[setting.quiz.public_id, CODE])
    assert f'href="{quiz}"' in html
    for one in (*setting.questions, practised, drawn):
        say(one)
    client.post(quiz, {"title": "Jun", "instructions": "Keb'"})
    lacking = translating.lacking(course)
    assert (lacking.questions, lacking.quizzes) == ([], [])
    changed = drawn.latest.said.model_copy(update={"text": "¿Otra?"})
    bank.change(drawn, changed, by=None)
    html = client.get(reverse("courses_translations:work", args=[course.pk])).content.decode()
    assert "1 texto por revisar" in html
    bank.archive(drawn, by=None)
    assert translating.lacking(course).questions == []


def test_what_somebody_else_has_to_translate_is_told_without_a_way_in(client, setting):
    trainer = somebody_with_role("trainer")
    source = setting.here.course
    for page in (source, setting.there.course):
        page.owner = trainer
        publish(page)
    client.force_login(trainer)
    html = client.get(reverse("courses_translations:work", args=[setting.there.course.pk])).content.decode()
    assert "¿Pregunta 1? (de otra persona)" in html
    assert "/idiomas/" not in html


def test_the_work_that_is_left_costs_the_same_for_many_questions(setting, django_assert_max_num_queries):
    course = setting.there.course
    with django_assert_max_num_queries(20) as few:
        translating.lacking(course)
    for n in range(8):
        QuizItem.objects.create(quiz=setting.quiz, question=a_question(f"Más {n}"), sort_order=n + 5)
        a_lesson(setting.here.course, ("practice", {"question": a_question(f"Y más {n}")}))
    with django_assert_max_num_queries(len(few)):
        assert len(translating.lacking(course).questions) == 18
