"""A real nginx with the configuration of `deploy/nginx`: unprivileged, on a free port, ended with the test."""

import http.client
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from media.domain import webserver
from tests.services import free_port
from tests.system import wait_until

MAIN = """
daemon off;
@PROCESSES@
pid @HERE@/nginx.pid;
error_log @HERE@/error.log warn;
events { worker_connections 256; }
http {
    client_body_temp_path @HERE@/temp; proxy_temp_path @HERE@/temp; fastcgi_temp_path @HERE@/temp;
    uwsgi_temp_path @HERE@/temp; scgi_temp_path @HERE@/temp;
    access_log off;
    keepalive_requests 1000000;
    include @HERE@/counting.conf;
    server {
        listen 127.0.0.1:@PORT@;
        include @HERE@/delivery.conf;
        @MORE@
    }
}
"""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Nginx:
    """One that runs. `log` is where it writes what it sent."""

    folder: Path
    port: int
    process: subprocess.Popen

    @property
    def log(self) -> Path:
        """What it writes down of films."""
        return self.folder / "delivery.log"

    def ask(self, path: str, *, method: str = "GET", cookie: str = "", **headers: str) -> Answer:
        """One request, its path sent as it stands. Headers by their names with _ for -."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if cookie:
            sent["Cookie"] = f"aula_viewer={cookie}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers=sent)
            found = connection.getresponse()
            return Answer(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())
        finally:
            connection.close()


def program() -> str:
    """Where nginx is. Fails with what to do, for without it nothing here is proven."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert found, "nginx is missing, so the configuration of production is not tested: sudo apt-get install nginx-light"
    return found


@contextmanager
def running(
    folder: Path,
    files: Path,
    *,
    more: str = "",
    processes: str = "master_process off;",
    change: Callable[[str], str] = lambda text: text,
) -> Iterator[Nginx]:
    """Start it over the folder of files; `more` stands beside its locations, `change` rewrites `delivery.conf`."""
    (folder / "temp").mkdir(parents=True)
    given = {"LOG": str(folder / "delivery.log"), "FILES": str(files), "HOST": "localhost"}
    port = free_port()
    for path in webserver.write(folder, given):
        if path.name == "delivery.conf":
            path.write_text(change(path.read_text()).replace("flush=5s", "flush=1ms"))
    places = {"@HERE@": str(folder), "@PORT@": str(port), "@MORE@": more, "@PROCESSES@": processes}
    text = MAIN
    for place, value in places.items():
        text = text.replace(place, value)
    (folder / "nginx.conf").write_text(text)
    command = ["setpriv", "--pdeathsig", "KILL", program(), "-e", "stderr", "-p", str(folder), "-c", "nginx.conf"]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"]}
    )
    found = Nginx(folder, port, process)
    try:
        wait_until(lambda: _answers(found), 10, lambda: f"nginx does not answer: {_said(process)}")
        yield found
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _answers(nginx: Nginx) -> bool:
    try:
        return nginx.ask("/_archivos/").status == 404
    except OSError:
        assert nginx.process.poll() is None, f"nginx ended: {_said(nginx.process)}"
        return False


def _said(process: subprocess.Popen) -> str:
    process.terminate()
    return process.communicate(timeout=10)[1].decode()[-2000:]
