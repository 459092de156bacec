"""Competencias por puesto: the staff of a town hall against what its posts ask, for whom, and who reads it."""

import csv
import io

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certificates.domain import competency_gaps
from certificates.domain.competency_gaps import Wanted
from lms.domain import duplicates
from lms.models import AuditEvent, Municipality, Post
from tests.certificates.test_career_screens import enter
from tests.certificates.test_competencies import at_level, proving
from tests.certificates.test_staff import delegate, status_of
from tests.certificates.test_validity import ending
from tests.courses.test_bank_screens import window
from tests.factories.certificates import a_revocation
from tests.factories.courses import a_competency, a_course
from tests.factories.people import a_person, an_employee, somebody_with_role

HOME, FOREIGN = "1413", "0101"
NAMES = ["staff_competencies", "staff_competencies_xlsx", "staff_competencies_csv"]
__all__ = ["delegate", "window"]


def url(name: str, *args: object) -> str:
    return reverse(f"certificates:{name}", args=args)


def found(**wanted) -> dict[str, dict[str, str]]:
    """State by competency, by given names."""
    rows = competency_gaps.find(Municipality.objects.get(code=HOME), Wanted(**wanted))
    return {row.person.given_names: {one.competency.name: one.state.value for one in row.needs} for row in rows}


@pytest.fixture
def asked(db):
    """A treasurer has to know budgets well; whoever collects, a little, and water."""
    budgets = a_competency("Presupuesto", asked={"TES": 3, "RECEP": 1})
    return budgets, a_competency("Agua", asked={"RECEP": 1})


@pytest.mark.django_db
class TestWho:
    @pytest.mark.parametrize(
        ("role", "scope", "home", "abroad"),
        [
            ("hr_delegate", {"municipality": HOME}, 200, 404),
            ("department_delegate", {"department": "14"}, 200, 404),
            ("auditor", {}, 200, 200),
            ("trainer", {}, 403, 403),
        ],
    )
    def test_each_reads_their_own(self, client, role, scope, home, abroad):
        client.force_login(somebody_with_role(role, **scope))
        for code, expected in ((HOME, home), (FOREIGN, abroad)):
            assert {status_of(client, url(name, code)) for name in NAMES} == {expected}

    def test_strangers_sign_in_or_are_refused(self, client):
        assert {client.get(url(name, HOME)).status_code for name in NAMES} == {302}
        client.force_login(a_person())
        assert {client.get(url(name, HOME)).status_code for name in NAMES} == {403}


@pytest.mark.django_db
class TestWhatIsLacking:
    def test_each_person_against_their_post(self, asked):
        budgets, water = asked
        treasurer = an_employee(HOME, "TES", given_names="Ana")
        cashier = an_employee(HOME, "RECEP", given_names="Eva")
        an_employee(HOME, "FONT", given_names="Nadie Le Pide")
        an_employee(FOREIGN, "TES", given_names="Ajena")
        proving(2, person=treasurer)
        proving(2, person=cashier)
        assert found() == {
            "Ana": {"Presupuesto": "nivel-menor"},
            "Eva": {"Agua": "falta", "Presupuesto": "cumple"},
        }
        assert found(state="falta") == {"Eva": {"Agua": "falta"}}
        assert found(competency=budgets, post=Post.objects.get(code="RECEP")) == {"Eva": {"Presupuesto": "cumple"}}
        assert found(words="ana") == {"Ana": {"Presupuesto": "nivel-menor"}}
        assert found(competency=water, state="cumple") == {}

    def test_what_has_expired_or_was_revoked_does_not_count(self, asked):
        person = an_employee(HOME, "TES", given_names="Ana")
        over = ending(-1, person=person, competency=at_level(3))
        assert found() == {"Ana": {"Presupuesto": "vencida"}}
        high = proving(3, person=person)
        assert found() == {"Ana": {"Presupuesto": "cumple"}}
        a_revocation(high)
        a_revocation(over)
        assert found() == {"Ana": {"Presupuesto": "falta"}}

    def test_what_was_issued_to_a_record_that_was_merged_counts(self, asked):
        one, two = an_employee(HOME, "TES", given_names="Ana"), an_employee(HOME, "TES", given_names="Anita")
        proving(3, person=two)
        administrator = somebody_with_role("administrator")
        duplicates.merge(survivor=one, absorbed=two, by=administrator, reason="La misma persona.")
        assert found() == {"Ana": {"Presupuesto": "cumple"}}

    def test_forty_people_take_as_many_queries_as_two(self, client, delegate, asked):
        def queries(name: str) -> int:
            with CaptureQueriesContext(connection) as taken:
                status_of(client, url(name, HOME))
            return len(taken)

        a_course(competency=asked[0], competency_level=3)
        for _number in range(2):
            proving(3, person=an_employee(HOME, "TES"))
        an_employee(HOME, "TES")  # lacks it: the page names the course
        for name in NAMES:  # the trail's first event makes its head, the first link finds the site
            queries(name)
        few = [queries(name) for name in NAMES]
        for number in range(38):
            person = an_employee(HOME, "RECEP" if number % 2 else "TES")
        proving(1, person=person)
        assert [queries(name) for name in NAMES] == few

    def test_the_page_filters_and_names_the_course(self, client, delegate, asked):
        course = a_course(title="Presupuesto a fondo", competency=asked[0], competency_level=3)
        an_employee(HOME, "TES", given_names="Ana")
        an_employee(HOME, "RECEP", given_names="Eva")
        page = client.get(url("staff_competencies", HOME), {"competency": "presupuesto", "post": "TES"})
        assert [row.person.given_names for row in page.context["page_obj"]] == ["Ana"]
        assert f'href="{course.url}"' in page.content.decode()
        assert [name for name, _label, _words in page.context["chosen"]] == ["post", "competency"]
        # What cannot be understood is left out.
        odd = client.get(url("staff_competencies", HOME), {"competency": "nada", "post": "MACONDO", "state": "x"})
        assert len(odd.context["page_obj"].object_list) == 2

    def test_the_list_leaves_with_its_columns_and_the_trail_knows(self, client, delegate, asked):
        person = an_employee(HOME, "TES", given_names="Ana", surnames="Ceto", phone="55551234")
        proof = proving(2, person=person, certificate_months=24)
        answer = client.get(url("staff_competencies_csv", HOME), {"q": "ana"})
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        (row,) = csv.DictReader(io.StringIO(text))
        assert (row["Competencia"], row["Nivel que pide"], row["Nivel que tiene"], row["Hasta"], row["Estado"]) == (
            "Presupuesto",
            "avanzado",
            "intermedio",
            proof.expires_on.isoformat(),
            "Nivel menor",
        )
        assert "55551234" not in text
        content = b"".join(client.get(url("staff_competencies_xlsx", HOME)).streaming_content)
        assert openpyxl.load_workbook(io.BytesIO(content)).active.max_row == 2
        events = AuditEvent.objects.filter(action="competency_gaps.exported").order_by("pk")
        assert [event.facts["filters"] for event in events] == [["q"], []]


@pytest.mark.journey
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_the_pages_fit_a_telephone_and_have_no_barrier(window, live_server):
    budgets = a_competency("Presupuesto por resultados y programación de la inversión", asked={"TES": 3, "RECEP": 2})
    a_competency("Agua potable", asked={"RECEP": 1}, is_derived=True)
    a_course(title="Presupuesto a fondo", competency=budgets, competency_level=3)
    person = an_employee(HOME, given_names="María Xquenda", surnames="Brito Tzʼutujil")
    proof = proving(1, person=person)
    ending(-1, person=person, competency=at_level(2, key=budgets.key, name=budgets.name))
    enter(window, live_server, person)
    window.look(url("record"), "competencies-record")
    window.look(url("certificate", proof.code), "competencies-check", 360)
    enter(window, live_server, somebody_with_role("hr_delegate", municipality=HOME))
    window.look(url("staff_competencies", HOME), "competencies-staff")
    window.look(url("staff_training", person.public_id), "competencies-training", 360)
    assert window.complaints == []
