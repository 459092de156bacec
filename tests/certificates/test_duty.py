"""The report of article 94: who counts as trained in which semester, and who sees how many."""

import io
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from certificates import keyring
from certificates.domain import career, duty, duty_paper
from certificates.pdf import check
from lms.models import AuditEvent, Municipality, Person
from tests.clients import FullClient
from tests.factories.career import a_declaration
from tests.factories.certificates import a_certificate, a_completion, a_correction, a_revocation, by_hand_for
from tests.factories.courses import a_course
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.get_default_timezone())
SECOND = duty.Semester(2026, 2)


@pytest.fixture(autouse=True)
def in_november(settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "keys"
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def nebaj() -> Municipality:
    return Municipality.objects.get(code="1413")


@pytest.fixture
def delegate() -> Person:
    return somebody_with_role("hr_delegate", municipality="1413")


def figures(report: duty.Report) -> dict[str, tuple]:
    return {one.name: (one.staff, one.trained, one.hours) for one in (*report.posts, report.total)}


def test_a_semester_is_half_a_year():
    assert (duty.Semester.parse("2026-2"), str(SECOND)) == (SECOND, "2026-2")
    assert (SECOND.first, SECOND.last) == (date(2026, 7, 1), date(2026, 12, 31))
    assert (SECOND.before.first, SECOND.before.last) == (date(2026, 1, 1), date(2026, 6, 30))
    for text in ("", "2026", "2026-3", "x-1", "2027-1", "99999-1", "²⁰²⁶-1"):
        assert duty.Semester.parse(text) is None
    assert [str(one) for one in duty.lately(3)] == ["2026-2", "2026-1", "2025-2"]


def test_who_completed_or_ended_something_checked_in_the_semester_was_trained(nebaj, delegate):
    boss = somebody_with_role("administrator")
    at = timezone.make_aware
    done, elsewhere, declared, before, idle, revoked, annulled = (an_employee() for _number in range(7))
    a_completion(person=done, hours=Decimal("4.0"), completed_at=at(datetime(2026, 7, 1, 0, 0, 1)))
    a_completion(person=before, completed_at=at(datetime(2026, 6, 30, 23, 59, 59)))
    a_revocation(a_certificate(person=revoked), reason="Por error")
    days = {"started_on": date(2026, 8, 1), "ended_on": date(2026, 8, 20)}
    career.check(entry=a_declaration(elsewhere, **days), by=delegate)
    a_declaration(declared, **days)
    wrong = a_declaration(annulled, **days)
    career.check(entry=wrong, by=delegate)
    career.annul(entry=wrong, reason="Por error", by=boss)
    an_employee(is_confirmed=False)
    report = duty.build(nebaj, SECOND, for_person=delegate)
    assert figures(report)["Total"] == (7, 2, Decimal("24.0"))
    assert idle.pk in report.total.people
    assert figures(duty.build(nebaj, SECOND.before, for_person=delegate))["Total"][:2] == (7, 1)


def test_what_was_issued_by_hand_counts_by_what_it_says(nebaj, delegate):
    day, other = date(2026, 8, 20), date(2026, 6, 30)
    by_hand_for(an_employee(), started_on=day, completed_on=day, hours=Decimal("6.5"))
    by_hand_for(an_employee(), started_on=other, completed_on=other)
    a_revocation(by_hand_for(an_employee(), started_on=day, completed_on=day))
    total = duty.build(nebaj, SECOND, for_person=delegate).total
    assert (total.staff, total.trained, total.hours) == (3, 1, Decimal("6.5"))


def test_what_was_corrected_counts_as_corrected_and_once(nebaj, delegate):
    made, moved, gone = (a_certificate(person=an_employee(), hours=Decimal("4.0")) for _number in range(3))
    a_correction(made, hours=Decimal("5.0"))
    a_correction(moved, started_on=date(2026, 6, 1), completed_on=date(2026, 6, 30))
    a_revocation(a_correction(gone, hours=Decimal("7.0")))
    total = duty.build(nebaj, SECOND, for_person=delegate).total
    assert (total.trained, total.hours) == (1, Decimal("5.0"))
    assert duty.build(nebaj, SECOND.before, for_person=delegate).total.trained == 1


def test_only_who_held_a_post_in_the_semester_is_counted(nebaj, delegate):
    gone, here = an_employee(), an_employee()
    gone.appointments.update(ends_on=date(2026, 6, 30))
    an_employee("0101")
    for person in (gone, here):
        a_completion(person=person)
    assert duty.build(nebaj, SECOND, for_person=delegate).total.people == {here.pk}


def test_two_records_of_one_person_are_one(nebaj, delegate):
    person, other = an_employee(), an_employee()
    course = a_course()
    for one in (person, other):
        a_completion(person=one, course=course, hours=Decimal("4.0"))
    Person.objects.filter(pk=other.pk).update(merged_into=person)
    assert figures(duty.build(nebaj, SECOND, for_person=delegate))["Total"] == (1, 1, Decimal("4.0"))


def staff_of(**posts: int) -> None:
    for code, count in posts.items():
        for _number in range(count):
            an_employee(post=code)


@pytest.mark.parametrize(
    ("posts", "shown"),
    [
        ({"RECEP": 6, "TES": 5}, [5, 6]),
        ({"RECEP": 6, "TES": 2, "SECM": 3}, [6, 5]),
        ({"RECEP": 6, "TES": 2}, [8]),
        ({"RECEP": 7, "TES": 6, "SECM": 1}, [7, 7]),
        ({"TES": 2}, ["menos de 5"]),
    ],
)
def test_of_small_groups_others_see_only_that_they_are_small(nebaj, delegate, posts, shown):
    staff_of(**posts)
    auditor = somebody_with_role("auditor")
    report = duty.build(nebaj, SECOND, for_person=auditor)
    assert sorted(map(str, (row[1] for row in list(duty.rows(report))[:-1]))) == sorted(map(str, shown))
    assert report.total.is_hidden == (sum(posts.values()) < 5)
    own = duty.build(nebaj, SECOND, for_person=delegate)
    assert sorted(one.staff for one in own.posts) == sorted(posts.values())
    assert not any(one.is_hidden for one in (*own.posts, own.total))
    # Nobody can be made out by taking what is shown from the total.
    visible = sum(one.staff for one in report.posts if not one.is_hidden)
    assert report.total.is_hidden or report.total.staff - visible == 0 or report.total.staff - visible >= 5


def test_another_town_halls_human_resources_are_others(nebaj):
    staff_of(TES=2)
    stranger = somebody_with_role("hr_delegate", municipality="0101")
    assert duty.build(nebaj, SECOND, for_person=stranger).total.is_hidden


def test_the_report_costs_as_many_queries_for_many_as_for_few(nebaj, delegate):
    counts = []
    for more in (1, 5):
        for _number in range(more):
            a_completion(person=an_employee())
        with CaptureQueriesContext(connection) as asked:
            duty.build(nebaj, SECOND, for_person=delegate)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_page_and_its_files(nebaj, delegate):
    a_completion(person=an_employee(), hours=Decimal("4.0"))
    client = FullClient()
    client.force_login(delegate)
    page = client.get(reverse("certificates:duty", args=["1413"]), {"semestre": "nonsense"}).content.decode()
    assert "segundo semestre de 2026" in page
    assert "Receptor o cajero municipal" in page
    sheet = client.get(reverse("certificates:duty_xlsx", args=["1413"]), {"semestre": "2026-2"})
    rows = list(openpyxl.load_workbook(io.BytesIO(b"".join(sheet.streaming_content))).active.values)
    assert rows[1:] == [("Receptor o cajero municipal", 1, 1, 4), ("Total", 1, 1, 4)]
    paper = client.get(reverse("certificates:duty_pdf", args=["1413"]), {"semestre": "2026-2"})
    content = b"".join(paper.streaming_content)
    assert "Segundo semestre de 2026" in PdfReader(io.BytesIO(content)).pages[0].extract_text()
    assert check(content, [key.certificate for key in keyring.history(keyring.Use.SEAL)])
    told = AuditEvent.objects.filter(action="training_duty.exported").order_by("pk")
    assert [event.facts["form"] for event in told] == ["xlsx", "pdf"]
    assert client.get(reverse("certificates:duty", args=["0101"])).status_code == 404


def test_the_paper_of_a_small_town_hall_says_no_number(nebaj):
    staff_of(TES=2)
    report = duty.build(nebaj, SECOND, for_person=somebody_with_role("auditor"))
    text = PdfReader(io.BytesIO(duty_paper.render(report))).pages[0].extract_text()
    assert "Menos de 5 personas" in text
    assert "2 personas" not in text
