"""Proof of time for the long run: what it is, seen by independent readers, and when it cannot be had."""

import io
import subprocess
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from certificates import keyring
from certificates.keyring import Use
from certificates.pdf import (
    AuthorityAway,
    NotExtended,
    additions,
    check,
    envelope,
    extend,
    good_until,
    long_term,
    render,
    seal,
)
from tests.certificates.seals import sealed_by
from tests.certificates.test_archivable import faults
from tests.certificates.test_pdf import a_paper

pytestmark = pytest.mark.once
BYTE_RANGE = "PDFA3A-SIGNATURE-BYTERANGE-001"
ROOM = 6000


def reader(content: bytes) -> PdfFileReader:
    return PdfFileReader(io.BytesIO(content))


def stored(content: bytes) -> dict[str, list[bytes]]:
    """What the store of a file holds, as DER."""
    store = reader(content).root["/DSS"]
    return {name: [one.get_object().data for one in store.get(name, ())] for name in additions.STORED}


# What it is.


def test_it_begins_with_what_was_there_and_is_as_sealed(key, sealed, once, twice):
    assert once.startswith(sealed)
    assert twice.startswith(once)
    assert check(once, [key.certificate]) == check(twice, [key.certificate]) == check(sealed, [key.certificate])
    assert (len(additions.read(once).proofs), len(additions.read(twice).proofs)) == (1, 2)


def test_it_is_good_until_its_authority_s_certificate_ends(authority, sealed, once):
    assert good_until(sealed) is None
    assert good_until(once) == authority.certificate.not_valid_after_utc


def test_the_store_holds_both_chains_and_the_list_of_revocations(authority, key, once):
    """The root comes from where the authority's certificate says: its tokens do not bring it."""
    der = [
        one.public_bytes(serialization.Encoding.DER) for one in (key.certificate, authority.certificate, authority.root)
    ]
    held = stored(once)
    assert held["/Certs"] == der
    assert (len(held["/CRLs"]), held["/OCSPs"]) == (1, [])


def test_the_store_holds_the_answer_where_one_is_asked_for(own_authority, key):
    own_authority.take_certificate(timedelta(days=30), is_asked=True)
    content = extend(sealed_by(key, own_authority), time_authority=own_authority.address)
    assert (len(stored(content)["/CRLs"]), len(stored(content)["/OCSPs"])) == (0, 1)
    assert check(extend(content, time_authority=own_authority.address), [key.certificate])
    assert [one.split()[0] for one in faults(content)] == [BYTE_RANGE]


@pytest.mark.parametrize("name", ["once", "twice"])
def test_independent_readers_agree(request, tmp_path, name):
    content = request.getfixturevalue(name)
    path = tmp_path / "sealed.pdf"
    path.write_bytes(content)
    assert subprocess.run(["qpdf", "--check", path], capture_output=True, check=False).returncode == 0
    told = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=False).stdout
    seal_of, *proofs = told.split("Signature #")[1:]
    assert "Signature is Valid." in seal_of
    assert "Not total document signed" in seal_of
    assert len(proofs) == {"once": 1, "twice": 2}[name]
    assert ["Total document signed" in proof for proof in proofs] == [False] * (len(proofs) - 1) + [True]


@pytest.mark.parametrize("name", ["once", "twice"])
def test_pyhanko_calls_the_seal_and_the_proofs_whole(request, key, name):
    content = request.getfixturevalue(name)
    known = ValidationContext(trust_roots=[envelope.as_asn1(key.certificate)], moment=key.since)
    status = validate_pdf_signature(reader(content).embedded_signatures[0], known)
    assert status.intact
    assert status.valid
    assert status.docmdp_ok


@pytest.mark.parametrize("name", ["once", "twice"])
def test_the_archive_s_only_fault_is_that_the_seal_is_not_over_what_follows_it(request, name):
    assert [one.split()[0] for one in faults(request.getfixturevalue(name))] == [BYTE_RANGE]


def test_an_issuer_s_certificate_of_an_authority_brings_its_chain(authority, monkeypatch):
    """As of one that was bought: its list of revocations is kept, too."""
    private, _ending, _secret = keyring._generate(Use.SEAL)
    bought = authority.certify(private.public_key())
    asked = {"private": private, "certificate": bought, "at": authority.now, "time_authority": authority.address}
    content = extend(seal(render(a_paper()), **asked), time_authority=authority.address)
    assert bought.public_bytes(serialization.Encoding.DER) in stored(content)["/Certs"]
    assert stored(content)["/CRLs"]


def test_a_renewal_keeps_what_the_store_had_and_adds_the_new_chain(own_authority, key):
    before = extend(sealed_by(key, own_authority), time_authority=own_authority.address)
    newer = own_authority.take_certificate(timedelta(days=3000))
    second = extend(before, time_authority=own_authority.address)
    assert good_until(second) == newer.not_valid_after_utc
    third = extend(second, time_authority=own_authority.address)
    held = [stored(one)["/Certs"] for one in (before, second, third)]
    assert held[0] == held[1]
    assert held[2] == [*held[1], newer.public_bytes(serialization.Encoding.DER)]


def test_one_whose_time_is_over_gets_another_all_the_same(own_authority, key):
    """For its old authority nobody answers any more; the seal is proven from now on."""
    own_authority.take_certificate(timedelta(seconds=2))
    before = extend(sealed_by(key, own_authority), time_authority=own_authority.address)
    while keyring.datetime.now(keyring.UTC) <= good_until(before):
        pass
    own_authority.has_no_list = True
    newer = own_authority.take_certificate(timedelta(days=30))
    after = extend(before, time_authority=own_authority.address)
    assert good_until(after) == newer.not_valid_after_utc


def test_an_authority_that_answers_more_than_it_did_finds_room(authority, sealed, monkeypatch):
    monkeypatch.setattr(long_term, "SPARE", -1000)
    assert good_until(extend(sealed, time_authority=authority.address))


def test_no_stream_ends_with_a_carriage_return():
    """A validator takes it for a piece of the end of the line behind it."""
    for number in range(2000):
        content = b"%d\r" % number
        stream = long_term._packed(content)
        assert not stream.encoded_data.endswith(b"\r")
        assert stream.data == content


# What cannot be had.


def test_an_authority_that_is_away(own_authority, key):
    content = sealed_by(key, own_authority)
    own_authority.is_away = True
    with pytest.raises(AuthorityAway):
        extend(content, time_authority=own_authority.address)
    with pytest.raises(AuthorityAway):
        extend(content, time_authority="http://127.0.0.1:9/")


def test_an_authority_that_answers_nonsense(own_authority, key):
    content = sealed_by(key, own_authority)
    own_authority.is_broken = True
    with pytest.raises(AuthorityAway):
        extend(content, time_authority=own_authority.address)


def test_an_authority_that_answers_more_than_there_is_room_for(authority, sealed, monkeypatch):
    monkeypatch.setattr(long_term, "SPARE", -1000)
    monkeypatch.setattr(long_term, "RESERVED_WITH_TIME", 100)
    with pytest.raises(AuthorityAway, match="room"):
        extend(sealed, time_authority=authority.address)


@pytest.mark.parametrize("missing", ["has_no_list", "has_no_root"])
def test_evidence_that_is_not_to_be_had(own_authority, key, missing):
    content = sealed_by(key, own_authority)
    setattr(own_authority, missing, True)
    with pytest.raises(NotExtended):
        extend(content, time_authority=own_authority.address)
    setattr(own_authority, missing, False)
    assert good_until(extend(content, time_authority=own_authority.address))


@pytest.mark.parametrize("is_asked", [False, True])
def test_an_authority_that_was_revoked(own_authority, key, is_asked):
    own_authority.take_certificate(timedelta(days=30), is_asked=is_asked)
    content = sealed_by(key, own_authority)
    own_authority.revoked.append(own_authority.certificate.serial_number)
    with pytest.raises(NotExtended, match="revoked"):
        extend(content, time_authority=own_authority.address)


def test_a_seal_without_a_time(authority, key):
    with pytest.raises(NotExtended, match="no proof of time"):
        extend(sealed_by(key, None), time_authority=authority.address)
