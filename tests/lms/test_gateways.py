"""Ways to send a text to a telephone."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from lms import gateways


def test_the_gateway_of_files_writes_and_shows(settings, tmp_path, capsys):
    settings.SMS_GATEWAY, settings.MESSAGES_DIR = "file", tmp_path / "messages"
    gateways.send_text("55551234", "123456 es su código")
    [path] = (tmp_path / "messages").iterdir()
    assert path.read_text() == "55551234\n123456 es su código\n"
    assert "55551234: 123456" in capsys.readouterr().out


def test_without_a_gateway_nothing_is_sent(settings):
    settings.SMS_GATEWAY = ""
    with pytest.raises(gateways.GatewayFailed):
        gateways.send_text("55551234", "x")


class Provider(BaseHTTPRequestHandler):
    """A provider of text messages."""

    got: ClassVar[list] = []
    status = 202

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Provider.got.append((self.headers.get("Authorization"), body))
        self.send_response(Provider.status)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def provider(settings):
    Provider.got, Provider.status = [], 202
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.SMS_GATEWAY, settings.SMS_URL = "http", f"http://127.0.0.1:{server.server_port}/sms"
    settings.SMS_TOKEN, settings.SMS_BODY = "t0k3n", {"to": "+502{to}", "message": "{text}", "priority": 1}
    yield
    server.shutdown()
    server.server_close()


def test_the_http_gateway_posts_what_the_provider_wants(provider):
    gateways.send_text("55551234", 'Código "123456"')
    wanted = {"to": "+50255551234", "message": 'Código "123456"', "priority": 1}
    assert Provider.got == [("Bearer t0k3n", wanted)]


def test_a_provider_that_refuses_is_no_success(provider):
    Provider.status = 500
    with pytest.raises(gateways.GatewayFailed) as failed:
        gateways.send_text("55551234", "123456")
    assert str(failed.value) == "the gateway answered 500"
