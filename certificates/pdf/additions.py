"""What may stand behind a seal: proofs of time (ETSI EN 319 142-1, B-LTA), each over the whole file before it.

An addition is one revision. It puts a store of certificates and revocations (DSS) and a field without a place on a page
into the catalogue, changes nothing else, and ends in a document timestamp. ISO 32000-2 §12.8.2.2 lets that follow a
seal that allows no change; whatever else pyHanko or a reader would let through is refused here.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

from asn1crypto import crl, ocsp, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import XRefSectionType, read_object_header
from pyhanko.sign.validation import validate_pdf_timestamp
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

UNREADABLE = (PdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError)
END = b"%%EOF\n"
STORED = {"/Certs": x509.Certificate, "/CRLs": crl.CertificateList, "/OCSPs": ocsp.OCSPResponse}
TIMESTAMP = {"/Type": "/DocTimeStamp", "/Filter": "/Adobe.PPKLite", "/SubFilter": "/ETSI.RFC3161"}
_OF_A_FIELD = {"/FT", "/T", "/V"}
_OF_A_PROOF = {"/Contents", "/ByteRange"}
_OF_THE_TRAILER = {"/Size", "/Prev", "/ID"}  # what an addition changes in it


class Refused(Exception):
    """Something stands behind the seal that may not. Says what."""


@dataclass(frozen=True)
class Sealed:
    """A sealed file as it was before any addition, its seal, and the proofs of time that were added, the oldest first.

    The seal is as it stands in `content`: nothing of it is checked here.
    """

    content: bytes
    seal: EmbeddedPdfSignature
    proofs: tuple[EmbeddedPdfSignature, ...] = ()


def read(content: bytes) -> Sealed:
    """The file, its additions taken apart; each may be there, and each proof holds. Raises `Refused`."""
    try:
        return _read(content)
    except UNREADABLE as problem:
        raise Refused(f"it cannot be read: {problem}") from problem


def _read(content: bytes) -> Sealed:
    signatures = PdfFileReader(io.BytesIO(content)).embedded_signatures
    seals = [one for one in signatures if one.sig_object_type == "/Sig"]
    if len(seals) != 1 or signatures[0] is not seals[0]:
        raise Refused(f"it has {len(seals)} seals" if len(seals) != 1 else "its seal does not stand first")
    if len(signatures) == 1:
        return Sealed(content, signatures[0])
    ends = [_end(one) for one in signatures]
    if ends[-1] != len(content) or sorted(set(ends)) != ends:
        raise Refused("something follows the newest proof of its time")
    proofs = [_Addition(content[:start], content[:end]).proof() for start, end in pairwise(ends)]
    sealed = content[: ends[0]]
    return Sealed(sealed, PdfFileReader(io.BytesIO(sealed)).embedded_signatures[0], tuple(proofs))


def _end(signature: EmbeddedPdfSignature) -> int:
    """Where what it covers ends."""
    return int(signature.byte_range[2]) + int(signature.byte_range[3])


class _Addition:
    """One revision, between a file `before` it and the file `after` it."""

    def __init__(self, before: bytes, after: bytes):
        self._start, self._content = len(before), after
        self._before, self._after = PdfFileReader(io.BytesIO(before)), PdfFileReader(io.BytesIO(after))
        self._number = self._after.total_revisions - 1

    def proof(self) -> EmbeddedPdfSignature:
        """The timestamp that it ends in. Raises `Refused`."""
        self._assert_one_revision()
        new = {self._assert_catalogue(), *self._assert_store()}
        proof = self._after.embedded_signatures[-1]
        field, held = self._assert_field(proof)
        if self._added() != new | {field, held}:
            raise Refused("an addition changes objects, or brings some that it has no use for")
        _assert_holds(proof)
        return proof

    def _assert_one_revision(self) -> None:
        """It follows the file before, and its bytes are those of its objects and of their table."""
        before, after = self._before, self._after
        if self._number != before.total_revisions or after.xrefs.hybrid_xrefs_present:
            raise Refused("an addition is more than one revision")
        table = after.xrefs.get_xref_container_info(self._number)
        if table.xref_section_type is not XRefSectionType.STANDARD or after.xrefs.get_xref_data(self._number).freed:
            raise Refused("an addition takes objects away, or hides them")
        if after.xrefs.get_startxref_for_revision(self._number - 1) != before.last_startxref:
            raise Refused("an addition leaves out what stands before it")
        old, new = (_written(one.trailer.flatten()) for one in (before, after))
        if _without(old, _OF_THE_TRAILER) != _without(new, _OF_THE_TRAILER):
            raise Refused("an addition has another trailer")
        if self._assert_objects() != table.declared_startxref:
            raise Refused("an addition has bytes that belong to nothing")
        tail = self._content[table.declared_startxref :]
        if not tail.endswith(END) or b"%" in tail.removesuffix(END):
            raise Refused("an addition has bytes that belong to nothing")

    def _assert_objects(self) -> int:
        """One stands behind the other, the first where the file before ended. Where the last one ends."""
        stream, place = self._after.stream, self._start
        for _generation, at in sorted(self._table().values(), key=itemgetter(1)):
            if at != place:
                raise Refused("an addition has bytes that belong to nothing")
            stream.seek(at)
            said = read_object_header(stream, strict=True)
            generic.read_object(stream, generic.Reference(*said, self._after))
            generic.read_non_whitespace(stream, seek_back=True)
            stream.seek(len(b"endobj"), io.SEEK_CUR)
            generic.read_non_whitespace(stream, seek_back=True)
            place = stream.tell()
        return place

    def _table(self) -> dict[int, tuple[int, int]]:
        """The number of each object, its generation, and where it is."""
        return self._after.xrefs.get_xref_data(self._number).standard_xrefs

    def _added(self) -> set[int]:
        return set(self._table())

    def _assert_catalogue(self) -> int:
        """The catalogue is as it was, but for its store and one field more. Its number."""
        old, new = (_written(one.root) for one in (self._before, self._after))
        if _without(old, {"/AcroForm", "/DSS"}) != _without(new, {"/AcroForm", "/DSS"}):
            raise Refused("an addition changes the catalogue")
        forms = [one.root.raw_get("/AcroForm") for one in (self._before, self._after)]
        was, now = (_without(_written(form), {"/Fields"}) for form in forms)
        fields_were, fields_are = ([_text(field) for field in form.raw_get("/Fields")] for form in forms)
        if was != now or len(fields_are) != len(fields_were) + 1 or fields_are[:-1] != fields_were:
            raise Refused("an addition changes the fields")
        return self._after.root_ref.idnum

    def _assert_store(self) -> set[int]:
        """The store keeps what it had, and all that is in it is what it says. The numbers of what is new of it."""
        reference = self._after.root.raw_get("/DSS")
        store, kept = reference.get_object(), store_of(self._before.root)
        if not isinstance(reference, generic.IndirectObject) or not set(store) <= {*STORED, "/Type"}:
            raise Refused("the store of an addition is no store")
        found = {reference.idnum}
        for name, kind in STORED.items():
            had, has = (list(one.get(name, ())) for one in (kept, store))
            if [_text(one) for one in has[: len(had)]] != [_text(one) for one in had]:
                raise Refused("an addition takes something out of the store")
            for one in has[len(had) :]:
                _assert_is(one.get_object(), kind)
                found.add(one.idnum)
        return found

    def _assert_field(self, proof: EmbeddedPdfSignature) -> tuple[int, int]:
        """The new field has a name of its own and the proof, over all there is. Their numbers."""
        reference = self._after.root["/AcroForm"]["/Fields"].raw_get(-1)
        field = reference.get_object()
        names = [one.get_object()["/T"] for one in self._after.root["/AcroForm"]["/Fields"]]
        if set(field) != _OF_A_FIELD or field["/FT"] != "/Sig" or len(set(names)) != len(names):
            raise Refused("the field of an addition is no field of a proof of time")
        held = field.raw_get("/V")
        said = {key: proof.sig_object.get(key) for key in TIMESTAMP}
        if proof.sig_field != field or said != TIMESTAMP or set(proof.sig_object) != {*TIMESTAMP, *_OF_A_PROOF}:
            raise Refused("an addition does not end in a proof of time")
        start, again = int(proof.byte_range[1]), int(proof.byte_range[2])
        is_over_all = proof.evaluate_signature_coverage() is SignatureCoverageLevel.ENTIRE_FILE and start >= self._start
        if not is_over_all or self._content[start:again].lower() != b"<%s>" % proof.pkcs7_content.hex().encode():
            raise Refused("a proof of time is not over the whole file but itself")
        return reference.idnum, held.idnum


def store_of(root: generic.DictionaryObject) -> Mapping[str, generic.PdfObject]:
    """The store of a catalogue; empty where none was added."""
    if "/DSS" not in root:
        return {}
    return root["/DSS"]


def _assert_is(stream: generic.PdfObject, kind: type) -> None:
    if not isinstance(stream, generic.StreamObject) or not set(stream) <= {"/Length", "/Filter"}:
        raise Refused("the store of an addition is no store")
    len(kind.load(stream.data, strict=True))  # its parts are read, or it raises


def _assert_holds(proof: EmbeddedPdfSignature) -> None:
    """It is whole, by an authority that need not be known here."""
    try:
        status = validate_pdf_timestamp(proof, ValidationContext(trust_roots=[]), skip_diff=True)
    except (SignatureValidationError, *UNREADABLE) as problem:
        raise Refused(f"a proof of its time cannot be read: {problem}") from problem
    if not (status.intact and status.valid):
        raise Refused(f"a proof of its time does not hold: {status.summary()}")


def _written(said: Mapping[str, generic.PdfObject]) -> dict[str, bytes]:
    """A dictionary with each value as it would stand in a file."""
    return {key: _text(said.raw_get(key)) for key in said}


def _text(one: generic.PdfObject) -> bytes:
    out = io.BytesIO()
    one.write_to_stream(out, None)
    return out.getvalue()


def _without(said: dict[str, bytes], keys: set[str]) -> dict[str, bytes]:
    return {key: value for key, value in said.items() if key not in keys}
