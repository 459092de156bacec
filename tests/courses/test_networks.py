"""A network's progress: who may read it, what it says, and what it never says."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses.domain import completion
from courses.domain import enrolment as enrolments
from courses.domain import networks as domain
from courses.domain.activities import sync_lesson
from courses.models import Activity, CoursePage, Enrolment
from lms.domain import guardians
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Membership
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import a_consent, a_cui, a_member, a_network, a_person, born, somebody_with_role

pytestmark = pytest.mark.django_db


def a_network_course(network, *, lessons: int = 2, **fields) -> CoursePage:
    course = a_course(network=network, **fields)
    for _number in range(lessons):
        sync_lesson(a_lesson(course))
    return course


def take(person, course: CoursePage, *, done: int) -> None:
    """Enrol and complete the first `done` lessons."""
    enrolment = enrolments.enrol(person=person, course=course, by=person)
    for activity in Activity.objects.filter(course_key=course.translation_key)[:done]:
        completion.complete_activity(enrolment=enrolment, activity=activity)


def address(network) -> str:
    return reverse("courses:network", args=[network.public_id])


def test_who_may_read_which_network(client):
    network, other = a_network("Una"), a_network("Otra")
    people = {
        "coordinator": a_member(network, is_coordinator=True),
        "coordinator of another": a_member(other, is_coordinator=True),
        "member": a_member(network),
        "former coordinator": a_member(network, is_coordinator=True),
        "stranger": a_person(),
        "trainer": somebody_with_role("trainer"),
        "administrator": somebody_with_role("administrator"),
        "administrator of a municipality": somebody_with_role("administrator", municipality="1413"),
    }
    Membership.objects.filter(person=people["former coordinator"]).update(left_on=date(2026, 1, 31))
    seen = {}
    for name, person in people.items():
        client.force_login(person)
        seen[name] = client.get(address(network)).status_code
    assert seen == {
        "coordinator": 200,
        "coordinator of another": 404,
        "member": 404,
        "former coordinator": 404,
        "stranger": 404,
        "trainer": 404,
        "administrator": 200,
        "administrator of a municipality": 404,
    }
    client.logout()
    assert client.get(address(network)).url.startswith(reverse("lms:sign_in"))


def test_the_list_has_ones_own_networks_and_is_closed_to_plain_members(client):
    network, other = a_network("Una"), a_network("Otra")
    client.force_login(a_member(network, is_coordinator=True))
    assert {one.name for one in client.get("/redes/").context["networks"]} == {"Una"}
    client.force_login(somebody_with_role("administrator"))
    assert {one.name for one in client.get("/redes/").context["networks"]} == {"Una", "Otra"}
    client.force_login(a_member(other))
    assert client.get("/redes/").status_code == 403


def test_the_summary_counts_members_municipalities_and_completions():
    network = a_network()
    first, second = a_network_course(network), a_network_course(network)
    one, two, three = (a_member(network, municipality=code) for code in ("1413", "1401", "1401"))
    gone, outsider = a_member(network), a_person()
    take(one, first, done=2)
    take(one, second, done=2)
    take(two, first, done=1)
    take(three, first, done=0)
    take(gone, first, done=2)
    Membership.objects.filter(person=gone).update(left_on=date(2026, 1, 31))
    enrolments.withdraw(enrolment=three.enrolments.get(), by=three)
    assert outsider.enrolments.count() == 0
    summary = domain.summarise(domain.members_of(network), list(domain.courses_of(network)))
    assert (summary.members, summary.municipalities, summary.enrolled, summary.completed) == (3, 2, 2, 1)
    assert [(count.course, count.enrolled, count.completed) for count in summary.courses] == [
        (first, 2, 1),
        (second, 1, 1),
    ]


def test_rows_say_where_each_member_stands(client):
    network = a_network()
    course = a_network_course(network, title="Organización juvenil")
    coordinator = a_member(network, is_coordinator=True, surnames="Ajú")
    done, half = a_member(network, surnames="Brito"), a_member(network, municipality="1401", surnames="Caal")
    take(done, course, done=2)
    take(half, course, done=1)
    client.force_login(coordinator)
    response = client.get(address(network))
    rows = {
        row.membership.person: [progress and (progress.is_complete, progress.percent) for _c, progress in row.progress]
        for row in response.context["rows"]
    }
    assert rows == {coordinator: [None], done: [(True, 100)], half: [(False, 50)]}
    html = response.content.decode()
    for words in ("3 integrantes", "en 2 municipios", "2 se inscribieron", "y 1 completó.", "50 %", "Sin inscribirse"):
        assert words in html


def test_municipality_and_course_filter_and_nonsense_is_left_out(client):
    network = a_network()
    first, second = a_network_course(network, title="Primero"), a_network_course(network, title="Segundo")
    a_member(network, municipality="1413", surnames="De Nebaj")
    coordinator = a_member(network, municipality="1401", is_coordinator=True, surnames="De Santa Cruz")
    client.force_login(coordinator)

    def shown(query: str) -> tuple[set, list]:
        context = client.get(f"{address(network)}?{query}").context
        names = {row.membership.person.surnames for row in context["rows"]}
        return names, [count.course for count in context["summary"].courses]

    both = {"De Nebaj", "De Santa Cruz"}
    assert shown("municipality=1413") == ({"De Nebaj"}, [first, second])
    assert shown(f"course={second.translation_key}") == (both, [second])
    assert shown("municipality=0101&course=nada") == (both, [first, second])


def test_no_number_mail_or_phone_is_shown(client):
    network = a_network()
    cui = a_cui()
    a_member(network, cui=cui, email="integrante@example.org", phone="55554321")
    client.force_login(a_member(network, is_coordinator=True))
    html = client.get(address(network)).content.decode()
    assert not [secret for secret in (cui, cui[-4:], "integrante@example.org", "55554321") if secret in html]


def test_a_network_without_courses_or_members_says_so(client):
    network = a_network()
    client.force_login(somebody_with_role("administrator"))
    html = client.get(address(network)).content.decode()
    assert "todavía no tiene cursos propios" in html
    assert "todavía no tiene integrantes" in html


@pytest.mark.parametrize("count", [1, 6])
def test_queries_do_not_grow_with_members_nor_courses(client, count, django_assert_max_num_queries):
    network = a_network()
    courses = [a_network_course(network) for _number in range(count)]
    for _number in range(count):
        member = a_member(network)
        for course in courses:
            take(member, course, done=1)
    client.force_login(a_member(network, is_coordinator=True))
    client.get(address(network))
    with django_assert_max_num_queries(30):
        assert len(client.get(address(network)).context["rows"]) == count + 1


def enrol_page(network, course) -> str:
    return reverse("courses:network_enrol", args=[network.public_id, course.translation_key])


def test_a_coordinator_enrols_all_who_never_were_in_the_course(client):
    network = a_network()
    course = a_network_course(network, title="Organización juvenil")
    coordinator, new, inside, left = a_member(network, is_coordinator=True), *(a_member(network) for _n in range(3))
    take(inside, course, done=1)
    take(left, course, done=1)
    enrolments.withdraw(enrolment=left.enrolments.get(), by=left)
    former, asking, closed = a_member(network), a_member(network), a_member(network, is_active=False)
    Membership.objects.filter(person=former).update(left_on=date(2026, 1, 31))
    Membership.objects.filter(person=asking).update(confirmed_at=None)
    client.force_login(coordinator)
    assert "Inscribir a quienes faltan" in client.get(address(network)).content.decode()
    told = client.post(enrol_page(network, course), follow=True).content.decode()
    assert "Se inscribió a 2 integrantes." in told
    assert set(Enrolment.objects.active().values_list("person", flat=True)) == {coordinator.pk, new.pk, inside.pk}
    assert not Enrolment.objects.filter(person__in=[former, asking, closed]).exists()
    event = AuditEvent.objects.get(action="enrolment.members_made")
    assert set(event.facts["persons"]) == {str(one.public_id) for one in (coordinator, new)}
    assert "ya estaban inscritos" in client.post(enrol_page(network, course), follow=True).content.decode()
    assert AuditEvent.objects.filter(action="enrolment.members_made").count() == 1


def test_enrolling_members_asks_the_database_as_often_for_two_as_for_twenty():
    network = a_network()
    course = a_network_course(network)
    coordinator = a_member(network, is_coordinator=True)

    def queries() -> int:
        Enrolment.objects.all().delete()
        with CaptureQueriesContext(connection) as asked:
            enrolments.enrol_members(course=course, by=coordinator)
        return len(asked)

    queries()
    few = queries()
    for _number in range(18):
        a_member(network)
    assert queries() == few


def test_nobody_else_enrols_the_members_and_only_in_the_networks_own_courses(client):
    network, other = a_network("Una"), a_network("Otra")
    course, foreign, open_to_all = a_network_course(network), a_network_course(other), a_course()
    for person in (a_member(network), a_member(other, is_coordinator=True), a_person()):
        client.force_login(person)
        assert client.post(enrol_page(network, course)).status_code == 404
        with pytest.raises(RuleBroken, match="no puede inscribir"):
            enrolments.enrol_members(course=course, by=person)
    client.force_login(a_member(network, is_coordinator=True))
    for wrong in (foreign, open_to_all):
        assert client.post(enrol_page(network, wrong)).status_code == 404
    with pytest.raises(RuleBroken, match="no es de una red"):
        enrolments.enrol_members(course=open_to_all, by=None)
    course.unpublish()
    with pytest.raises(RuleBroken, match="no está publicado"):
        enrolments.enrol_members(course=CoursePage.objects.get(pk=course.pk), by=None)
    assert not Enrolment.objects.exists()


def test_who_asks_to_join_is_neither_counted_nor_shown_and_the_page_says_that_somebody_waits(client):
    network = a_network()
    coordinator = a_member(network, is_coordinator=True)
    Membership.objects.filter(person=a_member(network, surnames="Quien Espera")).update(confirmed_at=None)
    client.force_login(coordinator)
    response = client.get(address(network))
    text = response.content.decode()
    assert response.context["summary"].members == 1
    assert [one.member_count for one in client.get("/redes/").context["networks"]] == [1]
    assert "Quien Espera" not in text
    assert "1 solicitud espera respuesta" in text
    assert reverse("lms:network_members", args=[network.public_id]) in text


def test_who_asks_to_join_neither_sees_nor_takes_the_networks_courses(client):
    network = a_network()
    course = a_network_course(network)
    person = a_member(network)
    Membership.objects.update(confirmed_at=None)
    with pytest.raises(RuleBroken, match="integrantes de una red"):
        enrolments.enrol(person=person, course=course, by=person)
    client.force_login(person)
    assert list(client.get(reverse("courses:catalogue")).context["page_obj"]) == []
    assert reverse("lms:network_join", args=[network.public_id]) in client.get(course.url).content.decode()


def test_members_see_the_courses_of_their_network_first(client):
    network = a_network()
    first, second = a_course(posts=("RECEP",)), a_network_course(network)
    member = a_member(network)
    client.force_login(member)
    assert list(client.get(reverse("courses:catalogue")).context["page_obj"]) == [second, first]
    assert client.get(reverse("courses:learning")).context["overview"].suggestions[0] == second
    client.force_login(a_person())
    assert list(client.get(reverse("courses:catalogue")).context["page_obj"]) == [first]


def test_a_withdrawn_consent_closes_the_networks_courses():
    network = a_network()
    course = a_network_course(network)
    minor = a_member(network, born_on=born(15))
    a_consent(minor)
    take(minor, course, done=1)
    guardians.withdraw(person=minor, by=minor)
    assert not Enrolment.objects.active().filter(person=minor).exists()
    assert not Enrolment.objects.get(person=minor).is_active
