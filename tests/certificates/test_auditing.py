"""An auditor reads any record without name and numbers; each reading is written down, and the person sees it."""

import pytest
from django.urls import reverse

from certificates.domain import career
from lms.domain import own_trail
from lms.models import AuditEvent, Person
from tests.clients import FullClient
from tests.factories.career import a_declaration
from tests.factories.certificates import a_certificate
from tests.factories.people import a_cui, an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> Person:
    names = {"given_names": "Xquenda", "surnames": "Ixmucané"}
    return an_employee(**names, cui=a_cui(), email="xquenda@example.org", phone="55551234")


def read(person: Person, by: Person):
    client = FullClient()
    client.force_login(by)
    return client.get(reverse("certificates:audited_record", args=[person.public_id]))


def test_the_record_is_read_without_name_and_numbers(person):
    paper = a_certificate(person=person)
    career.withdraw(entry=a_declaration(person), by=person)
    a_declaration(person, title="Catastro")
    answer = read(person, somebody_with_role("auditor"))
    text = answer.content.decode()
    for shown in ("Expediente de XI", paper.course_title, "Catastro", "Declarado", "1 anotación ya no cuenta"):
        assert shown in text
    for hidden in ("Xquenda", "Ixmucané", "example.org", "55551234", paper.reference, paper.code):
        assert hidden not in text
    assert answer["Cache-Control"] == "private, no-store"


def test_each_reading_is_written_down_and_the_person_sees_it(person):
    auditor = somebody_with_role("auditor")
    for _time in range(2):
        read(person, auditor)
    told = list(AuditEvent.objects.filter(action="career.read"))
    assert [(one.actor, one.subject) for one in told] == [
        (str(auditor.public_id), f"lms.person:{person.public_id}")
    ] * 2
    assert own_trail.in_words(told[:1], [person])[0].what == "Una auditoría leyó su expediente, sin su nombre"


@pytest.mark.parametrize("role", ["hr_delegate", "certifier", "trainer"])
def test_nobody_else_reads_it_so(person, role):
    by = somebody_with_role(role, municipality="1413" if role == "hr_delegate" else "")
    assert read(person, by).status_code == 403
    assert not AuditEvent.objects.filter(action="career.read").exists()


def test_an_erased_or_absorbed_record_is_not_there(person):
    auditor, other = somebody_with_role("auditor"), an_employee()
    Person.objects.filter(pk=person.pk).update(merged_into=other)
    assert read(person, auditor).status_code == 404
