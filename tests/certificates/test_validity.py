"""Certificates that end: what the register freezes, what every reader is told, and what reminds of it."""

import io
import json
from datetime import date, timedelta

import pytest
import time_machine
from django.core import mail
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from pypdf import PdfReader

from certificates.domain import coverage, credentials, expiring, exports, gaps, rendering, validity
from certificates.models import Certificate
from certificates.pdf import render
from courses.domain import digests
from courses.models import CoursePage
from lms.models import Municipality, Post
from tests.certificates.test_verification import page
from tests.courses.test_digests import morning
from tests.factories.certificates import a_certificate, a_revocation, a_suspension
from tests.factories.courses import a_course
from tests.factories.people import an_employee, somebody_with_role

pytestmark = pytest.mark.django_db


def ending(days: int, **fields) -> Certificate:
    """A certificate whose last day is so many days from today; it holds for a year."""
    today = timezone.localdate()
    last = today + timedelta(days=days)
    first = next(day for day in _days_before(last) if validity.last_day(day, 12) == last)
    at = timezone.now() - (today - first)
    return a_certificate(certificate_months=12, grace_days=30, completed_at=at, **fields)


def _days_before(last: date):
    return (last - timedelta(days=back) for back in range(360, 370))


def in_words(day: date) -> str:
    with translation.override("es"):
        return date_format(day, "DATE_FORMAT")


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        (date(2026, 5, 15), 24, date(2028, 5, 15)),
        (date(2026, 5, 15), 1, date(2026, 6, 15)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 2, 29), 24, date(2030, 2, 28)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)),
        (date(2026, 5, 15), None, None),
    ],
)
def test_the_last_day_is_counted_in_months(first, months, last):
    assert validity.last_day(first, months) == last


def test_what_the_course_said_is_frozen():
    certificate = a_certificate(certificate_months=24, grace_days=45)
    assert certificate.expires_on == validity.last_day(certificate.completed_on, 24)
    assert (certificate.facts["months"], certificate.facts["grace_days"]) == (24, 45)
    assert validity.renewable_until(certificate) == certificate.expires_on + timedelta(days=45)


def test_without_months_it_never_ends():
    certificate = a_certificate()
    assert certificate.expires_on is None
    assert validity.renewable_until(certificate) is None
    assert "months" not in certificate.facts
    assert "validUntil" not in credentials.build(certificate)


@pytest.mark.parametrize(("days", "state"), [(1, "issued"), (0, "issued"), (-1, "expired")])
def test_it_holds_through_its_last_day(days, state):
    ending(days)
    assert Certificate.objects.with_state().get().state == state
    assert Certificate.objects.with_state().filter(coverage.IN_FORCE).count() == (state == "issued")


def test_hr_sees_that_it_ended():
    person = an_employee()
    posts = Post.objects.filter(appointments__person=person)
    old, good = (ending(days, person=person) for days in (-1, 1))
    for one in (old, good):
        course = CoursePage.objects.get(translation_key=one.course_key)
        course.posts.set(posts)
        course.save()
    page = CoursePage.objects.get(translation_key=old.course_key)
    needs = {need.course.pk: need.state for need in gaps.find_one(person, Municipality.objects.all())}
    assert needs.pop(page.pk) == gaps.State.EXPIRED
    assert list(needs.values()) == [gaps.State.CERTIFIED]


@pytest.mark.parametrize(("end", "state"), [(a_suspension, gaps.State.SUSPENDED), (a_revocation, gaps.State.REVOKED)])
def test_hr_sees_what_is_no_longer_in_force(end, state):
    """Not "Completado", as if a certificate were on its way."""
    person = an_employee()
    course = a_course()
    course.posts.set(Post.objects.filter(appointments__person=person))
    course.save()
    paper = a_certificate(person=person, course=course)
    assert [need.state for need in gaps.find_one(person, Municipality.objects.all())] == [gaps.State.CERTIFIED]
    end(paper)
    assert [need.state for need in gaps.find_one(person, Municipality.objects.all())] == [state]


def test_one_that_ended_and_was_revoked_is_revoked():
    certificate = ending(-1)
    a_revocation(certificate)
    assert Certificate.objects.with_state().get().state == "revoked"


def test_the_check_page_says_that_it_ended_and_that_it_is_genuine(client):
    certificate = ending(-1)
    body = page(client, certificate.code).content.decode()
    assert f"Certificado auténtico, pero venció el {in_words(certificate.expires_on)}" in body
    assert "Certificado auténtico y vigente" not in body


def test_the_paper_and_the_credential_say_until_when():
    certificate = a_certificate(certificate_months=24)
    text = PdfReader(io.BytesIO(render(certificate))).pages[0].extract_text()
    assert f"Vigente hasta el {in_words(certificate.expires_on)}." in text
    assert credentials.build(certificate)["validUntil"] == f"{certificate.expires_on}T23:59:59-06:00"
    kept = rendering.ensure_file(certificate).credential
    assert json.loads(kept)["validUntil"] == f"{certificate.expires_on}T23:59:59-06:00"


def test_the_list_tells_them_apart(client):
    ending(-1, person=an_employee(given_names="Vencida"))
    a_certificate(person=an_employee(given_names="Vigente"))
    client.force_login(somebody_with_role("administrator"))
    for state, shown, hidden in (("vencido", "Vencida", "Vigente"), ("vigente", "Vigente", "Vencida")):
        listed = client.get(reverse("certificates:tracking"), {"state": state}).context["page_obj"]
        names = " ".join(one.person_name for one in listed)
        assert (shown in names, hidden in names) == (True, False)
    *_rest, ends, said = next(iter(exports.rows(Certificate.objects.with_state().filter(state="expired"))))
    assert (ends, said) == (timezone.localdate() - timedelta(days=1), "Vencido")


@pytest.fixture
def _mail(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.mark.usefixtures("_mail")
def test_it_is_told_three_times_before_it_ends_and_once_after():
    course = a_course(title="Manejo de SICOIN")
    with time_machine.travel(morning(), tick=True):
        certificate = ending(100, person=an_employee(email="ana@example.org"), course=course)
    sent = [days for days in range(130) if digests.send_all(morning(days=days))]
    assert len(sent) == 4
    left = [100 - days for days in sent]
    assert all(least <= days < least + 7 for days, least in zip(left, (84, 28, 0, -7), strict=True))
    assert all(in_words(certificate.expires_on) in message.body for message in mail.outbox)
    assert "venció el" in mail.outbox[-1].body


def test_nothing_is_told_of_a_revoked_one():
    certificate = ending(3)
    assert [key for key, _line in expiring.expiring(timezone.now())] == [certificate.person_id]
    a_revocation(certificate)
    assert list(expiring.expiring(timezone.now())) == []


def test_the_town_hall_is_told_how_many_and_no_name():
    person = ending(20, person=an_employee(given_names="Secretísima")).person
    delegate = somebody_with_role("hr_delegate", municipality="1413")
    somebody_with_role("hr_delegate", municipality="1401")
    ((told, line),) = expiring.staff(timezone.now())
    assert told == delegate.pk
    assert line.words().startswith("A 1 persona de ")
    assert person.given_names not in line.words()
