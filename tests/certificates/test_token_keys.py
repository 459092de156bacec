"""Keys that live in a token (PKCS #11), against SoftHSM: they sign all that files sign, and never leave it."""

import copy
import io
import json
import logging
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import jwt
import pkcs11
import pytest
import time_machine
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from openbadgeslib.ob3.clr import bundled_clr_contexts
from openbadgeslib.ob3.ldp import verify_data_integrity_proof

from certificates import checks, keyring, token_keys
from certificates.domain import checkpoints, credentials, portable, rendering, signed_facts, sweeping
from certificates.domain.checking import find_faults
from certificates.keyring import Use
from certificates.models import CertificateFile
from certificates.pdf import check, render
from lms.domain import jobs
from lms.models import AuditEvent, Job
from tests.certificates.seals import readings
from tests.certificates.test_archivable import faults
from tests.certificates.tokens import LIBRARY, PIN, Token
from tests.factories.certificates import a_certificate, a_revocation


@pytest.fixture
def token(settings, tmp_path, monkeypatch):
    settings.SEAL_KEYS_DIR = tmp_path / "keys"
    monkeypatch.setattr(token_keys, "_tokens", {})
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "hsm" / "conf"))
    made = Token(tmp_path / "hsm", settings)
    made.set_up()
    yield made
    token_keys.forget()


def secrets(folder: Path) -> set[str]:
    return {path.suffix for path in folder.iterdir()} - {".crt"}


# Making them -------------------------------------------------------------------------------------------------------


def test_every_use_is_made_in_the_token(token, settings, capsys):
    call_command("make_seal_keys")
    assert capsys.readouterr().out.count("made now, in the token") == 4
    call_command("make_seal_keys")
    assert capsys.readouterr().out.count(": there, in the token") == 4
    assert secrets(settings.SEAL_KEYS_DIR) == {".token", ""}  # and the file of the lock
    token_keys.forget()
    session = pkcs11.lib(str(LIBRARY)).get_token(token_label="llaves").open(user_pin=PIN)
    keys = list(session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}))
    assert {key.label for key in keys} == {"aula seal", "aula qr", "aula credential", "aula log"}
    for key in keys:
        told = [key[getattr(pkcs11.Attribute, name)] for name in ("SENSITIVE", "EXTRACTABLE", "NEVER_EXTRACTABLE")]
        assert told == [True, False, True]
        assert key[pkcs11.Attribute.SIGN]
        assert not key[pkcs11.Attribute.DECRYPT]


def test_their_certificates_are_signed_by_themselves(token):
    keyring.ensure()
    for use in Use:
        certificate = keyring.current(use).certificate
        certificate.verify_directly_issued_by(certificate)


def test_nothing_takes_them_out(token):
    keyring.ensure()
    for use in Use:
        private = keyring.current(use).private
        with pytest.raises(TypeError, match="does not leave"):
            private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        assert copy.deepcopy(private) is copy.copy(private) is private
        assert private.public_key() == keyring.current(use).certificate.public_key()


def test_a_use_that_is_not_named_is_a_file(token, settings):
    settings.PKCS11_USES = ["seal", "qr"]
    keyring.ensure()
    assert {use for use in Use if token_keys.is_in_token(keyring.current(use).private)} == {Use.SEAL, Use.QR}


def test_what_a_token_cannot_is_said_and_nothing_made(token, settings, monkeypatch):
    """An older token, without Ed25519."""
    can = pkcs11.lib(str(LIBRARY)).get_token(token_label="llaves").slot.get_mechanisms()

    def do(self, work, **_more):
        return can - {pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN}

    monkeypatch.setattr(token_keys._Token, "do", do)
    with pytest.raises(CommandError, match=r"CKM_EDDSA, which keys of use credential, log need: leave these out"):
        call_command("make_seal_keys")
    assert not list(settings.SEAL_KEYS_DIR.glob("*.*t*"))


def test_they_follow_on_keys_that_were_files(token, settings):
    module, settings.PKCS11_MODULE = settings.PKCS11_MODULE, ""
    old = keyring.current(Use.SEAL)
    settings.PKCS11_MODULE = module
    assert keyring.ensure() == []  # nothing moves by itself
    keyring.ensure(anew=True)
    assert token_keys.is_in_token(keyring.current(Use.SEAL).private)
    assert [key.name for key in keyring.history(Use.SEAL)] == [old.name, keyring.current(Use.SEAL).name]


def test_a_signature_asks_for_the_one_algorithm(token):
    private = keyring.current(Use.SEAL).private
    with pytest.raises(TypeError, match="SHA-256 alone"):
        private.sign(b"x", ec.ECDSA(hashes.SHA384()))


# What they sign ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_certificate_sealed_and_proven_with_them_holds(token, tmp_path):
    certificate = a_certificate()
    file = rendering.ensure_file(certificate)
    content = content_of(file)
    seal = keyring.current(Use.SEAL)
    assert readings(content, seal.certificate, tmp_path) == {"ours": True, "poppler": True, "openssl": True}
    assert faults(content) == []
    credentials.check(file.credential, certificate)
    signed_facts.check(file.qr, certificate)
    checkpoints.publish()
    a_revocation(certificate)
    assert list(find_faults()) == []


@pytest.mark.django_db
def test_lists_tokens_and_records_are_proven_with_them(token, client):
    certificate = a_certificate()
    rendering.ensure_file(certificate)
    name = certificate.status_entry.list
    public = keyring.current(Use.CREDENTIAL).certificate.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    verify_data_integrity_proof(json.loads(client.get(reverse("certificates:status_list", args=[name])).content), pem)
    listed = client.get(reverse("certificates:status_token", args=[name])).content.decode()
    assert jwt.decode(listed, keyring.current(Use.QR).certificate.public_key(), algorithms=["ES256"])
    assert jwt.decode(credentials.as_token(certificate), public, algorithms=["EdDSA"])
    record = json.loads(portable.as_clr(certificate.person))
    verify_data_integrity_proof(record, pem, extra_contexts=bundled_clr_contexts())


@pytest.mark.django_db
def test_of_two_different_seals_the_row_keeps_one(token, monkeypatch):
    """ECDSA in a token draws at random: the drawing comes again, its seal does not."""
    certificate = a_certificate()
    seal_it, seen = rendering._sealed, []

    def meanwhile(certificate, kept):
        mine = seal_it(certificate, kept)
        monkeypatch.setattr(rendering, "_sealed", seal_it)
        seen.extend([mine[1]["sha256"], rendering.ensure_file(certificate).sha256])
        return mine

    monkeypatch.setattr(rendering, "_sealed", meanwhile)
    file = rendering.ensure_file(certificate)
    assert seen[0] != seen[1] == file.sha256
    assert sha256(content_of(file)).hexdigest() == file.sha256
    assert rendering.ensure_file(certificate) == file
    assert CertificateFile.objects.count() == 1


@pytest.mark.django_db
def test_a_lost_file_comes_back_with_another_seal_over_the_same_drawing(token):
    certificate = a_certificate()
    first = rendering.ensure_file(certificate)
    default_storage.delete(first.path)
    again = rendering.ensure_file(certificate)
    assert (again.unsigned_sha256, again.sha256 == first.sha256) == (first.unsigned_sha256, False)
    assert AuditEvent.objects.get(action="certificate.drawn_anew").facts["lost"] == first.sha256
    assert check(content_of(again), [keyring.current(Use.SEAL).certificate]) == again.unsigned_sha256
    assert sha256(render(certificate, again.credential, again.qr)).hexdigest() == again.unsigned_sha256
    assert list(find_faults()) == []


@pytest.mark.django_db
def test_what_older_keys_sealed_holds_when_they_are_gone_from_the_token(token):
    first = rendering.ensure_file(a_certificate())
    keyring.ensure(anew=True)
    second = rendering.ensure_file(a_certificate())
    assert first.sealed_with != second.sealed_with
    token_keys.forget()
    session = pkcs11.lib(str(LIBRARY)).get_token(token_label="llaves").open(rw=True, user_pin=PIN)
    place = (Path(keyring._folder()) / f"seal-{first.sealed_with}.token").read_text()
    session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, id=bytes.fromhex(place)).destroy()
    token_keys.forget()
    assert list(find_faults()) == []
    assert rendering.ensure_file(a_certificate()).sealed_with == second.sealed_with


# When the token is away --------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_job_fails_and_is_done_when_the_token_is_back(token, caplog):
    certificate = a_certificate()
    keyring.ensure()
    job = Job.objects.get(kind=rendering.RENDER)
    token.take_out()
    while Job.objects.get(pk=job.pk).state != Job.State.FAILED:
        Job.objects.filter(pk=job.pk).update(due_at=timezone.now())
        assert jobs.run(job.pk)
    assert "the token llaves: NoSuchToken" in Job.objects.get(pk=job.pk).reason
    assert not CertificateFile.objects.exists()
    token.put_in()
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        sweeping.sweep()
        assert jobs.run(job.pk)
        assert Job.objects.get(pk=job.pk).state == Job.State.DONE
    assert certificate.reference
    assert CertificateFile.objects.get().certificate == certificate
    assert PIN not in caplog.text


@pytest.mark.django_db
def test_machines_are_told_to_come_later(token, client):
    certificate = a_certificate()
    keyring.ensure()
    token.take_out()
    address = reverse("certificates:status_list", args=[certificate.status_entry.list])
    assert client.get(address).status_code == 503
    token.put_in()
    assert client.get(address).status_code == 200


def test_a_session_that_was_lost_is_opened_anew(token):
    private = keyring.current(Use.SEAL).private
    algorithm = ec.ECDSA(hashes.SHA256())
    assert private.sign(b"x", algorithm)
    pkcs11.lib(str(LIBRARY)).reinitialize()  # taken out and put in: the handles are of nothing
    assert private.sign(b"x", algorithm)


def test_a_device_that_was_removed_is_looked_for_again(token, monkeypatch):
    private = keyring.current(Use.LOG).private
    assert private.sign(b"x")
    find, calls = token_keys._Token.key, []

    def gone(self, session, identifier):
        calls.append(session)
        if len(calls) == 1:
            raise pkcs11.DeviceRemoved
        return find(self, session, identifier)

    monkeypatch.setattr(token_keys._Token, "key", gone)
    assert private.sign(b"x")
    assert len({id(session) for session in calls}) == 2


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns where there are threads
def test_after_a_fork_the_child_has_a_session_of_its_own(token):
    private = keyring.current(Use.LOG).private
    known = private.sign(b"x")
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:  # leaves by `_exit` alone: the test's own end is the parent's
        try:
            os.write(sender, private.sign(b"x"))
        finally:
            os._exit(0)
    os.close(sender)
    with os.fdopen(receiver, "rb") as told:
        assert told.read() == known
    os.waitpid(child, 0)
    assert private.sign(b"x") == known


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns where there are threads
def test_a_child_that_is_born_while_another_thread_signs_does_not_wait_for_it(token):
    private = keyring.current(Use.LOG).private
    known = private.sign(b"x")
    (there,) = token_keys._tokens.values()
    with there._lock:
        child = os.fork()
        if not child:
            signal.alarm(10)  # not for ever
            os._exit(0 if private.sign(b"x") == known else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_many_threads_share_it(token):
    private = keyring.current(Use.LOG).private
    with ThreadPoolExecutor(8) as pool:
        signed = set(pool.map(private.sign, [b"x"] * 64))
    assert len(signed) == 1


def test_a_token_that_was_set_up_anew_signs_nothing_with_another_key(token, settings):
    key = keyring.current(Use.SEAL)
    token.take_out()
    token.set_up()
    with pytest.raises(keyring.KeyMissing, match="NoSuchKey"):
        key.private.sign(b"x", ec.ECDSA(hashes.SHA256()))
    stranger = token_keys.make("seal", p256=True)[1]
    (settings.SEAL_KEYS_DIR / f"seal-{key.name}.token").write_text(stranger)
    keyring._read.cache_clear()
    with pytest.raises(keyring.KeyMissing, match="another key than the certificate"):
        keyring.current(Use.SEAL).private.sign(b"x", ec.ECDSA(hashes.SHA256()))


# What is said of it ------------------------------------------------------------------------------------------------


def test_a_wrong_pin_is_tried_once(token, caplog):
    """After a few tries a token locks itself."""
    caplog.set_level(logging.DEBUG)
    private = keyring.current(Use.LOG).private
    token_keys.forget()
    token.pin.write_text("0000-another")
    with pytest.raises(keyring.KeyMissing, match="PinIncorrect") as first:
        private.sign(b"x")
    with pytest.raises(keyring.KeyMissing, match="not tried again before its file changes") as second:
        private.sign(b"x")
    for problem in (first, second):
        assert "0000" not in f"{problem.value!r} {problem.value.__cause__!r}"
    assert "0000" not in caplog.text
    token.pin.write_text(PIN)
    assert private.sign(b"x")


def test_the_pin_stands_nowhere(token, settings, caplog):
    caplog.set_level(logging.DEBUG)
    keyring.ensure()
    private = keyring.current(Use.SEAL).private
    private.sign(b"x", ec.ECDSA(hashes.SHA256()))
    held = [vars(one) for one in token_keys._tokens.values()]
    assert held
    assert PIN not in repr([held, private, keyring.current(Use.SEAL), settings.PKCS11_PIN_FILE]) + caplog.text
    token.take_out()
    with pytest.raises(keyring.KeyMissing) as problem:
        private.sign(b"x", ec.ECDSA(hashes.SHA256()))
    frame, seen = problem.tb, io.StringIO()
    while frame:
        seen.write(repr(frame.tb_frame.f_locals) if frame.tb_frame.f_code.co_filename == token_keys.__file__ else "")
        frame = frame.tb_next
    assert seen.getvalue()
    assert PIN not in seen.getvalue()


def test_a_pin_that_cannot_be_read(token):
    token.pin.unlink()
    with pytest.raises(keyring.KeyMissing, match=r"the file of the PIN, .*: No such file"):
        keyring.ensure()


def test_a_library_that_is_not_there(token, settings, tmp_path):
    settings.PKCS11_MODULE = str(tmp_path / "none.so")
    with pytest.raises(keyring.KeyMissing, match=r"none\.so"):
        keyring.ensure()


def test_certificates_e003_a_token_that_is_away(token, settings):
    assert checks.check_token() == []
    keyring.ensure()
    assert checks.check_token() == []
    token.take_out()
    [found] = checks.check_token()
    assert (found.id, found.is_serious()) == ("certificates.E003", True)
    token.put_in()
    assert checks.check_token() == []
    settings.PKCS11_MODULE = ""
    [found] = checks.check_token()
    assert "AULA_PKCS11_MODULE is not set" in found.msg


def test_certificates_e004_a_use_that_is_none(token, settings):
    settings.PKCS11_USES = ["seal", "qrs"]
    [found] = checks.check_token()
    assert (found.id, found.msg) == ("certificates.E004", "AULA_PKCS11_USES names qrs, which no key is for.")


def content_of(file: CertificateFile) -> bytes:
    with default_storage.open(file.path) as stored:
        return stored.read()
