"""What making a video costs, beside the bare encode: `python -m scripts.bench_media [recording]`, in the environment.

CPU time, not the clock: the figures stand on a busy machine, too, though a core that is shared makes every second of
them longer; so the goals are ratios to a bare 720p encode of the same file, run before and after. Without a recording
one of a minute is made by `../shared/tools/make_recording.sh`, or drawn by ffmpeg where that is missing.
"""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts import steps
from scripts.bench import Figure, call, show, throw_away
from scripts.steps import ROOT, VENV_PYTHON

SECONDS = 60
MAKER = ROOT.parent / "shared" / "tools" / "make_recording.sh"
MEGABYTES_AN_HOUR = {"240p": 55, "opus": 8, "slides": 12}
SCORE = re.compile(r"VMAF score: ([\d.]+)")
# As MediaCMS does by default, a process for each rung: github.com/mediacms-io/mediacms, files/helpers.py.
# The rungs that we make, too: its 1080p and its packaging for HLS come on top and are left out.
PEER_KBITS = {144: 150, 240: 300, 360: 500, 480: 1000, 720: 2500}
PEER = [
    *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "23", "-preset", "medium", "-profile:v", "main"),
    *("-level", "4.2", "-force_key_frames", "expr:gte(t,n_forced*4)", "-x264-params", "keyint=240:keyint_min=120"),
    *("-c:a", "aac", "-b:a", "128k", "-ac", "2", "-f", "mp4"),
]
# 240–720 in one process with one decode, every rung veryfast: what goal 10's 50 CPU s were set beside took 42 there.
ONE_PROCESS = {720: 1280, 480: 854, 360: 640, 240: 426}
GOAL_SHARE = 50 / 42
BARE = ["-vf", "scale=-2:720", "-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-f", "mp4"]


def children_seconds() -> float:
    """CPU of all processes that ended below this one."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def own_seconds() -> float:
    """CPU of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def run_bare(*arguments: str) -> float:
    """Run a bare ffmpeg; returns its CPU seconds."""
    before = children_seconds()
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments], check=True)
    return children_seconds() - before


def run_peer(recording: Path, folder: Path) -> float:
    """The CPU seconds of the 144–720 ladder with a process for each rung."""
    spent = 0.0
    for height, kbits in PEER_KBITS.items():
        scale = f"scale={round(height * 16 / 9)}:{height}:force_original_aspect_ratio=decrease"
        scale += ":force_divisible_by=2:flags=lanczos,fps=30"
        rate = ["-maxrate", f"{int(kbits * 1.5)}k", "-bufsize", f"{int(kbits * 1.5)}k"]
        spent += run_bare("-i", str(recording), "-vf", scale, *PEER, *rate, str(folder / f"{height}.mp4"))
    return spent


def run_one_process(recording: Path, folder: Path) -> float:
    """The CPU seconds of a bare 240–720 ladder, scaled in cascade by one process."""
    graph, outputs, given = [], [], "0:v"
    for height, width in ONE_PROCESS.items():
        graph.append(f"[{given}]scale={width}:{height}:flags=bicubic,split[v{height}][to{height}]")
        given = f"to{height}"
        outputs += ["-map", f"[v{height}]", "-map", "0:a?", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"]
        outputs += ["-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "mp4", str(folder / f"one-{height}.mp4")]
    graph[-1] = graph[-1].replace(f",split[v{height}][to{height}]", f"[v{height}]")
    return run_bare("-i", str(recording), "-filter_complex", ";".join(graph), *outputs)


def make_recording(path: Path) -> None:
    """A lecture of the kind that trainers upload."""
    if MAKER.exists():
        subprocess.run(["bash", str(MAKER), str(SECONDS), str(path)], check=True)
        return
    picture = f"mandelbrot=s=1920x1080:rate=30:maxiter=120:end_pts={SECONDS * 30},noise=alls=8:allf=t"
    sound = f"sine=f=300:d={SECONDS},tremolo=f=5:d=0.9,volume=-15dB"
    drawn = ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-t", str(SECONDS)]
    run_bare(*drawn, "-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-pix_fmt", "yuv420p", str(path))


class Watching:
    """Notes what ran until the 240p was published, and in all."""

    def __init__(self) -> None:
        from media import sandbox  # noqa: PLC0415 Django is set up by now
        from media.domain.making import Making  # noqa: PLC0415

        self.runs = 0
        self.first = 0.0
        # The kernel does not add up what ran in a namespace of its own; its cost is a few milliseconds a process.
        sandbox.has_bubble = lambda: False
        run, publish = sandbox.run, Making.publish

        def counted(*arguments, **options):
            self.runs += 1
            return run(*arguments, **options)

        def timed(making, step, *arguments, **options):
            publish(making, step, *arguments, **options)
            if step.rung == "240p" and not self.first:
                self.first = children_seconds() - self.start

        sandbox.run, Making.publish = counted, timed
        self.start = children_seconds()

    @staticmethod
    def cage_seconds() -> float:
        """What the bars around one process cost."""
        from media import sandbox  # noqa: PLC0415

        before = children_seconds()
        for _number in range(20):
            subprocess.run(sandbox.caged(["true"], sandbox.Limits(), [], []), check=True)
        return (children_seconds() - before) / 20


def measure(recording: Path) -> None:
    """In a process of its own, on the database that the environment names; prints JSON."""
    import django  # noqa: PLC0415

    django.setup()
    from django.core.files.storage import default_storage  # noqa: PLC0415

    from lms.domain import jobs  # noqa: PLC0415
    from lms.models import Job  # noqa: PLC0415
    from media.domain import library  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="aula-bench-") as folder:
        bare = run_bare("-i", str(recording), *BARE, str(Path(folder) / "bare.mp4"))
        chain = run_one_process(recording, Path(folder))
        peer = run_peer(recording, Path(folder))
    video = library.add_video(title="Medida", source=recording, source_name=recording.name, by=None, keep_source=True)
    job, watching, own = Job.objects.get(subject=str(video.public_id)), Watching(), own_seconds()
    jobs.run(job.pk)
    whole, own = children_seconds() - watching.start, own_seconds() - own
    job.refresh_from_db()
    if job.state != Job.State.DONE:
        raise steps.Stopped(f"the job ended with: {job.reason}")
    overhead = own + watching.runs * watching.cage_seconds()
    rows = {row.rung: row for row in video.own_renditions()}
    cost = Cost(bare, chain, peer, whole, watching.first, overhead)
    figures = of_cost(cost, video.duration_seconds) + of_weight(rows)
    score = vmaf(recording, Path(default_storage.path(rows["240p"].path)), rows["240p"])
    if score is not None:
        figures.append(Figure("240p: VMAF", "of 100", "≥ 90", None, score, score >= 90))
    print(json.dumps([asdict(figure) for figure in figures]))


@dataclass(frozen=True)
class Cost:
    """CPU seconds: of a bare rung, a bare ladder, a process for each; of ours in all, until 240p, and our own."""

    bare: float
    chain: float
    peer: float
    whole: float
    first: float
    overhead: float


def of_cost(cost: Cost, seconds: float) -> list[Figure]:
    """CPU, against the bare encode and against a process for each rung."""
    share = 100 * cost.overhead / cost.whole
    return [
        Figure("Whole ladder", "CPU s", "≤ 2.2 × floor", cost.bare, cost.whole, cost.whole <= 2.2 * cost.bare),
        Figure(
            "The same, beside MediaCMS's",
            "CPU s",
            "≤ 0.4 × floor",
            cost.peer,
            cost.whole,
            cost.whole <= 0.4 * cost.peer,
        ),
        Figure("First playable", "CPU s", "≤ 0.5 × floor", cost.bare, cost.first, cost.first <= 0.5 * cost.bare),
        Figure("Our own share of it", "%", "≤ 3", None, share, share <= 3),
        # Ours has 144p, four sounds, stills and slower presets for the small rungs in it, too.
        Figure(
            "The same, beside a bare ladder",
            "CPU s",
            "≤ 50 ÷ 42 × floor",
            cost.chain,
            cost.whole,
            cost.whole <= GOAL_SHARE * cost.chain,
        ),
        Figure("A minute of the recording", "CPU s", "", None, cost.whole * 60 / seconds, True),
    ]


def of_weight(rows: dict) -> list[Figure]:
    """Megabytes an hour of each rung."""
    found = []
    for rung, row in sorted(rows.items()):
        weight = row.bytes * 3600 / row.duration_seconds / 1_000_000
        most = MEGABYTES_AN_HOUR.get(rung)
        goal = f"≤ {most}" if most else ""
        found.append(Figure(f"{rung}: weight", "MB/h", goal, None, weight, most is None or weight <= most))
    return found


def vmaf(recording: Path, film: Path, row) -> float | None:
    """The 240p against the recording at its own size and rate; None without an ffmpeg that can judge."""
    judge = os.environ.get("VMAF_FFMPEG") or "ffmpeg"
    filters = subprocess.run([judge, "-hide_banner", "-filters"], capture_output=True, text=True, check=True).stdout
    if "libvmaf" not in filters:
        return None
    rate = row.manifest["frames"] / row.duration_seconds
    same = f"setpts=N/{rate:.6f}/TB"
    graph = (
        f"[0:v]{same}[made];[1:v]fps={rate:.6f}:start_time=0,scale={row.width}:{row.height}:flags=bicubic,"
        f"format=yuv420p,{same}[meant];[made][meant]libvmaf=n_threads=1:n_subsample=3"
    )
    command = [judge, "-hide_banner", "-nostdin", "-i", str(film), "-i", str(recording), "-lavfi", graph]
    said = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    return float(SCORE.findall(said)[-1])


def measure_media(recording: Path | None = None) -> list[Figure]:
    """All figures, on a throw-away database."""
    with tempfile.TemporaryDirectory(prefix="aula-bench-") as folder, throw_away() as full:
        if recording is None:
            recording = Path(folder) / "recording.mp4"
            with steps.step("a recording"):
                make_recording(recording)
        with steps.step("its ladder"):
            said = call([str(VENV_PYTHON), "-m", "scripts.bench_media", "measure", str(recording)], full)
    return [Figure(**one) for one in json.loads(said.splitlines()[-1])]


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(Path(sys.argv[2]))
    else:
        show(measure_media(Path(sys.argv[1]) if sys.argv[1:] else None))
