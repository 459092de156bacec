"""Two clients that we did not write upload over a line that is cut fifty times, to a server that is killed once."""

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from tusclient.client import TusClient

from tests.lines import BadLine
from tests.system import System, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

SIZE = 24 * 1024**2 + 12_345
CHUNK = 1024**2
CUTS = 50
HEADERS = 1024  # of a request, more or less
PATH = "/cms/videos/subidas/"
# tus-js-client as it came, with nothing but options: what it sends, and what the browser says it adds up to.
UPLOAD_BY_SCRIPT = """async ([size, chunkSize]) => {
  const data = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) crypto.getRandomValues(data.subarray(at, Math.min(size, at + 65536)));
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const url = await new Promise((resolve, reject) => {
    const upload = new tus.Upload(new Blob([data]), {
      endpoint: "/cms/videos/subidas/", chunkSize, retryDelays: Array(100).fill(50),
      headers: { "X-CSRFToken": token }, metadata: { filename: "clase.mp4" },
      onSuccess: () => resolve(upload.url), onError: reject,
    });
    upload.start();
  });
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return [url, [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("")];
}"""


@pytest.fixture
def line(upload_system) -> Iterator[BadLine]:
    """A line to the running system, good as yet; at its end the web process is there again."""
    with BadLine(upload_system.port) as line:
        yield line
    wait_until(upload_system.is_healthy, 60)


def kill_in_the_middle(system: System, line: BadLine) -> None:
    """kill -9 of the web process once half of the file has passed; then it starts again.

    By the main thread: what a thread starts ends with it.
    """
    wait_until(lambda: line.sent > SIZE // 2, 120)
    system.kill_web()
    assert line.cuts < CUTS
    system.start_web()


def cookies_of(visitor) -> dict[str, str]:
    return {cookie["name"]: cookie["value"] for cookie in visitor.page.context.cookies()}


def kept(system: System, url: str) -> Path:
    """The bytes of an upload, on the disk of the system."""
    return system.folder / "uploads" / url.rstrip("/").rpartition("/")[2].replace("-", "") / "bytes"


def check_what_arrived(system: System, line: BadLine, url: str, digest: str) -> None:
    assert line.cuts == CUTS
    path = kept(system, url)
    assert path.stat().st_size == SIZE
    with path.open("rb") as handle:
        assert hashlib.file_digest(handle, "sha256").hexdigest() == digest
    again = line.sent - SIZE - line.connections * HEADERS
    assert again <= (CUTS + 1) * CHUNK  # the kill is a cut, too


def forget(system: System, url: str, headers: dict[str, str]) -> None:
    address = system.url + PATH + url.rstrip("/").rpartition("/")[2] + "/"
    assert requests.delete(address, headers={"Tus-Resumable": "1.0.0", **headers}, timeout=20).status_code == 204


def headers_of(visitor) -> dict[str, str]:
    cookies = cookies_of(visitor)
    said = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return {"Cookie": said, "X-CSRFToken": cookies["csrftoken"]}


def test_tuspy(bring, upload_system, line, tmp_path):
    trainer = bring()
    trainer.goto("/cms/videos/new/")
    headers = headers_of(trainer)
    path = tmp_path / "clase.mp4"
    path.write_bytes(os.urandom(SIZE))
    line.begin_cutting(cuts=CUTS, within=SIZE, seed=4)
    client = TusClient(f"http://localhost:{line.port}{PATH}", headers=headers)
    with path.open("rb") as file:  # by its path it opens the file anew for each piece, and leaves that to chance
        uploader = client.uploader(file_stream=file, chunk_size=CHUNK, retries=100, retry_delay=0.05)  # type: ignore[arg-type]
        sending = threading.Thread(target=uploader.upload, daemon=True)
        sending.start()
        kill_in_the_middle(upload_system, line)
        sending.join(120)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    check_what_arrived(upload_system, line, uploader.url, digest)
    forget(upload_system, uploader.url, headers)


def test_tuspy_with_checksums(bring, upload_system, tmp_path):
    """Its own switch for them; the line is good."""
    trainer = bring()
    trainer.goto("/cms/videos/new/")
    headers = headers_of(trainer)
    path = tmp_path / "clase.mp4"
    path.write_bytes(os.urandom(3 * CHUNK + 5))
    client = TusClient(upload_system.url + PATH, headers=headers)
    with path.open("rb") as file:
        uploader = client.uploader(file_stream=file, chunk_size=CHUNK, upload_checksum=True)
        uploader.upload()
    assert kept(upload_system, uploader.url).read_bytes() == path.read_bytes()
    forget(upload_system, uploader.url, headers)


def test_tus_js_client(bring, upload_system, line):
    trainer = bring()
    trainer.page.goto(f"http://localhost:{line.port}/cms/videos/new/")
    headers = headers_of(trainer)
    line.begin_cutting(cuts=CUTS, within=SIZE, seed=5)
    trainer.page.evaluate(f"(given) => {{ window.sending = ({UPLOAD_BY_SCRIPT})(given); }}", [SIZE, CHUNK])
    kill_in_the_middle(upload_system, line)
    url, digest = trainer.page.evaluate("() => window.sending")
    check_what_arrived(upload_system, line, url, digest)
    forget(upload_system, url, headers)
