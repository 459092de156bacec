"""What a refused page of courses or tools shows of others' things: nothing. And for whom a course may still be."""

import json

import pytest
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.models import Page
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield

from courses.models import CatalogueIndexPage, CoursePage, LessonPage, Quiz, ToolIndexPage, ToolPage
from courses.models.reach import linkable_by
from lms.domain import posts, roles
from lms.models import Post
from media.models import Video
from tests.courses.test_authoring import add_address, course_form
from tests.courses.test_reach import a_posted_lesson, page, what_is_anothers
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import a_network, a_person, somebody_with_role

pytestmark = pytest.mark.django_db
REFUSED = "que usted no puede usar"


@pytest.fixture
def trainer(client):
    person = a_person()
    roles.grant(person=person, role="trainer", by=None)
    client.force_login(person)
    return person


@pytest.fixture
def course(trainer) -> CoursePage:
    return a_course(title="Propio", owner=trainer)


def a_draft(title: str = "Borrador ajeno") -> CoursePage:
    """Another's course that nobody may read yet."""
    course = a_course(title=title, owner=a_person())
    course.unpublish()
    return course


def a_page_link(target: Page) -> str:
    """The value of an editor of rich text whose one line links to a page."""
    block = {"key": "a", "text": "Vea", "type": "unstyled", "depth": 0, "inlineStyleRanges": []}
    block["entityRanges"] = [{"key": 0, "offset": 0, "length": 3}]
    entity = {"type": "LINK", "mutability": "MUTABLE", "data": {"id": target.pk, "url": "/x"}}
    return json.dumps({"blocks": [block], "entityMap": {"0": entity}})


def tool_form(course: CoursePage | None, **fields) -> dict:
    told = {"title": "Padrón", "slug": "padron", "code": "X01", "family": "FI", "summary": "Sirve.", "files": []}
    form = {**told, "outcome": rich_text("<p>Uno</p>"), "steps": rich_text("<p>Dos</p>"), "posts": [], **fields}
    form |= {"files": streamfield([]), "course": str(course.pk) if course else "", "comments": inline_formset([])}
    return nested_form_data(form)


def test_a_refused_lesson_names_nothing_of_another(client, course):
    """Neither title nor file nor thumbnail, not even beside another mistake; the rest of what was typed is there."""
    lesson = a_lesson(course)
    things = what_is_anothers()
    things["image beside a mistake"] = ("image", {**things["image"][1], "description": ""})
    draft = a_draft()
    things["page"] = ("text", a_page_link(draft))
    secrets = [one.title for model in (Quiz, Video, Image, Document) for one in model.objects.all()]
    secrets += [draft.title, f"/{draft.slug}/", "ajeno.txt", "max-165x165"]
    for name, block in things.items():
        # To publish: a draft may lack a description.
        posted = a_posted_lesson(("heading", "Lo que escribí"), block) | {"action-publish": "1"}
        text = client.post(page("edit", lesson.pk), posted).content.decode()
        assert REFUSED in text, name
        assert "Lo que escrib" in text, name
        assert [secret for secret in secrets if secret in text.split("<main")[1]] == [], name


def test_a_tool_leads_to_no_course_that_its_writer_may_not_see(client, course):
    index, draft = ToolIndexPage.objects.get(), a_draft()
    add = add_address(ToolPage, index)
    answer = client.post(add, tool_form(draft))
    assert (REFUSED in answer.content.decode(), "Borrador ajeno" in answer.content.decode()) == (True, False)
    for number, seen in enumerate((course, a_course(title="De todos"))):
        answer = client.post(add, tool_form(seen, code=f"X{number}", slug=f"x{number}"))
        assert answer.status_code == 302
    mine = ToolPage.objects.get(code="X0")
    ToolPage.objects.filter(pk=mine.pk).update(course=draft)
    mine.refresh_from_db()
    mine.save_revision()
    assert client.post(page("edit", mine.pk), tool_form(draft, code="X0", slug="x0")).status_code == 302


def test_pages_to_which_somebody_may_lead(trainer, course):
    mine, others = a_lesson(course), a_lesson(a_course())
    closed, draft = a_lesson(a_course(network=a_network())), a_draft()
    found = set(linkable_by(trainer).values_list("pk", flat=True))
    assert {course.pk, mine.pk, others.pk} <= found
    assert not {closed.pk, closed.get_parent().pk, draft.pk} & found
    assert linkable_by(somebody_with_role("administrator")).count() == Page.objects.count()


@pytest.mark.parametrize("key", ["abc", "9" * 30, "-1"])
def test_a_number_that_is_none_is_refused_in_peace(client, course, key):
    client.raise_request_exception = False
    link = a_page_link(course).replace(f'"id": {course.pk}', f'"id": "{key}"')
    answer = client.post(add_address(LessonPage, course), a_posted_lesson(("text", link)))
    assert (answer.status_code, REFUSED in answer.content.decode()) == (200, True)


def test_a_closed_post_is_offered_to_no_course_that_has_it_not(client, trainer):
    """It stays where it was chosen."""
    index, closed = CatalogueIndexPage.objects.get(), Post.objects.get(code="RECEP")
    before = a_course(owner=trainer, posts=("RECEP",))
    posts.set_open(post=closed, is_open=False, by=None)
    forms = [client.get(one).context["form"] for one in (add_address(CoursePage, index), page("edit", before.pk))]
    assert [closed in form.fields["posts"].queryset for form in forms] == [False, True]
    refused = client.post(add_address(CoursePage, index), course_form(**{"action-publish": "1"}))
    assert (refused.status_code, CoursePage.objects.filter(title="Cobro del agua").exists()) == (200, False)
    assert client.post(page("edit", before.pk), course_form()).status_code == 302
