"""Slides and papers: what they are by their own bytes, and taking one into Wagtail's documents.

A name proves nothing. What carries programs is refused: old Office files (OLE), macros, objects inside, templates and
objects fetched from elsewhere, scripts in a PDF. An archive is measured before anybody unpacks it.
"""

import re
import unicodedata
import zipfile
import zlib
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from wagtail.documents import get_document_model
from wagtail.documents.models import Document
from wagtail.models import Collection

from lms.domain import audit
from lms.domain.errors import RuleBroken
from lms.models import Person

from . import access, pdfs

MAX_BYTES = 100 * 1024**2
MAX_UNPACKED = 400 * 1024**2
MAX_RATIO = 200  # a sheet of zeros packs a hundredfold; a bomb a thousandfold
MAX_ENTRIES = 10_000
MAX_NAME_BYTES = 160  # disks take 255, and a storage may put something before the ending
HEAD_BYTES = 1024
BLOCK = 64 * 1024
PDF, ZIP, OLE = b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OPEN_XML = "application/vnd.openxmlformats-officedocument."
MAIN_PARTS = {
    OPEN_XML + "wordprocessingml.document.main+xml": ".docx",
    OPEN_XML + "spreadsheetml.sheet.main+xml": ".xlsx",
    OPEN_XML + "presentationml.presentation.main+xml": ".pptx",
    OPEN_XML + "presentationml.slideshow.main+xml": ".ppsx",
}
OPEN_DOCUMENTS = {
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.oasis.opendocument.presentation": ".odp",
}
MACROS = b"vbaproject.bin"
# What Office fetches without asking; a link that somebody clicks on may lead anywhere, and a template of one's own disk
# stands in every ordinary document.
FETCHED = ("/attachedTemplate", "/oleObject", "/subDocument", "/frame", "/control")
ELSEWHERE = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+:|(?:file:)?[\\/]{2}[^\\/]|file:[\\/]{4}|file:[^\\/]", re.IGNORECASE)
SUFFIXES = (".pdf", *MAIN_PARTS.values(), *OPEN_DOCUMENTS.values())


def _refuse(code: str, message: str) -> RuleBroken:
    return RuleBroken(f"document.{code}", message)


def _broken() -> RuleBroken:
    return _refuse("broken", _("No pudimos leer el documento: está dañado o incompleto. Guárdelo y súbalo de nuevo."))


def _bomb() -> RuleBroken:
    return _refuse("bomb", _("El documento crece demasiado al abrirse. Guárdelo de nuevo sin imágenes tan grandes."))


def _macros() -> RuleBroken:
    return _refuse(
        "macros",
        _("El documento trae macros u objetos con programas. Guárdelo sin ellos (como .pptx, .docx o PDF) y súbalo."),
    )


def _unknown() -> RuleBroken:
    return _refuse(
        "unknown",
        _("No reconocemos este archivo. Suba un video, un audio o un documento PDF, PPTX, DOCX, XLSX, ODP, ODT u ODS."),
    )


def is_paper(path: Path) -> bool:
    """Whether a file begins as documents do, so that it is no film and no sound."""
    with path.open("rb") as handle:
        head = handle.read(HEAD_BYTES)
    return head.startswith((ZIP, OLE)) or _begins_as_pdf(head)


def _begins_as_pdf(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(PDF)


def look(path: Path) -> str:
    """The ending that a paper's own bytes call for, such as `.pptx`. Raises `document.` and what is wrong with it."""
    if path.stat().st_size > MAX_BYTES:
        limit = MAX_BYTES // 1024**2
        raise _refuse("too_big", _("El documento es demasiado grande. El máximo es %(limit)s MB.") % {"limit": limit})
    with path.open("rb") as handle:
        head = handle.read(HEAD_BYTES)
        handle.seek(max(0, path.stat().st_size - 4096))
        tail = handle.read()
    if head.startswith(OLE):
        raise _macros()
    if _begins_as_pdf(head):
        if b"%%EOF" not in tail or zipfile.is_zipfile(path):
            raise _broken()
        pdfs.check(path, most_unpacked=MAX_UNPACKED)
        return ".pdf"
    if not head.startswith(ZIP):
        raise _unknown()
    return _look_inside(path)


def _look_inside(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            _check_entries(archive, path.stat().st_size)
            suffix = _kind(archive)
            _measure(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError) as bad:
        raise _broken() from bad
    return suffix


def _check_entries(archive: zipfile.ZipFile, size: int) -> None:
    entries = archive.infolist()
    names = [entry.orig_filename.lower() for entry in entries]  # as Office compares them
    if not entries or len(entries) > MAX_ENTRIES:
        raise _bomb()
    if len(set(names)) != len(names) or any(_leaves(name) for name in names):
        raise _broken()
    if any(entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for entry in entries):
        raise _broken()
    if any(entry.flag_bits & 1 for entry in entries):
        raise _refuse("locked", _("El documento tiene contraseña. Guárdelo sin contraseña y súbalo de nuevo."))
    # Entries that lie over one another, or before the archive, are how one file is two.
    if min(entry.header_offset for entry in entries) or sum(entry.compress_size for entry in entries) > size:
        raise _broken()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * size:
        raise _bomb()


def _leaves(name: str) -> bool:
    is_absolute = name.startswith(("/", "\\")) or ":" in name
    return is_absolute or "\0" in name or ".." in name.replace("\\", "/").split("/")


def _kind(archive: zipfile.ZipFile) -> str:
    names = set(archive.namelist())
    if any(name.lower().endswith(MACROS.decode()) or "/activex/" in name.lower() for name in names):
        raise _macros()
    if any(_fetches(_read(archive, name)) for name in names if name.lower().endswith(".rels")):
        raise _macros()
    if "[Content_Types].xml" in names:
        return _open_xml(_text(archive, "[Content_Types].xml"))
    if "mimetype" in names:
        if any(name.startswith(("Basic/", "Scripts/")) for name in names):
            raise _macros()
        if found := OPEN_DOCUMENTS.get(_text(archive, "mimetype").strip()):
            return found
    raise _unknown()


def _open_xml(types: str) -> str:
    lowered = types.lower()
    if any(one in lowered for one in ("macroenabled", "vbaproject", "macrosheet", "activex", "<!doctype")):
        raise _macros()
    found = {suffix for part, suffix in MAIN_PARTS.items() if f'"{part}"' in types or f"'{part}'" in types}
    if len(found) != 1:
        raise _unknown()
    return found.pop()


def _fetches(relations: bytes) -> bool:
    """Whether Office would fetch a template or an object from another machine by these relations."""
    try:
        # A megabyte at most; expat loads nothing from elsewhere and stops what grows.
        found = ElementTree.fromstring(relations)  # noqa: S314
    except ElementTree.ParseError as bad:
        raise _broken() from bad
    return any(
        one.get("Type", "").endswith(FETCHED) and ELSEWHERE.match(unquote(one.get("Target", "")).strip())
        for one in found.iter()
    )


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as handle:
        return handle.read(1024**2)


def _text(archive: zipfile.ZipFile, name: str) -> str:
    return _read(archive, name).decode("utf-8", errors="replace")


def _measure(archive: zipfile.ZipFile) -> None:
    """Unpack everything into nothing: what the entries claim of themselves need not be true."""
    left = MAX_UNPACKED
    for entry in archive.infolist():
        with archive.open(entry) as handle:
            block, before = handle.read(BLOCK), b""
            is_archive = block.startswith(ZIP)
            if block.startswith(OLE):
                raise _macros()
            while block:
                left -= len(block)
                if left < 0:
                    raise _bomb()
                if is_archive and MACROS in (before + block).lower():
                    raise _macros()
                before, block = block[-len(MACROS) :], handle.read(BLOCK)


def clean_name(name: str, suffix: str) -> str:
    """A file's name that is safe in every folder and header, with the ending that its bytes call for."""
    stem = unicodedata.normalize("NFC", Path(name.replace("\\", "/")).stem).strip(" .")[:80]
    if not any(map(str.isalnum, stem)):
        return f"documento{suffix}"
    plain = get_valid_filename(stem).encode()[:MAX_NAME_BYTES].decode(errors="ignore")
    return (plain.strip("._-") or "documento") + suffix


def add(*, title: str, source: Path, source_name: str, by: Person, collection: Collection) -> Document:
    """Look at a paper and take it in. Raises `document.…`; whatever fails leaves no row and no file."""
    suffix = look(source)
    if not access.document_policy.collections_user_has_permission_for(by, "add").filter(pk=collection.pk).exists():
        raise _refuse("collection", _("Usted no puede guardar documentos en esa colección. Elija otra."))
    model = get_document_model()
    document = model(title=title, collection=collection, uploaded_by_user=by)
    try:
        with source.open("rb") as handle:
            document.file.save(clean_name(source_name, suffix), File(handle), save=False)
        document._set_document_file_metadata()
        document.file.close()
        with transaction.atomic():
            document.save()
            facts = {"title": title, "sha1": document.file_hash}
            audit.record("document.added", by=by, subject=f"wagtaildocs.document:{document.pk}", facts=facts)
    except BaseException:
        if document.file:
            default_storage.delete(document.file.name)
        raise
    return document
