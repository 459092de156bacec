"""Somebody's own page."""

from datetime import timedelta

import pytest
from django.urls import reverse

from courses.domain import completion
from courses.domain import enrolment as enrolments
from courses.domain.activities import sync_lesson
from courses.domain.learning import overview
from courses.models import Activity, CoursePage, Enrolment, WatchProgress
from tests.factories.courses import a_course, a_lesson, a_quiz
from tests.factories.media import a_video
from tests.factories.people import a_person, an_employee

pytestmark = pytest.mark.django_db
ADDRESS = "/mi-aprendizaje/"


def a_full_course(**fields) -> CoursePage:
    """A course with a video and a quiz in its first lesson, a reading in its second."""
    course = a_course(**fields)
    parts = ("video", {"video": a_video(), "is_required": True}), ("quiz", {"quiz": a_quiz(), "is_required": True})
    for lesson in (a_lesson(course, *parts, title="Primera"), a_lesson(course, title="Segunda")):
        sync_lesson(lesson)
    return course


def taken(person, course: CoursePage) -> Enrolment:
    return enrolments.enrol(person=person, course=course, by=person)


def complete(enrolment: Enrolment, *kinds: str) -> None:
    for activity in Activity.objects.filter(course_key=enrolment.course_key, kind__in=kinds):
        completion.complete_activity(enrolment=enrolment, activity=activity)


def test_a_stranger_is_asked_to_sign_in(client):
    assert client.get(ADDRESS).url.startswith(reverse("lms:sign_in"))


def test_the_first_visit_says_what_will_be_here_and_the_first_step(client):
    client.force_login(a_person())
    html = client.get(ADDRESS).content.decode()
    assert "Aquí estarán sus cursos" in html
    assert "Buscar un curso" in html
    assert "Anotar mi puesto" in html


def test_one_goes_on_at_the_minute_where_one_stopped(client):
    person = an_employee()
    enrolment = taken(person, a_full_course(title="Agua"))
    video = Activity.objects.get(course_key=enrolment.course_key, kind="video")
    WatchProgress.objects.create(
        enrolment=enrolment,
        activity=video,
        video=video.video,
        length_seconds=100,
        covered_seconds=45,
        position_seconds=83.4,
    )
    client.force_login(person)
    response = client.get(ADDRESS)
    html = response.content.decode()
    main = response.context["overview"].main
    assert (main.position_seconds, main.left, main.lesson.lesson.title) == (
        83,
        "1 video, 1 lectura y 1 cuestionario",
        "Primera",
    )
    assert main.video_bytes == 256 * 40
    assert "Continuar en 1:23" in html
    assert f'href="{main.activity.url}"' in html


def test_the_course_last_seen_comes_first_and_completed_ones_go_below():
    person = an_employee()
    older, newer = taken(person, a_full_course()), taken(person, a_full_course())
    done = taken(person, a_full_course())
    complete(done, "video", "quiz", "reading")
    complete(newer, "video")
    Enrolment.objects.filter(pk=newer.pk).update(last_seen_at=older.last_seen_at - timedelta(days=1))
    seen = overview(person)
    assert seen.main.progress.enrolment == older
    assert [one.progress.enrolment for one in seen.others] == [newer]
    assert [made.enrolment for made in seen.completed] == [done]
    assert seen.others[0].progress.percent == 33


def test_nothing_of_others_nor_of_courses_left_or_withdrawn_is_shown():
    person, other = an_employee(), an_employee()
    taken(other, a_full_course())
    enrolments.withdraw(enrolment=taken(person, a_full_course()), by=person)
    gone = a_full_course()
    taken(person, gone)
    gone.unpublish()
    seen = overview(person)
    assert (seen.main, seen.others, seen.completed) == (None, [], [])


def test_after_the_last_course_one_is_told_so(client):
    person = an_employee()
    complete(taken(person, a_full_course(title="Hecho")), "video", "quiz", "reading")
    client.force_login(person)
    html = client.get(ADDRESS).content.decode()
    assert "Está al día" in html
    assert "Ver certificado" in html
    assert reverse("certificates:record") in html


def test_suggestions_are_for_the_post(client):
    person = an_employee(post="RECEP")
    a_full_course(title="Para receptoría", posts=("RECEP",))
    a_full_course(title="Para fontanería", posts=("FONT",))
    client.force_login(person)
    html = client.get(ADDRESS).content.decode()
    assert "Para usted" in html
    assert "Para receptoría" in html
    assert "Para fontanería" not in html


@pytest.mark.parametrize("count", [1, 6])
def test_queries_do_not_grow_with_courses(count, keeping, django_assert_max_num_queries):
    person = an_employee()
    for number in range(count):
        enrolment = taken(person, a_full_course())
        complete(enrolment, *(("video",) if number % 2 else ("video", "quiz", "reading")))
        a_full_course(posts=("RECEP",))
    overview(person)
    with django_assert_max_num_queries(5):
        overview(person)


def test_the_whole_page_stays_flat(client, keeping, django_assert_max_num_queries):
    person = an_employee()
    client.force_login(person)
    for _number in range(6):
        complete(taken(person, a_full_course()), "video")
        a_full_course(posts=("RECEP",))
    client.get(ADDRESS)
    with django_assert_max_num_queries(7):
        client.get(ADDRESS)
