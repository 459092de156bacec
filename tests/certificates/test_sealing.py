"""The seal: PAdES B-B over an archivable file, seen by independent readers; whatever was altered is refused."""

import io
import subprocess
from hashlib import sha256

import pikepdf
import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import tsp

from certificates import keyring
from certificates.keyring import Use
from certificates.pdf import SealBroken, appending, check, envelope, render, seal
from tests.certificates.seals import graft, openssl_says, poppler_says, readings, sealed_parts
from tests.certificates.test_archivable import NAMES, faults
from tests.certificates.test_pdf import EIGHTY, a_paper

pytestmark = pytest.mark.once


@pytest.fixture
def key(settings, tmp_path) -> keyring.Key:
    settings.SEAL_KEYS_DIR = tmp_path / "seal"
    return keyring.current(Use.SEAL)


def sealed(key: keyring.Key, unsigned: bytes | None = None, **more) -> bytes:
    unsigned = unsigned or render(a_paper())
    return seal(unsigned, private=key.private, certificate=key.certificate, at=key.since, **more)


@pytest.mark.parametrize("name", ["Ana", EIGHTY, NAMES[1], NAMES[6], NAMES[8]])
def test_it_stays_archivable_and_accessible(key, name):
    unsigned = render(a_paper(person_name=name))
    content = sealed(key, unsigned)
    assert faults(content) == []
    assert content.startswith(unsigned)


def test_independent_readers_agree(key, tmp_path):
    unsigned = render(a_paper())
    content = sealed(key, unsigned)
    assert poppler_says(content, tmp_path)
    assert openssl_says(content, key.certificate, tmp_path)
    assert check(content, [key.certificate]) == sha256(unsigned).hexdigest()
    (tmp_path / "sealed.pdf").write_bytes(content)
    done = subprocess.run(["qpdf", "--check", tmp_path / "sealed.pdf"], capture_output=True, check=False)
    assert done.returncode == 0


def test_it_is_pades_baseline(key):
    """ETSI EN 319 142-1, table 1: the sub-filter, a certificate bound by its digest, no time of signing in the CMS."""
    content = sealed(key)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        signature = pdf.Root.AcroForm.Fields[0].V
        assert signature.SubFilter == "/ETSI.CAdES.detached"
        assert str(signature.M).startswith(f"D:{key.since:%Y%m%d%H%M%S}")
        assert pdf.Root.Perms.DocMDP == signature
        assert int(signature.Reference[0].TransformParams.P) == 1
    signed_data = asn1_cms.ContentInfo.load(sealed_parts(content)[1])["content"]
    (signer,) = signed_data["signer_infos"]
    attributes = {attribute["type"].native for attribute in signer["signed_attrs"]}
    assert {"content_type", "message_digest", "signing_certificate_v2"} <= attributes
    assert "signing_time" not in attributes
    assert signer["signature_algorithm"]["algorithm"].native == "sha256_ecdsa"


def test_the_same_file_key_and_moment_give_the_same_bytes(key):
    assert sealed(key) == sealed(key)


def test_a_filled_envelope_is_the_one_that_would_be_made(key):
    """For many files, so that signatures of several lengths are among them."""
    lengths = set()
    for number in range(60):
        digest = sha256(b"%d" % number).digest()
        filled = envelope.around(digest, key.private, key.certificate)
        made = envelope._made(envelope._Sealer(key.private, key.certificate), digest)
        assert filled == made
        lengths.add(len(made))
    assert len(lengths) > 1


def test_an_envelope_of_another_form_is_refused(key, monkeypatch):
    """Whatever a newer pyHanko writes: never a seal with a digest in the wrong place."""
    monkeypatch.setattr(envelope, "_made", lambda signer, digest, stamper=None: digest + digest)
    envelope._mould.cache_clear()
    with pytest.raises(ValueError, match="another form"):
        envelope.around(sha256(b"x").digest(), key.private, key.certificate)


# Twins: each is refused by every reader that can know.


def refused(content: bytes, key: keyring.Key, folder) -> list[bool]:
    return [not holds for holds in readings(content, key.certificate, folder).values()]


@pytest.mark.parametrize("place", [12, 5000, -40])
def test_one_byte(key, tmp_path, place):
    content = bytearray(sealed(key))
    content[place] ^= 1
    assert refused(bytes(content), key, tmp_path) == [True, True, True]


def test_another_name_and_another_course(key, tmp_path):
    """The drawing of another under the seal of this one."""
    _data, cms = sealed_parts(sealed(key))
    other = sealed(key, render(a_paper(person_name="Otra", course_title="Otro")))
    twin = graft(other, cms)
    assert twin != other
    assert refused(twin, key, tmp_path) == [True, True, True]
    content = sealed(key)
    twin = content.replace(b"usuarios de agua", b"usuarios de luz.", 1)
    assert twin != content
    assert refused(twin, key, tmp_path) == [True, True, True]


def test_an_incremental_update(key, tmp_path):
    content = io.BytesIO(sealed(key))
    writer = appending.Writer(content)
    page = writer.root["/Pages"]["/Kids"][0]
    writer.update_container(page)
    writer.write_in_place()
    assert refused(content.getvalue(), key, tmp_path) == [True, True, True]


def test_a_line_after_the_end(key, tmp_path):
    content = sealed(key) + b"%\n"
    assert [refused(content, key, tmp_path)[place] for place in (0, 2)] == [True, True]


def test_another_key(key, settings, tmp_path):
    settings.SEAL_KEYS_DIR = tmp_path / "another"
    another = sealed(keyring.current(Use.SEAL))
    # Poppler trusts nobody's certificate: it cannot know whose this is.
    assert [refused(another, key, tmp_path)[place] for place in (0, 2)] == [True, True]


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7 of somebody else", b"<html>"])
def test_what_is_no_sealed_file(key, content):
    with pytest.raises(SealBroken):
        check(content, [key.certificate])
    with pytest.raises(SealBroken, match="0 seals"):
        check(render(a_paper()), [key.certificate])


# What would go wrong without ...


def test_pyhanko_would_break_the_archive(key, monkeypatch):
    monkeypatch.delattr(appending.Writer, "_update_meta")
    assert faults(sealed(key)) != []


def test_random_signatures_would_differ(key, monkeypatch):
    monkeypatch.delattr(appending.Writer, "_handle_id")
    assert sealed(key) != sealed(key)


# B-T: with an authority that proves the time.


def test_an_authority_proves_the_time(key, authority, tmp_path):
    content = sealed(key, time_authority=authority.address)
    assert faults(content) == []
    assert poppler_says(content, tmp_path)
    assert openssl_says(content, key.certificate, tmp_path)
    assert check(content, [key.certificate]) == sha256(render(a_paper())).hexdigest()
    signed_data = asn1_cms.ContentInfo.load(sealed_parts(content)[1])["content"]
    (attribute,) = signed_data["signer_infos"][0]["unsigned_attrs"]
    assert attribute["type"].native == "signature_time_stamp_token"
    token = attribute["values"][0]["content"]["encap_content_info"]["content"].parsed
    assert isinstance(token, tsp.TSTInfo)
    assert (
        token["message_imprint"]["hashed_message"].native
        == sha256(signed_data["signer_infos"][0]["signature"].native).digest()
    )
