"""Packages (zip), measured before anything in them is unpacked. Nothing of them is written to the disk."""

import io
import stat
import zipfile
import zlib

from django.utils.translation import gettext_lazy as _

from .reading import Unreadable

MAX_BYTES = 50 * 1024**2
MAX_UNPACKED = 200 * 1024**2
MAX_RATIO = 200  # a sheet of zeros packs a hundredfold; a bomb a thousandfold
MAX_ENTRIES = 5_000
FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)
TOO_BIG = _("El paquete es demasiado grande o crece demasiado al abrirse. Divídalo en varios.")
BROKEN = _("No pudimos abrir el paquete: está dañado o incompleto. Expórtelo de nuevo.")
LOCKED = _("El paquete tiene contraseña. Expórtelo sin contraseña.")
UNSAFE = _("El paquete tiene archivos con rutas o enlaces que pueden ser peligrosos. Expórtelo de nuevo.")


def is_archive(content: bytes) -> bool:
    """Whether a file begins as a package does."""
    return content[:4] in {b"PK\x03\x04", b"PK\x05\x06"}


class Archive:
    """A package; `names` are its files in order. Raises `Unreadable` for one that is not to be trusted."""

    def __init__(self, content: bytes) -> None:
        if len(content) > MAX_BYTES:
            raise Unreadable(TOO_BIG)
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(content))
            self._entries = {entry.filename: entry for entry in self._archive.infolist() if not entry.is_dir()}
            self._check(len(content))
        except FAULTS as bad:
            raise Unreadable(BROKEN) from bad
        self._left = MAX_UNPACKED
        self.names = [name for name in self._entries if not _is_aside(name)]
        self._folded = {name.casefold(): name for name in self._entries}

    def real_name(self, name: str) -> str:
        """A file's name as the package has it, whatever its case; the name itself where there is none."""
        return name if name in self._entries else self._folded.get(name.casefold(), name)

    def read(self, name: str) -> bytes | None:
        """A file's content; None where there is none. Raises `Unreadable`."""
        entry = self._entries.get(self.real_name(name))
        if entry is None:
            return None
        # zipfile never yields more of a file than its directory declares.
        self._left -= entry.file_size
        if self._left < 0:
            raise Unreadable(TOO_BIG)
        try:
            return self._archive.read(entry)
        except FAULTS as bad:
            raise Unreadable(BROKEN) from bad

    def _check(self, size: int) -> None:
        entries = self._archive.infolist()
        if not entries:
            raise Unreadable(BROKEN)
        unpacked = sum(entry.file_size for entry in entries)
        if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * size:
            raise Unreadable(TOO_BIG)
        if any(entry.flag_bits & 1 for entry in entries):
            raise Unreadable(LOCKED)
        if any(_leaves(entry.filename) or stat.S_ISLNK(entry.external_attr >> 16) for entry in entries):
            raise Unreadable(UNSAFE)
        names = [entry.filename for entry in entries]
        # Entries that lie over one another are how a small file holds much; two of one name are two packages in one.
        if len(set(names)) < len(names) or sum(entry.compress_size for entry in entries) > size:
            raise Unreadable(UNSAFE)


def _leaves(name: str) -> bool:
    return name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or ":" in name or "\0" in name


def _is_aside(name: str) -> bool:
    """Whether a file is what systems leave behind, not the author's."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2].startswith("._")
