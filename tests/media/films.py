"""Films that really play, made in a second: the rungs of one short recording, published as rows."""

import hashlib
import subprocess
from pathlib import Path

from django.core.files.storage import default_storage

from media.domain import fragments
from media.models import Rendition, Track, Video

FLAGS = "+frag_keyframe+delay_moov+default_base_moof+global_sidx+skip_trailer"
# Bits a second; between them lies the line of 400 kbit/s of which the tests speak.
KBITS = {"144p": 40, "240p": 110, "480p": 700}
WIDTHS = {"144p": 128, "240p": 160, "480p": 320}


def make(folder: Path, seconds: int, *rungs: str) -> Path:
    """144p, 240p, 480p and sound alone, on one grid in time; the pictures change, so that they weigh something."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i"]
    command += [
        f"testsrc2=s=320x180:r=10:d={seconds},noise=alls=12:allf=t",
        "-f",
        "lavfi",
        "-i",
        f"sine=f=440:d={seconds}",
    ]
    for rung in rungs or KBITS:
        kbits = KBITS[rung]
        command += ["-map", "0:v", "-map", "1:a", "-vf", f"scale={WIDTHS[rung]}:-2"]
        command += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", f"{kbits}k"]
        command += ["-maxrate", f"{kbits}k", "-bufsize", f"{kbits}k", "-g", "40", "-keyint_min", "40"]
        command += ["-sc_threshold", "0", "-c:a", "aac", "-ar", "24000", "-b:a", "24k", "-movflags", FLAGS]
        command.append(str(folder / f"{rung}.mp4"))
    sound = ["-map", "1:a", "-c:a", "aac", "-b:a", "24k", "-movflags", FLAGS, "-frag_duration", "4000000"]
    subprocess.run([*command, *sound, str(folder / "audio.mp4")], check=True)
    return folder


def publish(video: Video, folder: Path, *rungs: str, track: Track | None = None) -> dict[str, Rendition]:
    """The rungs of a film in place of what a video or a track had."""
    Rendition.objects.filter(video=video, track=track).delete()
    made = {}
    for rung in rungs or [rung for rung in (*KBITS, "audio") if (folder / f"{rung}.mp4").exists()]:
        file = folder / f"{rung}.mp4"
        index = fragments.read(file)
        with file.open("rb") as content:
            place = f"{track.public_id.hex}/" if track else ""
            path = default_storage.save(f"video/{video.public_id}/{place}{rung}-film.mp4", content)
        made[rung] = Rendition.objects.create(
            video=video,
            track=track,
            rung=rung,
            path=path,
            bytes=index.file_bytes,
            height=0 if rung == "audio" else int(rung[:-1]),
            duration_seconds=index.seconds,
            codecs=index.codecs,
            sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
            manifest=index.manifest(),
        )
    video.duration_seconds = next(iter(made.values())).duration_seconds
    video.save(update_fields=["duration_seconds"])
    return made
