"""A broker that needs no server: kombu's filesystem transport, made safe for several publishers at once.

kombu writes a message under its final name, so a reader can pick up half of it, and two publishers of the same
millisecond overwrite each other. Here a message is written under a temporary name and moved into place, and names
are unique and sort by time. Losing a message is harmless all the same: the Job row is the ledger.
"""

import os
import time
import uuid
from pathlib import Path

from kombu.transport import filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """A filesystem channel that publishes atomically."""

    def _put(self, queue: str, payload: dict, **kwargs: object) -> None:
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg"
        temporary = folder / f"{name}.part"
        temporary.write_bytes(str_to_bytes(dumps(payload)))
        os.replace(temporary, folder / name)


class Transport(filesystem.Transport):
    """kombu transport `aula-files://`."""

    Channel = Channel
