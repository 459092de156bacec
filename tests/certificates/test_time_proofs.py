"""Proofs of time are kept up: another one before the newest ends; whoever holds the earlier file holds a good one."""

import os
import subprocess
import sys
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from certificates.domain import given_out, rendering, restoring, time_proofs
from certificates.domain.checking import find_faults
from certificates.models import Certificate, CertificateFile, EarlierFile
from certificates.pdf import AuthorityAway, NotExtended, additions
from certificates.tasks import renew_time
from lms.domain import audit
from lms.models import AuditEvent
from tests.certificates.time_authority import running
from tests.factories.certificates import a_certificate
from tests.system import ROOT

pytestmark = pytest.mark.django_db
SOON, LATE, LATER = timedelta(days=30), timedelta(days=1461), timedelta(days=2922)


@pytest.fixture
def authority(settings, tmp_path):
    """One whose certificate ends within the month, asked for the long run."""
    settings.SEAL_KEYS_DIR = tmp_path / "keys"
    with running(tmp_path / "tsa") as one:
        one.take_certificate(SOON)
        settings.SEAL_TIME_AUTHORITY, settings.SEAL_LONG_TERM = one.address, True
        yield one


@pytest.fixture
def drawn(authority) -> CertificateFile:
    return rendering.ensure_file(a_certificate())


def content_of(file: CertificateFile) -> bytes:
    with default_storage.open(file.path) as stored:
        return stored.read()


def row(file: CertificateFile) -> CertificateFile:
    return CertificateFile.objects.get(pk=file.pk)


def names_of(certificate: Certificate) -> list[str]:
    """The names of its files in the storage, without what they have in common."""
    names = default_storage.listdir(f"certificates/{certificate.series.year}")[1]
    key = str(certificate.public_id)
    return sorted(name.removeprefix(key) for name in names if name.startswith(key))


# When it is issued.


def test_a_file_ends_in_a_proof_of_its_time(authority, drawn):
    assert drawn.time_until == authority.certificate.not_valid_after_utc
    assert len(additions.read(content_of(drawn)).proofs) == 1
    told = AuditEvent.objects.get(action="certificate.sealed").facts
    assert (told["drawn"], told["until"]) == (drawn.sha256, drawn.time_until.isoformat())
    assert list(find_faults()) == []


def test_without_the_setting_nothing_is_added_and_nobody_asked(authority, settings):
    settings.SEAL_LONG_TERM = False
    file = rendering.ensure_file(a_certificate())
    assert authority.asked == ["hora"]
    assert file.time_until is None
    assert additions.read(content_of(file)).proofs == ()
    assert "until" not in AuditEvent.objects.get(action="certificate.sealed").facts
    assert list(find_faults()) == []


def test_a_certificate_is_issued_and_waits_for_its_file_while_there_is_no_evidence(authority):
    authority.has_no_list = True
    certificate = a_certificate()
    with pytest.raises(NotExtended):
        rendering.ensure_file(certificate)
    assert not CertificateFile.objects.exists()
    authority.has_no_list = False
    assert rendering.ensure_file(certificate).time_until


def test_the_setting_asks_for_an_authority():
    environment = {**os.environ, "AULA_SEAL_LONG_TERM": "true", "AULA_SEAL_TIME_AUTHORITY": ""}
    command = [sys.executable, "manage.py", "check"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "AULA_SEAL_LONG_TERM asks for AULA_SEAL_TIME_AUTHORITY" in done.stderr


# Another one.


def test_what_ends_soon_gets_another(authority, drawn):
    before, old = content_of(drawn), drawn
    authority.take_certificate(LATE)
    assert time_proofs.renew() == time_proofs.Renewed(count=1)
    new = row(drawn)
    content = content_of(new)
    assert content.startswith(before)
    assert (len(content), sha256(content).hexdigest()) == (new.bytes, new.sha256)
    assert new.time_until == authority.certificate.not_valid_after_utc
    assert (new.unsigned_sha256, new.sealed_with, new.credential) == (
        old.unsigned_sha256,
        old.sealed_with,
        old.credential,
    )
    told = AuditEvent.objects.get(action="certificate.time_extended").facts
    assert told == {"before": old.sha256, **rendering.told_of(new)}
    assert list(find_faults()) == []


def test_twice(authority, drawn):
    digests = [drawn.sha256]
    for valid_for in (timedelta(days=60), LATE):
        authority.take_certificate(valid_for)
        assert time_proofs.renew().count == 1
        digests.append(row(drawn).sha256)
    assert len(additions.read(content_of(row(drawn))).proofs) == 3
    assert [one.sha256 for one in EarlierFile.objects.all()] == digests[:2]
    assert [given_out.find(digest) for digest in digests] == [drawn.certificate] * 3
    assert list(find_faults()) == []


def test_whoever_holds_an_earlier_file_holds_a_good_one(authority, drawn, client):
    before = content_of(drawn)
    authority.take_certificate(LATE)
    time_proofs.renew()
    for content in (before, content_of(row(drawn))):
        address = reverse("certificates:file_by_digest", args=[sha256(content).hexdigest()])
        assert client.get(address).json()["holds"]
        sent = {"archivo": SimpleUploadedFile("x.pdf", content, "application/pdf")}
        said = client.post(reverse("certificates:compare_file"), sent).content.decode()
        assert f"el certificado {drawn.certificate.reference} está vigente" in said
    assert given_out.find(sha256(before + b"\n").hexdigest()) is None


def test_what_ends_later_is_left(authority, settings):
    authority.take_certificate(LATE)
    rendering.ensure_file(a_certificate())
    authority.take_certificate(LATER)
    asked = len(authority.asked)
    assert time_proofs.renew() == time_proofs.Renewed()
    assert len(authority.asked) == asked


def test_files_from_before_stay_as_they_were_given_out(authority, settings):
    settings.SEAL_LONG_TERM = False
    rendering.ensure_file(a_certificate())
    settings.SEAL_LONG_TERM = True
    assert not time_proofs.due().exists()


def test_switched_off_nothing_happens(authority, drawn, settings):
    settings.SEAL_LONG_TERM = False
    authority.take_certificate(LATE)
    assert time_proofs.renew() == time_proofs.Renewed()
    assert row(drawn).sha256 == drawn.sha256
    assert list(find_faults()) == []


def test_a_proof_that_ends_no_later_is_thrown_away(authority, drawn):
    """And the others are not asked for: what ends first was tried first."""
    rendering.ensure_file(a_certificate())
    asked = authority.asked.count("hora")
    assert time_proofs.renew() == time_proofs.Renewed()
    assert authority.asked.count("hora") == asked + 1
    assert row(drawn).sha256 == drawn.sha256
    assert names_of(drawn.certificate) == [".pdf"]


def test_so_many_at_a_time(authority, drawn, monkeypatch):
    rendering.ensure_file(a_certificate())
    authority.take_certificate(LATE)
    monkeypatch.setattr(time_proofs, "AT_A_TIME", 1)
    assert [time_proofs.renew().count for _round in range(3)] == [1, 1, 0]


def test_the_clock_does_it(authority, drawn, settings):
    entry = settings.CELERY_BEAT_SCHEDULE["renew-time"]
    assert entry["task"] == renew_time.name
    authority.take_certificate(LATE)
    renew_time()
    assert row(drawn).time_until > drawn.time_until


# What goes wrong.


def test_an_authority_that_is_away_ends_the_round(authority, drawn):
    rendering.ensure_file(a_certificate())
    authority.is_away = True
    done = time_proofs.renew()
    assert (done.count, len(done.left)) == (0, 1)
    assert drawn.certificate.reference in done.left[0]
    assert row(drawn).sha256 == drawn.sha256
    assert list(find_faults()) == []


def test_one_that_cannot_be_does_not_hinder_the_others(authority, drawn):
    lost, changed, other = drawn, *[rendering.ensure_file(a_certificate()) for _ in range(2)]
    default_storage.delete(lost.path)
    content = content_of(changed)
    default_storage.delete(changed.path)
    default_storage.save(changed.path, ContentFile(content[:-1] + b" "))
    authority.take_certificate(LATE)
    done = time_proofs.renew()
    assert (done.count, len(done.left)) == (1, 2)
    assert row(other).time_until > other.time_until


def test_killed_between_the_file_and_its_row(authority, drawn, monkeypatch):
    """What was stored is taken as it is: nobody is asked again."""
    authority.take_certificate(LATE)

    class Killed(BaseException):
        pass

    def kill(*_said, **_more):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(EarlierFile.objects, "create", kill)
        with pytest.raises(Killed):
            time_proofs.renew()
    assert row(drawn).sha256 == drawn.sha256
    assert list(find_faults()) == []
    assert len(names_of(drawn.certificate)) == 2
    authority.is_away = True
    assert time_proofs.renew() == time_proofs.Renewed(count=1)
    assert list(find_faults()) == []
    assert len(names_of(drawn.certificate)) == 2


@pytest.mark.parametrize(
    "left", [lambda file: file[:-40], lambda file: file + b"%PDF", lambda file: file, lambda _: b""]
)
def test_what_is_no_whole_file_is_made_again(authority, drawn, left):
    default_storage.save(time_proofs._path(drawn), ContentFile(left(content_of(drawn))))
    authority.take_certificate(LATE)
    assert time_proofs.renew().count == 1
    assert list(find_faults()) == []
    assert len(names_of(drawn.certificate)) == 2


def test_of_two_at_once_one_is_kept(authority, drawn, monkeypatch):
    authority.take_certificate(LATE)
    extend = time_proofs.extend

    def meanwhile(content, **asked):
        mine = extend(content, **asked)
        monkeypatch.setattr(time_proofs, "extend", extend)
        time_proofs.renew()
        theirs.append(row(drawn).sha256)
        return mine

    theirs: list[str] = []
    monkeypatch.setattr(time_proofs, "extend", meanwhile)
    time_proofs.renew()
    assert [row(drawn).sha256] == theirs
    assert EarlierFile.objects.count() == 1
    assert list(find_faults()) == []


def test_a_lost_one_is_drawn_anew_and_what_there_was_is_known(authority, drawn, django_capture_on_commit_callbacks):
    authority.take_certificate(LATE)
    time_proofs.renew()
    longer = row(drawn)
    default_storage.delete(longer.path)
    with django_capture_on_commit_callbacks(execute=True):
        again = rendering.ensure_file(drawn.certificate)
    assert again.time_until == longer.time_until
    assert {given_out.find(one.sha256) for one in (drawn, longer, again)} == {drawn.certificate}
    assert list(find_faults()) == []


def test_without_the_authority_a_lost_one_waits(authority, drawn):
    default_storage.delete(drawn.path)
    authority.has_no_list = True
    authority.take_certificate(LATE)
    with pytest.raises(NotExtended) as refused:
        rendering.ensure_file(drawn.certificate)
    assert not isinstance(refused.value, AuthorityAway)
    assert row(drawn).sha256 == drawn.sha256


def test_a_longer_file_tells_a_restored_register_what_it_lost(authority):
    path = f"certificates/2026/{uuid4()}-after-{'0' * 16}.pdf"
    default_storage.save(path, ContentFile(b"x"))
    try:
        assert path in restoring._files_without_row()
    finally:
        default_storage.delete(path)


# What `verify_registry` names.


@pytest.fixture
def longer(authority, drawn) -> CertificateFile:
    authority.take_certificate(LATE)
    time_proofs.renew()
    return row(drawn)


def faults() -> list[str]:
    return [fault.partition(": ")[2] for fault in find_faults()]


@pytest.mark.parametrize("until", [None, "2099-01-01T00:00:00+00:00"])
def test_another_end_in_the_row_is_named(longer, until):
    CertificateFile.objects.update(time_until=until)
    assert faults() == [f"its file {longer.path} is not the one that the trail tells of"]


def test_another_end_than_the_file_s_is_named(longer):
    longer.time_until += timedelta(days=1)
    longer.save(update_fields=["time_until"])
    rendering.tell("certificate.time_extended", longer.certificate, rendering.told_of(longer))
    assert faults() == [f"its file {longer.path} proves its time until another day"]


def test_an_earlier_file_that_the_trail_does_not_tell_of_is_named(longer):
    EarlierFile.objects.create(certificate=longer.certificate, sha256="0" * 64)
    assert faults() == ["the files that it had earlier are not those that the trail tells of"]


def test_an_earlier_file_that_is_forgotten_is_named(longer):
    audit.record(
        "certificate.time_extended",
        by=None,
        subject=f"certificates.Certificate:{longer.certificate.public_id}",
        facts={"before": "0" * 64, **rendering.told_of(longer)},
    )
    assert faults() == ["the files that it had earlier are not those that the trail tells of"]


def test_another_file_in_its_place_is_named(longer):
    """The earlier one, which is good by itself."""
    content = content_of(longer)
    default_storage.delete(longer.path)
    default_storage.save(longer.path, ContentFile(content[: len(additions.read(content).content)]))
    assert faults() == [f"its file {longer.path} is not the one that was drawn"]


# The command.


def test_the_command_says_what_is_due_and_does_it(authority, drawn, capsys):
    call_command("renew_time", "--dry-run")
    assert capsys.readouterr().out == f"certificate {drawn.certificate.reference}: until {drawn.time_until:%Y-%m-%d}\n"
    authority.take_certificate(LATE)
    call_command("renew_time")
    assert capsys.readouterr().out == "1 have another proof of time, 0 are due\n"


def test_the_command_fails_where_one_could_not_be_had(authority, drawn, settings):
    authority.is_away = True
    with pytest.raises(CommandError, match=drawn.certificate.reference):
        call_command("renew_time")
    settings.SEAL_LONG_TERM = False
    with pytest.raises(CommandError, match="AULA_SEAL_LONG_TERM is off"):
        call_command("renew_time")
