"""What the faults of `test_faults_while_owed` do where a protection is missing: the checks see it, each of them.

Each test takes one protection out, lets the fault happen, and finds the gap, the double or the loss; and each says the
same with the protection in place.
"""

import contextlib
from datetime import UTC, datetime, timedelta
from itertools import cycle

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from certificates.domain import issuing, rendering, sweeping
from certificates.domain.checking import find_faults
from certificates.models import Certificate, CertificateFile, OwedCertificate, Series
from lms.domain import jobs
from lms.models import Job
from tests.factories.certificates import a_certificate, a_completion
from tests.factories.courses import a_course
from tests.factories.people import an_employee

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """kill -9, as far as the database can tell: what is not committed is gone."""


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


def faults() -> list[str]:
    return [fault for fault in find_faults() if not fault.endswith("has no PDF yet")]


def owed(count: int) -> list[OwedCertificate]:
    course = a_course()
    return [issuing.owe(a_completion(person=an_employee(), course=course)) for _ in range(count)]


def issue_all(rows: list[OwedCertificate]) -> None:
    """Each in a transaction of its own; one that is killed is tried again."""
    for row in rows:
        with contextlib.suppress(Killed), transaction.atomic():
            issuing.issue(row.completion.public_id)
    for row in rows:
        issuing.issue(row.completion.public_id)


@pytest.mark.parametrize("is_protected", [True, False])
def test_kill_after_the_number_was_taken(is_protected, monkeypatch):
    """Without: the number is committed by itself, as a sequence of the database does."""
    kills, create = cycle([False, True, False]), Certificate.objects.create

    def killed(**columns):
        if next(kills):
            raise Killed
        return create(**columns)

    rows = owed(9)
    monkeypatch.setattr(Certificate.objects, "create", killed)
    if not is_protected:
        taken, numbers = {}, iter(range(1, 100))

        def by_itself(at):
            series, _made = Series.objects.get_or_create(name="ANAM", year=timezone.localtime(at).year)
            series.last_number = taken["last"] = next(numbers)
            return series

        monkeypatch.setattr(issuing, "_take_number", by_itself)
    with contextlib.suppress(Killed):
        issue_all(rows)
    monkeypatch.setattr(Certificate.objects, "create", create)
    issue_all(rows)
    if not is_protected:
        Series.objects.update(last_number=taken["last"])
    assert Certificate.objects.count() == 9
    assert any("are missing" in fault for fault in faults()) != is_protected


@pytest.mark.parametrize("is_protected", [True, False])
def test_two_clicks(is_protected, monkeypatch):
    """Without: whoever comes second does not look whether it was issued, and the database does not refuse it."""
    (row,) = owed(1)
    if is_protected:
        issuing.issue(row.completion.public_id)
        issuing.issue(row.completion.public_id)
    else:
        for _click in range(2):
            one = issuing.write(timezone.now(), owed=None, **issuing._columns(row.completion))
            issuing.enter(one)
    assert any("2 certificates in force" in fault for fault in faults()) != is_protected
    assert Certificate.objects.count() == (1 if is_protected else 2)


@pytest.mark.parametrize("is_protected", [True, False])
def test_a_full_disk(is_protected, monkeypatch):
    """Without: the row speaks of a file of which the disk took only a part."""
    certificate, store = a_certificate(), rendering.store

    def half(path, content):
        stored = store(path, content[: len(content) // 2])
        if is_protected:
            raise OSError(28, "No space left on device")
        return stored

    monkeypatch.setattr(rendering, "store", half)
    with contextlib.suppress(OSError), transaction.atomic():
        rendering.ensure_file(certificate)
    if not is_protected:
        assert any("is not the one that was drawn" in fault for fault in find_faults())
        return
    assert not CertificateFile.objects.exists()
    monkeypatch.setattr(rendering, "store", store)
    rendering.ensure_file(certificate)
    assert list(find_faults()) == []
    assert len(default_storage.listdir(f"certificates/{certificate.series.year}")[1]) == 1


@pytest.mark.parametrize("is_protected", [True, False])
def test_a_broker_that_forgets(is_protected, monkeypatch, django_capture_on_commit_callbacks):
    """Without: nobody asks the ledger again, and the message was all that there was."""
    sent = []
    monkeypatch.setattr(jobs, "_send", lambda job_id, _kind: sent.append(job_id))
    with time_machine.travel(timezone.now() - timedelta(minutes=5)), django_capture_on_commit_callbacks(execute=True):
        owed(3)
    assert len(sent) == 3
    sent.clear()  # FLUSHALL
    if is_protected:
        jobs.reap()
        sweeping.sweep()
    for job_id in sent:
        jobs.run(job_id)
    assert any("was not issued" in fault for fault in find_faults()) != is_protected
    assert Certificate.objects.count() == (3 if is_protected else 0)


NEW_YEAR = datetime(2031, 1, 1, 6, 0, tzinfo=UTC)  # midnight in Guatemala
JUMPS = [timedelta(seconds=-1), timedelta(0), timedelta(days=-40), timedelta(hours=-5), timedelta(days=200)]


@pytest.mark.parametrize("is_protected", [True, False])
def test_the_clock_jumps_over_the_edge_of_the_year(is_protected, monkeypatch):
    """Without: the number is counted from what was issued before this moment, as if time only went on."""
    with time_machine.travel(NEW_YEAR - timedelta(days=90)):
        rows = owed(20)
    if not is_protected:

        def counted(at):
            series, _made = Series.objects.get_or_create(name="ANAM", year=timezone.localtime(at).year)
            series.last_number = series.certificates.filter(issued_at__lt=at).count() + 1
            return series

        monkeypatch.setattr(issuing, "_take_number", counted)
    refused = 0
    for row, jump in zip(rows, cycle(JUMPS), strict=False):
        with time_machine.travel(NEW_YEAR + jump):
            try:
                with transaction.atomic():
                    issuing.issue(row.completion.public_id)
            except IntegrityError:  # it would be a double, and the constraint refuses it
                refused += 1
    assert (refused == 0) == is_protected
    if is_protected:
        assert faults() == []
        years: dict[int, list[int]] = {2030: [], 2031: []}
        for year, number in Certificate.objects.order_by("number").values_list("series__year", "number"):
            years[year].append(number)
        assert years == {2030: [*range(1, 13)], 2031: [*range(1, 9)]}


@pytest.mark.parametrize("column", ["lease_until", "due_at"])
def test_what_a_wrong_clock_promised_is_not_waited_for(column, monkeypatch):
    """A worker a month ahead took a job and was killed, or asked for one whose message was lost."""
    sent = []
    monkeypatch.setattr(jobs, "_send", lambda job_id, _kind: sent.append(job_id))
    (row,) = owed(1)
    job = Job.objects.get()
    with time_machine.travel(timezone.now() + timedelta(days=30)):
        if column == "lease_until":
            assert jobs.claim(job.pk)
        else:
            Job.objects.update(created_at=timezone.now(), due_at=timezone.now() + timedelta(seconds=15))
    assert jobs.reap() == 1
    assert jobs.reap() == 0  # not in copies
    assert sent == [job.pk]
    assert jobs.run(job.pk)
    assert Certificate.objects.get().owed == row


def test_what_failed_tomorrow_is_woken_today(monkeypatch):
    (row,) = owed(1)
    ended = timezone.now() + timedelta(days=30)
    Job.objects.update(state=Job.State.FAILED, reason="OSError", finished_at=ended, created_at=ended)
    assert sweeping.sweep() == 1
    assert Job.objects.get().state == Job.State.WAITING
    assert row.issued_at is None
