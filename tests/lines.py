"""A bad line: passes bytes on to a server, counts them, and is cut at random places."""

import random
import selectors
import socket
import struct
import threading
import time
from contextlib import suppress

RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: the peer hears a reset, not a farewell


class BadLine:
    """Listens on a port of its own and passes on to `target`. Use as a context manager.

    Once `begin_cutting` is called, the connection that carries the next so many bytes is cut, in the middle of what it
    sends or just before its answer arrives, with a reset or with silence, until there were enough cuts.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.sent = 0
        self.connections = 0
        self.cuts = 0
        self._gaps: list[int] = []
        self._since = 0
        self._dice = random.Random()  # noqa: S311 dice
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> "BadLine":
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._listener.close()

    def begin_cutting(self, *, cuts: int, within: int, seed: int) -> None:
        """Cut so often before `within` bytes have passed, at places that the seed decides; count from nought."""
        self._dice = random.Random(seed)  # noqa: S311 dice
        widths = [self._dice.random() for _ in range(cuts)]
        with self._lock:
            self._gaps = [1 + int(0.8 * within * width / sum(widths)) for width in widths]
            self.sent = self.cuts = self.connections = self._since = 0

    def _listen(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _address = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with (
            client,
            suppress(OSError),
            self._reach() as server,
            selectors.DefaultSelector() as both,
        ):
            both.register(client, selectors.EVENT_READ, server)
            both.register(server, selectors.EVENT_READ, client)
            is_doomed = False
            while True:
                for key, _events in both.select():
                    piece = key.fileobj.recv(16 * 1024)  # type: ignore[union-attr]
                    if is_doomed and piece and key.fileobj is server:
                        return self._cut(client, server)
                    kept, verdict = self._count(piece) if key.fileobj is client else (len(piece), "")
                    key.data.sendall(piece[:kept])
                    if verdict == "now":
                        return self._cut(client, server)
                    if not piece:
                        return None
                    is_doomed = is_doomed or verdict == "before the answer"

    def _reach(self) -> socket.socket:
        """The server; while it is down whoever calls waits, as on a line without signal."""
        for _try in range(1200):
            with suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", self.target))
            time.sleep(0.1)
        raise ConnectionRefusedError

    def _count(self, piece: bytes) -> tuple[int, str]:
        """How much of a piece still passes, and what happens then."""
        with self._lock:
            self.sent += len(piece)
            self._since += len(piece)
            if not self._gaps or self._since < self._gaps[0]:
                return len(piece), ""
            beyond = self._since - self._gaps.pop(0)
            self._since = 0
            self.cuts += 1
            if self._dice.random() < 0.2:
                return len(piece), "before the answer"
            return len(piece) - beyond, "now"

    def _cut(self, *ends: socket.socket) -> None:
        if self._dice.random() < 0.5:
            for end in ends:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
