"""Pages that are kept for strangers: nothing of a person in them, and what changed is seen at once."""

import gzip
import re
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from wagtail.models import PageViewRestriction

from courses.domain import enrolment
from courses.models import (
    CoursePage,
    LessonPage,
)
from lms.domain import kept
from lms.middleware import KeptPagesMiddleware
from tests.clients import FullClient
from tests.factories.certificates import a_certificate
from tests.factories.courses import a_course, a_lesson, a_path, a_question, a_term
from tests.factories.media import a_video
from tests.factories.people import a_member, a_network, an_employee, born

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("keeping")]
CATALOGUE = "/cursos/"
OF_A_COPY = {"ETag", "Cache-Control", "Vary", "Content-Length"}


def read(address: str, **headers) -> str:
    """As a stranger who comes for the first time."""
    answer = Client().get(address, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def addresses() -> list[str]:
    course = a_course(title="Gobierno abierto")
    lesson = a_lesson(course, ("video", {"video": a_video()}), ("text", "<p>Texto.</p>"))
    path = a_path(course)
    return ["/", CATALOGUE, "/herramientas/", "/rutas/", f"/rutas/{path.slug}/", course.url, lesson.url]


def test_the_next_stranger_is_answered_from_memory_with_the_same(django_assert_num_queries, settings):
    for address in addresses():
        settings.KEPT_SECONDS = 0
        plain = Client().get(address)
        settings.KEPT_SECONDS = 60
        first = Client().get(address)
        with django_assert_num_queries(0):
            second = Client().get(address)
        assert (second.status_code, second.content) == (200, plain.content) == (first.status_code, first.content)
        assert {*second.headers} == {*plain.headers} | OF_A_COPY
        assert all(second[name] == plain[name] for name in {*plain.headers} - OF_A_COPY)
        assert "default-src" in second["Content-Security-Policy"]
        assert (second["X-Frame-Options"], second["X-Content-Type-Options"]) == ("DENY", "nosniff")
        assert not second.cookies
        assert "csrfmiddlewaretoken" not in second.content.decode()


def test_a_browser_that_has_it_is_told_so():
    course = a_course()
    tag = Client().get(course.url)["ETag"]
    again = Client().get(course.url, headers={"If-None-Match": tag, "Accept-Encoding": "gzip"})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert again["Cache-Control"] == "private, no-cache"
    course.title = "Otro nombre"
    course.save_revision().publish()
    assert Client().get(course.url, headers={"If-None-Match": tag}).status_code == 200


def test_it_is_compressed_for_those_who_can_read_that():
    course = a_course()
    packed = [Client().get(course.url, headers={"Accept-Encoding": "gzip, br"}) for _time in range(2)]
    plain = Client().get(course.url)
    assert [one["Content-Encoding"] for one in packed] == ["gzip", "gzip"]
    assert [gzip.decompress(one.content) for one in packed] == [plain.content, plain.content]
    assert not plain.has_header("Content-Encoding")
    assert {"Accept-Encoding", "Accept-Language", "Cookie"} == set(plain["Vary"].split(", "))
    assert [int(one["Content-Length"]) for one in (packed[0], plain)] == [len(packed[0].content), len(plain.content)]


def test_each_reads_their_own_language():
    course = a_course()
    browser = Client()
    for _time in range(2):
        assert '<html lang="es">' in read(course.url)
        assert '<html lang="en">' in read(course.url, **{"Accept-Language": "en"})
    browser.post(reverse("set_language"), {"language": "en", "next": course.url})
    assert '<html lang="en">' in browser.get(course.url).content.decode()
    assert browser.get(course.url)["Content-Language"] == "en"
    browser.post(reverse("set_language"), {"language": "es", "next": course.url})
    assert '<html lang="es">' in browser.get(course.url).content.decode()


def test_nothing_of_who_was_there_before_reaches_a_stranger():
    """A minor of a network, signed in, opens each page first; strangers follow, and the minor comes again."""
    minor = a_member(a_network("Red de Jóvenes"), given_names="Wendy Maribel", surnames="Ixcoy", born_on=born(16))
    first, second = addresses()[-2:]
    course = CoursePage.objects.get(title="Gobierno abierto")
    enrolment.enrol(person=minor, course=course, by=minor)
    browser = FullClient()
    browser.force_login(minor)
    for address in (first, second, CATALOGUE):
        own = browser.get(address).content.decode()
        assert "Wendy" in own
        stranger = read(address)
        for word in (
            "Wendy",
            "Ixcoy",
            "Mi aprendizaje",
            "Salir",
            str(minor.public_id),
            "csrfmiddlewaretoken",
            "Inscrito",
        ):
            assert word not in stranger, word
        again = browser.get(address)
        assert "Wendy" in again.content.decode()
        assert again["Cache-Control"] == "private, no-store"
        assert not again.has_header("ETag")


def test_whoever_has_any_cookie_of_their_own_is_answered_anew():
    """A session that nobody signed in yet, what was said to somebody, a device that is known."""
    course = a_course()
    read(course.url)
    for name in ("sessionid", "messages", "aula_compartido", "aula_conocido"):
        browser = Client()
        browser.cookies[name] = "algo"
        assert not browser.get(course.url).has_header("ETag"), name
    assert Client().get(f"{course.url}?page=2").has_header("ETag") is False
    assert Client().get(course.url).has_header("ETag")


def test_a_page_with_a_form_of_its_own_is_not_kept():
    lesson = a_lesson(a_course(), ("practice", {"question": a_question()}))
    marks = [re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', read(lesson.url)) for _time in range(2)]
    assert [len(one) for one in marks] == [1, 1]
    assert marks[0] != marks[1]


def test_only_pages_that_show_everybody_the_same_are_kept():
    certificate = a_certificate()
    found = [
        reverse("certificates:certificate", args=[certificate.code]),
        reverse("lms:sign_in"),
        "/registro/",
        "/salud/",
    ]
    for address in found:
        answers = [Client().get(address) for _time in range(2)]
        assert [(one.status_code, one.has_header("ETag")) for one in answers] == [(200, False)] * 2, address


def test_the_mark_is_asked_for_only_where_a_page_may_be_kept(monkeypatch):
    course, certificate = a_course(), a_certificate()
    asked = []
    plain = kept.read_mark
    monkeypatch.setattr(kept, "read_mark", lambda: asked.append(1) or plain())
    Client().get(reverse("certificates:certificate", args=[certificate.code]))
    assert not asked
    Client().get(course.url)
    assert asked


def test_what_is_published_taken_back_moved_or_closed_is_seen_at_once():
    course, other = a_course(title="Uno"), a_course(title="Dos")
    lesson = a_lesson(course, title="Primera")
    assert ("Primera" in read(course.url), "Uno" in read(CATALOGUE)) == (True, True)
    lesson.title = "Segunda"
    lesson.save_revision()
    assert "Segunda" not in read(course.url) + read(lesson.url), "a draft"
    lesson.save_revision().publish()
    assert ("Segunda" in read(course.url), "Segunda" in read(lesson.url)) == (True, True)
    LessonPage.objects.get(pk=lesson.pk).move(other, pos="last-child")
    assert ("Segunda" in read(course.url), "Segunda" in read(other.url)) == (False, True)
    assert Client().get(lesson.url).status_code == 301
    other.refresh_from_db()
    other.network = a_network()
    other.save_revision().publish()
    assert "Dos" not in read(CATALOGUE)
    course.unpublish()
    assert (Client().get(course.url).status_code, "Uno" in read(CATALOGUE)) == (404, False)


def test_a_page_that_is_deleted_or_shut_is_gone_at_once():
    course, shut = a_course(title="Uno"), a_course(title="Dos")
    read(course.url), read(shut.url)
    assert "Dos" in read(CATALOGUE)
    PageViewRestriction.objects.create(page=shut, restriction_type=PageViewRestriction.LOGIN)
    assert (Client().get(shut.url).status_code, "Dos" in read(CATALOGUE)) == (302, False)
    CoursePage.objects.get(pk=course.pk).delete()
    assert (Client().get(course.url).status_code, "Uno" in read(CATALOGUE)) == (404, False)


def test_what_no_publishing_tells_of_is_seen_within_a_minute(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(kept, "time", SimpleNamespace(monotonic=lambda: now[0]))
    course = a_course(seats=1)
    assert "Los cupos están llenos" not in read(course.url)
    enrolment.enrol(person=(person := an_employee()), course=course, by=person)
    now[0] += 61
    assert "Los cupos están llenos" in read(course.url)


def test_another_process_that_published_is_heard():
    course = a_course(title="Uno")
    read(course.url)
    CoursePage.objects.filter(pk=course.pk).update(title="Dos")
    assert "Uno" in read(course.url)
    cache.set(kept.MARK, "of another process")
    assert "Dos" in read(course.url)


def test_what_was_drawn_while_something_was_published_is_not_kept():
    mark = kept.read_mark()
    kept.forget()
    kept.values.keep("page", mark, "drawn from what was before")
    assert kept.values.find("page", kept.read_mark()) is None


def test_without_a_shared_cache_nothing_is_kept(settings):
    settings.CACHES = {"default": {"BACKEND": "tests.matrix.caches.ForgetfulCache"}}
    course = a_course()
    assert [Client().get(course.url).has_header("ETag") for _time in range(2)] == [False, False]


def test_what_was_not_asked_for_longest_makes_room():
    store, mark = kept.Store(2), kept.read_mark()
    store.keep("a", mark, 1)
    store.keep("b", mark, 2)
    store.find("a", mark)
    store.keep("c", mark, 3)
    assert [store.find(key, mark) for key in "abc"] == [1, None, 3]


def test_strangers_need_no_mark_and_those_who_are_signed_in_do():
    course, person = a_course(), an_employee()
    language = {"language": "en", "next": course.url}
    stranger, own = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    assert stranger.post(reverse("set_language"), language).url == course.url
    answer = stranger.post(reverse("courses:enrol"), {"course": course.translation_key})
    assert answer.url == f"{reverse('lms:sign_in')}?next={course.url}"
    own.force_login(person)
    for address, form in (
        (reverse("set_language"), language),
        (reverse("courses:enrol"), {"course": course.translation_key}),
    ):
        assert own.post(address, form).status_code == 403
        mark = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', own.get(course.url).content.decode()).group(1)
        assert own.post(address, {**form, "csrfmiddlewaretoken": mark}).status_code == 302
    assert person.enrolments.count() == 1


@pytest.mark.parametrize(
    ("fields", "is_kept"),
    [({}, True), ({"status": 503}, False), ({"headers": {"Cache-Control": "no-store"}}, False)],
)
def test_only_a_whole_answer_that_lets_itself_be_kept_is_kept(fields, is_kept):
    def show(request):
        request.resolver_match = SimpleNamespace(view_name="lms:home")
        middleware.process_view(request, show, (), {})
        return HttpResponse("hola", **fields)

    middleware = KeptPagesMiddleware(show)
    answer = middleware(RequestFactory().get("/"))
    assert (answer.has_header("ETag"), answer.content) == (is_kept, b"hola")


def test_a_word_that_is_corrected_is_seen_at_once():
    term = a_term("Catastro", "Mal dicho.")
    lesson = a_lesson(a_course(), ("words", {"terms": [term], "words": []}))
    assert "Mal dicho." in read(lesson.url)
    term.meaning = "El registro de inmuebles."
    term.save()
    assert "El registro de inmuebles." in read(lesson.url)
    term.delete()
    assert "Catastro" not in read(lesson.url)
