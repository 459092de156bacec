"""One course in several languages: one progress, whichever of them somebody reads."""

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import check_for_language, get_language_info

from courses.domain import activities, catalogue, completion, enrolment, translating
from courses.models import Activity, ActivityCompletion, Completion, CoursePage, Enrolment, LessonPage
from lms.domain.errors import RuleBroken
from lms.models import Language, Person
from media.domain import captions
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
CODE = "quc"


def publish(page):
    page.save_revision().publish()
    return type(page).objects.get(pk=page.pk)


def translated(lesson: LessonPage, by: Person, title: str = "Nab'e tijonem", code: str = CODE) -> LessonPage:
    """A lesson's translation, published with the course around it."""
    made = translating.translate_lesson(lesson, code=code, by=by)
    made.title = title
    publish(made.course)
    return publish(made)


@pytest.fixture
def author() -> Person:
    return somebody_with_role("administrator")


def two_lessons() -> tuple[CoursePage, LessonPage, LessonPage]:
    course = a_course(title="Ingresos propios")
    return course, a_lesson(course, title="Uno"), a_lesson(course, title="Dos")


def facts() -> set[tuple]:
    return set(Activity.objects.values_list("lesson_key", "block_key", "kind", "order", "retired_at", "title"))


def test_a_translation_keeps_keys_and_block_ids_and_begins_unpublished(author):
    course = a_course()
    lesson = a_lesson(course, ("video", {"video": a_video()}), ("text", "<p>Hola</p>"))
    made = translating.translate_lesson(lesson, code=CODE, by=author)
    assert made.translation_key == lesson.translation_key
    assert made.course.translation_key == course.translation_key
    assert (made.locale.language_code, made.course.locale.language_code) == (CODE, CODE)
    assert [block.id for block in made.body] == [block.id for block in lesson.body]
    assert (made.live, made.course.live) == (False, False)
    assert made.course.get_parent() == course.get_parent()
    assert list(made.course.posts.all()) == list(course.posts.all())
    assert translating.translate_lesson(lesson, code=CODE, by=author) == made
    assert translating.translate_lesson(made, code=CODE, by=author) == made
    with pytest.raises(RuleBroken) as refusal:
        translating.translate_course(course, code="xx", by=author)
    assert refusal.value.code == "translation.unknown_language"


def test_publishing_a_translation_retires_nothing_and_asks_nothing_new(author):
    course = a_course()
    lesson = a_lesson(course, ("video", {"video": a_video()}), ("quiz", {"quiz": a_quiz()}))
    other = a_lesson(course)
    before = facts()
    made = translated(lesson, author)
    made.body = [("text", "<p>Sin video</p>")]  # the source decides
    publish(made)
    activities.sync_live(at=timezone.now())
    activities.order_course(made.course)
    assert facts() == before
    made.course.unpublish()
    made.unpublish()
    assert facts() == before
    extra = a_lesson(publish(made.course), title="Solo en k'iche'")
    assert facts() == before
    assert not extra.is_source or not Activity.objects.filter(lesson_key=extra.translation_key).exists()
    other.unpublish()
    assert Activity.objects.current().filter(lesson_key=other.translation_key).count() == 0


@pytest.mark.parametrize("enters", ["es", CODE])
def test_half_in_each_language_completes_once(author, client, enters):
    course, first, second = two_lessons()
    there = translated(second, author)
    person = an_employee()
    entered = course if enters == "es" else there.course
    enrolled = enrolment.enrol(person=person, course=entered, by=person)
    assert enrolled.course == course
    assert enrolment.enrol(person=person, course=there.course, by=person) == enrolled
    client.force_login(person)
    for page in (first, there):
        html = client.get(page.url).content.decode()
        address = html.split('/leida/"')[0].rsplit('"', 1)[1] + "/leida/"
        client.post(address)
    assert ActivityCompletion.objects.count() == 2
    assert Completion.objects.get().course_title == "Ingresos propios"
    for page in (second, there):
        assert "Lección completada" in client.get(page.url).content.decode()
    assert completion.course_progress(Enrolment.objects.get()).is_complete


def test_the_course_lists_every_lesson_in_the_readers_language_where_there_is_one(author, client):
    course, first, second = two_lessons()
    there = translated(second, author, title="Ukab' tijonem")
    html = client.get(there.course.url).content.decode()
    assert f'href="{first.url}"' in html
    assert f'href="{there.url}"' in html
    assert f'href="{second.url}"' not in html
    assert html.index("Uno") < html.index("Ukab&#x27; tijonem")
    assert client.get(course.url).content.decode().count("Ukab") == 0


def test_a_page_says_its_language_and_leads_to_the_others(author, client):
    _course, first, _second = two_lessons()
    assert "hreflang" not in client.get(first.url).content.decode()
    there = translated(first, author)
    html = client.get(there.url).content.decode()
    assert '<h1 lang="quc">' in html
    assert '<html lang="es">' in html  # the site's own words have not changed
    assert f'<a href="{first.url}" hreflang="es" lang="es">Español</a>' in html
    for page, code in ((first, "es"), (there, CODE)):
        assert f'<link rel="alternate" hreflang="{code}" href="{page.full_url}">' in html
    there.course.unpublish()
    assert "hreflang" not in client.get(first.url).content.decode()


def test_lists_name_a_course_once(author):
    course, first, _second = two_lessons()
    translated(first, author)
    assert list(CoursePage.objects.visible_to(an_employee()).filter(translation_key=course.translation_key)) == [course]
    person = an_employee(post="RECEP")
    posts = set(person.appointments.values_list("post", flat=True))
    offered = catalogue.suggested(posts=posts, networks=set(), taken=set(), made=set(), limit=50)
    assert [one.pk for one in offered].count(course.pk) == 1
    assert len({one.translation_key for one in offered}) == len(offered)


def test_content_languages_are_those_of_the_country_and_the_interface_stays_as_it_is(client):
    written = dict(settings.WAGTAIL_CONTENT_LANGUAGES)
    assert {"es", "en", "quc", "kek", "mam", "cak", "agu-x-chalchit"} <= set(written)
    assert set(written) == {key for key in Language.objects.values_list("key", flat=True) if not key.startswith("sgn")}
    assert get_language_info("quc")["name_local"] == "K'iche'"
    assert {code for code in written if check_for_language(code)} == {"es", "en"}
    for wanted, spoken in (("quc, en;q=0.1", "en"), ("quc", "es")):
        html = client.get("/cursos/", headers={"accept-language": wanted}).content.decode()
        assert f'<html lang="{spoken}">' in html
    client.post(reverse("set_language"), {"language": "quc", "next": "/cursos/"})
    assert 'lang="quc"' not in client.get("/cursos/").content.decode()


# The back-office


def test_the_work_that_is_left_is_listed_and_done_from_the_list(author, client):
    course = a_course(title="Ingresos")
    spoken, captioned, silent = (
        a_video(title="Hablado", language=Language.objects.get(key=CODE)),
        a_video(title="Subtitulado"),
        a_video(title="Sin nada"),
    )
    words = "WEBVTT\n\n00:00.000 --> 00:04.000\nSaqarik.\n"
    captions.save(video=captioned, language=Language.objects.get(key=CODE), text=words, by=None)
    blocks = [("video", {"video": one}) for one in (spoken, captioned, silent)]
    first = a_lesson(course, *blocks, title="Uno")
    a_lesson(course, ("quiz", {"quiz": a_quiz(title="Repaso")}), title="Dos")
    client.force_login(author)
    answer = client.post(reverse("courses_translations:begin", args=[course.pk]), {"language": CODE}, follow=True)
    html = answer.content.decode()
    for there in ("Uno", "Dos", "Sin nada", "Repaso"):
        assert there in html, there
    for not_there in ("Hablado", "Subtitulado"):
        assert not_there not in html, not_there
    begun = CoursePage.objects.get(translation_key=course.translation_key, locale__language_code=CODE)
    answer = client.post(reverse("courses_translations:begin_lesson", args=[first.pk]), {"language": CODE})
    made = LessonPage.objects.get(locale__language_code=CODE)
    assert answer.url == reverse("wagtailadmin_pages:edit", args=[made.pk])
    assert [one.title for one in translating.lacking(begun).lessons] == ["Dos"]
    assert translating.lacking(begun).drafts == [made]
    publish(made)
    assert (translating.lacking(begun).drafts, translating.lacking(begun).stale) == ([], [])
    publish(first)
    assert translating.lacking(begun).stale == [made]
    publish(made)
    assert translating.lacking(begun).stale == []
    html = client.get(reverse("courses_translations:index")).content.decode()
    assert "faltan 5 cosas" in html
    assert "K&#x27;iche&#x27;" in html


def test_trainers_translate_their_own_courses_alone(client):
    trainer = somebody_with_role("trainer")
    own, others = a_course(title="El mío", owner=trainer), a_course(title="El ajeno")
    lesson = a_lesson(others)
    client.force_login(trainer)
    html = client.get(reverse("courses_translations:index")).content.decode()
    assert ("El mío" in html, "El ajeno" in html) == (True, False)
    for name, page in (("begin", others), ("begin_lesson", lesson)):
        address = reverse(f"courses_translations:{name}", args=[page.pk])
        assert client.post(address, {"language": CODE}).status_code == 404
    assert client.get(reverse("courses_translations:work", args=[others.pk])).status_code == 404
    answer = client.post(reverse("courses_translations:begin", args=[own.pk]), {"language": CODE}, follow=True)
    made = own.get_translations().get().specific
    assert made.owner == trainer
    assert answer.redirect_chain == [(reverse("courses_translations:work", args=[made.pk]), 302)]
    assert client.get(reverse("wagtailadmin_pages:edit", args=[made.pk])).status_code == 200
