"""Everything before the start: `python -m scripts.make_ready run | test | check | demo`. May be repeated at will."""

import shutil
import sys
from pathlib import Path

from scripts import python_packages, steps, system_packages
from scripts.steps import ROOT, VENV_PYTHON


def compile_messages() -> None:
    """Make the catalogues of translations readable for gettext."""
    for source in sorted((ROOT / "lms" / "locale").glob("*/LC_MESSAGES/*.po")):
        compiled = source.with_suffix(".mo")
        stamp = steps.var_dir() / "stamps" / f"messages-{source.parent.parent.name}-{source.stem}"
        key = steps.digest([source])
        if compiled.exists() and steps.is_done(stamp, key):
            continue
        with steps.step(f"Translations: compiling {source.relative_to(ROOT)}"):
            _replace_compiled(source, compiled)
        steps.mark_done(stamp, key)


def _replace_compiled(source: Path, compiled: Path) -> None:
    fresh = compiled.with_suffix(".mo.new")
    steps.run([shutil.which("msgfmt") or "msgfmt", "--check-format", "-o", str(fresh), str(source)])
    fresh.replace(compiled)


def collect_static() -> None:
    """Gather stylesheets, scripts and pictures under hashed names."""
    ours = [path for app in ("lms", "media", "courses", "certificates") for path in (ROOT / app / "static").rglob("*")]
    files = [path for path in [*ours, *(ROOT / "templates" / "static").rglob("*")] if path.is_file()]
    stamp = steps.var_dir() / "stamps" / "static"
    key = steps.digest([*files, ROOT / "requirements.lock"], steps.setting("AULA_HASHED_STATIC"))
    if (steps.var_dir() / "static").exists() and steps.is_done(stamp, key):
        steps.say("· Static files: up to date")
        return
    with steps.step("Static files: collecting"):
        steps.run([str(VENV_PYTHON), "manage.py", "collectstatic", "--noinput", "-v", "0"])
    steps.mark_done(stamp, key)


def load_content(*arguments: str) -> None:
    """Migrate the database and load what is missing in it, in one process of Django."""
    steps.run(
        [str(VENV_PYTHON), "-m", "scripts.content", *arguments],
        show=True,
        hint="the content could not be loaded",
        AULA_LOG_LEVEL=steps.setting("AULA_LOG_LEVEL", "WARNING"),
    )


def main(purpose: str) -> None:
    """Prepare for one of the purposes."""
    with steps.one_line_on_failure():
        testing = purpose in {"test", "check"}
        wanted = {"test": system_packages.TO_TEST, "check": system_packages.TO_SET_UP}
        (steps.var_dir() / "setup.log").unlink(missing_ok=True)
        system_packages.ensure(wanted.get(purpose, system_packages.TO_RUN))
        python_packages.ensure("dev" if testing else "run")
        if purpose == "test":
            python_packages.ensure_browser()
        compile_messages()
        if not testing:
            load_content(*(["--again"] if purpose == "demo" else []))
            collect_static()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "run")
