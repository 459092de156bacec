"""Seguimiento: scope, filters, numbers, exports."""

import csv
import io

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from certificates.models import Certificate
from certificates.views import tracking
from lms.domain import sheets
from lms.models import AuditEvent
from tests.factories.certificates import a_certificate, a_revocation
from tests.factories.courses import a_course
from tests.factories.people import a_cui, a_member, a_network, a_person, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
PAGE, XLSX, CSV = "/seguimiento/", "/seguimiento/certificados.xlsx", "/seguimiento/certificados.csv"
HOSTILE = ['=HYPERLINK("http://x.example")', "＝cmd", "\t=1", "+1", "-1", "@SUM(1)", "﹦1", " =1", "\u200b=1", "\r=1"]


@pytest.fixture
def administrator(client):
    person = somebody_with_role("administrator")
    client.force_login(person)
    return person


def listed(client, **query) -> set[str]:
    """The names on the page."""
    response = client.get(PAGE, query)
    assert response.status_code == 200
    return {certificate.person_name for certificate in response.context["page_obj"]}


def named(name: str, municipality: str = "1413", post: str = "RECEP", **fields) -> Certificate:
    given, _space, surnames = name.partition(" ")
    return a_certificate(person=an_employee(municipality, post, given_names=given, surnames=surnames or "X"), **fields)


class TestScope:
    @pytest.mark.parametrize(
        ("make", "seen"),
        [
            (lambda: somebody_with_role("administrator"), {"Nebaj Uno", "Quiché Dos", "Huehue Tres", "Sin Lugar"}),
            (lambda: somebody_with_role("auditor"), {"Nebaj Uno", "Quiché Dos", "Huehue Tres", "Sin Lugar"}),
            (lambda: somebody_with_role("department_delegate", department="14"), {"Nebaj Uno", "Quiché Dos"}),
            (lambda: somebody_with_role("hr_delegate", municipality="1413"), {"Nebaj Uno"}),
            (lambda: somebody_with_role("hr_delegate", municipality="0101"), set()),
        ],
    )
    def test_each_sees_their_own(self, client, make, seen):
        named("Nebaj Uno"), named("Quiché Dos", "1401"), named("Huehue Tres", "1301")
        a_certificate(person=a_member(a_network(), given_names="Sin", surnames="Lugar"))
        client.force_login(make())
        assert listed(client) == seen

    @pytest.mark.parametrize("address", [PAGE, XLSX, CSV])
    @pytest.mark.parametrize("make", [a_person, lambda: somebody_with_role("trainer")])
    def test_others_are_refused(self, client, address, make):
        client.force_login(make())
        assert client.get(address).status_code == 403

    @pytest.mark.parametrize("address", [PAGE, XLSX, CSV])
    def test_the_anonymous_sign_in_first(self, client, address):
        assert client.get(address).status_code == 302

    @pytest.mark.parametrize("address", [XLSX, CSV])
    def test_reading_is_not_exporting(self, client, address):
        client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
        assert client.get(PAGE).status_code == 200
        assert "certificados.csv" not in client.get(PAGE).content.decode()
        assert client.get(address).status_code == 403

    def test_another_municipality_cannot_be_asked_for(self, client):
        named("Quiché Dos", "1401")
        client.force_login(somebody_with_role("hr_delegate", municipality="1413"))
        assert listed(client, municipality="1401") == set()
        assert listed(client, department="14", municipality="1401") == set()


@pytest.mark.usefixtures("administrator")
class TestFilters:
    def test_by_place(self, client):
        named("Nebaj Uno"), named("Quiché Dos", "1401"), named("Huehue Tres", "1301")
        assert listed(client, department="14") == {"Nebaj Uno", "Quiché Dos"}
        assert listed(client, municipality="1413") == {"Nebaj Uno"}
        assert listed(client, department="14", municipality="1413") == {"Nebaj Uno"}

    def test_a_municipality_of_another_department_is_left_out(self, client):
        named("Nebaj Uno"), named("Huehue Tres", "1301")
        assert listed(client, department="13", municipality="1413") == {"Huehue Tres"}

    def test_the_municipalities_offered_follow_the_department(self, client):
        form = client.get(PAGE, {"department": "14"}).context["filter"].form
        assert {place.code[:2] for place in form.fields["municipality"].queryset} == {"14"}

    def test_by_post_and_course(self, client):
        course = a_course(title="Cobro")
        named("Ana Uno", course=course), named("Ana Dos", post="DAFIM")
        assert listed(client, post="DAFIM") == {"Ana Dos"}
        assert listed(client, course=str(course.translation_key)) == {"Ana Uno"}

    def test_by_day(self, client):
        day = timezone.localdate().isoformat()
        named("Ana Uno")
        assert listed(client, first=day, last=day) == {"Ana Uno"}
        assert listed(client, last="2020-01-01") == set()
        assert listed(client, first="2199-01-01") == set()

    def test_by_state(self, client):
        named("Ana Uno")
        revoked = named("Ana Dos")
        a_revocation(revoked, reason="Error")
        assert listed(client, state="vigente") == {"Ana Uno"}
        assert listed(client, state="sin-efecto") == {"Ana Dos"}

    def test_by_name_without_accents_or_apostrophes(self, client):
        named("José Xʼol Sacẍaj"), named("Josefa Tzoc")
        assert listed(client, q="jose xol") == {"José Xʼol Sacẍaj"}
        assert listed(client, q="SACXAJ") == {"José Xʼol Sacẍaj"}
        assert listed(client, q="jos") == {"José Xʼol Sacẍaj", "Josefa Tzoc"}

    @pytest.mark.parametrize(
        "query", [{"first": "ayer"}, {"course": "x"}, {"post": "%"}, {"page": "x"}, {"state": "z"}]
    )
    def test_nonsense_is_left_out(self, client, query):
        named("Ana Uno")
        assert listed(client, **query) == {"Ana Uno"}


@pytest.mark.usefixtures("administrator")
class TestNumbers:
    def test_people_certificates_municipalities(self, client):
        person = an_employee()
        a_certificate(person=person), a_certificate(person=person), named("Otra Dos", "1401")
        revoked = named("Ana Tres", "1301")
        a_revocation(revoked, reason="Error")
        context = client.get(PAGE).context
        found = context["figures"]
        assert (found.people, found.certificates, found.municipalities, found.revoked) == (2, 3, 2, 1)
        assert context["municipalities"] == 340
        rows = {row["name"]: row for row in context["departments"]}
        assert len(rows) == 22
        assert {key: rows["Quiché"][key] for key in ("people", "certificates", "municipalities", "of")} == {
            "people": 2,
            "certificates": 3,
            "municipalities": 2,
            "of": 21,
        }
        assert rows["Huehuetenango"]["certificates"] == 0

    def test_the_summary_goes_when_something_is_filtered(self, client):
        named("Ana Uno")
        assert client.get(PAGE, {"department": "14"}).context["departments"] == []

    def test_queries_do_not_grow(self, client):
        def queries() -> int:
            with CaptureQueriesContext(connection) as seen:
                client.get(PAGE)
            return len(seen)

        named("Ana Uno")
        queries()
        few = queries()
        named("Ana Dos", "1401"), named("Ana Tres", "1301", post="DAFIM")
        assert queries() == few
        assert few <= 20, few

    def test_pages_turn(self, client):
        for number in range(3):
            named(f"Ana {number}")

        size, tracking.PAGE = tracking.PAGE, 2
        try:
            assert len(listed(client)) == 2
            assert len(listed(client, page=2)) == 1
        finally:
            tracking.PAGE = size


def csv_rows(client, **query) -> list[dict]:
    response = client.get(CSV, query)
    content = b"".join(response.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def xlsx_sheet(client, **query):
    response = client.get(XLSX, query)
    content = b"".join(response.streaming_content)
    return openpyxl.load_workbook(io.BytesIO(content)).active


@pytest.mark.usefixtures("administrator")
class TestExports:
    def test_they_hold_what_is_filtered(self, client):
        kept = named("Ana Uno")
        named("Ana Dos", "1401")
        (row,) = csv_rows(client, municipality="1413")
        assert (row["Número"], row["Nombre"], row["Código INE"]) == (kept.reference, "Ana Uno", "1413")
        assert (row["Departamento"], row["Estado"], row["Horas"]) == ("Quiché", "Vigente", "4.0")
        sheet = xlsx_sheet(client, municipality="1413")
        heading, values = list(sheet.iter_rows(values_only=True))
        found = dict(zip(heading, values, strict=True))
        assert (found["Número"], found["Horas"], found["Nota"]) == (kept.reference, 4, 90)
        assert found["Finalización"].date() == kept.completed_on
        assert found["Código INE"] == "1413"

    @pytest.mark.parametrize("name", HOSTILE)
    def test_no_cell_is_a_formula(self, client, name):
        person = an_employee(given_names=name, surnames="X")
        certificate = a_certificate(person=person, course=a_course(title=f"{name}".strip() or "x"))
        (row,) = csv_rows(client)
        assert row["Nombre"] == f"'{certificate.person_name}"
        cell = xlsx_sheet(client).cell(row=2, column=2)
        assert cell.data_type == "s"
        assert cell.hyperlink is None

    @pytest.mark.parametrize("text", ["Ana", "", "a=b", "José-María", "1.5", "'x", "Xʼol @ casa"])
    def test_ordinary_texts_stay(self, text):
        assert sheets.neutralise(text) == text

    def test_no_cui_leaves(self, client):
        cui = a_cui()
        a_certificate(person=an_employee(cui=cui, email="ana@example.org", phone="55551234"))
        text = str(csv_rows(client)) + str(list(xlsx_sheet(client).iter_rows(values_only=True)))
        assert {leak for leak in (cui, "ana@example.org", "55551234") if leak in text} == set()

    def test_each_is_in_the_audit_trail_without_the_name(self, client, administrator):
        named("Ana Uno")
        csv_rows(client, department="14", q="ana")
        xlsx_sheet(client)
        events = list(AuditEvent.objects.filter(action="certificates.exported").order_by("pk"))
        assert [event.actor for event in events] == [str(administrator.public_id)] * 2
        assert [event.facts for event in events] == [
            {"form": "csv", "filters": {"department": "Quiché"}, "by_name": True, "rows": 1},
            {"form": "xlsx", "filters": {}, "by_name": False, "rows": 1},
        ]

    def test_a_department_s_certifier_takes_only_theirs(self, client):
        named("Ana Uno"), named("Huehue Dos", "1301")
        client.force_login(somebody_with_role("certifier", department="13"))
        assert [row["Nombre"] for row in csv_rows(client)] == ["Huehue Dos"]
