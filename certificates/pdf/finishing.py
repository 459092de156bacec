"""Making an archivable, accessible file of a drawn page: PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1).

reportlab knows neither. Here come the structure tree, the metadata, the output intent and the empty field for the
seal. The same drawing and description give the same bytes.
"""

import io
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, String
from pikepdf.models.metadata import encode_pdf_date

from .metadata import PRODUCER, Description, packet
from .tagging import Element

LANGUAGE = "es-GT"
SEAL_FIELD = "Sello"
_SEAL_SAYS = "Sello electrónico de quien emite"
# Little CMS's own sRGB ("No copyright, use freely"), see pdf/profiles/README.md.
_PROFILE = Path(__file__).parent / "profiles" / "srgb.icc"
_ANNOTATION_PRINT_LOCKED = 4 | 128
# A ToUnicode map may say neither "nothing" nor a byte order mark (ISO 19005-3 §6.2.11.7.2).
_MEANINGLESS = re.compile(rb"<[0-9A-F]{2}> <(?:0000|FEFF|FFFE)>\n?")


@dataclass(frozen=True)
class Attachment:
    """A file inside the file: the same facts as data (`AFRelationship /Data`)."""

    name: str
    kind: str
    says: str
    content: bytes


def finish(
    drawn: bytes,
    elements: Sequence[Element],
    described: Description,
    attachments: Sequence[Attachment] = (),
    *,
    language: str = LANGUAGE,
    is_first: bool = False,
) -> bytes:
    """The unsigned file of one page; `elements` are what is on it, in the order of reading.

    `is_first` leaves the streams as the first layout has them: what was issued so is drawn again so.
    """
    return finish_pages(drawn, [elements], described, attachments, language=language, is_first=is_first)


def finish_pages(
    drawn: bytes,
    pages: Sequence[Sequence[Element]],
    described: Description,
    attachments: Sequence[Attachment] = (),
    *,
    language: str = LANGUAGE,
    is_first: bool = False,
) -> bytes:
    """The unsigned file of as many pages as `pages` has lists of elements."""
    with pikepdf.open(io.BytesIO(drawn)) as pdf:
        _describe(pdf, described, language)
        _mend_fonts(pdf)
        _write_structure(pdf, pages, language)
        _write_intent(pdf)
        if attachments:
            _attach(pdf, attachments, described.at)
        return _saved(pdf, is_first)


def _saved(pdf: pikepdf.Pdf, is_first: bool) -> bytes:
    out = io.BytesIO()
    if not is_first:
        _close_streams(pdf)
    pdf.save(
        out,
        deterministic_id=True,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
        compress_streams=is_first,
        stream_decode_level=None if is_first else pikepdf.StreamDecodeLevel.none,
    )
    return out.getvalue()


def _describe(pdf: pikepdf.Pdf, described: Description, language: str) -> None:
    """Metadata, language, and the title instead of the file's name in the window's head."""
    root = pdf.Root
    root.Metadata = pdf.make_indirect(Stream(pdf, packet(described, language), Type=Name.Metadata, Subtype=Name.XML))
    root.Lang = String(language)
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    pdf.docinfo[Name.Producer] = String(PRODUCER)
    for page in pdf.pages:
        page.obj[Name.Tabs] = Name.S
        if Name.Trans in page.obj:
            del page.obj[Name.Trans]


def _mend_fonts(pdf: pikepdf.Pdf) -> None:
    """Take out of each font's map what stands for nothing: reportlab gives code 0 the meaning U+0000."""
    for font in pdf.pages[0].obj.Resources.Font.values():
        mapping = font.ToUnicode.read_bytes()
        kept, dropped = _MEANINGLESS.subn(b"", mapping)
        count = int(re.search(rb"(\d+) beginbfchar", mapping)[1]) - dropped
        font.ToUnicode.write(re.sub(rb"\d+ beginbfchar", b"%d beginbfchar" % count, kept))


def _write_structure(pdf: pikepdf.Pdf, pages: Sequence[Sequence[Element]], language: str) -> None:
    """Document → one child for each element → its marked content; and last the field for the seal, on page one."""
    page, count = pdf.pages[0].obj, len(pages)
    tree = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
    document = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document, P=tree, Lang=String(language)))
    children = [
        [_child(pdf, document, pdf.pages[at].obj, number, element) for number, element in enumerate(elements)]
        for at, elements in enumerate(pages)
    ]
    field = _seal_field(pdf, page)
    form = pdf.make_indirect(
        Dictionary(
            Type=Name.StructElem,
            S=Name.Form,
            P=document,
            Pg=page,
            Alt=String(_SEAL_SAYS),
            K=Dictionary(Type=Name.OBJR, Obj=field, Pg=page),
        )
    )
    document.K = Array([*(child for some in children for child in some), form])
    tree.K = Array([document])
    for at in range(count):
        pdf.pages[at].obj.StructParents = at
    field.StructParent = count
    named = [part for at, some in enumerate(children) for part in (at, pdf.make_indirect(Array(some)))]
    tree.ParentTree = pdf.make_indirect(Dictionary(Nums=Array([*named, count, form])))
    tree.ParentTreeNextKey = count + 1
    pdf.Root.StructTreeRoot = tree
    pdf.Root.MarkInfo = Dictionary(Marked=True)


def _child(pdf: pikepdf.Pdf, parent: Dictionary, page: Dictionary, number: int, element: Element) -> Dictionary:
    child = pdf.make_indirect(Dictionary(Type=Name.StructElem, S=Name("/" + element.tag), P=parent, Pg=page, K=number))
    if element.language:
        child.Lang = String(element.language)
    if element.alt:
        child.Alt = String(element.alt)
    if element.box:
        child.A = Dictionary(O=Name.Layout, BBox=Array([round(edge, 2) for edge in element.box]), Placement=Name.Block)
    return child


def _seal_field(pdf: pikepdf.Pdf, page: Dictionary) -> Dictionary:
    """The field that the seal goes into. It shows nothing, and must stand in the structure before there is a seal."""
    field = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Sig,
            T=String(SEAL_FIELD),
            TU=String(_SEAL_SAYS),
            F=_ANNOTATION_PRINT_LOCKED,
            Rect=Array([0, 0, 0, 0]),
            P=page,
        )
    )
    page.Annots = Array([field])
    pdf.Root.AcroForm = Dictionary(Fields=Array([field]), SigFlags=0)
    return field


def _write_intent(pdf: pikepdf.Pdf) -> None:
    """The colours are those of sRGB."""
    profile = pdf.make_indirect(Stream(pdf, _profile(), N=3))
    intent = Dictionary(
        Type=Name.OutputIntent,
        S=Name.GTS_PDFA1,
        OutputConditionIdentifier=String("sRGB"),
        Info=String("sRGB IEC61966-2.1"),
        DestOutputProfile=profile,
    )
    pdf.Root.OutputIntents = Array([pdf.make_indirect(intent)])


def _attach(pdf: pikepdf.Pdf, attachments: Sequence[Attachment], at: datetime) -> None:
    """Put files inside, associated with the whole document (ISO 19005-3 §6.8)."""
    date = String(encode_pdf_date(at))
    files = []
    for one in attachments:
        params = Dictionary(Size=len(one.content), ModDate=date, CreationDate=date)
        stream = Stream(pdf, one.content, Type=Name.EmbeddedFile, Subtype=Name("/" + one.kind), Params=params)
        content = pdf.make_indirect(stream)
        file = Dictionary(
            Type=Name.Filespec,
            F=String(one.name),
            UF=String(one.name),
            Desc=String(one.says),
            AFRelationship=Name.Data,
            EF=Dictionary(F=content, UF=content),
        )
        files.append((one.name, pdf.make_indirect(file)))
    pdf.Root.AF = Array([file for _name, file in files])
    listed = [part for name, file in sorted(files) for part in (String(name), file)]
    pdf.Root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=Array(listed)))


def _close_streams(pdf: pikepdf.Pdf) -> None:
    """Let no packed stream end with a carriage return, which some take for a piece of the end of the line behind it.

    A stream's length says where it ends (ISO 19005-3 §6.1.7.1). One in 256 is packed once more, and ends otherwise.
    """
    for stream in pdf.objects:
        if not isinstance(stream, Stream) or stream.get(Name.Type) == Name.Metadata:
            continue
        packed_by = stream.get(Name.Filter)
        if isinstance(packed_by, Array) and list(packed_by) == [Name.FlateDecode]:  # as reportlab says it
            stream.Filter = Name.FlateDecode
        elif packed_by != Name.FlateDecode:
            stream.write(zlib.compress(stream.read_bytes()), filter=Name.FlateDecode)
        packed = stream.read_raw_bytes()
        if packed.endswith(b"\r"):
            parameters = stream.get(Name.DecodeParms)
            twice = Array([Name.FlateDecode, Name.FlateDecode])
            stream.write(zlib.compress(packed), filter=twice)
            if parameters is not None:
                stream.DecodeParms = Array([None, parameters])


@cache
def _profile() -> bytes:
    return _PROFILE.read_bytes()
