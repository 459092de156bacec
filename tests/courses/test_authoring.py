"""A trainer writes a course in the back-office, from the first quiz to publishing."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield

from courses.models import BankQuestion, CatalogueIndexPage, CoursePage, LessonPage, Quiz, ToolIndexPage, ToolPage
from lms.domain import roles
from lms.models import Language, Post
from tests.factories.courses import a_course, a_question, a_quiz
from tests.factories.media import a_video
from tests.factories.people import a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer(client):
    """A signed-in trainer, appointed by the verb that also keeps Wagtail's groups."""
    person = a_person(email="facilitadora@example.org")
    roles.grant(person=person, role="trainer", by=None)
    client.force_login(person)
    return person


def add_address(model, parent) -> str:
    return reverse("wagtailadmin_pages:add", args=["courses", model._meta.model_name, parent.pk])


def course_form(**fields) -> dict:
    form = nested_form_data(
        {
            "title": "Cobro del agua",
            "slug": "cobro-del-agua",
            "summary": "Cómo registrar y cobrar.",
            "outcomes": rich_text("<ul><li>Registrar usuarios</li></ul>"),
            "family": "FI",
            "network": "",
            "taught_by": "ANAM",
            "hours": "2",
            "watch_threshold_percent": "90",
            "certificate_kind": "diploma",
            "edition": "1",
            "entry": "open",
            "comments": inline_formset([]),
            **fields,
        }
    )
    # Choices of several stay lists, which `nested_form_data` would take apart.
    return form | {
        "posts": [Post.objects.get(code="RECEP").pk],
        "languages": [Language.objects.get(key="es").pk],
    }


def lesson_form(quiz: Quiz, video, **fields) -> dict:
    blocks = [
        ("video", {"video": video.pk, "is_required": "on"}),
        ("heading", "Para empezar"),
        ("text", rich_text("<p>Primero, el padrón.</p>")),
        ("note", {"title": "Para recordar", "text": rich_text("<p>Cobre a tiempo.</p>")}),
        ("quiz", {"quiz": quiz.pk, "is_required": "on"}),
    ]
    return nested_form_data(
        {
            "title": "El padrón",
            "slug": "el-padron",
            "summary": "",
            "minutes": "10",
            "body": streamfield(blocks),
            "comments": inline_formset([]),
            **fields,
        }
    )


def quiz_form(*questions: BankQuestion, **fields) -> dict:
    """A quiz that asks these questions."""
    rows = [{"question": one.pk, "topic": "", "draws": "1", "points": "1"} for one in questions]
    rules = {"pass_percent": "70", "max_attempts": "3", "wait_minutes": "0", "minutes": "0", "shows": "spent"}
    items = {"items": inline_formset(rows)}
    return nested_form_data({"title": "Lo del padrón", "instructions": "", **rules, **items, **fields})


QUIZ_ADD = "wagtailsnippets_courses_quiz:add"


def test_a_trainer_writes_and_publishes_a_course(client, trainer):
    first, second = a_question(made_by=trainer), a_question(made_by=trainer)
    made = client.post(reverse(QUIZ_ADD), quiz_form(first, second))
    assert made.status_code == 302
    quiz = Quiz.objects.get()
    assert [item.question for item in quiz.items.all()] == [first, second]

    index = CatalogueIndexPage.objects.get()
    assert client.get(add_address(CoursePage, index)).status_code == 200
    client.post(add_address(CoursePage, index), course_form(**{"action-publish": "1"}))
    course = CoursePage.objects.get(title="Cobro del agua")
    assert (course.live, course.posts.get().code, course.languages.get().key) == (True, "RECEP", "es")

    client.post(add_address(LessonPage, course), lesson_form(quiz, a_video(), **{"action-publish": "1"}))
    lesson = LessonPage.objects.get()
    assert lesson.live
    assert [block.block_type for block in lesson.body] == ["video", "heading", "text", "note", "quiz"]
    assert lesson.body[4].value["quiz"] == quiz


def test_a_draft_is_previewed_and_not_published(client, trainer):
    course = a_course(owner=trainer)
    client.post(add_address(LessonPage, course), lesson_form(a_quiz(made_by=trainer), a_video()))
    lesson = LessonPage.objects.get()
    assert lesson.live is False
    edit = reverse("wagtailadmin_pages:edit", args=[lesson.pk])
    assert client.get(edit).status_code == 200
    preview = reverse("wagtailadmin_pages:preview_on_edit", args=[lesson.pk])
    assert client.post(preview, lesson_form(a_quiz(made_by=trainer), a_video(), title="Título en borrador")).json()[
        "is_valid"
    ]
    html = client.get(preview).content.decode()
    assert "Título en borrador" in html
    assert "Primero, el padrón." in html


def test_a_tool_is_written_too(client, trainer):
    index = ToolIndexPage.objects.get()
    form = nested_form_data(
        {
            "title": "Padrón de usuarios",
            "slug": "padron",
            "code": "X01",
            "family": "FI",
            "summary": "Sirve.",
            "outcome": rich_text("<p>Un padrón</p>"),
            "steps": rich_text("<ol><li>Contar</li></ol>"),
            "files": streamfield([]),
            "course": "",
            "comments": inline_formset([]),
            "action-publish": "1",
        }
    )
    client.post(add_address(ToolPage, index), form)
    assert ToolPage.objects.get(code="X01").live


def test_a_quiz_asks_something_and_nothing_twice(client, trainer):
    client.post(reverse(QUIZ_ADD), quiz_form())
    question = a_question(made_by=trainer)
    twice = client.post(reverse(QUIZ_ADD), quiz_form(question, question))
    assert "Ya está en este cuestionario." in twice.content.decode()
    assert not Quiz.objects.exists()


def test_editing_a_quiz_keeps_the_questions_that_stay_though_they_are_anothers(client, trainer):
    quiz = a_quiz(questions=1, made_by=trainer)
    item = quiz.items.get()
    row = {"id": item.pk, "question": item.question_id, "topic": "", "draws": "1", "points": "2"}
    form = quiz_form(items=inline_formset([row], initial=1))
    client.post(reverse("wagtailsnippets_courses_quiz:edit", args=[quiz.pk]), form)
    again = quiz.items.get()
    assert (again.pk, again.question, again.points) == (item.pk, item.question, 2)


def test_the_list_of_quizzes_counts_their_questions(client, trainer):
    a_quiz(questions=4, title="Con cuatro", made_by=trainer)
    html = client.get(reverse("wagtailsnippets_courses_quiz:list")).content.decode()
    assert "Con cuatro" in html
    assert "Preguntas" in html


def test_the_menu_leads_a_trainer_to_courses_and_tools(client, trainer):
    html = client.get(reverse("wagtailadmin_home")).content.decode()
    for name, model in (("courses_authoring", CatalogueIndexPage), ("tools_authoring", ToolIndexPage)):
        assert reverse(name) in html
        door = client.get(reverse(name))
        assert door.url == reverse("wagtailadmin_explore", args=[model.objects.get().pk])
        assert client.get(door.url).status_code == 200


def test_a_trainer_may_add_pictures_files_and_quizzes_and_nothing_of_the_house(trainer):
    may = {
        "courses.add_quiz",
        "courses.change_quiz",
        "courses.view_quiz",
        "wagtailadmin.access_admin",
    }
    assert {name for name in may if trainer.has_perm(name)} == may
    assert not trainer.has_perm("courses.delete_quiz")
    assert not trainer.has_perm("lms.change_person")


def test_who_is_no_trainer_stays_outside(client):
    client.force_login(a_person())
    addresses = [
        reverse(QUIZ_ADD),
        reverse("courses_authoring"),
        add_address(CoursePage, CatalogueIndexPage.objects.get()),
    ]
    for address in addresses:
        assert client.get(address).status_code in {302, 403}
    client.post(add_address(CoursePage, CatalogueIndexPage.objects.get()), course_form(**{"action-publish": "1"}))
    client.post(reverse(QUIZ_ADD), quiz_form(a_question()))
    assert (CoursePage.objects.count(), Quiz.objects.count()) == (0, 0)


def test_a_role_that_ended_ends_authoring(client, trainer):
    roles.withdraw(grant=trainer.role_grants.get(), by=None)
    client.post(reverse(QUIZ_ADD), quiz_form(a_question(made_by=trainer)))
    assert not Quiz.objects.exists()


@pytest.mark.parametrize(("months", "says"), [(None, "no vence"), (24, "")])
def test_only_a_certificate_that_ends_is_renewed(trainer, client, months, says):
    renewed = a_course(title="El largo", certificate_months=months, owner=trainer)
    form = course_form(renews=str(renewed.pk))
    response = client.post(add_address(CoursePage, renewed.get_parent()), form)
    made = CoursePage.objects.filter(slug="cobro-del-agua").first()
    if says:
        assert says in response.content.decode()
        assert made is None
    else:
        assert (made.renews_key, made.grace_days) == (renewed.translation_key, 60)


def test_a_course_does_not_renew_itself():
    course = a_course(certificate_months=24)
    course.renews = course
    with pytest.raises(ValidationError, match="a sí mismo"):
        course.full_clean()
