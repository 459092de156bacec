"""Programs of the distribution that Python packages cannot bring."""

import importlib.util
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from scripts import steps

Probe = Callable[[], bool]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _command(*names: str) -> Probe:
    return lambda: any(shutil.which(name) for name in names)


def _file(*patterns: str) -> Probe:
    return lambda: any(any(Path("/").glob(pattern)) for pattern in patterns)


TO_SET_UP: dict[str, Probe] = {
    "python3-venv": lambda: importlib.util.find_spec("ensurepip") is not None,
    "gettext": _command("msgfmt"),
}
TO_RUN: dict[str, Probe] = {
    **TO_SET_UP,
    "ffmpeg": _command("ffmpeg"),
    "bubblewrap": _command("bwrap"),
    "espeak-ng": _command("espeak-ng"),
    "fonts-dejavu-core": _file("usr/share/fonts/**/DejaVuSans.ttf"),
}
has_chromium = _command(*CHROMIUM_NAMES)
# Ubuntu's Chromium is a snap, which no container can run: `scripts.python_packages` brings one there.
CHROMIUM_IS_A_SNAP = (
    platform.freedesktop_os_release().get("ID") == "ubuntu" if Path("/etc/os-release").exists() else False
)
TO_TEST: dict[str, Probe] = {
    **TO_RUN,
    "chromium": lambda: CHROMIUM_IS_A_SNAP or has_chromium(),
    "postgresql": _file("usr/lib/postgresql/*/bin/postgres"),
    "redis-server": _command("redis-server"),
    "nginx-light": lambda: _command("nginx")() or _file("usr/sbin/nginx")(),
    "openssl": _command("openssl"),
    "poppler-utils": lambda: _command("pdfsig")() and _command("pdfinfo")(),
    "qpdf": _command("qpdf"),
    "softhsm2": _command("softhsm2-util"),
}


def ensure(packages: dict[str, Probe]) -> None:
    """Install what is missing with apt-get. Raises `Stopped` with the command to run where that is not allowed."""
    missing = [name for name, is_there in packages.items() if not is_there()]
    if not missing:
        steps.say("· System packages: all there")
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    by_hand = f"sudo apt-get update && sudo {' '.join(command)}"
    if not shutil.which("apt-get"):
        raise steps.Stopped(f"please install with your system's package manager, then repeat: {', '.join(missing)}")
    rights = _rights()
    if rights is None:
        raise steps.Stopped(f"system packages are missing; please run this, then repeat: {by_hand}")
    with steps.step(f"System packages: installing {', '.join(missing)}"):
        hint = f"apt-get could not install them; please try by hand: {by_hand}"
        quiet = [*rights, "env", "DEBIAN_FRONTEND=noninteractive"]
        steps.run([*quiet, "apt-get", "update"], hint=hint)
        steps.run([*quiet, *command, "-o", "DPkg::Lock::Timeout=300"], hint=hint)
    still = [name for name in missing if not packages[name]()]
    if still:
        raise steps.Stopped(f"installed, yet not usable on this system: {', '.join(still)}")


def _rights() -> list[str] | None:
    """What to put before apt-get to have the right to install; None without it."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and not subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode:
        return ["sudo", "-n"]
    return None
