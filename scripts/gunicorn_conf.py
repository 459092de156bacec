"""How the web process listens: a line that falls silent frees its thread and its upload after a minute."""

import socket
import struct

SILENCE_SECONDS = 60


def post_fork(server, worker) -> None:
    """Give the listening sockets limits; on Linux every connection that they accept inherits them.

    A read or a write that moves no byte for so long fails, and a peer that is gone is found out. A slow line that
    still moves is left alone.
    """
    silence = struct.pack("ll", SILENCE_SECONDS, 0)
    for listener in worker.sockets:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, silence)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, silence)
        if listener.family in {socket.AF_INET, socket.AF_INET6}:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENCE_SECONDS // 2)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_SECONDS * 1000)
