"""Proof of time for the long run: what may stand behind a seal, seen by independent readers, and what is refused."""

import asyncio
import io
import subprocess
from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from certificates import keyring
from certificates.keyring import Use
from certificates.pdf import (
    AuthorityAway,
    NotExtended,
    SealBroken,
    additions,
    appending,
    check,
    envelope,
    extend,
    good_until,
    long_term,
    render,
    seal,
)
from tests.certificates.seals import we_say
from tests.certificates.test_archivable import faults
from tests.certificates.test_pdf import a_paper
from tests.certificates.time_authority import TimeAuthority, running

pytestmark = pytest.mark.once
BYTE_RANGE = "PDFA3A-SIGNATURE-BYTERANGE-001"
ROOM = 6000


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    with running(tmp_path_factory.mktemp("hora") / "tsa") as one:
        yield one


@pytest.fixture
def own_authority(tmp_path):
    """One that a test may tell to be away."""
    with running(tmp_path / "tsa") as one:
        yield one


@pytest.fixture(scope="module")
def key(tmp_path_factory) -> keyring.Key:
    """One key for all of them: what is sealed with it differs in nothing."""
    private, _ending, _secret = keyring._generate(Use.SEAL)
    certificate = keyring._certify(private, keyring.datetime.now(keyring.UTC).replace(microsecond=0))
    return keyring.Key("one", Use.SEAL, certificate, private)


def sealed_by(key: keyring.Key, authority: TimeAuthority | None) -> bytes:
    asked = {"time_authority": authority.address} if authority else {}
    return seal(render(a_paper()), private=key.private, certificate=key.certificate, at=key.since, **asked)


@pytest.fixture(scope="module")
def sealed(key, authority) -> bytes:
    return sealed_by(key, authority)


@pytest.fixture(scope="module")
def once(sealed, authority) -> bytes:
    return extend(sealed, time_authority=authority.address)


@pytest.fixture(scope="module")
def twice(once, authority) -> bytes:
    return extend(once, time_authority=authority.address)


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


def test_a_list_of_revocations_that_is_not_to_be_had(own_authority, key):
    content = sealed_by(key, own_authority)
    own_authority.has_no_list = True
    with pytest.raises(NotExtended, match=r"Failed to fetch|nobody has"):
        extend(content, time_authority=own_authority.address)


def test_an_authority_that_was_revoked(own_authority, key):
    content = sealed_by(key, own_authority)
    own_authority.revoked.append(own_authority.certificate.serial_number)
    with pytest.raises(NotExtended, match="revoked"):
        extend(content, time_authority=own_authority.address)


def test_a_seal_without_a_time(authority, key):
    with pytest.raises(NotExtended, match="no proof of time"):
        extend(sealed_by(key, None), time_authority=authority.address)


# Twins: what somebody could put behind a seal, with a good timestamp of any authority over it.


def an_addition(content: bytes, authority, monkeypatch, change: Callable[[appending.Writer], None]) -> bytes:
    """One that is like ours but for the change, made before it was stamped."""
    store = long_term._store

    def and_change(writer, evidence):
        made = store(writer, evidence)
        writer.root["/DSS"] = made
        change(writer)
        return made

    monkeypatch.setattr(long_term, "_store", and_change)
    return long_term._append(content, [], "Hora 9", HTTPTimeStamper(authority.address), ROOM)


def dictionary(**entries: generic.PdfObject) -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name(f"/{key}"): value for key, value in entries.items()})


def fields(writer: appending.Writer) -> generic.ArrayObject:
    return writer.root["/AcroForm"]["/Fields"]


def change_catalogue(writer):
    writer.root["/Lang"] = pdf_string("en")


def extend_catalogue(writer):
    writer.root["/Extensions"] = dictionary(ESIC=dictionary(BaseVersion=pdf_name("/1.7")))


def add_orphan(writer):
    writer.add_object(dictionary(S=pdf_name("/JavaScript"), JS=pdf_string("app.alert(1)")))


def change_page(writer):
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = generic.NumberObject(90)
    writer.update_container(page)


def change_text(writer):
    contents = writer.root["/Pages"]["/Kids"][0].raw_get("/Contents")
    writer.mark_update(contents.reference)


def add_empty_field(writer):
    fields(writer).append(writer.add_object(dictionary(FT=pdf_name("/Sig"), T=pdf_string("Otro"))))


def show_field(writer):
    fields(writer)[-1]["/Subtype"] = pdf_name("/Widget")


def name_field_again(writer):
    fields(writer)[-1]["/T"] = pdf_string("Sello")


def change_field(writer):
    fields(writer)[0]["/TU"] = pdf_string("Otro")
    writer.update_container(fields(writer)[0])


def take_field(writer):
    fields(writer).pop(0)


def change_form(writer):
    writer.root["/AcroForm"]["/SigFlags"] = generic.NumberObject(0)


def change_trailer(writer):
    writer.set_custom_trailer_entry(pdf_name("/Otro"), pdf_string("x"))


def store_something(writer):
    kept = writer.add_object(generic.StreamObject(stream_data=b"not a certificate"))
    writer.root["/DSS"]["/Certs"].append(kept)


def store_dictionary(writer):
    writer.root["/DSS"]["/Certs"].append(writer.add_object(dictionary()))


def name_store(writer):
    writer.root["/DSS"]["/Otro"] = pdf_string("x")


def sign_more(writer):
    for one in writer.objects.values():
        if isinstance(one, long_term.DocumentTimestamp):
            one["/Reason"] = pdf_string("Otro")


TWINS = {
    change_catalogue: "changes the catalogue",
    extend_catalogue: "changes the catalogue",
    add_orphan: "no use for",
    change_page: "no use for",
    change_text: "no use for",
    add_empty_field: "changes the fields",
    show_field: "no field of a proof",
    name_field_again: "no field of a proof",
    change_field: "no use for",
    take_field: "0 seals",
    change_form: "changes the fields",
    change_trailer: "another trailer",
    store_something: "cannot be read",
    store_dictionary: "no store",
    name_store: "no store",
    sign_more: "does not end in a proof",
}


def test_the_addition_that_twins_are_made_of_is_a_good_one(key, once, authority, monkeypatch):
    assert we_say(an_addition(once, authority, monkeypatch, lambda writer: None), key.certificate)


@pytest.mark.parametrize("change", TWINS, ids=lambda change: change.__name__)
def test_what_else_an_addition_may_bring_is_refused(key, once, authority, monkeypatch, change):
    twin = an_addition(once, authority, monkeypatch, change)
    with pytest.raises(SealBroken, match=TWINS[change]):
        check(twin, [key.certificate])


def test_a_store_that_loses_something_is_refused(key, once, authority, monkeypatch):
    def lose(writer):
        writer.root["/DSS"]["/Certs"].pop()

    with pytest.raises(SealBroken, match="out of the store"):
        check(an_addition(once, authority, monkeypatch, lose), [key.certificate])


def test_a_second_signature_is_refused(key, once, authority, monkeypatch):
    """Where the proof should be, somebody else's seal."""
    private, _ending, _secret = keyring._generate(Use.SEAL)
    theirs = keyring._certify(private, key.since)

    class Stamper:
        async def async_timestamp(self, digest, _algorithm):
            return await asyncio.to_thread(envelope.around, digest, private, theirs)

    def signature(bytes_reserved):
        return SignatureObject(key.since, subfilter=SigSeedSubFilter.PADES, bytes_reserved=bytes_reserved)

    monkeypatch.setattr(long_term, "DocumentTimestamp", signature)
    twin = long_term._append(once, [], "Sello 2", Stamper(), ROOM)
    with pytest.raises(SealBroken, match="2 seals"):
        check(twin, [key.certificate, theirs])


def test_a_proof_of_something_else_is_refused(key, once, authority):
    class Stamper:
        async def async_timestamp(self, digest, algorithm):
            return await HTTPTimeStamper(authority.address).async_timestamp(bytes(32), algorithm)

    with pytest.raises(SealBroken, match="does not hold"):
        check(long_term._append(once, [], "Hora 2", Stamper(), ROOM), [key.certificate])


def revised(content: bytes) -> bytes:
    """With a revision that nobody stamped."""
    out = io.BytesIO(content)
    writer = appending.Writer(out)
    change_page(writer)
    writer.write_in_place()
    return out.getvalue()


def test_a_revision_without_a_proof_is_refused(key, sealed, once):
    for content in (sealed, once):
        assert not we_say(revised(content), key.certificate)


def test_a_revision_that_hides_before_a_proof_is_refused(key, once, authority):
    twin = long_term._append(revised(once), [], "Hora 2", HTTPTimeStamper(authority.address), ROOM)
    with pytest.raises(SealBroken, match="more than one revision"):
        check(twin, [key.certificate])


def test_bytes_between_are_refused(key, once, authority):
    end = once[once.rindex(b"startxref") :]
    for hidden in (b"%Otro\n", b"99 0 obj\n<< >>\nendobj\n"):
        twin = long_term._append(once + hidden + end, [], "Hora 2", HTTPTimeStamper(authority.address), ROOM)
        assert not we_say(twin, key.certificate)


@pytest.mark.parametrize("more", [b"\n", b"%\n", b" ", b"%%EOF\n"])
def test_something_after_the_end_is_refused(key, once, more):
    assert not we_say(once + more, key.certificate)


def test_one_byte_anywhere_is_refused(key, sealed, once):
    """In the drawing, the seal, what the store holds, the proof of time, its table and its end."""
    contents = once.index(b"/Contents <", len(sealed)) + 11
    places = [12, 5000, len(sealed) - 40, len(sealed) + 30, contents + 200, len(once) - 1500, len(once) - 30]
    for place in places:
        twin = bytearray(once)
        twin[place] ^= 1
        assert not we_say(bytes(twin), key.certificate), place


def test_cut_off_it_is_the_file_that_it_was(key, sealed, once, twice):
    assert we_say(twice[: len(once)], key.certificate)
    assert we_say(once[: len(sealed)], key.certificate)
    assert not we_say(once[:-1], key.certificate)


def test_another_key(key, once):
    private, _ending, _secret = keyring._generate(Use.SEAL)
    with pytest.raises(SealBroken, match="somebody else"):
        check(once, [keyring._certify(private, key.since)])


# What would go wrong without ...


@pytest.mark.parametrize("change", [add_orphan, extend_catalogue], ids=lambda change: change.__name__)
def test_pyhanko_would_let_it_through(key, once, authority, monkeypatch, change):
    twin = an_addition(once, authority, monkeypatch, change)
    known = ValidationContext(trust_roots=[envelope.as_asn1(key.certificate)], moment=key.since)
    assert validate_pdf_signature(reader(twin).embedded_signatures[0], known).docmdp_ok
