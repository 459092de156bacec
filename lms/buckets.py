"""Files in a private bucket of an S3-compatible storage, in place of a folder."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from botocore.config import Config
from botocore.exceptions import ClientError
from django.conf import settings
from django.utils.encoding import filepath_to_uri
from storages.backends.s3 import S3Storage

# What stays in memory of a file that is opened; the rest of it lies in FILE_UPLOAD_TEMP_DIR meanwhile.
MEMORY_BYTES = 8 * 1024**2
# A parameter that the storage passes over and its log of accesses shows, as the name of nginx's field is (0021).
NOTE = "x-aula-film"


@contextlib.contextmanager
def _missing_as_on_disk(name: str) -> Iterator[None]:
    """Raises `FileNotFoundError` where the storage says 404."""
    try:
        yield
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            raise FileNotFoundError(name) from error
        raise


class BucketStorage(S3Storage):
    """One bucket that nobody reads without a signature. Its files have our own addresses, as those on a disk have.

    What the storage shall send itself gets an address by `signed_url`, from whoever decided who may have it.
    """

    # Its times are to the second, and by a clock that is not ours.
    unsure_seconds = 60

    def get_default_settings(self) -> dict[str, Any]:
        """What holds for every storage that speaks S3, those included that know no lists of access."""
        config = Config(
            signature_version="s3v4",  # else botocore signs addresses as in 2006, which most no longer take
            s3={"addressing_style": "path"},  # one host, which the content security policy can name
            request_checksum_calculation="when_required",  # the newer ones are Amazon's alone
            response_checksum_validation="when_required",
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "max_attempts": 4},
        )
        ours = {"client_config": config, "default_acl": None, "file_overwrite": False, "max_memory_size": MEMORY_BYTES}
        return super().get_default_settings() | ours

    def url(self, name: str, parameters=None, expire=None, http_method=None) -> str:
        """Where our own views give the file to whom they will; whoever has no view has no address."""
        return settings.MEDIA_URL + filepath_to_uri(name)

    def signed_url(
        self, name: str, *, seconds: int, answer: Mapping[str, str] | None = None, note: str = "", method: str = "GET"
    ) -> str:
        """The storage's own address of a file, for whoever holds it, for so long.

        `answer` are headers that it shall send, as boto3 calls them (`ResponseContentType`); `note` stands in its log.
        """
        client = self.connection.meta.client
        client.meta.events.register("provide-client-params.s3.GetObject", _set_note_aside, unique_id="aula-aside")
        client.meta.events.register("before-sign.s3.GetObject", _put_note_back, unique_id="aula-back")
        params = {"Bucket": self.bucket_name, "Key": self._normalize_name(name), **(answer or {})}
        if note:
            params[NOTE] = note
        return client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds, HttpMethod=method)

    def stream(self, name: str) -> BinaryIO:
        """The bytes of a file as they come, to be read once. Raises `FileNotFoundError`."""
        with _missing_as_on_disk(name):
            return self.bucket.Object(self._normalize_name(name)).get()["Body"]

    def fetch(self, name: str, copy: Path) -> None:
        """A file as one on this machine. Raises `FileNotFoundError`."""
        with _missing_as_on_disk(name):
            self.bucket.download_file(self._normalize_name(name), str(copy))

    def get_modified_time(self, name: str) -> datetime:
        """By the storage's clock, to the second. Raises `FileNotFoundError`."""
        with _missing_as_on_disk(name):
            return super().get_modified_time(name)

    def drop_halves(self, *, before: datetime) -> int:
        """Let go of the parts of large files whose writers were killed, which no list shows; returns how many files."""
        halves = [one for one in self.bucket.multipart_uploads.all() if one.initiated < before]
        for half in halves:
            with _missing_as_on_disk(half.object_key), contextlib.suppress(FileNotFoundError):
                half.abort()
        return len(halves)


def _set_note_aside(params: dict, context: dict, **_facts: object) -> dict:
    """Botocore refuses parameters that it does not know."""
    context[NOTE] = params.get(NOTE, "")
    return {name: value for name, value in params.items() if name != NOTE}


def _put_note_back(request: Any, **_facts: object) -> None:
    """Before it is signed, so that nobody takes it off."""
    if note := request.context.get(NOTE):
        request.url += ("&" if "?" in request.url else "?") + urlencode({NOTE: note}, quote_via=quote)
