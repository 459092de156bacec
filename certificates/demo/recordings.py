"""The demo's videos: slides with a spoken track, made once and kept under `var/demo-recordings/`."""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from media import recording

from .drawings import draw_slide

RECIPE = 1  # raise it when the drawing or the voice changes


@dataclass(frozen=True)
class Recording:
    """A finished video file and its captions."""

    path: Path
    captions: str


def ensure_recording(key: str, spec: dict, *, course: str, is_short: bool = False) -> Recording:
    """The recording of `spec` (`slides` with `title`, `lines`, `say`), made unless it is in the cache.

    `is_short` keeps the first two sentences and makes a small picture: for tests.
    """
    folder = Path(settings.VAR_DIR) / "demo-recordings"
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps([RECIPE, course, spec, is_short], sort_keys=True, ensure_ascii=False)
    name = f"{key}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    video, captions = folder / f"{name}.mp4", folder / f"{name}.vtt"
    if not (video.exists() and captions.exists()):
        _make(spec, course, is_short, video, captions)
    return Recording(video, captions.read_text(encoding="utf-8"))


def _make(spec: dict, course: str, is_short: bool, video: Path, captions: Path) -> None:
    slides = spec["slides"]
    with tempfile.TemporaryDirectory(dir=video.parent) as scratch:
        folder = Path(scratch)
        made = []
        for number, slide in enumerate(slides, start=1):
            picture = folder / f"{number}.png"
            draw_slide(
                course=course, title=slide["title"], lines=slide["lines"], number=number, count=len(slides)
            ).save(picture)
            made.append(recording.Slide(picture, tuple(slide["say"])))
        if is_short:
            made = [recording.Slide(made[0].picture, made[0].sentences[:2])]
        cues = recording.record(made, folder / "out.mp4", folder=folder, height=240 if is_short else 720)
        (folder / "out.vtt").write_text(recording.render_vtt(cues), encoding="utf-8")
        os.replace(folder / "out.vtt", captions)
        os.replace(folder / "out.mp4", video)
