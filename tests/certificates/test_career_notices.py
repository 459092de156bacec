"""Who is told what about the career record, in the one message of the week."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from certificates.domain import career, career_notices
from courses.domain import digests
from lms.domain import erasure
from lms.models import Person
from tests.courses.test_digests import morning
from tests.factories.career import a_declaration
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def delegate() -> Person:
    return somebody_with_role("hr_delegate", municipality="1413")


def told(tells, at=None) -> list[tuple[int, str]]:
    return [(person, line.words()) for person, line in tells(at or timezone.now())]


def test_whoever_declared_it_is_told_the_last_answer(delegate):
    person = an_employee()
    entry = a_declaration(person, title="Catastro")
    assert told(career_notices.answered) == []
    career.check(entry=entry, by=delegate)
    assert told(career_notices.answered) == [(person.pk, "Se cotejó con el original lo que declaró: «Catastro».")]
    career.certify(entry=entry, by=somebody_with_role("certifier"))
    assert told(career_notices.answered) == [(person.pk, "ANAM certificó lo que declaró: «Catastro».")]
    career.annul(entry=entry, reason="Por error", by=somebody_with_role("administrator"))
    ((_key, said),) = told(career_notices.answered)
    assert said.startswith("Se anuló")
    assert told(career_notices.answered, timezone.now() + timedelta(days=7)) == []


def test_a_refusal_leads_to_its_reason_and_does_not_say_it(delegate):
    person = an_employee()
    career.refuse(entry=a_declaration(person), reason="No trajo el original", by=delegate)
    ((key, said),) = told(career_notices.answered)
    assert key == person.pk
    assert "En su expediente está el motivo" in said
    assert "original" not in said


def test_what_one_takes_back_oneself_is_no_news():
    person = an_employee()
    career.withdraw(entry=a_declaration(person), by=person)
    assert told(career_notices.answered) == []


def test_of_two_records_the_one_that_stands_is_told(delegate):
    person, standing = an_employee(), an_employee()
    career.check(entry=a_declaration(person), by=delegate)
    Person.objects.filter(pk=person.pk).update(merged_into=standing)
    assert [key for key, _said in told(career_notices.answered)] == [standing.pk]


def test_nothing_is_told_of_who_was_erased(delegate):
    person = an_employee()
    career.check(entry=a_declaration(person), by=delegate)
    erasure.erase(person=person, by=somebody_with_role("administrator"))
    assert told(career_notices.answered) == []


def test_whoever_may_look_at_it_is_told_how_much_waits(delegate):
    boss, certifier = somebody_with_role("administrator"), somebody_with_role("certifier")
    somebody_with_role("hr_delegate", municipality="1401")
    somebody_with_role("trainer")
    assert told(career_notices.waiting) == []
    first, second = (a_declaration(an_employee(), title="Secreto") for _number in range(2))
    one = "%d anotación declarada por una persona espera que usted la revise."
    two = "2 anotaciones declaradas por personas esperan que usted las revise."
    assert told(career_notices.waiting) == [(delegate.pk, two), (boss.pk, two)]
    career.check(entry=first, by=delegate)
    assert dict(told(career_notices.waiting)) == {delegate.pk: one % 1, boss.pk: two, certifier.pk: one % 1}
    career.check(entry=second, by=delegate)
    assert dict(told(career_notices.waiting)) == {boss.pk: two, certifier.pk: two}


def test_it_goes_out_with_the_week_s_message(delegate, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    career.check(entry=a_declaration(an_employee(email="ana@example.org")), by=delegate)
    assert digests.send_all(morning(days=1)) == 1
    assert "Se cotejó con el original" in mail.outbox[0].body
