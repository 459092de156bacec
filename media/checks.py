"""What an operator should know about this machine."""

import shutil

from django.core.checks import CheckMessage, Error, Tags, Warning, register

from media import sandbox


@register(Tags.security, deploy=True)
def check_cage(app_configs, **kwargs) -> list[CheckMessage]:
    """`media.W001`: ffmpeg runs without a namespace of its own. `media.W002`: nothing bounds it."""
    found: list[CheckMessage] = []
    if not sandbox.has_bubble():
        found.append(
            Warning(
                "ffmpeg runs without namespaces: bwrap is missing or not allowed here.",
                hint="Install bubblewrap and allow user namespaces; formats stay on a whitelist meanwhile.",
                id="media.W001",
            )
        )
    if not (shutil.which("prlimit") and shutil.which("setpriv")):
        found.append(
            Warning("ffmpeg runs without limits.", hint="Install util-linux (prlimit, setpriv).", id="media.W002")
        )
    return found


@register()
def check_ffmpeg(app_configs, **kwargs) -> list[CheckMessage]:
    """`media.E001`: there is no ffmpeg."""
    if shutil.which("ffmpeg") and shutil.which("ffprobe"):
        return []
    return [Error("ffmpeg and ffprobe are not installed.", hint="Debian: apt install ffmpeg", id="media.E001")]
