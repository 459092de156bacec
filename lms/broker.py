"""Brokers that lose a message, at most: the Job row is the ledger, and the reaper sends again what was lost.

One needs no server: kombu's filesystem transport, made safe for several publishers at once.

kombu writes a message under its final name, so a reader can pick up half of it, and two publishers of the same
millisecond overwrite each other. Here a message is written under a temporary name and moved into place, names are
unique and sort by time, and a reader takes a message by moving it, so that only one can.

The other is Redis, whose worker must outlive it.
"""

import logging
import os
import time
import uuid
from pathlib import Path
from queue import Empty

from kombu.transport import filesystem, redis
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads

FORGOTTEN_AFTER_SECONDS = 3600

log = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    """A filesystem channel that publishes and takes messages atomically, and is whole again after any mishap."""

    def _size(self, queue: str) -> int:
        """Asked before each message is published: folders that somebody tidied up are made again."""
        for folder in (self.data_folder_in, self.data_folder_out):
            Path(folder).mkdir(parents=True, exist_ok=True)
        return super()._size(queue)

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        try:
            super()._queue_bind(exchange, routing_key, pattern, queue)
        except ValueError:  # a power cut left half a table; every queue that is declared enters itself again
            self._exchange_file(exchange).unlink()
            super()._queue_bind(exchange, routing_key, pattern, queue)

    def _put(self, queue: str, payload: dict, **kwargs: object) -> None:
        folder = Path(self.data_folder_out)
        folder.mkdir(parents=True, exist_ok=True)  # a clock that goes on publishing asks for nothing else before
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
            except (FileNotFoundError, NotADirectoryError):
                continue  # another reader was quicker, or the folder is away: the worker stays
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


class RedisChannel(redis.Channel):
    """A channel that is given up with its connection.

    kombu would give back what is not acknowledged, and acknowledge what is done since, to a server that is away; the
    worker that tries so ends, in the middle of an hour of work.
    """

    do_restore = False

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Say that a message was done, if there is still somebody to say it to."""
        if not self.closed:
            super().basic_ack(delivery_tag, multiple)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Likewise."""
        if not self.closed:
            super().basic_reject(delivery_tag, requeue)


class RedisTransport(redis.Transport):
    """kombu transport `redis://`."""

    Channel = RedisChannel
