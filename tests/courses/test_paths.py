"""Learning paths: what they ask, who lacks what, who may see it."""

import csv
import io

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from courses.domain import completion, enrolment, paths
from courses.models import Activity, Completion, CoursePage, PathItem
from lms.domain import duplicates, roles
from lms.models import AuditEvent
from tests.factories.courses import a_course, a_lesson, a_path
from tests.factories.people import a_network, a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def completed(person, *courses: CoursePage) -> None:
    for course in courses:
        lesson = course.lessons().first() or a_lesson(course)
        entered = enrolment.enrol(person=person, course=course, by=person)
        for activity in Activity.objects.filter(lesson_key=lesson.translation_key):
            completion.mark_read(enrolment=entered, activity=activity)


def own(person) -> list[tuple[int, int, list[str]]]:
    done = paths.completed_by([person.pk]).get(person.pk, set())
    return [
        (route.missing, route.total, [step.course.title for step in route.lacking])
        for route in paths.own_routes(set(person.appointments.current().values_list("post", flat=True)), done)
    ]


def test_required_courses_and_so_many_of_the_others_make_a_path():
    first, second, one, two = (a_course(title=title) for title in ("A", "B", "C", "D"))
    a_path(first, second, optional=(one, two), optional_min=1)
    person = an_employee()
    assert own(person) == [(3, 3, ["A", "B", "C", "D"])]
    completed(person, two)
    assert own(person) == [(2, 3, ["A", "B"])]
    completed(person, one)
    assert own(person) == [(2, 3, ["A", "B"])]
    completed(person, first, second)
    assert own(person) == [(0, 3, [])]


def test_a_path_never_asks_for_more_than_there_is_nor_for_what_is_closed():
    open_one, gone, closed = a_course(title="A"), a_course(), a_course(network=a_network())
    a_path(open_one, gone, closed, optional=(a_course(title="B"),), optional_min=9)
    gone.unpublish()
    assert own(an_employee()) == [(2, 2, ["A", "B"])]


def test_any_edition_counts_and_whatever_record_it_was_made_under():
    course, person, other = a_course(), an_employee(), an_employee()
    a_path(course)
    completed(other, course)
    CoursePage.objects.filter(pk=course.pk).update(edition=2)
    duplicates.merge(survivor=person, absorbed=other, reason="x", by=None)
    assert Completion.objects.get().person == other
    assert own(person) == [(0, 1, [])]


def test_paths_are_those_of_ones_post_and_published():
    a_path(a_course(), posts=("FONT",))
    a_path(a_course(), is_published=False)
    assert own(an_employee()) == []
    assert own(a_person()) == []


def test_a_course_stands_once_in_a_path():
    course = a_course()
    path = a_path(course)
    with pytest.raises(IntegrityError), transaction.atomic():
        PathItem.objects.create(path=path, course=course)


def test_everybody_reads_the_paths_and_ones_own_marks(client):
    path = a_path(a_course(title="Primero"), a_course(title="Segundo"), title="Para la DAFIM", sentence="Así se llega.")
    a_path(a_course(), title="Escondida", is_published=False)
    html = client.get(reverse("courses:paths")).content.decode()
    assert ("Para la DAFIM" in html, "Escondida" in html) == (True, False)
    html = client.get(reverse("courses:path", args=[path.slug])).content.decode()
    assert "Primero" in html
    assert "faltan" not in html
    person = an_employee()
    completed(person, CoursePage.objects.get(title="Primero"))
    client.force_login(person)
    html = client.get(reverse("courses:path", args=[path.slug])).content.decode()
    assert "Le falta 1 de 2 cursos." in html
    home = client.get(reverse("courses:learning")).content.decode()
    assert "Le falta 1 de 2 cursos:" in home
    assert CoursePage.objects.get(title="Segundo").url in home


def names(answer) -> list[str]:
    return [row.person.surnames for row in answer.context["rows"]]


def test_whoever_follows_sees_their_own_municipalities_alone(client):
    course = a_course()
    path = a_path(course)
    done = an_employee(surnames="Hecha")
    completed(done, course)
    an_employee(surnames="Falta")
    an_employee("0101", surnames="Lejos")
    an_employee(post="FONT", surnames="Sin ruta")
    address = reverse("courses:path_gaps")
    client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
    assert names(client.get(address)) == ["Falta", "Hecha"]
    assert names(client.get(address, {"municipality": "0101"})) == ["Falta", "Hecha"]
    assert names(client.get(address, {"path": path.slug, "state": "falta"})) == ["Falta"]
    assert names(client.get(address, {"path": path.slug, "state": "completa"})) == ["Hecha"]
    client.force_login(somebody_with_role("administrator"))
    assert names(client.get(address)) == ["Falta", "Hecha", "Lejos"]
    assert names(client.get(address, {"municipality": "0101"})) == ["Lejos"]
    assert names(client.get(address, {"post": "RECEP", "department": "14"})) == ["Falta", "Hecha"]
    client.force_login(an_employee())
    assert client.get(address).status_code == 403


def test_the_state_asked_of_the_database_is_the_one_that_is_shown(client):
    first, one, two = a_course(), a_course(), a_course()
    path = a_path(first, optional=(one, two), optional_min=1)
    for number, courses in enumerate([(), (first,), (one, two), (first, two)]):
        person = an_employee(surnames=f"N{number}")
        completed(person, *courses)
    client.force_login(somebody_with_role("administrator"))
    answer = client.get(reverse("courses:path_gaps"), {"path": path.slug, "state": "completa"})
    assert [(row.person.surnames, row.routes[0].is_complete) for row in answer.context["rows"]] == [("N3", True)]
    answer = client.get(reverse("courses:path_gaps"), {"path": path.slug, "state": "falta"})
    shown = [(row.person.surnames, row.routes[0].is_complete) for row in answer.context["rows"]]
    assert shown == [("N0", False), ("N1", False), ("N2", False)]


def test_the_file_says_what_the_page_says_and_is_told_to_the_trail(client):
    course = a_course(title="Agua")
    a_path(course, title="Ruta del agua")
    an_employee(surnames="=Falta")
    client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
    answer = client.get(reverse("courses:path_gaps_csv"), {"q": "falta"})
    text = b"".join(answer).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";" if ";" in text.splitlines()[0] else ","))
    assert rows[1][0].lstrip("'") == "=Falta"
    assert rows[1][5:] == ["Ruta del agua", "0", "1", "Agua"]
    event = AuditEvent.objects.get(action="path_gaps.exported")
    assert event.facts == {"form": "csv", "filters": ["q"], "people": 1}


@pytest.mark.parametrize("count", [1, 4])
def test_lists_stay_flat(client, count, django_assert_max_num_queries):
    for _number in range(count):
        course = a_course()
        path = a_path(course, a_course())
        completed(an_employee(), course)
    client.force_login(somebody_with_role("administrator"))
    for address, most in [
        (reverse("courses:path_gaps"), 20),
        (f"{reverse('courses:path_gaps')}?path={path.slug}&state=falta", 24),
        (reverse("courses:paths"), 12),
        (reverse("courses:path", args=[path.slug]), 12),
    ]:
        client.get(address)
        with django_assert_max_num_queries(most):
            assert client.get(address).status_code == 200


# The back-office


def test_administrators_write_paths_and_trainers_do_not(client):
    course, trainer = a_course(), somebody_with_role("trainer")
    add = reverse("wagtailsnippets_courses_learningpath:add")
    administrator = somebody_with_role("administrator")
    for person in (trainer, administrator):
        roles.sync_groups(person)
    client.force_login(trainer)
    assert client.get(add).status_code in {302, 403}
    client.force_login(administrator)
    assert client.get(add).status_code == 200
    answer = client.post(
        add,
        {
            "title": "Para servir en receptoría",
            "slug": "receptoria",
            "sentence": "",
            "posts": [],
            "optional_min": 0,
            "order": 0,
            "is_published": "on",
            "items-TOTAL_FORMS": 1,
            "items-INITIAL_FORMS": 0,
            "items-MIN_NUM_FORMS": 1,
            "items-MAX_NUM_FORMS": 1000,
            "items-0-course": course.pk,
            "items-0-is_required": "on",
            "items-0-ORDER": 1,
        },
    )
    assert answer.status_code == 302, answer.context["form"].errors
    item = PathItem.objects.get()
    assert (item.path.slug, item.course, item.is_required) == ("receptoria", course, True)
