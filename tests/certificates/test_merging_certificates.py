"""Merging what was certified: nothing is issued twice, nothing that is owed is lost."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certificates.domain import coverage, gaps, issuing, record, sweeping
from certificates.models import Certificate, OwedCertificate
from courses.domain import completion, enrolment
from courses.models import Activity, ActivityCompletion, Completion, Enrolment
from lms.models import Appointment, Municipality
from tests.certificates.merging_steps import faults, fresh, merge, undo
from tests.factories.certificates import a_certificate, a_completion, a_revocation
from tests.factories.courses import a_course, a_lesson
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db


def test_certificates_stay_under_the_absorbed_record_and_are_the_survivors(client, run_jobs):
    one, two = an_employee(), an_employee()
    certificate = a_certificate(person=two)
    run_jobs()
    client.force_login(one)
    address = reverse("certificates:download", args=[certificate.public_id])
    assert client.get(address).status_code == 404
    done = merge(one, two)
    assert Certificate.objects.get().person == two
    assert certificate.reference in client.get(reverse("certificates:record")).content.decode()
    assert client.get(address).status_code == 200
    undo(done)
    assert client.get(address).status_code == 404
    assert faults() == []


def test_no_second_certificate_of_an_edition_after_a_merge(run_jobs):
    course = a_course()
    lesson = a_lesson(course)
    reading = Activity.objects.get(lesson_key=lesson.translation_key)
    one, two = an_employee(), an_employee()
    completion.mark_read(enrolment=enrolment.enrol(person=two, course=course, by=two), activity=reading)
    run_jobs()
    entered = enrolment.enrol(person=one, course=course, by=one)
    merge(one, two)
    ActivityCompletion.objects.all().delete()
    completion.mark_read(enrolment=Enrolment.objects.get(pk=entered.pk), activity=reading)
    sweeping.sweep()
    run_jobs()
    assert Certificate.objects.count() == Completion.objects.count() == 1
    assert record.find(fresh(one)).running == []


@pytest.mark.parametrize("issued_first", [True, False])
def test_what_is_owed_twice_is_issued_once_and_owed_again_after_an_undo(issued_first, run_jobs):
    course = a_course()
    one, two = an_employee(), an_employee()
    mine, theirs = a_completion(person=one, course=course), a_completion(person=two, course=course)
    issuing.owe(mine)
    if issued_first:
        issuing.issue(mine.public_id)
    issuing.owe(theirs)
    done = merge(one, two)
    assert run_jobs() == []
    assert sweeping.sweep() == 0
    assert issuing.owe(theirs) is None
    assert Certificate.objects.get().owed.completion == mine
    assert not OwedCertificate.objects.filter(completion=theirs).exists()
    assert len(record.find(fresh(one)).entries) == 1
    assert faults() == []
    undo(done)
    assert run_jobs() == []
    assert set(Certificate.objects.values_list("person", flat=True)) == {one.pk, two.pk}
    assert faults() == []


def test_two_from_before_stay_and_count_as_one_person_and_once_in_hours():
    course = a_course(hours=4)
    one, two = an_employee(), an_employee()
    a_certificate(person=one, course=course)
    a_certificate(person=two, course=course)
    merge(one, two)
    found = record.find(fresh(one))
    assert (len(found.entries), found.hours) == (2, 4)
    figures = coverage.figures(Certificate.objects.with_state())
    assert (figures.people, figures.certificates) == (1, 2)
    places = Appointment.objects.get(person=one, refused_at=None).municipality
    everywhere = type(places).objects.all()
    row = next(r for r in coverage.by_department(Certificate.objects.with_state(), everywhere) if r["certificates"])
    assert row["people"] == 1
    assert faults() == []


def test_the_check_names_a_second_one_that_was_issued_after_a_merge():
    course = a_course()
    one, two = an_employee(), an_employee()
    a_certificate(person=one, course=course)
    theirs = a_completion(person=two, course=course)
    merge(one, two)
    OwedCertificate.objects.create(completion=theirs)
    second = issuing.issue(theirs.public_id)
    assert faults() == [
        f"certificate {second.reference}: is a second one of course {course.translation_key} for a merged record"
    ]


def test_a_revoked_one_does_not_keep_the_other_back(run_jobs):
    course = a_course()
    one, two = an_employee(), an_employee()
    certificate = a_certificate(person=one, course=course)
    a_revocation(certificate, reason="Error.")
    theirs = a_completion(person=two, course=course)
    issuing.owe(theirs)
    merge(one, two)
    assert run_jobs() == []
    assert Certificate.objects.filter(owed__completion=theirs).exists()


@pytest.mark.parametrize("twin_is_the_survivors", [True, False])
def test_the_sweep_owes_what_owing_would_owe(twin_is_the_survivors):
    """The signal was lost, and another record of the person has the edition already: only if that is in force."""
    course, survivor, absorbed = a_course(), an_employee(), an_employee()
    with_paper, without = (survivor, absorbed) if twin_is_the_survivors else (absorbed, survivor)
    paper = a_certificate(person=with_paper, course=course)
    unheard = a_completion(person=without, course=course)
    other_edition = a_completion(person=without, course=course, edition=2)
    merge(survivor, absorbed)
    sweeping.sweep()
    assert OwedCertificate.objects.filter(completion=other_edition).exists()
    assert not OwedCertificate.objects.filter(completion=unheard).exists()
    a_revocation(paper, reason="Se emitió por error a otra persona.")
    sweeping.sweep()
    assert OwedCertificate.objects.filter(completion=unheard).exists()


def reads_all_again_and_again(plan: list[str]) -> bool:
    """Whether something is read from end to end for each row of something else."""
    inside = False
    for step in plan:
        if "SUBQUERY" in step:
            inside = step.startswith("CORRELATED")
        elif inside and step.startswith("SCAN"):
            return True
    return False


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the plan is written in SQLite's words")
def test_the_searches_over_the_register_go_by_an_index():
    """For each completion or appointment the rows of its person are looked up, never the whole register."""
    person, places = an_employee(), Municipality.objects.all()
    plans = []
    for search in (sweeping.sweep, lambda: list(gaps.by_municipality(places)), lambda: gaps.find_one(person, places)):
        with CaptureQueriesContext(connection) as asked:
            search()
        for one in asked.captured_queries:
            if "certificates_" in one["sql"] or "courses_completion" in one["sql"]:
                with connection.cursor() as cursor:
                    cursor.execute(f"EXPLAIN QUERY PLAN {one['sql']}")
                    plans.append([row[3] for row in cursor.fetchall()])
    assert len(plans) >= 6
    assert [plan for plan in plans if reads_all_again_and_again(plan)] == []
    # What one person did is two searches, and nothing is read from end to end for it.
    assert [step for plan in plans[-2:] for step in plan if step.startswith("SCAN")] == []


def test_what_waits_is_issued_once_somebody_stands_behind_the_survivor(run_jobs):
    one, two = an_employee(), an_employee(is_confirmed=False)
    theirs = a_completion(person=two)
    issuing.owe(theirs)
    assert run_jobs() == []
    assert not Certificate.objects.exists()
    merge(one, two)
    sweeping.sweep()
    assert run_jobs() == []
    assert Certificate.objects.get().person == two
