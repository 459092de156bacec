"""A register that comes back from a backup gives no number out again, says what it lost, and goes on."""

from datetime import timedelta

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from certificates import keyring
from certificates.domain import batches, checkpoints, issuing, rendering, restoring, testimony
from certificates.domain.checking import find_faults
from certificates.models import Certificate, LogLeaf, Restoration, Series, VoidNumber
from certificates.tasks import publish_checkpoint
from lms.domain.errors import RuleBroken
from lms.models import AuditEvent, Job
from tests.certificates.test_batches import a_batch
from tests.factories.certificates import (
    a_certificate,
    a_completion,
    a_correction,
    a_lifting,
    a_revocation,
    a_suspension,
)
from tests.factories.people import somebody_with_role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


def a_drawn_certificate(**fields) -> Certificate:
    certificate = a_certificate(**fields)
    rendering.ensure_file(certificate)
    return certificate


def lose(count: int, *, is_signed: bool = False) -> list[Certificate]:
    """Issue so many, with their files, and go back to the moment before; the files stay."""
    before = transaction.savepoint()
    lost = [a_drawn_certificate() for _ in range(count)]
    if is_signed:
        testimony._write(testimony._of_note(made := checkpoints.publish()), made.note)
    transaction.savepoint_rollback(before)
    return lost


def after_restore(capsys, *arguments: str) -> str:
    call_command("after_restore", *arguments)
    return capsys.readouterr().out


def series() -> Series:
    return Series.objects.get()


def test_no_number_is_given_out_again(capsys):
    a_drawn_certificate()
    lost = lose(3)
    with pytest.raises(RuleBroken) as refused:
        a_certificate()
    assert (refused.value.code, f"{series()}-000002" in refused.value.message) == ("register.behind", True)
    assert series().last_number == 1
    assert list(find_faults()) == [
        f"series {series()}: numbers [2, 3, 4] were given out and are lost: manage.py after_restore"
    ]

    said = after_restore(capsys)
    assert f"{series()}: void from 2 to 4" in said
    assert [str(one) for one in VoidNumber.objects.all()] == [one.reference for one in lost]
    assert a_drawn_certificate().number == 5
    assert list(find_faults()) == []
    assert LogLeaf.objects.get(index=1).entry["void"] == {str(series()): [2, 4]}
    assert AuditEvent.objects.get(action="register.restored").facts["void"] == {str(series()): [2, 4]}
    assert "Nothing was lost" in after_restore(capsys)


def test_without_what_the_storage_knows_the_number_is_given_out_again(monkeypatch):
    """The negative control: two papers of one number. Of all that is kept only the storage tells of it."""
    a_drawn_certificate()
    (lost,) = lose(1)
    monkeypatch.setattr(testimony, "assert_free", lambda _series: None)
    assert a_drawn_certificate().reference == lost.reference
    said = f"certificate {lost.reference}: its number was given out before, to another"
    assert list(find_faults()) == [said]
    default_storage.delete(testimony._of_number(lost.series, lost.number))
    assert list(find_faults()) == []


def test_what_is_owed_waits_and_is_shown_and_is_issued_afterwards(run_jobs, capsys):
    a_drawn_certificate()
    lose(2)
    completion = a_completion()
    issuing.owe(completion)
    run_jobs()
    job = Job.objects.get(kind=issuing.ISSUE, subject=str(completion.public_id))
    assert (job.state, "after_restore" in job.reason) == (Job.State.FAILED, True)
    assert not Certificate.objects.filter(owed__completion=completion).exists()
    after_restore(capsys)
    run_jobs()
    assert Certificate.objects.get(owed__completion=completion).number == 4
    assert list(find_faults()) == []


def test_a_list_that_was_certified_waits_too_and_nobody_on_it_is_refused(run_jobs, capsys):
    a_drawn_certificate()
    lose(2)
    batch = a_batch(2)
    batches.certify(batch=batch, by=somebody_with_role("certifier"))
    (failed,) = run_jobs()
    assert (failed.kind, "after_restore" in failed.reason) == (batches.ISSUE_BATCH, True)
    assert [act.decision for act in batch.acts.all()] == ["", ""]
    after_restore(capsys)
    assert run_jobs() == []
    assert [act.decision for act in batch.acts.all()] == ["certified", "certified"]
    assert sorted(Certificate.objects.values_list("number", flat=True)) == [1, 4, 5]
    assert list(find_faults()) == []


def test_files_alone_tell_the_number(capsys):
    """As if they had been made before there was anything beside them."""
    a_drawn_certificate()
    lost = lose(2)
    for one in lost:
        default_storage.delete(testimony._of_number(one.series, one.number))
    default_storage.save(f"certificates/2026/{lost[0].public_id}-0123456789abcdef.pdf", ContentFile(b"half"))
    said = after_restore(capsys, "--dry-run")
    assert f"{series()}: the storage knows 2 lost, up to 3" in said
    assert not Restoration.objects.exists()
    after_restore(capsys)
    assert a_certificate().number == 4
    assert {one.code_sha256 for one in VoidNumber.objects.all()} == {
        restoring.sha256(one.code.encode()).hexdigest() for one in lost
    }


def test_somebody_else_s_file_proves_nothing(capsys, settings, tmp_path):
    a_drawn_certificate()
    settings.SEAL_KEYS_DIR = tmp_path / "others"
    (lost,) = lose(1)
    default_storage.delete(testimony._of_number(lost.series, lost.number))
    settings.SEAL_KEYS_DIR = tmp_path / "ours"
    keyring.ensure()
    assert "Nothing was lost" in after_restore(capsys)


def test_a_number_that_somebody_holds(capsys):
    a_drawn_certificate()
    name = str(series())
    after_restore(capsys, "--last", f"{name}=7")
    assert a_drawn_certificate().number == 8
    after_restore(capsys, "--last", f"{name}=5")
    assert Restoration.objects.count() == 1
    after_restore(capsys, "--last", f"{name}=12")
    assert a_drawn_certificate().number == 13
    assert sorted(VoidNumber.objects.values_list("number", flat=True)) == [*range(2, 8), *range(9, 13)]
    assert list(find_faults()) == []
    with pytest.raises(CommandError, match="more than"):
        call_command("after_restore", "--last", f"{name}=13000000")
    with pytest.raises(CommandError, match="SERIES=NUMBER"):
        call_command("after_restore", "--last", "ANAM")


def test_a_series_of_which_the_backup_knows_nothing(capsys):
    lost = lose(2)
    assert not Series.objects.exists()
    with pytest.raises(RuleBroken):
        a_certificate()
    after_restore(capsys)
    assert a_drawn_certificate().number == 3
    assert len(lost) == VoidNumber.objects.count()
    assert list(find_faults()) == []


def test_torn_files_tell_the_number_all_the_same(capsys):
    a_drawn_certificate()
    (lost,) = lose(1)
    default_storage.delete(rendering._path(lost, None, ""))
    path = testimony._of_number(lost.series, lost.number)
    default_storage.delete(path)
    default_storage.save(path, ContentFile(b'{"refe'))
    default_storage.save(f"{testimony.NUMBERS}/{lost.series}/notes.txt", ContentFile(b""))
    after_restore(capsys)
    assert [(one.number, one.code_sha256) for one in VoidNumber.objects.all()] == [(2, "")]


def test_no_checkpoint_is_signed_over_a_branch_that_nobody_declared(capsys, client):
    a_drawn_certificate()
    lose(2, is_signed=True)
    with pytest.raises(checkpoints.LogChanged, match="after_restore"):
        checkpoints.publish()
    assert "published, and lost" in after_restore(capsys)
    (lost_note,) = Restoration.objects.get().checkpoints
    assert lost_note.splitlines()[1] == "3"
    made = checkpoints.publish()
    assert made.size == 2
    assert LogLeaf.objects.get(index=1).entry["checkpoints"] == [lost_note]
    page = client.get(reverse("certificates:log")).content.decode()
    assert lost_note.splitlines()[2] in page.replace("&#x3D;", "=").replace("&#43;", "+").replace("&#x2B;", "+")
    assert f"{series()}-000002" in page
    assert list(find_faults()) == []


def test_the_page_of_a_lost_code_says_so(capsys, client):
    a_drawn_certificate()
    (lost,) = lose(1)
    address = reverse("certificates:certificate", args=[lost.code])
    assert "No hay un certificado con ese código" in client.get(address).content.decode()
    after_restore(capsys)
    answer = client.get(address)
    assert (answer.status_code, answer["Cache-Control"]) == (404, "private, no-store")
    said = answer.content.decode()
    assert "Nuestro registro perdió este certificado" in said
    assert lost.reference in said
    assert lost.person_name not in said
    typed = client.get(reverse("certificates:verify"), {"codigo": lost.grouped_code.lower()})
    assert lost.reference in typed.content.decode()


@pytest.mark.parametrize("what", ["leaf", "void", "taken"])
def test_what_was_declared_cannot_be_altered_unseen(what, capsys):
    a_drawn_certificate()
    lose(2)
    after_restore(capsys)
    made = Restoration.objects.get()
    other = VoidNumber(restoration=made, series=series(), number=9 if what == "void" else 1)
    if what == "leaf":
        Restoration.objects.create(leaves=7)
        assert any("has no leaf in the log" in fault for fault in find_faults())
        return
    other.save()
    faults = list(find_faults())
    assert any("is not what leaf 1 was made of" in fault for fault in faults)
    assert any("its number is void" in fault for fault in faults) == (what == "taken")


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_does_not_undo_an_issue(monkeypatch, caplog):
    """What could not be written down at once is, before the PDF can be had."""
    write = testimony._write

    def full(path, text):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(testimony, "_write", full)
    certificate = a_certificate()
    assert "No space left on device" in caplog.text
    monkeypatch.setattr(testimony, "_write", write)
    rendering.ensure_file(certificate)
    assert testimony.code_known(certificate.series, 1) == testimony.digest_of_code(certificate)


# What happened to certificates that the backup has -----------------------------------------------------------------


def a_new_name(certificate: Certificate):
    return a_correction(certificate, person_name="Xʼol Tzunux")


HAPPENED = {a_revocation: "it was revoked", a_suspension: "it was suspended", a_new_name: "another took its place"}


def lose_what_happens(happen, certificate: Certificate, capture) -> None:
    """Let it happen and be committed, and go back to the moment before; the files stay."""
    before = transaction.savepoint()
    with capture(execute=True):
        happen(certificate)
    transaction.savepoint_rollback(before)


@pytest.mark.parametrize("happen", HAPPENED)
def test_what_happened_after_the_backup_is_named_until_it_is_done_again(
    happen, capsys, django_capture_on_commit_callbacks
):
    paper, other = a_drawn_certificate(), a_drawn_certificate()
    with django_capture_on_commit_callbacks(execute=True):
        a_revocation(other)  # the backup has that
    lose_what_happens(happen, paper, django_capture_on_commit_callbacks)
    (fault,) = [one for one in find_faults() if "which is lost" in one]
    assert fault.startswith(f"certificate {paper.reference}: {HAPPENED[happen]} on ")
    assert fault in after_restore(capsys, "--dry-run")
    assert fault in after_restore(capsys)
    a_revocation(paper)
    assert not [one for one in find_faults() if "which is lost" in one]


def test_a_lifting_that_was_lost_is_named(django_capture_on_commit_callbacks):
    paper = a_drawn_certificate()
    with django_capture_on_commit_callbacks(execute=True):
        a_suspension(paper)
    assert list(find_faults()) == []
    lose_what_happens(a_lifting, paper, django_capture_on_commit_callbacks)
    (fault,) = find_faults()
    assert f"certificate {paper.reference}: its suspension was lifted" in fault
    a_lifting(paper)
    assert list(find_faults()) == []


@pytest.mark.parametrize("happen", HAPPENED)
def test_what_a_killed_worker_did_not_write_down_is_written_within_the_hour(happen):
    """Committed without its file, as where the process dies in between: what comes after a commit is not done."""
    paper = a_drawn_certificate()
    before = transaction.savepoint()
    happen(paper)
    assert testimony.events_known() == {}
    publish_checkpoint()
    said = testimony.events_known()
    publish_checkpoint()
    assert testimony.events_known() == said
    assert set(said) == {paper.public_id}
    transaction.savepoint_rollback(before)
    (fault,) = [one for one in find_faults() if "which is lost" in one]
    assert fault.startswith(f"certificate {paper.reference}: {HAPPENED[happen]} on ")


def test_the_note_of_a_checkpoint_that_a_killed_worker_signed_is_written_within_the_hour():
    a_drawn_certificate()
    made = checkpoints.publish()
    assert testimony.notes_known() == []
    publish_checkpoint()
    assert testimony.notes_known() == [(made.day, made.note)]


def test_what_was_certified_before_the_checkpoint_before_the_newest_is_not_asked_for_again():
    papers = [a_drawn_certificate() for _one in range(3)]
    for days, paper in enumerate(papers):
        a_revocation(paper)
        with time_machine.travel(timezone.now() + timedelta(days=days), tick=True):
            checkpoints.publish()
    testimony.keep_missing()
    assert set(testimony.events_known()) == {papers[2].public_id}
