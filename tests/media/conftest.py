"""Real recordings, tiny, made once; and somebody who may upload them."""

import runpy
import shutil
import struct
import subprocess
import uuid
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import override_settings

from lms.domain import roles
from media.domain import library
from tests.courses.watching_cases import a_viewer
from tests.factories.people import somebody_with_role
from tests.media import films
from tests.media.viewing import Watching
from tests.system import ROOT

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
WRITE = f"drawtext=fontfile={FONT}:text='Aula %{{n}}':fontsize=h/6:fontcolor=white:x=w/8:y=h/3"


def ffmpeg(*arguments: str) -> None:
    """Make a sample; tests may call it bare, the system never."""
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments], check=True)


def picture(size: str, seconds: float, rate: int = 30) -> list[str]:
    return ["-f", "lavfi", "-i", f"testsrc=s={size}:r={rate}:d={seconds},{WRITE}"]


def tone(seconds: float) -> list[str]:
    return ["-f", "lavfi", "-i", f"sine=f=440:d={seconds}"]


H264 = ["-c:v", "libx264", "-preset", "ultrafast"]


def turn(path: Path) -> None:
    """Write a quarter turn into the first track's display matrix (ISO 14496-12, 8.3.2), as telephones do.

    Every version of ffmpeg reads it; how it is written through ffmpeg's options differs from version to version.
    """
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 4 + 40
    assert content[start : start + 4] == b"\x00\x01\x00\x00"
    content[start : start + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content)


@pytest.fixture(scope="session")
def samples(tmp_path_factory) -> Path:
    """A folder of honest recordings, named by what is special about each."""
    folder = tmp_path_factory.mktemp("samples")

    def out(name: str) -> str:
        return str(folder / name)

    ffmpeg(*picture("640x360", 5), *tone(5), *H264, "-c:a", "aac", out("plain.mp4"))
    ffmpeg("-i", out("plain.mp4"), "-c:a", "copy", *H264, "-g", "30", "-sc_threshold", "0", out("keyed.mp4"))
    ffmpeg("-i", out("plain.mp4"), "-t", "2", "-c", "copy", out("portrait.mp4"))
    turn(folder / "portrait.mp4")
    ffmpeg(*picture("320x240", 2), *H264, out("silent.mp4"))
    ffmpeg(*picture("321x241", 2, 25), *H264, "-pix_fmt", "yuv444p", out("odd.mkv"))
    uneven = ["-vf", r"select='lt(mod(n\,20)\,5)'", "-fps_mode", "vfr"]
    ffmpeg(*picture("320x240", 4), *tone(4), *uneven, *H264, "-c:a", "aac", out("uneven.mp4"))
    vp8 = ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"]
    ffmpeg(*picture("320x240", 2, 24), *tone(3), *vp8, out("sound_longer.webm"))
    ffmpeg(*picture("320x240", 0.4), *H264, out("short.mp4"))
    ffmpeg(*picture("176x144", 2, 12), *tone(2), "-c:v", "mpeg4", "-c:a", "libmp3lame", out("small.avi"))
    shutil.copy(folder / "small.avi", folder / "wrong_extension.mp4")
    return folder


@pytest.fixture
def trainer(db):
    """Somebody who may upload, in the groups that their role brings."""
    roles.ensure_groups()
    person = somebody_with_role("trainer")
    roles.sync_groups(person)
    return person


@pytest.fixture
def other_trainer(trainer):
    """A colleague with the same role."""
    person = somebody_with_role("trainer")
    roles.sync_groups(person)
    return person


@pytest.fixture
def add(samples, trainer):
    """Add a sample to the library, as a command would."""

    def add_sample(name: str, **facts):
        facts = {"title": name, "source_name": name, "by": trainer} | facts
        return library.add_video(source=samples / name, keep_source=True, **facts)

    return add_sample


@pytest.fixture(scope="session")
def s3_server():
    # Only where it is asked for: it takes a second to import.
    with import_module("tests.buckets").running() as server:
        yield server


@pytest.fixture
def bucket(s3_server):
    """A bucket in the place of the folder of files, with the settings of an installation that has it so."""
    name = f"aula-{uuid.uuid4().hex[:12]}"
    s3_server.gate.begin()
    s3_server.client.create_bucket(Bucket=name)
    with pytest.MonkeyPatch.context() as patched:
        for variable, value in s3_server.environment(name).items():
            patched.setenv(variable, value)
        said = runpy.run_path(str(ROOT / "lms" / "settings.py"))
    names = ("STORAGES", "MEDIA_DELIVERY", "CONTENT_SECURITY_POLICY", "CMS_CONTENT_SECURITY_POLICY")
    with override_settings(**{name: said[name] for name in names}):
        cache.clear()
        yield s3_server.bucket(name)


@pytest.fixture
def tree():
    """Everything on disk that this app could leave behind."""

    def look() -> set[str]:
        roots = [Path(settings.MEDIA_ROOT), settings.UPLOADS_DIR, settings.WORK_DIR]
        return {str(path) for root in roots if root.exists() for path in root.rglob("*") if path.is_file()}

    return look


@pytest.fixture
def signed_in(client, trainer):
    client.force_login(trainer)
    return client


@pytest.fixture(scope="session")
def short_film(tmp_path_factory):
    return films.make(tmp_path_factory.mktemp("short"), 6)


@pytest.fixture(scope="session")
def long_film(tmp_path_factory):
    return films.make(tmp_path_factory.mktemp("long"), 32)


@pytest.fixture
def watch(browser, live_server):
    """Opens a window for a viewer of a film: `watch(folder, …)`."""

    def open_window(folder: Path, **options) -> Watching:
        viewer = a_viewer()
        films.publish(viewer.video, folder)
        return Watching(browser, live_server, viewer, **options)

    return open_window
