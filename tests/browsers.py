"""The browser that tests look through."""

import os
import shutil

from playwright.sync_api import Browser, Playwright

from scripts.system_packages import CHROMIUM_NAMES


def launch(playwright: Playwright, *more: str) -> Browser:
    """Chromium of the distribution, or Playwright's own where the distribution has none that runs."""
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    arguments = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return playwright.chromium.launch(executable_path=program, args=[*arguments, *more])
