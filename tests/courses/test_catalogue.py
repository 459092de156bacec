"""The catalogue: what is listed, what filters find, and at which cost."""

import pytest
from django.urls import reverse
from django.utils import timezone

from courses.domain.activities import sync_lesson
from courses.domain.catalogue import listed, suggested
from courses.filters import CatalogueFilter
from courses.models import Activity, Completion, CoursePage, Enrolment
from lms.models import Post
from tests.factories.courses import a_course, a_lesson
from tests.factories.media import a_video
from tests.factories.people import a_member, a_network, a_person, an_employee

pytestmark = pytest.mark.django_db
ADDRESS = "/cursos/"


def found(**query: str) -> set[str]:
    """Titles the filters find for somebody anonymous."""
    return {course.title for course in CatalogueFilter(query, queryset=CoursePage.objects.live()).qs}


def a_video_in(course: CoursePage, video) -> Activity:
    """Put a video in a new lesson of a course."""
    sync_lesson(a_lesson(course, ("video", {"video": video, "is_required": True})))
    return Activity.objects.get(video=video)


def an_enrolment(person, course: CoursePage) -> Enrolment:
    return Enrolment.objects.create(person=person, course=course, course_key=course.translation_key)


def a_completion(enrolment: Enrolment) -> Completion:
    course = enrolment.course
    return Completion.objects.create(
        enrolment=enrolment,
        person=enrolment.person,
        course_key=enrolment.course_key,
        edition=course.edition,
        course_title=course.title,
        hours=course.hours,
        started_at=timezone.now(),
    )


def test_words_are_found_whatever_their_accents_and_apostrophes():
    a_course(title="Recaudación en idioma Q’eqchi’")
    a_course(title="Agua")
    for words in ("recaudacion", "RECAUDACIÓN qeqchi", "q'eqchiʼ", "Qꞌeqchi"):
        assert found(q=words) == {"Recaudación en idioma Q’eqchi’"}
    assert found(q="recaudacion agua") == set()


def test_each_filter_finds_its_courses_and_they_add_up():
    a_course(title="Corto", hours=1, family="AC", posts=("ALC",), languages=("es",), certificate_kind="")
    a_course(title="Medio", hours=8, family="FI", posts=("RECEP",), languages=("es", "quc"))
    a_course(title="Largo", hours=20, family="FI", posts=("RECEP", "ALC"), languages=("quc",))
    assert found(family="FI") == {"Medio", "Largo"}
    assert found(post="ALC") == {"Corto", "Largo"}
    assert found(language="quc") == {"Medio", "Largo"}
    assert found(duration="corto") == {"Corto"}
    assert found(duration="medio") == {"Medio"}
    assert found(duration="largo") == {"Largo"}
    assert found(certificate="si") == {"Medio", "Largo"}
    assert found(certificate="no") == {"Corto"}
    assert found(family="FI", language="quc", duration="medio") == {"Medio"}


@pytest.mark.parametrize(
    "query",
    ["family=ZZ", "post=NADIE", "language=xx", "duration=eterno", "certificate=quiza", "page=mil", "page=-3"],
)
def test_what_cannot_be_understood_is_left_out(client, query):
    a_course(title="El único curso")
    response = client.get(f"{ADDRESS}?{query}")
    assert response.status_code == 200
    assert "El único curso" in response.content.decode()


def test_a_chosen_filter_is_a_chip_that_removes_it(client):
    a_course(family="FI")
    html = client.get(f"{ADDRESS}?family=FI&duration=medio&page=1").content.decode()
    assert 'href="?duration=medio"' in html
    assert 'href="?family=FI"' in html


def test_an_empty_answer_says_what_to_do(client):
    a_course()
    html = client.get(f"{ADDRESS}?q=astronomía").content.decode()
    assert "Ningún curso con todo lo que eligió" in html
    assert "Ver todos los cursos" in html


def test_a_network_course_is_listed_for_its_members_alone(client):
    network = a_network()
    a_course(title="Curso de la red", network=network)
    member, stranger = a_member(network), a_person()
    seen = {}
    for name, person in (("anonymous", None), ("stranger", stranger), ("member", member)):
        client.logout()
        if person:
            client.force_login(person)
        seen[name] = "Curso de la red" in client.get(ADDRESS).content.decode()
    assert seen == {"anonymous": False, "stranger": False, "member": True}


def test_drafts_are_not_listed(client):
    course = a_course(title="Borrador secreto")
    course.unpublish()
    assert "Borrador secreto" not in client.get(ADDRESS).content.decode()


def test_a_course_says_how_many_bytes_its_current_videos_are_at_240p():
    course = a_course()
    a_video_in(course, a_video(rungs=("144p", "240p")))
    a_video_in(course, a_video(rungs=("240p", "480p")))
    retired = a_video_in(course, a_video())
    retired.retired_at = timezone.now()
    retired.save()
    assert listed(CoursePage.objects.all(), person=a_person()).get().video_bytes == 2 * 256 * 40


def test_marks_are_the_persons_own(client):
    person, other = an_employee(), an_employee()
    taken, done, left, others = a_course(), a_course(), a_course(), a_course()
    an_enrolment(person, taken)
    a_completion(an_enrolment(person, done))
    gone = an_enrolment(person, left)
    gone.withdrawn_at = timezone.now()
    gone.save()
    a_completion(an_enrolment(other, others))
    marks = {c.pk: (c.is_enrolled, c.is_completed) for c in listed(CoursePage.objects.all(), person=person)}
    assert marks == {
        taken.pk: (True, False),
        done.pk: (True, True),
        left.pk: (False, False),
        others.pk: (False, False),
    }
    client.force_login(person)
    html = client.get(ADDRESS).content.decode()
    assert html.count("Inscrito<") == 1
    assert html.count("Completado<") == 1


def test_suggestions_are_for_the_post_or_the_network_and_new():
    network = a_network()
    person = a_member(network)
    mine, taken = a_course(posts=("ALC",)), a_course(posts=("ALC",))
    ours = a_course(posts=("FONT",), network=network)
    a_course(posts=("FONT",))
    a_course(posts=("ALC",), network=a_network("Otra red"))
    an_enrolment(person, taken)
    mayors = set(Post.objects.filter(code="ALC").values_list("pk", flat=True))
    found = suggested(posts=mayors, networks={network.pk}, taken={taken.translation_key}, made=set())
    assert found == [ours, mine]
    assert suggested(posts=mayors, networks=set(), taken=set(), made={(mine.translation_key, 1)}) == [taken]


@pytest.mark.parametrize("count", [1, 12])
def test_queries_do_not_grow_with_courses(client, count, keeping, django_assert_max_num_queries):
    person = an_employee()
    for _number in range(count):
        a_video_in(a_course(posts=("ALC", "RECEP"), languages=("es", "quc")), a_video())
    client.force_login(person)
    client.get(ADDRESS)
    with django_assert_max_num_queries(11):
        html = client.get(reverse("courses:catalogue")).content.decode()
    assert html.count('class="card course-card') == count


def test_pages_of_twelve_keep_the_filters(client):
    for _number in range(13):
        a_course(family="FI")
    html = client.get(f"{ADDRESS}?family=FI").content.decode()
    assert html.count('class="card course-card') == 12
    assert "?family=FI&amp;page=2" in html
    assert client.get(f"{ADDRESS}?family=FI&page=2").content.decode().count('class="card course-card') == 1
