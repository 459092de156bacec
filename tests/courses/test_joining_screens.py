"""The pages of invitations and assignments, of seats and of due dates."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from courses.domain import assigning, due, enrolment, invitations
from courses.domain.audience import Rule
from courses.models import AssignedPerson, Assignment, CoursePage, Enrolment, Invitation
from lms.domain import roles
from lms.models import Municipality
from tests.factories.courses import a_course, a_lesson, a_path
from tests.factories.people import a_member, a_network, an_employee, born, somebody_with_role

pytestmark = pytest.mark.django_db


def page(client, address: str, **query) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def nebaj() -> Municipality:
    return Municipality.objects.get(code="1413")


def delegate():
    return somebody_with_role("hr_delegate", municipality="1413")


# Invitations


def test_a_code_typed_on_a_telephone_leads_into_the_course(client):
    course = a_course(entry="invited", title="Cerrado")
    made = invitations.make(course=course, by=None)
    person = an_employee()
    client.force_login(person)
    assert "Este curso es por invitación" in page(client, course.url)
    assert "Inscribirme" not in page(client, course.url)
    answer = client.post(reverse("courses:invitation_type"), {"code": made.typed_code.lower()})
    assert answer.url == reverse("courses:invitation", args=[made.code])
    assert "Cerrado" in page(client, answer.url)
    assert client.post(answer.url).url == course.url
    assert enrolment.find_active(person, course)


def test_a_stranger_learns_nothing_of_a_code(client):
    made = invitations.make(course=a_course(title="Secreto"), by=None)
    real = client.get(reverse("courses:invitation", args=[made.code]))
    false = client.get(reverse("courses:invitation", args=["AAAAAAAA"]))
    assert (real.status_code, false.status_code) == (200, 200)
    said = [re.sub(r'value="\w{64}"', "", answer.content.decode()) for answer in (real, false)]
    assert said[0].replace(made.code, "") == said[1].replace("AAAAAAAA", "")
    assert client.post(reverse("courses:invitation", args=[made.code])).url.startswith(reverse("lms:sign_in"))


def test_going_through_codes_comes_to_an_end(client):
    made = invitations.make(course=a_course(), by=None)
    client.force_login(an_employee())
    for _number in range(21):
        assert client.get(reverse("courses:invitation", args=["AAAAAAAA"])).status_code == 404
    assert client.get(reverse("courses:invitation", args=[made.code])).status_code == 404
    client.force_login(an_employee())
    assert client.get(reverse("courses:invitation", args=[made.code])).status_code == 200


def test_a_delegate_invites_their_staff_and_prints_the_sheet(client):
    course = a_course(entry="invited")
    client.force_login(delegate())
    address = reverse("courses:staff_invitations", args=["1413"])
    page(client, address)
    facts = {"course": course.translation_key, "max_uses": 5, "days": 10, "note": "Turno de la mañana"}
    answer = client.post(address, facts)
    made = Invitation.objects.get()
    assert answer.url == reverse("courses:staff_invitation", args=["1413", made.public_id])
    html = page(client, answer.url)
    assert made.typed_code in html
    assert 'src="data:image/svg+xml' in html
    assert "Turno de la mañana" in page(client, address)
    assert client.get(reverse("courses:staff_invitations", args=["0101"])).status_code == 404
    assert client.post(answer.url).url == address
    made.refresh_from_db()
    assert made.is_over


def test_a_trainer_invites_to_their_own_course_alone(client):
    course, other = a_course(), a_course()
    trainer = somebody_with_role("trainer")
    CoursePage.objects.filter(pk=course.pk).update(owner=trainer)
    client.force_login(trainer)
    address = reverse("courses:course_invitations", args=[course.translation_key])
    assert client.post(address, {"max_uses": 0, "days": 3}).status_code == 422
    assert client.post(address, {"max_uses": 3, "days": 3}).status_code == 302
    assert client.get(reverse("courses:course_invitations", args=[other.translation_key])).status_code == 404


def test_a_trainer_finds_the_invitations_of_a_course_beside_it(client):
    course, other = a_course(), a_course()
    trainer = somebody_with_role("trainer")
    roles.sync_groups(trainer)
    CoursePage.objects.filter(pk=course.pk).update(owner=trainer)
    client.force_login(trainer)
    html = page(client, reverse("wagtailadmin_pages:edit", args=[course.pk]))
    assert reverse("courses:course_invitations", args=[course.translation_key]) in html
    assert reverse("courses:course_invitations", args=[other.translation_key]) not in html
    assert 'name="seats"' in html


# Assignments


def test_a_delegate_looks_whom_it_reaches_and_assigns(client, run_jobs, django_capture_on_commit_callbacks):
    course = a_course(title="Compras")
    [mine, other] = [an_employee(surnames="Adentro"), an_employee("0101", surnames="Afuera")]
    an_employee(post="FONT", surnames="Otro puesto")
    client.force_login(delegate())
    address = reverse("courses:staff_assignment_new", args=["1413"])
    asked = {"course": str(course.translation_key), "posts": ["RECEP"], "due_days": 15, "reason": "Por la auditoría."}
    html = page(client, address, **asked)
    assert ("Adentro" in html, "Afuera" in html, "Otro puesto" in html) == (True, False, False)
    assert not Assignment.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(address, {**asked, "to": "all"})
    assert run_jobs() == []
    assert [row.person for row in AssignedPerson.objects.all()] == [mine]
    html = page(client, answer.url)
    assert "Adentro" in html
    assert "En curso" in html
    client.force_login(mine)
    html = page(client, reverse("courses:learning"))
    assert "Se lo asignó la municipalidad de Nebaj" in html
    assert "Por la auditoría." in html
    assert other.enrolments.count() == 0


def test_ticked_people_alone(client, run_jobs):
    course, ticked = a_course(), an_employee()
    an_employee()
    client.force_login(delegate())
    address = reverse("courses:staff_assignment_new", args=["1413"])
    facts = {"course": str(course.translation_key), "to": "ticked", "person": [str(ticked.public_id), "x"]}
    assert client.post(address, facts).status_code == 302
    run_jobs()
    assert [row.person for row in AssignedPerson.objects.all()] == [ticked]
    facts["person"] = [str(an_employee("0101").public_id)]
    assert client.post(address, facts).status_code == 422
    assert Assignment.objects.count() == 1


def test_a_coordinator_assigns_to_the_members_minors_among_them(client, run_jobs):
    network = a_network()
    coordinator = a_member(network, is_coordinator=True)
    young = a_member(network, born_on=born(15))
    client.force_login(coordinator)
    address = reverse("courses:network_assignment_new", args=[network.public_id])
    course = a_course(network=network)
    assert client.post(address, {"course": str(course.translation_key), "to": "all"}).status_code == 302
    run_jobs()
    assert set(Enrolment.objects.active().values_list("person", flat=True)) == {coordinator.pk, young.pk}
    assert client.get(reverse("courses:network_assignments", args=[a_network("Otra").public_id])).status_code == 404
    assert client.get(reverse("courses:national_assignments")).status_code == 403


def test_anam_has_to_say_whom(client):
    client.force_login(somebody_with_role("administrator"))
    address = reverse("courses:national_assignment_new")
    course = a_course()
    answer = client.get(address, {"course": str(course.translation_key)})
    assert answer.status_code == 422
    assert "Elija al menos un puesto" in answer.content.decode()
    an_employee(surnames="Alcanzada")
    assert "Alcanzada" in page(client, address, course=str(course.translation_key), posts="RECEP")


def test_ending_is_asked_of_the_page_and_tells_so(client):
    made = assigning.assign(course=a_course(), rule=Rule(municipality=nebaj()), by=None)
    client.force_login(delegate())
    address = reverse("courses:staff_assignment", args=["1413", made.public_id])
    page(client, address)
    assert client.post(address).url == address
    assert "Terminó el" in page(client, address)
    assert client.get(reverse("courses:staff_assignment", args=["0101", made.public_id])).status_code == 404


@pytest.mark.parametrize("count", [1, 5])
def test_the_lists_stay_flat(client, count, run_jobs, django_assert_max_num_queries):
    for _number in range(count):
        an_employee()
        made = assigning.assign(course=a_course(), rule=Rule(municipality=nebaj()), by=None)
    run_jobs()
    client.force_login(delegate())
    asked = f"?course={made.course_key}"
    for address in (
        reverse("courses:staff_assignments", args=["1413"]),
        reverse("courses:staff_assignment_new", args=["1413"]) + asked,
        reverse("courses:staff_assignment", args=["1413", made.public_id]),
    ):
        client.get(address)
        with django_assert_max_num_queries(24):
            assert client.get(address).status_code == 200


# Leaving, waiting, due dates


def test_leaving_an_assigned_course_asks_why_on_the_page(client, run_jobs):
    course, person = a_course(), an_employee()
    a_lesson(course)
    assigning.assign(course=course, rule=Rule(municipality=nebaj()), by=None)
    run_jobs()
    client.force_login(person)
    assert 'name="reason"' in page(client, course.url)
    entered = enrolment.find_active(person, course)
    address = reverse("courses:withdraw", args=[entered.public_id])
    assert "escriba por qué" in client.post(address, follow=True).content.decode()
    assert enrolment.find_active(person, course)
    client.post(address, {"reason": "De permiso"})
    assert enrolment.find_active(person, course) is None


def test_a_full_course_tells_ones_place_and_the_news_of_a_seat(client):
    course, person = a_course(seats=1, title="Lleno"), an_employee()
    first = enrolment.enrol(person=an_employee(), course=course, by=None)
    client.force_login(person)
    html = page(client, course.url)
    assert "Los cupos están llenos" in html
    answer = client.post(reverse("courses:enrol"), {"course": course.translation_key}, follow=True)
    html = answer.content.decode()
    assert "Usted es la persona número 1 de la lista" in html
    assert "Usted es la persona número 1" in page(client, reverse("courses:learning"))
    enrolment.withdraw(enrolment=first, by=first.person)
    assert "Se liberó un cupo: ya está en «Lleno»." in page(client, reverse("courses:learning"))


def test_one_leaves_the_list_on_the_page(client):
    course, person = a_course(seats=1), an_employee()
    enrolment.enrol(person=an_employee(), course=course, by=None)
    row = enrolment.enrol(person=person, course=course, by=person)
    client.force_login(person)
    answer = client.post(reverse("courses:withdraw", args=[row.public_id]), follow=True)
    assert "Salió de la lista de espera." in answer.content.decode()
    assert not Enrolment.objects.waiting().exists()
    client.force_login(an_employee())
    assert client.post(reverse("courses:withdraw", args=[row.public_id])).status_code == 404


def test_what_presses_comes_first_and_the_days_are_words(client, run_jobs):
    person, today = an_employee(), timezone.localdate()
    for title, days in [("Lejos", 60), ("Vencido", -2), ("Pronto", 3)]:
        course = a_course(title=title)
        a_lesson(course)
        assigning.assign(course=course, rule=Rule(municipality=nebaj()), by=None)
        run_jobs()
        due_on = today + timedelta(days=days)
        AssignedPerson.objects.filter(assignment__course=course).update(due_on=due_on)
    newest = a_course(title="Nuevo")
    a_lesson(newest)
    enrolment.enrol(person=person, course=newest, by=person)
    client.force_login(person)
    html = page(client, reverse("courses:learning"))
    places = [html.index(words) for words in ("Venció hace 2 días", "Vence en 3 días", ">Nuevo<", ">Lejos<")]
    assert places == sorted(places)
    assert re.search(r"hasta el \d+ de", html)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-1, "Venció hace 1 día"),
        (0, "Vence hoy"),
        (1, "Vence mañana"),
        (2, "Vence en 2 días"),
        (14, "Vence en 14 días"),
    ],
)
def test_days_in_words(days, words):
    assert due.in_words(timezone.localdate() + timedelta(days=days)) == words


def test_closed_courses_are_marked_and_not_suggested(client):
    a_course(title="Cerrado", entry="invited")
    client.force_login(an_employee())
    assert "Por invitación" in page(client, reverse("courses:catalogue"))
    assert "Cerrado" not in page(client, reverse("courses:learning"))


def test_the_own_page_costs_no_more_for_many_courses_dates_and_places(
    client, run_jobs, keeping, django_assert_max_num_queries
):
    """Six of the overview, one of them for what was assigned; the rest is the frame of every page."""
    person, network = an_employee(), a_network()
    for _number in range(4):
        course, full = a_course(), a_course(seats=1)
        a_lesson(course)
        a_path(course, full)
        assigning.assign(course=course, rule=Rule(municipality=nebaj()), by=None, due_days=3)
        run_jobs()
        enrolment.enrol(person=a_member(network), course=full, by=None)
        enrolment.enrol(person=person, course=full, by=person)
    client.force_login(person)
    client.get(reverse("courses:learning"))
    with django_assert_max_num_queries(8):
        html = client.get(reverse("courses:learning")).content.decode()
    assert html.count("Usted es la persona número 1") == 4
    assert html.count("Vence en 3 días") == 4
