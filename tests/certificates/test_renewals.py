"""A shorter course renews a certificate that ends: once, in time, and whatever was lost on the way."""

from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from certificates.domain import checking, issuing, rendering, renewals, sweeping, validity
from certificates.models import Certificate, Renewal
from courses.models import CoursePage
from courses.signals import course_completed
from lms.models import AuditEvent, Job
from tests.certificates.test_pdf import text_of
from tests.certificates.test_validity import ending
from tests.certificates.test_verification import page
from tests.factories.certificates import a_certificate, a_completion, a_lifting, a_revocation, a_suspension
from tests.factories.courses import a_course
from tests.factories.people import a_person, an_employee

pytestmark = pytest.mark.django_db


def taken(certificate: Certificate, **fields):
    """The short course that renews it, completed by its holder; by default today."""
    defaults = {"title": "Actualización", "hours": 2, "certificate_kind": ""}
    course = fields.pop("course", None) or a_course(**defaults)
    said = {"person": certificate.person, "course": course, "certificate_kind": "", **fields}
    return a_completion(renews_key=certificate.course_key, **said)


def states() -> list[str]:
    return list(Certificate.objects.with_state().order_by("number").values_list("state", flat=True))


def test_a_renewed_certificate_takes_the_place_of_the_old_one():
    old = ending(30)
    completion = taken(old)
    new = renewals.renew(completion.public_id)
    assert states() == ["superseded", "issued"]
    assert (new.supersedes, new.revision, new.course_key, new.course_title) == (
        old,
        2,
        old.course_key,
        old.course_title,
    )
    assert new.expires_on == validity.last_day(old.expires_on, 12)
    assert new.code != old.code
    assert new.facts["renewal"] == {
        "of": old.reference,
        "on": timezone.localdate().isoformat(),
        "course": "Actualización",
        "hours": "2.0",
    }
    assert AuditEvent.objects.filter(action="certificate.renewed").count() == 1
    for one in Certificate.objects.all():
        rendering.ensure_file(one)
    assert list(checking.find_faults()) == []


def test_it_is_renewed_once():
    completion = taken(ending(30))
    first = renewals.renew(completion.public_id)
    assert renewals.renew(completion.public_id) == first
    assert (Certificate.objects.count(), Renewal.objects.count()) == (2, 1)


@pytest.mark.parametrize(
    ("end", "day", "anew"),
    [
        (date(2028, 5, 15), date(2028, 5, 15), date(2029, 5, 15)),
        (date(2028, 5, 15), date(2027, 11, 17), date(2029, 5, 15)),
        (date(2028, 5, 15), date(2027, 11, 16), date(2028, 11, 16)),
        (date(2028, 5, 15), date(2028, 5, 16), date(2029, 5, 16)),
    ],
)
def test_in_its_last_half_year_nothing_of_its_time_is_lost(end, day, anew):
    old = Certificate(expires_on=end, facts={"months": 12})
    assert renewals.ends_anew(old, day) == anew


@pytest.mark.parametrize(("days", "is_renewed"), [(1, True), (0, True), (-1, True), (-30, True), (-31, False)])
def test_after_the_days_of_grace_it_is_too_late(days, is_renewed):
    old = ending(days)  # thirty days of grace
    assert bool(renewals.renew(taken(old).public_id)) is is_renewed
    assert bool(Renewal.objects.get().certificate) is is_renewed
    assert not renewals.unheard().exists()


def test_what_was_taken_before_the_course_renews_nothing():
    old = ending(30)
    early = timezone.now() - timedelta(days=400)
    assert renewals.renew(taken(old, completed_at=early).public_id) is None
    assert states() == ["issued"]


@pytest.mark.parametrize("case", ["revoked", "for ever", "of somebody else", "of another course"])
def test_what_cannot_be_renewed_is_not(case):
    old = a_certificate() if case == "for ever" else ending(30)
    completion = taken(old)
    if case == "revoked":
        a_revocation(old)
    elif case == "of somebody else":
        completion = taken(old, person=an_employee())
    elif case == "of another course":
        completion = a_completion(person=old.person, renews_key=a_course().translation_key)
    assert renewals.renew(completion.public_id) is None
    assert "superseded" not in states()
    assert not renewals.unheard().filter(pk=completion.pk).exists()


def test_nobody_behind_whom_nobody_stands_is_renewed_yet():
    old = ending(30)
    completion = taken(old)
    old.person.appointments.update(confirmed_at=None)
    assert renewals.renew(completion.public_id) is None
    assert not Renewal.objects.exists()
    old.person.appointments.update(confirmed_at=timezone.now())
    assert renewals.renew(completion.public_id)


def test_completing_asks_for_it_and_a_lost_question_is_asked_again():
    old = ending(30)
    completion = taken(old)
    course_completed.send(sender=type(completion), completion=completion)
    assert Job.objects.filter(kind=renewals.RENEW, subject=str(completion.public_id)).count() == 1
    Job.objects.all().delete()
    sweeping.sweep()
    assert Job.objects.filter(kind=renewals.RENEW, subject=str(completion.public_id)).count() == 1


def test_a_course_that_renews_nothing_asks_for_nothing():
    completion = a_completion()
    course_completed.send(sender=type(completion), completion=completion)
    assert not Job.objects.filter(kind=renewals.RENEW).exists()


def test_the_sweep_does_not_issue_the_old_one_again():
    old = ending(30)
    renewals.renew(taken(old).public_id)
    Job.objects.all().delete()
    sweeping.sweep()
    assert not Job.objects.filter(kind=issuing.ISSUE).exists()


def test_paper_and_page_say_when_and_by_what(client):
    old = ending(30)
    new = renewals.renew(taken(old).public_id)
    assert "con el curso «Actualización»." in " ".join(text_of(new).split())
    body = page(client, new.code).content.decode()
    assert "Certificado auténtico y vigente" in body
    assert "Actualización" in body
    assert old.reference in body


def test_the_record_offers_the_course_that_renews(client):
    soon, later = ending(30), ending(300)
    short = a_course(title="Ponerse al día", renews=set_to_end(soon))
    a_course(title="Curso de más tarde", renews=set_to_end(later))
    for one, says in ((soon, "Ponerse al día"), (later, None)):
        client.force_login(one.person)
        body = client.get(reverse("certificates:record")).content.decode()
        assert (short.url in body) is bool(says)
        assert "Curso de más tarde" not in body


def set_to_end(certificate: Certificate):
    """The course of a certificate, which says now that it ends."""
    course = CoursePage.objects.get(translation_key=certificate.course_key)
    CoursePage.objects.filter(pk=course.pk).update(certificate_months=12)
    return CoursePage.objects.get(pk=course.pk)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPDATE certificates_certificate SET expires_on = '2099-01-01' WHERE number = 2", "not renewed until the day"),
        ("UPDATE courses_completion SET renews_key = NULL WHERE renews_key IS NOT NULL", "renews another"),
        ("UPDATE certificates_renewal SET certificate_id = NULL", "has no act of two people"),
        (
            "UPDATE certificates_renewal SET certificate_id = (SELECT MIN(id) FROM certificates_certificate)",
            "follows none",
        ),
    ],
)
def test_a_renewal_that_was_changed_by_hand_is_named(sql, says):
    renewals.renew(taken(ending(30)).public_id)
    assert not any(says in fault for fault in checking.find_faults())
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or pending checks keep the tables busy
        for table in ("certificates_certificate", "certificates_renewal"):
            if connection.vendor == "postgresql":
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            else:
                cursor.execute(f"DROP TRIGGER {table}_no_update")
        cursor.execute(sql)
    assert any(says in fault for fault in checking.find_faults())


def test_two_records_of_one_person_are_one():
    old = ending(30)
    other = a_person()
    completion = taken(old, person=other)
    type(other).objects.filter(pk=other.pk).update(merged_into=old.person)
    assert renewals.renew(completion.public_id)


def test_what_is_suspended_is_renewed_when_that_is_lifted():
    """A successor would lift the suspension unseen; nothing is decided of the completion meanwhile."""
    old = ending(30)
    completion = taken(old)
    a_suspension(old)
    assert renewals.renew(completion.public_id) is None
    assert not renewals.unheard().exists()
    assert not Renewal.objects.exists()
    a_lifting(old)
    assert list(renewals.unheard()) == [completion]
    assert renewals.renew(completion.public_id).supersedes == old
