"""What happens to the files of a form while they arrive."""

import hashlib

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload

from lms import permissions

# Lists of staff, pictures, captions; whoever brings videos may send more.
ORDINARY_BYTES = 32 * 1024**2


class LimitHandler(FileUploadHandler):
    """Ends a form's body once its files pass what this person may send: nobody fills the disk by one request."""

    received = 0

    def __init__(self, request=None) -> None:
        super().__init__(request)
        self._limit: int | None = None

    @property
    def limit(self) -> int:
        """`MAX_UPLOAD_BYTES` for those who bring videos, little for the rest."""
        if self._limit is None:
            may = permissions.allows(getattr(self.request, "user", None), "upload_video")
            self._limit = settings.MAX_UPLOAD_BYTES if may else min(ORDINARY_BYTES, settings.MAX_UPLOAD_BYTES)
        return self._limit

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count, and pass on what still fits."""
        self.received += len(raw_data)
        if self.received > self.limit:
            raise StopUpload(connection_reset=True)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The handlers after this one keep the file."""


class NoFileHandler(FileUploadHandler):
    """Passes over every file of a form; its other fields arrive."""

    def new_file(self, *args, **kwargs) -> None:
        """Nothing of it is kept."""
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Never asked."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Never asked."""


class DigestHandler(FileUploadHandler):
    """Keeps nothing of a file but the SHA-256 (hex) of the first, as `digest`; empty while none came whole."""

    digest = ""

    def __init__(self, request=None) -> None:
        super().__init__(request)
        self._hash = hashlib.sha256()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Count it in."""
        self._hash.update(raw_data)

    def file_complete(self, file_size: int) -> None:
        """The file is through; what comes after it is another."""
        if not self.digest and file_size:
            self.digest = self._hash.hexdigest()
