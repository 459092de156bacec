"""Trainers write their own courses, quizzes and files, and those over which they were given a role; nobody else's."""

import json
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file
from wagtail.models import Collection, Page
from wagtail.permissions import policy_registry
from wagtail.test.utils.form_data import inline_formset, nested_form_data, streamfield

from courses.models import CatalogueIndexPage, CoursePage, LessonPage, Quiz, ToolIndexPage
from courses.models.reach import quizzes_for
from lms.domain import roles
from lms.models import RoleGrant
from media.models import Video
from tests.courses.test_authoring import QUIZ_ADD, add_address, course_form, lesson_form, quiz_form
from tests.factories.courses import a_course, a_lesson, a_question, a_quiz
from tests.factories.media import a_video
from tests.factories.people import a_person, somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def course():
    return a_course(title="Propio")


@pytest.fixture
def foreign():
    """A course of nobody here, with a lesson, a quiz in it, and the video it shows."""
    course = a_course(title="Ajeno")
    video, quiz = a_video(uploaded_by=a_person(), title="Video ajeno"), a_quiz(title="Cuestionario ajeno")
    a_lesson(course, ("video", {"video": video, "is_required": True}), ("quiz", {"quiz": quiz, "is_required": True}))
    return course


@pytest.fixture
def of_course(client, course):
    """Somebody who signed in, with the role over one course."""
    person = a_person()
    roles.grant(person=person, role="trainer", scope="course", course=course, by=None)
    client.force_login(person)
    return person


@pytest.fixture
def of_nation(client):
    person = a_person()
    roles.grant(person=person, role="trainer", by=None)
    client.force_login(person)
    return person


def page(name: str, *keys: object) -> str:
    return reverse(f"wagtailadmin_pages:{name}", args=keys)


WRITES = ["edit", "delete", "unpublish", "move", "copy", "history", "view_draft", "preview_on_edit", "usage"]


def closed(client, address: str) -> bool:
    return {client.get(address).status_code, client.post(address, {}).status_code} <= {404, 405}


def test_a_trainer_of_a_course_writes_and_publishes_it(client, of_course, course):
    lesson = a_lesson(course)
    client.post(
        page("edit", lesson.pk),
        lesson_form(a_quiz(made_by=of_course), a_video(), title="Corregida", **{"action-publish": "1"}),
    )
    lesson.refresh_from_db()
    assert lesson.title == "Corregida"
    second = lesson_form(a_quiz(made_by=of_course), a_video(), slug="segunda", **{"action-publish": "1"})
    client.post(add_address(LessonPage, course), second)
    assert LessonPage.objects.child_of(course).live().count() == 2
    client.post(page("edit", course.pk), course_form(title="Propio, corregido", **{"action-publish": "1"}))
    course.refresh_from_db()
    assert course.title == "Propio, corregido"


@pytest.mark.parametrize("name", WRITES)
def test_other_courses_do_not_exist_for_a_trainer_of_a_course(client, of_course, foreign, name):
    before = foreign.latest_revision_id
    for one in [foreign, *foreign.lessons()]:
        assert closed(client, page(name, one.pk)), name
    foreign.refresh_from_db()
    assert (foreign.live, foreign.latest_revision_id) == (True, before)


@pytest.mark.parametrize("name", WRITES)
def test_the_courses_of_others_do_not_exist_for_a_trainer_of_the_nation(client, of_nation, foreign, name):
    for one in [foreign, *foreign.lessons()]:
        assert closed(client, page(name, one.pk)), name
    assert closed(client, add_address(LessonPage, foreign))


def test_a_trainer_of_a_course_begins_no_other(client, of_course, foreign):
    index = CatalogueIndexPage.objects.get()
    client.get(add_address(CoursePage, index))
    client.post(add_address(CoursePage, index), course_form(title="Otro", **{"action-publish": "1"}))
    client.post(
        add_address(LessonPage, foreign), lesson_form(a_quiz(made_by=of_course), a_video(), **{"action-publish": "1"})
    )
    assert not CoursePage.objects.filter(title="Otro").exists()
    assert foreign.lessons().count() == 1
    assert reverse("tools_authoring") not in client.get("/cms/").content.decode()


def test_a_trainer_of_the_nation_begins_publishes_and_takes_back_their_own(client, of_nation, foreign):
    index = CatalogueIndexPage.objects.get()
    client.post(add_address(CoursePage, index), course_form(**{"action-publish": "1"}))
    mine = CoursePage.objects.get(title="Cobro del agua")
    assert (mine.live, mine.owner) == (True, of_nation)
    client.post(
        add_address(LessonPage, mine), lesson_form(a_quiz(made_by=of_nation), a_video(), **{"action-publish": "1"})
    )
    assert mine.lessons().count() == 1
    client.post(page("unpublish", mine.pk), {"include_descendants": "on"})
    mine.refresh_from_db()
    assert mine.live is False
    for door in (index, ToolIndexPage.objects.get()):
        tester = door.permissions_for_user(of_nation)
        asked = (tester.can_edit(), tester.can_publish(), tester.can_unpublish(), tester.can_delete())
        assert (*asked, tester.can_reorder_children()) == (False,) * 5
        client.post(page("unpublish", door.pk))
        assert Page.objects.get(pk=door.pk).live


def seen_in(client, *addresses: str) -> str:
    return "".join(client.get(address, follow=True).content.decode() for address in addresses)


def lists(*parents: Page) -> list[str]:
    return [
        *(reverse("wagtailadmin_explore", args=[parent.pk]) for parent in parents),
        reverse("wagtailadmin_pages:search") + "?q=jeno",
        reverse("wagtailadmin_choose_page"),
        *(reverse("wagtailadmin_choose_page_child", args=[parent.pk]) for parent in parents),
        reverse("wagtailadmin_choose_page_search") + "?q=jeno",
        "/cms/api/main/pages/",
        "/cms/api/main/pages/?child_of=1",
        "/cms/",
    ]


def test_lists_choosers_search_and_the_tree_show_ones_own_alone(client, course, foreign):
    index = CatalogueIndexPage.objects.get()
    granted, maker = a_person(), a_person()
    roles.grant(person=granted, role="trainer", scope="course", course=course, by=None)
    roles.grant(person=maker, role="trainer", by=None)
    Page.objects.filter(pk=course.pk).update(owner=maker)
    for person in (granted, maker):
        client.force_login(person)
        text = {address: seen_in(client, address) for address in lists(index, course)}
        assert any("Propio" in one for one in text.values())
        assert [address for address, one in text.items() if "Ajeno" in one] == []
    client.force_login(somebody_with_role("administrator"))
    assert "Ajeno" in seen_in(client, reverse("wagtailadmin_explore", args=[index.pk]))


def test_a_role_over_a_course_begins_and_ends_by_itself(client, course):
    person = a_person()
    grant = roles.grant(
        person=person, role="trainer", scope="course", course=course, by=None, starts_on=timezone.localdate()
    )
    client.force_login(person)
    assert client.get(page("edit", course.pk)).status_code == 200
    RoleGrant.objects.filter(pk=grant.pk).update(starts_at=timezone.now() + timedelta(hours=1))
    assert client.get(page("edit", course.pk)).status_code == 403
    RoleGrant.objects.filter(pk=grant.pk).update(starts_at=grant.starts_at, ends_at=timezone.now())
    assert client.get(page("edit", course.pk)).status_code == 403
    assert client.post(page("unpublish", course.pk)).status_code == 403
    assert CoursePage.objects.get(pk=course.pk).live


def test_of_two_roles_the_one_that_ended_takes_its_course_along(client, course, foreign):
    person = a_person()
    kept = roles.grant(person=person, role="trainer", scope="course", course=course, by=None)
    ended = roles.grant(person=person, role="trainer", scope="course", course=foreign, by=None)
    client.force_login(person)
    assert [client.get(page("edit", one.pk)).status_code for one in (course, foreign)] == [200, 200]
    roles.withdraw(grant=ended, by=None)
    assert [client.get(page("edit", one.pk)).status_code for one in (course, foreign)] == [200, 404]
    assert kept.is_over is False


def test_the_door_to_courses_leads_where_ones_way_begins(client, of_course, course):
    door = client.get(reverse("courses_authoring"), follow=True)
    assert door.redirect_chain == [(reverse("wagtailadmin_explore", args=[course.pk]), 302)]
    assert door.status_code == 200
    second = a_course(title="Otro más")
    roles.grant(person=of_course, role="trainer", scope="course", course=second, by=None)
    door = client.get(reverse("courses_authoring"), follow=True)
    assert door.status_code == 200
    assert all(title in door.content.decode() for title in ("Propio", "Otro más"))


def test_a_group_given_by_hand_opens_no_page(client, of_course, foreign):
    """Wagtail's own table of permissions on pages is not asked."""
    from django.contrib.auth.models import Group, Permission  # noqa: PLC0415
    from wagtail.models import GroupPagePermission  # noqa: PLC0415

    GroupPagePermission.objects.create(
        group=Group.objects.get(name="Facilitadores"),
        page=Page.get_first_root_node(),
        permission=Permission.objects.get(codename="change_page"),
    )
    assert client.get(page("edit", foreign.pk)).status_code == 404


@pytest.mark.parametrize("role", ["certifier", "auditor"])
def test_other_roles_see_no_page_at_all(client, role, foreign):
    person = somebody_with_role(role)
    client.force_login(person)
    assert client.get(page("edit", foreign.pk)).status_code == 403
    assert not policy_registry.get_by_type(Page).explorable_instances(person).exists()


def test_quizzes_are_of_whoever_wrote_them_or_of_the_course_that_asks_them(client, of_nation, foreign):
    other = Quiz.objects.get(title="Cuestionario ajeno")
    client.post(reverse(QUIZ_ADD), quiz_form(a_question(made_by=of_nation), title="Cuestionario propio"))
    mine = Quiz.objects.get(title="Cuestionario propio")
    assert mine.made_by == of_nation
    listing = reverse("wagtailsnippets_courses_quiz:list")
    chooser = reverse("wagtailsnippetchoosers_courses_quiz:choose")
    for text in (seen_in(client, listing), seen_in(client, chooser)):
        assert "Cuestionario propio" in text
        assert "Cuestionario ajeno" not in text
    for name in ("edit", "usage", "history", "inspect"):
        address = reverse(f"wagtailsnippets_courses_quiz:{name}", args=[other.pk]) if name != "inspect" else ""
        if address:
            assert closed(client, address), name
    assert client.get(reverse("wagtailsnippetchoosers_courses_quiz:chosen", args=[other.pk])).status_code == 404
    assert client.get(reverse("wagtailsnippetchoosers_courses_quiz:chosen", args=[mine.pk])).status_code == 200
    trainer_of_it = a_person()
    roles.grant(person=trainer_of_it, role="trainer", scope="course", course=foreign, by=None)
    assert list(quizzes_for(trainer_of_it, Quiz.objects.all())) == [other]
    assert set(quizzes_for(somebody_with_role("administrator"), Quiz.objects.all())) == {mine, other}
    assert not quizzes_for(somebody_with_role("auditor"), Quiz.objects.all()).exists()


def test_a_trainer_sees_and_changes_their_own_videos_and_places_what_is_shared(client, of_nation):
    shared = Collection.get_first_root_node().add_child(name="Compartida")
    mine = a_video(uploaded_by=of_nation, title="Video propio")
    other = a_video(uploaded_by=a_person(), title="Video ajeno")
    lent = a_video(uploaded_by=a_person(), title="Video prestado")
    Video.objects.filter(pk=lent.pk).update(collection=shared)
    listing = seen_in(client, reverse("media_videos:index"))
    assert ("Video propio" in listing, "Video ajeno" in listing, "Video prestado" in listing) == (True, False, False)
    chooser = seen_in(client, reverse("video_chooser:choose"))
    assert ("Video propio" in chooser, "Video ajeno" in chooser, "Video prestado" in chooser) == (True, False, True)
    for video in (other, lent):
        for name in ("edit", "delete", "usage", "progress", "retry", "captions_save"):
            assert closed(client, reverse(f"media_videos:{name}", args=[video.pk])), name
    chosen = [client.get(reverse("video_chooser:chosen", args=[one.pk])).status_code for one in (mine, lent, other)]
    assert chosen == [200, 200, 404]
    client.force_login(somebody_with_role("administrator"))
    assert client.get(reverse("media_videos:edit", args=[other.pk])).status_code == 200


def a_picture(title: str, **fields) -> Image:
    return Image.objects.create(title=title, file=get_test_image_file(filename=f"{title}.png"), **fields)


def a_document(title: str, **fields) -> Document:
    return Document.objects.create(title=title, file=get_test_image_file(filename=f"{title}.pdf"), **fields)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Wagtail leaves thumbnails' files open
@pytest.mark.parametrize(
    ("make", "model", "app"), [(a_picture, Image, "wagtailimages"), (a_document, Document, "wagtaildocs")]
)
def test_pictures_and_documents_are_of_whoever_brought_them(client, of_nation, make, model, app):
    shared = Collection.get_first_root_node().add_child(name="Compartida")
    mine, other = make("mio", uploaded_by_user=of_nation), make("secreto", uploaded_by_user=a_person())
    lent = make("prestado", uploaded_by_user=a_person(), collection=shared)
    house = make("de la casa")
    listing = seen_in(client, reverse(f"{app}:index"))
    assert [one.title in listing for one in (mine, other, lent, house)] == [True, False, False, False]
    chooser = seen_in(client, reverse(f"{app}_chooser:choose_results"))
    assert [one.title in chooser for one in (mine, other, lent, house)] == [True, False, True, True]
    chosen = [client.get(reverse(f"{app}_chooser:chosen", args=[one.pk])) for one in (mine, lent, house, other)]
    assert [answer.status_code == 200 and b"title" in answer.content for answer in chosen] == [True, True, True, False]
    found = seen_in(client, reverse(f"{app}_chooser:choose_results") + "?q=secreto")
    assert f"chosen/{other.pk}/" not in found
    several = client.get(reverse(f"{app}_chooser:chosen_multiple"), {"id": [mine.pk, other.pk]}).content.decode()
    assert ("mio" in several, "secreto" in several) == (True, False)
    for name in ("edit", "delete"):
        assert closed(client, reverse(f"{app}:{name}", args=[other.pk])), name
        client.post(reverse(f"{app}:{name}", args=[lent.pk]), {"title": "cambiado"})
    assert set(model.objects.values_list("title", flat=True)) == {"mio", "secreto", "prestado", "de la casa"}
    assert client.get(f"/cms/api/main/{'images' if app == 'wagtailimages' else 'documents'}/").status_code == 404
    client.force_login(somebody_with_role("administrator"))
    assert client.get(reverse(f"{app}:edit", args=[other.pk])).status_code == 200


def a_posted_lesson(*blocks: tuple[str, object]) -> dict:
    form = {"title": "Lección", "slug": "leccion", "summary": "", "minutes": "10", "body": streamfield(list(blocks))}
    return nested_form_data({**form, "comments": inline_formset([])})


def a_document_link(document: Document) -> str:
    """The value of an editor of rich text whose one line links to a document."""
    block = {"key": "a", "text": "Léalo", "type": "unstyled", "depth": 0, "inlineStyleRanges": []}
    block["entityRanges"] = [{"key": 0, "offset": 0, "length": 5}]
    entity = {"type": "DOCUMENT", "mutability": "MUTABLE", "data": {"id": document.pk, "url": "/d"}}
    return json.dumps({"blocks": [block], "entityMap": {"0": entity}})


def what_is_anothers() -> dict[str, tuple[str, object]]:
    """Blocks that show what somebody else keeps to themselves, by what they show."""
    owner = a_person()
    image = Image.objects.create(title="Foto ajena", file=get_test_image_file(), uploaded_by_user=owner)
    document = Document.objects.create(title="Ajeno", file=ContentFile(b"x", "ajeno.txt"), uploaded_by_user=owner)
    link = a_document_link(document)
    return {
        "quiz": ("quiz", {"quiz": a_quiz(made_by=owner).pk, "is_required": "on"}),
        "video": ("video", {"video": a_video(uploaded_by=owner).pk, "is_required": "on"}),
        "image": ("image", {"image": image.pk, "description": "Algo", "caption": ""}),
        "file": ("file", {"document": document.pk, "description": ""}),
        "text": ("text", link),
        "note": ("note", {"title": "Nota", "text": link}),
    }


def test_what_is_anothers_is_not_taken_by_its_number(client, of_nation, course):
    """Not when a lesson is made, nor when it is changed, nor in a preview; and nothing written is lost."""
    course.owner = of_nation
    course.save()
    lesson = a_lesson(course)
    before = list(lesson.body.raw_data)
    making, changing = add_address(LessonPage, course), page("edit", lesson.pk)
    for name, block in what_is_anothers().items():
        posted = a_posted_lesson(("heading", "Lo que escribí"), block)
        preview = client.post(page("preview_on_edit", lesson.pk), posted)
        assert preview.json()["is_valid"] is False, name
        for address in (making, changing) if name != "image" else ():  # the same form; a picture would be drawn anew
            answer = client.post(address, posted)
            assert answer.status_code == 200, name
            assert "que usted no puede usar" in answer.content.decode(), name
            assert "Lo que escrib" in answer.content.decode(), name
    lesson.refresh_from_db()
    assert list(lesson.body.raw_data) == before
    assert lesson.revisions.count() == 1
    assert not quizzes_for(of_nation, Quiz.objects.all()).exists()


def test_what_a_saved_lesson_has_may_stay(client, of_nation, course):
    course.owner = of_nation
    course.save()
    quiz = a_quiz(made_by=a_person())
    lesson = a_lesson(course, ("quiz", {"quiz": quiz, "is_required": True}))
    posted = a_posted_lesson(("heading", "Más"), ("quiz", {"quiz": quiz.pk, "is_required": "on"}))
    assert client.post(page("edit", lesson.pk), posted).status_code == 302
    assert lesson.revisions.count() == 2


def test_a_quiz_of_another_in_ones_own_lesson_is_not_ones_own(client, of_nation, course):
    """Somebody who may place everything put it there: learners answer it, the key stays with whoever wrote it."""
    course.owner = of_nation
    course.save()
    quiz = a_quiz(made_by=a_person())
    a_lesson(course, ("quiz", {"quiz": quiz, "is_required": True}))
    assert closed(client, reverse("wagtailsnippets_courses_quiz:edit", args=[quiz.pk]))
    assert not quizzes_for(of_nation, Quiz.objects.all()).exists()
