"""QTI as it comes: an item by itself, or a content package with its manifest, pictures and shared texts."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from django.utils.translation import gettext_lazy as _

from ..archive import Archive, is_archive
from ..drafting import Draft, Notebook, Patience
from ..markup import Node, tree_of
from ..reading import Note, Reading, Unreadable
from .items import question_of
from .names import as_in_2

MANIFEST = "imsmanifest.xml"
NEEDS_PACKAGE = _("Este archivo solo nombra las preguntas. Suba el paquete completo (.zip).")
NOT_QTI = _("Este XML no es una pregunta QTI. Expórtela de nuevo como QTI 2.1, 2.2 o 3.0.")
NO_ITEMS = _("El paquete no tiene preguntas QTI.")


@dataclass
class _Known:
    """What the manifest tells of an item."""

    tags: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    refers: list[str] = field(default_factory=list)


def read(content: bytes) -> Reading:
    """All questions of an item or of a package. Raises `Unreadable`."""
    if is_archive(content):
        return read_package(Archive(content))
    root, notes = tree_of(content)
    return read_tree(root, notes)


def read_tree(root: Node, notes: list[Note]) -> Reading:
    """The question of an item that came by itself. Raises `Unreadable`."""
    root = as_in_2(root)
    if root.name in {"manifest", "assessmentTest", "assessmentSection"}:
        raise Unreadable(NEEDS_PACKAGE)
    if root.name == "questestinterop":
        return _version_1(root, notes)
    if root.name != "assessmentItem":
        raise Unreadable(NOT_QTI)
    notebook = Notebook(notes)
    notebook.take(_draft(root), lambda draft: question_of(draft, root))
    return notebook.reading()


def read_member(archive: Archive, name: str) -> Reading | None:
    """What one file of a package without manifest has; None for a file that has no question to give."""
    reading = _read_member(archive, name, _Known(), is_named=False)
    return reading.within(name) if reading else None


def _draft(root: Node) -> Draft:
    return Draft(root.line, root.get("title") or root.get("identifier"))


def _version_1(root: Node, notes: list[Note]) -> Reading:
    """What QTI 1.2 has: named, not read."""
    notebook = Notebook(notes)
    for item in root.within("item"):
        notebook.note(item.line, "qti.version_1", item.get("title") or item.get("ident") or item.text)
    return notebook.reading()


def read_package(archive: Archive) -> Reading:
    """All questions of a content package, in the order of its manifest. Raises `Unreadable`."""
    manifest_name = next((name for name in archive.names if posixpath.basename(name) == MANIFEST), "")
    notebook = Notebook()
    known: dict[str, _Known] = {}
    if manifest_name:
        root, _notes = tree_of(archive.read(manifest_name) or b"")
        known = _known(root, posixpath.dirname(manifest_name), archive, notebook)
    names = [*known, *(name for name in archive.names if name not in known and name.lower().endswith(".xml"))]
    readings = [notebook.reading()]
    patience = Patience()
    count = 0
    for name in names:
        if posixpath.basename(name) == MANIFEST:
            continue
        patience.check()
        reading = _read_member(archive, name, known.get(name, _Known()), is_named=name in known)
        count += reading is not None
        readings += [reading.within(name)] if reading else []
    if not count:
        raise Unreadable(NO_ITEMS)
    return Reading.together(readings)


def _read_member(archive: Archive, name: str, known: _Known, *, is_named: bool) -> Reading | None:
    """What one file of a package has; None for a file that has no question to give."""
    content = archive.read(name)
    notebook = Notebook()
    if content is None:
        notebook.note(0, "qti.missing_file", name)
        return notebook.reading()
    try:
        root, notes = tree_of(content)
    except Unreadable as reason:
        if not is_named and b"assessment" not in content[:2000]:
            return None
        notebook.note(reason.line, "qti.broken_item", name)
        return notebook.reading()
    root = as_in_2(root)
    if root.name == "assessmentItem":
        return _read_item(archive, name, root, notes, known)
    return _read_other(name, root, notes, is_named=is_named)


def _read_other(name: str, root: Node, notes: list[Note], *, is_named: bool) -> Reading | None:
    """What is no item of version 2 or 3."""
    notebook = Notebook(notes)
    if root.name == "questestinterop":
        return _version_1(root, notes)
    if root.name == "assessmentTest":
        notebook.note(root.line, "qti.test", root.get("title") or name)
    elif is_named:
        notebook.note(root.line, "qti.not_an_item", name, element=root.name[:40])
    else:
        return None
    return notebook.reading()


def _read_item(archive: Archive, name: str, root: Node, notes: list[Note], known: _Known) -> Reading:
    notebook = Notebook(notes)
    draft = _draft(root)
    draft.files = lambda address: archive.read(_beside(name, address))
    notebook.take(draft, lambda one: question_of(one, root, known.tags), known.category)
    return notebook.reading()


def _beside(name: str, address: str) -> str:
    """A file's name in the package, of its address as another file has it."""
    path = unquote(address.partition("?")[0].partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path)).lstrip("/")


def _known(root: Node, folder: str, archive: Archive, notebook: Notebook) -> dict[str, _Known]:
    """Items by the names of their files."""
    known: dict[str, _Known] = {}
    for resource in root.within("resource"):
        kind, href = resource.get("type").lower(), resource.get("href")
        if not href:
            href = next((one.get("href") for one in resource.elements("file")), "")
        if not href or not ("item" in kind or "test" in kind or "assessment" in kind) or "stimulus" in kind:
            continue
        name = posixpath.normpath(posixpath.join(folder, unquote(href))).lstrip("/")
        if name.lower().endswith(".xml"):
            known[archive.real_name(name)] = _Known(_tags(resource), _category(resource))
    return known


def _tags(resource: Node) -> tuple[str, ...]:
    words = [" ".join(node.text.split()) for node in resource.within("keyword")]
    return tuple(dict.fromkeys(word[:100] for word in words if word))[:50]


def _category(resource: Node) -> tuple[str, ...]:
    path = next(iter(resource.within("taxonPath", "taxonpath")), None)
    return tuple(_entries(path)) if path else ()


def _entries(path: Node) -> Iterator[str]:
    for taxon in path.within("taxon"):
        entry = taxon.find("entry")
        if entry and entry.text.strip():
            yield " ".join(entry.text.split())
