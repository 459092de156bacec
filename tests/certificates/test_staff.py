"""Formación del personal: who lacks what, for whom, and who reads it."""

import csv
import io

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certificates.domain import gaps
from courses.domain import enrolment
from courses.models import Completion, CoursePage
from lms.models import Appointment, AuditEvent, Municipality, Post
from tests.factories.certificates import a_certificate, a_revocation
from tests.factories.courses import a_course
from tests.factories.people import a_cui, a_member, a_network, a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
HOME, FOREIGN = "1413", "0101"
NAMES = ["staff_gaps", "staff_gaps_xlsx", "staff_gaps_csv"]


def url(name: str, *args: object) -> str:
    return reverse(f"certificates:{name}", args=args)


def status_of(client, address: str) -> int:
    answer = client.get(address)
    if answer.streaming:
        list(answer.streaming_content)  # the client closes what was read to its end
    return answer.status_code


def a_course_for(*posts: str, **fields) -> CoursePage:
    course = a_course(**fields)
    course.posts.set(Post.objects.filter(code__in=posts))
    course.save()
    return course


def lacking(client, **query) -> dict[str, dict[str, str]]:
    """State by course title, by given names."""
    answer = client.get(url("staff_gaps", HOME), query)
    assert answer.status_code == 200
    return {
        row.person.given_names: {need.course.title: need.state.value for need in row.needs}
        for row in answer.context["page_obj"]
    }


@pytest.fixture
def delegate(client):
    person = somebody_with_role("hr_delegate", municipality=HOME)
    client.force_login(person)
    return person


class TestWho:
    @pytest.mark.parametrize(
        ("role", "scope", "home", "abroad"),
        [
            ("hr_delegate", {"municipality": HOME}, 200, 404),
            ("department_delegate", {"department": "14"}, 200, 404),
            ("administrator", {}, 200, 200),
            ("auditor", {}, 200, 200),
            ("trainer", {}, 403, 403),
        ],
    )
    def test_each_reads_their_own(self, client, role, scope, home, abroad):
        client.force_login(somebody_with_role(role, **scope))
        for code, expected in ((HOME, home), (FOREIGN, abroad)):
            addresses = [url(name, code) for name in NAMES]
            addresses.append(url("staff_training", an_employee(code).public_id))
            assert {status_of(client, address) for address in addresses} == {expected}
        assert client.get(url("staff_overview")).status_code == (403 if role == "trainer" else 200)

    def test_strangers_sign_in_or_are_refused(self, client):
        assert {client.get(url(name, HOME)).status_code for name in NAMES} == {302}
        client.force_login(a_person())
        assert {client.get(url(name, HOME)).status_code for name in NAMES} == {403}

    def test_those_who_left_are_followed_no_more(self, client, delegate):
        person = an_employee(HOME)
        person.appointments.update(starts_on="2024-01-01", ends_on="2024-12-31")
        assert client.get(url("staff_training", person.public_id)).status_code == 404


class TestWhatIsMissing:
    def test_only_what_is_meant_for_the_post_with_how_far_they_are(self, client, delegate):
        money, water, other = (a_course_for(post, title=title) for post, title in (
            ("TES", "Ingresos"), ("TES", "Agua"), ("RECEP", "Cajas"),
        ))  # fmt: skip
        a_course_for("TES", title="De la red", network=a_network())
        ana = an_employee(HOME, "TES", given_names="Ana")
        eva = an_employee(HOME, "TES", given_names="Eva")
        a_certificate(person=ana, course=money)
        enrolment.enrol(person=eva, course=water, by=eva)
        an_employee(HOME, "RECEP", given_names="Iris")
        an_employee(HOME, "FONT", given_names="Sin Cursos")
        an_employee(FOREIGN, "TES", given_names="Ajena")
        assert lacking(client) == {
            "Ana": {"Ingresos": "certificado", "Agua": "falta"},
            "Eva": {"Ingresos": "falta", "Agua": "en-curso"},
            "Iris": {"Cajas": "falta"},
        }
        assert lacking(client, state="falta", course=str(water.translation_key)) == {"Ana": {"Agua": "falta"}}
        assert lacking(client, post="RECEP") == {"Iris": {"Cajas": "falta"}}
        assert set(lacking(client, q="eva")) == {"Eva"}
        assert set(lacking(client, course=str(other.translation_key), state="certificado")) == set()
        assert set(lacking(client, post="MACONDO", state="x")) == {"Ana", "Eva", "Iris"}

    def test_a_revoked_certificate_and_an_old_edition_do_not_count(self, client, delegate):
        course = a_course_for("TES", title="Ingresos")
        ana = an_employee(HOME, "TES", given_names="Ana")
        paper = a_certificate(person=ana, course=course)
        a_revocation(paper, reason="Se emitió por error a otra persona.")
        assert lacking(client) == {"Ana": {"Ingresos": "revocado"}}
        Completion.objects.update(edition=1)
        CoursePage.objects.filter(pk=course.pk).update(edition=2)
        assert lacking(client)["Ana"]["Ingresos"] == "en-curso"

    def test_two_hundred_people_take_as_many_queries_as_two(self, client, delegate):
        courses = [a_course_for("TES"), a_course_for("TES", "RECEP")]

        def queries(name: str) -> int:
            with CaptureQueriesContext(connection) as asked:
                status_of(client, url(name, HOME))
            return len(asked)

        for course in courses:
            a_certificate(person=an_employee(HOME, "TES"), course=course)
        queries("staff_gaps_csv")  # the trail's first event makes its head
        few = [queries(name) for name in NAMES]
        for _number in range(200):
            person = an_employee(HOME, "TES")
        enrolment.enrol(person=person, course=courses[0], by=person)
        assert [queries(name) for name in NAMES] == few

    def test_the_list_leaves_without_anything_personal(self, client, delegate):
        cui = a_cui()
        a_course_for("TES", title="=Ingresos")
        an_employee(HOME, "TES", cui=cui, phone="55551234", given_names="Ana", surnames="Ceto")
        answer = client.get(url("staff_gaps_csv", HOME), {"q": "ana"})
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        (row,) = csv.DictReader(io.StringIO(text))
        assert (row["Nombres"], row["Curso"], row["Estado"]) == ("Ana", "'=Ingresos", "Falta")
        assert {leak for leak in (cui, "55551234") if leak in text} == set()
        book = openpyxl.load_workbook(io.BytesIO(b"".join(client.get(url("staff_gaps_xlsx", HOME)).streaming_content)))
        assert book.active.max_row == 2
        events = AuditEvent.objects.filter(action="staff_training.exported").order_by("pk")
        assert [event.facts["filters"] for event in events] == [["q"], []]


def test_the_overview_counts_people_waiting_and_trained(client):
    client.force_login(somebody_with_role("department_delegate", department="14"))
    a_certificate(person=an_employee(HOME))
    an_employee(HOME, is_confirmed=False)
    a_certificate(person=an_employee(FOREIGN))
    shown = client.get(url("staff_overview")).context["municipalities"]
    counts = {one.code: (one.present, one.waiting, one.trained) for one in shown}
    assert counts[HOME] == (2, 1, 1)
    assert {code[:2] for code in counts} == {"14"}
    page = client.get(url("staff_overview"), {"department": "01"})
    assert page.status_code in {200, 302}
    assert b"Mixco" not in page.content


def test_a_country_is_looked_at_by_department(client):
    client.force_login(somebody_with_role("administrator"))
    page = client.get(url("staff_overview"))
    assert (len(page.context["departments"]), len(page.context["municipalities"])) == (22, 0)
    shown = client.get(url("staff_overview"), {"department": "14"}).context["municipalities"]
    assert {one.code[:2] for one in shown} == {"14"}


def test_one_person_s_training(client, delegate):
    course = a_course_for("TES", title="Ingresos")
    ana = an_employee(HOME, "TES", given_names="Ana")
    paper = a_certificate(person=ana, course=course)
    text = client.get(url("staff_training", ana.public_id)).content.decode()
    assert paper.reference in text
    assert "Certificado vigente" in text
    other = Municipality.objects.get(code=FOREIGN)
    Appointment.objects.create(
        person=ana, municipality=other, post=Post.objects.get(code="TES"), starts_on=timezone.localdate(),
        confirmed_at=timezone.now(),
    )  # fmt: skip
    text = client.get(url("staff_training", ana.public_id)).content.decode()
    assert paper.reference not in text
    assert "Ingresos" in text


def test_members_of_networks_are_nobody_s_staff(client, delegate):
    a_course_for("REDJOV", title="Jóvenes")
    a_member(a_network(), municipality=HOME)
    assert gaps.find(Municipality.objects.get(code=HOME), gaps.Wanted()) == []
