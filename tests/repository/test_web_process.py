"""The web process listens with limits, wherever it is started."""

import re
import socket
from types import SimpleNamespace

import pytest

from scripts import gunicorn_conf
from tests.repository import tree

CONFIGURATION = "scripts/gunicorn_conf.py"


def test_a_line_that_falls_silent_is_given_up(monkeypatch):
    monkeypatch.setattr(gunicorn_conf, "SILENCE_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as silent:
        gunicorn_conf.post_fork(None, SimpleNamespace(sockets=[listener]))
        silent.connect(listener.getsockname())
        accepted, _address = listener.accept()
        with accepted:
            accepted.setblocking(True)  # as gunicorn does
            silent.sendall(b"a piece of")
            assert accepted.recv(100) == b"a piece of"
            with pytest.raises(BlockingIOError):
                accepted.recv(100)
            with pytest.raises((BlockingIOError, TimeoutError)):  # whichever limit comes first
                accepted.sendall(b"x" * 30_000_000)
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 2000


@pytest.mark.parametrize("starter", ["Procfile", "docs/operations.md", "tests/system.py"])
def test_every_start_of_the_web_process_takes_the_limits(starter):
    text = (tree.ROOT / starter).read_text()
    starts = re.findall(r'gunicorn"?\)?,? "?lms\.wsgi.*', text)
    assert starts
    assert all(f"--config {CONFIGURATION}" in start or "*options" in start for start in starts)
    assert CONFIGURATION in text
