"""The keys of the seal: made once, kept apart, renewed, and published for ever."""

import stat
from base64 import b64decode, urlsafe_b64decode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from cryptography import x509
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.urls import reverse

from certificates import checks, keyring
from certificates.domain import rendering, signed_facts
from certificates.domain.checking import find_faults
from certificates.keyring import Use
from certificates.models import CertificateFile
from lms.models import AuditEvent
from tests.factories.certificates import a_certificate


@pytest.fixture
def folder(settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "keys" / "seal"
    return settings.SEAL_KEYS_DIR


def test_secrets_are_the_owners_alone(folder):
    keyring.ensure()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    secrets = list(folder.glob("*.key"))
    assert {path.name.partition("-")[0] for path in secrets} == {"seal", "credential", "log", "qr"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    assert not [path for path in folder.iterdir() if path.suffix not in {".key", ".crt"} and path.name != ".lock"]


def test_whoever_asks_at_once_gets_the_same_key(folder):
    with ThreadPoolExecutor(8) as pool:
        names = {key.name for key in pool.map(lambda _: keyring.current(Use.SEAL), range(16))}
    assert len(names) == 1
    assert len(list(folder.glob("seal-*.crt"))) == 1
    assert keyring.ensure() == []


def test_a_key_is_read_once(folder):
    assert keyring.current(Use.SEAL) is keyring.current(Use.SEAL)


def test_the_newest_seals_and_the_old_ones_stay(folder):
    first = keyring.current(Use.SEAL)
    keyring.ensure(anew=True)
    keyring.ensure(anew=True)
    names = [key.name for key in keyring.history(Use.SEAL)]
    assert len(names) == 3
    assert names[0] == first.name
    assert keyring.current(Use.SEAL).name == names[2]
    (folder / f"seal-{names[2]}.key").unlink()  # destroyed: its certificate stays, another seals
    assert keyring.current(Use.SEAL).name == names[1]
    assert [key.name for key in keyring.history(Use.SEAL)] == names


def test_half_a_key_is_none(folder):
    keyring.ensure()
    (certificate,) = folder.glob("seal-*.crt")
    certificate.unlink()  # as if killed before it was written
    assert len(keyring.ensure()) == 1


def test_in_production_none_is_made_unasked(folder, settings):
    settings.PRODUCTION = True
    with pytest.raises(keyring.KeyMissing, match="make_seal_keys"):
        keyring.current(Use.SEAL)
    assert not folder.exists()


def test_certificates_e001_no_key_to_seal_with(folder):
    [found] = checks.check_seal_keys()
    assert (found.id, found.is_serious()) == ("certificates.E001", True)
    keyring.ensure()
    assert checks.check_seal_keys() == []


def test_the_command(folder, capsys):
    call_command("make_seal_keys", "--dry-run")
    assert not folder.exists()
    call_command("make_seal_keys")
    assert capsys.readouterr().out.count("made now") == 4
    call_command("make_seal_keys")
    assert capsys.readouterr().out.count(": there") == 4
    call_command("make_seal_keys", "--anew")
    out = capsys.readouterr().out
    assert (out.count("made now"), out.count(": there")) == (4, 4)


@pytest.mark.django_db
def test_the_public_halves_are_published(folder, client):
    keyring.ensure()
    keyring.ensure(anew=True)
    response = client.get(reverse("certificates:jwks"))
    assert response["Content-Type"] == "application/jwk-set+json"
    assert response["Access-Control-Allow-Origin"] == "*"
    published = response.json()["keys"]
    assert [one["alg"] for one in published] == ["ES256", "ES256"] + 4 * ["EdDSA"] + ["ES256", "ES256"]
    assert {name for one in published for name in one} == {
        *("alg", "crv", "iat", "kid", "kty", "use", "x", "x5c", "y"),
    }
    for one in published:
        certificate = x509.load_der_x509_certificate(b64decode(one["x5c"][0]))
        assert keyring._thumbprint(certificate.public_key()) == one["kid"]
    newest = published[1]
    numbers = keyring.current(Use.SEAL).private.public_key().public_numbers()
    assert int.from_bytes(urlsafe_b64decode(newest["x"] + "="), "big") == numbers.x
    assert reverse("certificates:jwks") == "/.well-known/jwks.json"


def test_the_thumbprint_is_that_of_rfc_8037():
    """RFC 8037, appendix A.3."""
    public = keyring.Ed25519PublicKey.from_public_bytes(
        urlsafe_b64decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    )
    assert keyring._thumbprint(public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


# What the register makes of them.


def content_of(file: CertificateFile) -> bytes:
    with default_storage.open(file.path) as stored:
        return stored.read()


@pytest.mark.django_db
class TestFiles:
    def test_what_was_sealed_before_stays_as_it_is(self, folder):
        certificate = a_certificate()
        first = rendering.ensure_file(certificate)
        keyring.ensure(anew=True)
        assert rendering.ensure_file(certificate) == first
        second = rendering.ensure_file(a_certificate())
        assert second.sealed_with != first.sealed_with
        (folder / f"seal-{first.sealed_with}.key").unlink()
        assert list(find_faults()) == []

    def test_a_lost_file_of_a_destroyed_key_is_sealed_anew_and_told(self, folder, django_capture_on_commit_callbacks):
        certificate = a_certificate()
        first = rendering.ensure_file(certificate)
        lost, path = first.sha256, first.path
        with default_storage.open(path, "wb") as half:
            half.write(b"%PDF")
        keyring.ensure(anew=True)
        with django_capture_on_commit_callbacks(execute=True):
            again = rendering.ensure_file(certificate)
        assert again.sha256 != lost
        assert again.unsigned_sha256 == first.unsigned_sha256
        assert sha256(content_of(again)).hexdigest() == again.sha256
        assert not default_storage.exists(path)
        default_storage.delete(again.path)
        assert rendering.ensure_file(certificate).path == again.path
        assert AuditEvent.objects.get(action="certificate.drawn_anew").facts == {
            "lost": lost,
            "drawn": again.sha256,
            "unsigned": again.unsigned_sha256,
            "key": again.sealed_with,
            "qr": sha256(first.qr.encode()).hexdigest(),
        }
        assert list(find_faults()) == []

    def test_of_two_that_seal_at_once_with_different_keys_one_is_kept(self, folder, monkeypatch):
        certificate = a_certificate()
        seal_it = rendering._sealed

        def meanwhile(certificate, kept):
            mine = seal_it(certificate, kept)
            monkeypatch.setattr(rendering, "_sealed", seal_it)
            keyring.ensure(anew=True)
            theirs.append(rendering.ensure_file(certificate))
            return mine

        theirs: list[CertificateFile] = []
        monkeypatch.setattr(rendering, "_sealed", meanwhile)
        assert rendering.ensure_file(certificate) == theirs[0]
        assert CertificateFile.objects.get() == theirs[0]
        assert sha256(content_of(theirs[0])).hexdigest() == theirs[0].sha256
        assert AuditEvent.objects.filter(action__in=["certificate.sealed", "certificate.drawn_anew"]).count() == 1

    def test_what_a_killed_worker_left_was_never_given_out(self, folder):
        certificate = a_certificate()
        left = rendering.ensure_file(certificate)
        CertificateFile.objects.all().delete()  # killed between the file and its row; then the keys changed
        keyring.ensure(anew=True)
        file = rendering.ensure_file(certificate)
        assert (file.path, file.sha256 == left.sha256) == (left.path, False)
        assert sha256(content_of(file)).hexdigest() == file.sha256
        names = default_storage.listdir(file.path.rpartition("/")[0])[1]
        assert [name for name in names if str(certificate.public_id) in name] == [f"{certificate.public_id}.pdf"]

    def test_files_from_before_there_were_seals_stay_and_hold(self, folder):
        certificate = a_certificate()
        file = from_before(certificate)
        assert rendering.ensure_file(certificate) == file
        assert content_of(file) == b"%PDF-1.7 as it was drawn then"
        assert list(find_faults()) == []

    def test_no_key_leaves_the_certificate_issued_and_without_a_file(self, folder, settings):
        settings.PRODUCTION = True
        certificate = a_certificate()
        with pytest.raises(keyring.KeyMissing):
            rendering.ensure_file(certificate)
        assert not CertificateFile.objects.exists()
        keyring.ensure()
        assert rendering.ensure_file(certificate).sealed_with


def from_before(certificate) -> CertificateFile:
    """The file of a certificate as it was kept before there were seals."""
    content = b"%PDF-1.7 as it was drawn then"
    path = default_storage.save(f"certificates/before/{certificate.public_id}.pdf", ContentFile(content))
    return CertificateFile.objects.create(
        certificate=certificate, path=path, bytes=len(content), sha256=sha256(content).hexdigest()
    )


@pytest.mark.django_db
class TestRegistry:
    """A row or a file that was changed is named, whoever changed both."""

    def replace(self, file: CertificateFile, content: bytes, **row) -> None:
        with default_storage.open(file.path, "wb") as stored:
            stored.write(content)
        CertificateFile.objects.filter(pk=file.pk).update(bytes=len(content), sha256=sha256(content).hexdigest(), **row)

    def test_an_unsealed_file_in_place_of_a_sealed_one(self, folder):
        file = rendering.ensure_file(a_certificate())
        self.replace(file, b"%PDF-1.7 of somebody else", unsigned_sha256="", sealed_with="")
        assert list(find_faults()) == [
            f"certificate {file.certificate.reference}: its file {file.path} is not the one that the trail tells of"
        ]

    def test_a_key_that_is_gone(self, folder):
        file = rendering.ensure_file(a_certificate())
        for path in folder.glob("seal-*"):
            path.unlink()
        [fault] = find_faults()
        assert fault.endswith(f"was sealed with the key {file.sealed_with}, which is not there")

    @pytest.mark.parametrize("change", ["", "HTTPS://AULA.EXAMPLE.ORG/O/MFWGC"])
    def test_another_qr(self, folder, change):
        file = rendering.ensure_file(a_certificate())
        CertificateFile.objects.filter(pk=file.pk).update(qr=change)
        fault, *more = find_faults()
        assert fault.endswith("is not the one that the trail tells of")
        assert len(more) == bool(change)

    def test_another_qr_told_by_the_trail(self, folder, monkeypatch):
        other, sign = a_certificate(), signed_facts.address_for
        monkeypatch.setattr(signed_facts, "address_for", lambda _certificate: sign(other))
        file = rendering.ensure_file(a_certificate())
        rendering.ensure_file(other)
        assert list(find_faults()) == [f"certificate {file.certificate.reference}: its QR: it says something else"]

    def test_another_seal_told_by_the_trail(self, folder, settings, tmp_path):
        """Whoever changes row, file and trail still lacks the key."""
        certificate = a_certificate()
        mine = rendering._sealed(certificate)[1]["sealed_with"]
        real, settings.SEAL_KEYS_DIR = settings.SEAL_KEYS_DIR, tmp_path / "forged"
        content, facts = rendering._sealed(certificate)
        path = rendering.store(rendering._path(certificate, None, facts["sha256"]), content)
        rendering._note(certificate, None, {"path": path, **facts, "sealed_with": mine})
        settings.SEAL_KEYS_DIR = real
        seal, qr = find_faults()
        assert "sealed with a key of somebody else" in seal
        assert "its QR: it was signed with a key of somebody else" in qr
