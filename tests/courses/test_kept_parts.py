"""What is kept of pages that are drawn for somebody: the same for every reader, and nothing of any of them."""

import re
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.template import Context, Template
from django.urls import reverse
from django.utils import timezone
from wagtail.models import PageViewRestriction, Site

from courses.domain import completion, enrolment, progress, rule_changes
from courses.models import (
    Activity,
    AssignedPerson,
    Assignment,
    Attempt,
    CoursePage,
    CourseRule,
    LessonPage,
    Waiver,
)
from lms.domain import duplicates, kept
from tests.clients import FullClient
from tests.factories.courses import a_course, a_lesson, a_path, a_quiz
from tests.factories.media import a_video
from tests.factories.people import a_member, a_network, an_employee, somebody_with_role

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("keeping")]
# The session comes with its person and what that person owes.
OPENED = 5
ITEM = re.compile(r'^  <li(?: class="(\w+)")?>$', re.M)
LACK = re.compile(r"<li>([^<]+)<br><a href")


def signed_in(person) -> FullClient:
    browser = FullClient()
    browser.force_login(person)
    return browser


def shown(browser, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("lessons", [1, 12])
def test_a_course_and_a_lesson_take_as_few_statements_with_many_lessons(lessons, django_assert_num_queries):
    person, course = an_employee(), a_course(posts=("ALC", "RECEP"), languages=("es", "quc"))
    made = [a_lesson(course, ("video", {"video": a_video()})) for _number in range(lessons)]
    enrolment.enrol(person=person, course=course, by=person)
    browser = signed_in(person)
    for address, most in ((course.url, OPENED), (made[0].url, OPENED + 8)):
        shown(browser, address)
        with django_assert_num_queries(most):
            shown(browser, address)


@pytest.mark.parametrize("count", [1, 6])
def test_somebodys_own_page_takes_as_few_statements_with_many_courses(count, django_assert_num_queries):
    person = an_employee()
    for _number in range(count):
        course = a_course()
        a_lesson(course, ("video", {"video": a_video()}))
        enrolment.enrol(person=person, course=course, by=person)
        a_path(a_course())
    browser = signed_in(person)
    shown(browser, "/mi-aprendizaje/")
    with django_assert_num_queries(OPENED):
        html = shown(browser, "/mi-aprendizaje/")
    assert (html.count("card course-card"), "Lo que pide su puesto" in html) == (count - 1 + min(count, 3), True)


def test_two_learners_of_a_course_each_see_their_own_progress():
    course = a_course()
    lesson = a_lesson(course)
    people = [an_employee(given_names=name) for name in ("Wendy", "Edgar")]
    for person in people:
        enrolled = enrolment.enrol(person=person, course=course, by=person)
    completion.mark_read(enrolment=enrolled, activity=Activity.objects.get(lesson_key=lesson.translation_key))
    pages = [shown(signed_in(person), course.url) for person in [*people, *people, an_employee()]]
    assert ["Curso completado" in page for page in pages] == [False, True, False, True, False]
    assert [("Wendy" in page, "Edgar" in page) for page in pages[:4]] == [(True, False), (False, True)] * 2
    assert "Inscribirme" in pages[4]
    assert "csrfmiddlewaretoken" not in str([value for _mark, _until, value in kept.values._rows.values()])


def test_what_somebody_did_in_a_lesson_is_theirs_and_what_they_lack_too():
    """Lines of lessons and what nobody touched are drawn once for everybody."""
    course = a_course()
    lessons = [a_lesson(course, title=title) for title in ("Primera", "Segunda")]
    one, other = an_employee(), an_employee()
    enrolled = {person: enrolment.enrol(person=person, course=course, by=person) for person in (one, other)}
    readers = [FullClient(), signed_in(other), signed_in(one), FullClient(), signed_in(other), signed_in(one)]

    def standing(browser) -> list[str]:
        thread, lacks = ITEM.findall(shown(browser, course.url)), LACK.findall(shown(browser, course.url))
        return [*thread, *lacks]

    nobody, fresh = ["", ""], ["here", "", "Primera", "Segunda"]
    assert [standing(browser) for browser in readers] == [nobody, fresh, fresh] * 2
    first = Activity.objects.get(lesson_key=lessons[0].translation_key)
    completion.mark_read(enrolment=enrolled[one], activity=first)
    assert [standing(browser) for browser in readers] == [nobody, fresh, ["ok", "here", "Segunda"]] * 2


def test_whoever_left_the_network_is_outside_on_the_page_of_its_course():
    network = a_network()
    person, course = a_member(network), a_course(network=network)
    a_lesson(course)
    enrolment.enrol(person=person, course=course, by=person)
    browser = signed_in(person)
    assert "Su avance" in shown(browser, course.url)
    person.memberships.update(left_on=timezone.localdate())
    assert "Su avance" not in shown(browser, course.url)


def test_what_happened_to_somebody_since_the_last_look_is_seen():
    """Each of the signs that say for what else it is worth asking."""
    person, course = an_employee(), a_course()
    a_lesson(course)
    lesson = a_lesson(course, ("quiz", {"quiz": a_quiz(), "is_required": True}))
    enrolled = enrolment.enrol(person=person, course=course, by=person)
    activity = Activity.objects.get(lesson_key=lesson.translation_key)
    browser = signed_in(person)
    words = ("Se lo asign", "Su mejor nota es 20", "Lo aprobó en otra sede.")
    assert [word in shown(browser, course.url) for word in words] == [False, False, False]
    made = Assignment.objects.create(course_key=course.translation_key, course=course, reason="Por su cargo.")
    AssignedPerson.objects.create(assignment=made, person=person)
    assert [word in shown(browser, course.url) for word in words] == [True, False, False]
    tried = {"quiz": activity.quiz, "number": 1, "pass_percent": 70, "public_id": uuid4()}
    done = {"closed_at": timezone.now(), "score_percent": 20}
    Attempt.objects.create(enrolment=enrolled, activity=activity, **tried, **done)
    assert [word in shown(browser, course.url) for word in words] == [True, True, False]
    Waiver.objects.create(enrolment=enrolled, activity=activity, kind="excused", reason="Lo aprobó en otra sede.")
    assert [word in shown(browser, course.url) for word in words] == [True, False, True]


def test_learners_see_at_once_what_was_published_moved_shut_and_taken_back():
    person, course = an_employee(), a_course(title="Uno", outcomes="<ul><li>Contar</li></ul>")
    other, lesson = a_course(title="Dos"), a_lesson(course, ("text", "<p>Antes.</p>"), title="Primera")
    enrolment.enrol(person=person, course=course, by=person)
    browser = signed_in(person)
    assert ("Contar" in shown(browser, course.url), "Antes." in shown(browser, lesson.url)) == (True, True)
    lesson.body = [("text", "<p>Después.</p>")]
    lesson.save_revision().publish()
    course.outcomes = "<ul><li>Medir</li></ul>"
    course.save_revision().publish()
    a_lesson(course, title="Segunda")
    page = shown(browser, course.url)
    assert ("Contar" in page, "Medir" in page, "Segunda" in page) == (False, True, True)
    assert ("Antes." in (page := shown(browser, lesson.url)), "Después." in page) == (False, True)
    LessonPage.objects.get(pk=lesson.pk).move(other, pos="last-child")
    assert "Primera" not in shown(browser, course.url)
    assert browser.get(lesson.url).status_code == 301
    PageViewRestriction.objects.create(page=other, restriction_type=PageViewRestriction.PASSWORD, password="x")
    assert "Primera" not in shown(browser, LessonPage.objects.get(pk=lesson.pk).url), "a child of what is shut"
    CoursePage.objects.get(pk=course.pk).unpublish()
    assert browser.get(course.url).status_code == 404


def test_a_way_that_is_known_leads_nowhere_once_its_page_is_not_there():
    """Also while the mark says nothing of it."""
    course = a_course()
    browser = signed_in(an_employee())
    shown(browser, course.url)
    CoursePage.objects.filter(pk=course.pk).update(live=False)
    assert browser.get(course.url).status_code == 404
    CoursePage.objects.filter(pk=course.pk).update(live=True, url_path="/otro/", slug="otro")
    assert browser.get(course.url).status_code == 404


def test_a_preview_shows_the_draft_and_leaves_nothing_of_it():
    course = a_course(outcomes="<ul><li>Contar</li></ul>", hours=4)
    lesson = a_lesson(course, ("text", "<p>Antes.</p>"))
    author, learner = signed_in(somebody_with_role("administrator")), signed_in(an_employee())
    draft = [reverse("wagtailadmin_pages:view_draft", args=[one.pk]) for one in (course, lesson)]
    for _time in range(2):
        assert "Contar" in shown(learner, course.url)
        assert "Antes." in shown(learner, lesson.url)
        course.outcomes, lesson.body = "<ul><li>Borrador</li></ul>", [("text", "<p>Borrador.</p>")]
        course.save_revision(), lesson.save_revision()
        assert ["Borrador" in shown(author, address) for address in draft] == [True, True]
        assert ["Borrador" in shown(learner, page.url) for page in (course, lesson)] == [False, False]
        kept.values.clear()
        assert ["Borrador" in shown(author, address) for address in draft] == [True, True]


def test_what_one_lacks_is_said_in_the_language_of_the_reader():
    course, people = a_course(), [an_employee(), an_employee()]
    a_lesson(course)
    for person in people:
        enrolment.enrol(person=person, course=course, by=person)
    spanish, english = (signed_in(person) for person in people)
    english.cookies["django_language"] = "en"
    said = "Lea la lección y márquela como leída"
    pages = [shown(browser, course.url) for browser in (spanish, english, spanish, english)]
    assert [said in page for page in pages] == [True, False, True, False]


def test_addresses_follow_the_sites_at_once():
    person, course = an_employee(), a_course()
    a_lesson(course)
    enrolment.enrol(person=person, course=course, by=person)
    browser = signed_in(person)
    assert f'href="{course.url}' in shown(browser, "/mi-aprendizaje/")
    site = Site.objects.create(hostname="cursos.example", root_page=course.get_parent())
    assert f'href="http://cursos.example/{course.slug}/' in shown(browser, "/mi-aprendizaje/")
    site.delete()
    assert f'href="{course.url}' in shown(browser, "/mi-aprendizaje/")


def test_each_part_is_kept_in_each_language():
    course, browser = a_course(), signed_in(an_employee())
    assert "Duración" in shown(browser, course.url)
    browser.cookies["django_language"] = "en"
    assert "Duración" not in shown(browser, course.url)


def test_a_part_sees_nothing_but_what_it_was_given():
    course = a_course()
    source = (
        "{% load keeping %}{% kept_part 'x' course=course %}{{ course.title }}{{ request }}{{ reader }}{% endkept %}"
    )
    said = {"course": course, "reader": "Wendy", "request": SimpleNamespace()}
    assert Template(source).render(Context(said)) == course.title


def test_what_a_course_asks_for_is_seen_when_it_is_confirmed():
    person, course, by = an_employee(), a_course(watch_threshold_percent=90), somebody_with_role("administrator")
    a_lesson(course, ("video", {"video": a_video(duration_seconds=600)}))
    enrolment.enrol(person=person, course=course, by=person)
    browser = signed_in(person)
    assert "Le faltan 9 min del video" in shown(browser, course.url)
    rule = rule_changes.draft(course=course, watch_percent=50, by=by)
    CourseRule.objects.filter(pk=rule.pk).update(previewed_at=timezone.now())
    rule_changes.confirm(rule=rule, by=by, on=timezone.localdate())
    assert "Le faltan 5 min del video" in shown(browser, course.url)


def test_what_was_completed_in_a_record_that_was_joined_into_ones_own_is_completed():
    first, person, course = an_employee(), an_employee(), a_course()
    a_lesson(course)
    enrolled = enrolment.enrol(person=first, course=course, by=first)
    enrolment.enrol(person=person, course=course, by=person)
    completion.mark_read(
        enrolment=enrolled, activity=Activity.objects.get(course_key=course.translation_key), at=timezone.now()
    )
    duplicates.merge(survivor=person, absorbed=first, reason="La misma persona", by=None)
    own = {course.translation_key: enrolment.find_shown(person, course)}
    assert progress.build_progress([course], own, is_shown=True)[0].is_complete
