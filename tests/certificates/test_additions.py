"""What may stand behind a seal, and what is refused although a good stamp of any authority is over it."""

import asyncio
import io
from collections.abc import Callable

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils import writer as pdf_writer
from pyhanko.pdf_utils.generic import pdf_name, pdf_string
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.pdf_byterange import SigByteRangeObject, SignatureObject
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from certificates import keyring
from certificates.keyring import Use
from certificates.pdf import (
    SealBroken,
    appending,
    check,
    envelope,
    long_term,
)
from tests.certificates.seals import we_say

pytestmark = pytest.mark.once
BYTE_RANGE = "PDFA3A-SIGNATURE-BYTERANGE-001"
ROOM = 6000


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


def hide_table(writer):
    writer.stream_xrefs = True


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
    hide_table: "takes objects away, or hides them",
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


@pytest.mark.parametrize(
    "twin_of",
    [
        (b"", b"4 1\n0000000000 00001 f \n", "takes objects away"),  # the metadata, which the catalogue goes on to name
        (b"99 0 obj\n<< >>\nendobj\n", b"", "belong to nothing"),
        (b"", b"%Otro\n", "belong to nothing"),
    ],
    ids=["free", "hidden", "comment"],
)
def test_another_table_is_refused(key, once, authority, monkeypatch, twin_of):
    before, behind, said = twin_of
    write = pdf_writer.write_xref_table

    def and_more(stream, positions):
        stream.write(before)
        place = write(stream, positions)
        stream.write(behind)
        return place

    monkeypatch.setattr(pdf_writer, "write_xref_table", and_more)
    twin = long_term._append(once, [], "Hora 2", HTTPTimeStamper(authority.address), ROOM)
    with pytest.raises(SealBroken, match=said):
        check(twin, [key.certificate])


def test_an_addition_to_another_table_is_refused(key, once, authority):
    """One that stands in the place of the newest: it could leave out what that one said."""
    table = once[once.rindex(b"\nxref\n") + 1 : once.rindex(b"startxref")]
    other = once + table + b"startxref\n%d\n%%%%EOF\n" % len(once)
    twin = long_term._append(other, [], "Hora 2", HTTPTimeStamper(authority.address), ROOM)
    with pytest.raises(SealBroken, match="leaves out"):
        check(twin, [key.certificate])


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


@pytest.mark.parametrize("moved", [(10, -10), (0, 10)], ids=["another place", "a hole"])
def test_a_proof_that_leaves_something_out_is_refused(key, once, authority, monkeypatch, moved):
    """pyHanko counts the bytes that are left out, and does not ask which they are."""
    fill, (earlier, later) = SigByteRangeObject.fill_offsets, moved

    def leave_out(self, stream, start, end, whole):
        fill(self, stream, start - earlier, end + later, whole)

    monkeypatch.setattr(SigByteRangeObject, "fill_offsets", leave_out)
    twin = long_term._append(once, [], "Hora 2", HTTPTimeStamper(authority.address), ROOM)
    with pytest.raises(SealBroken, match="not over the whole file"):
        check(twin, [key.certificate])


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
    assert validate_pdf_signature(PdfFileReader(io.BytesIO(twin)).embedded_signatures[0], known).docmdp_ok
