"""A broker that needs no server: kombu's filesystem transport, made safe for several publishers at once.

kombu writes a message under its final name, so a reader can pick up half of it, and two publishers of the same
millisecond overwrite each other. Here a message is written under a temporary name and moved into place, names are
unique and sort by time, and a reader takes a message by moving it, so that only one can. Losing a message is harmless
all the same: the Job row is the ledger.
"""

import logging
import os
import time
import uuid
from pathlib import Path
from queue import Empty

from kombu.transport import filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads

FORGOTTEN_AFTER_SECONDS = 3600

log = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """A filesystem channel that publishes and takes messages atomically."""

    def _put(self, queue: str, payload: dict, **kwargs: object) -> None:
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg"
        temporary = folder / f"{name}.part"
        temporary.write_bytes(str_to_bytes(dumps(payload)))
        os.replace(temporary, folder / name)

    def _get(self, queue: str) -> dict:
        for path in sorted(Path(self.data_folder_in).glob(f"*.{queue}.msg")):
            taken = path.with_name(f"{path.name}.taken")
            try:
                path.rename(taken)
                payload = taken.read_bytes()
            except FileNotFoundError:
                continue  # another reader was quicker
            taken.unlink(missing_ok=True)
            try:
                return loads(bytes_to_str(payload))
            except ValueError:  # what a power cut left of it
                log.warning("Dropped the unreadable message %s; the jobs that nobody holds are sent again", path.name)
        raise Empty


class Transport(filesystem.Transport):
    """kombu transport `aula-files://`."""

    Channel = Channel

    def establish_connection(self) -> object:
        """Connect, after sweeping away what a killed process left half written or half read."""
        folder = Path(self.client.transport_options["data_folder_in"])
        for path in [*folder.glob("*.part"), *folder.glob("*.taken")]:
            try:
                if time.time() - path.stat().st_mtime > FORGOTTEN_AFTER_SECONDS:
                    path.unlink()
            except FileNotFoundError:
                continue
        return super().establish_connection()
