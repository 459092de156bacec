"""The running system with the demo in it, and visitors with a real browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright

from certificates.demo import people
from scripts.system_packages import CHROMIUM_NAMES
from tests.system import System, installed

WHAT_SCROLLS_SIDEWAYS = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map((element) => element.outerHTML.slice(0, 120));
}"""


@pytest.fixture(scope="session")
def running_system() -> Iterator[System]:
    """Web and worker with the demo loaded, on the engine in force. One for all journeys: leave it usable."""
    with installed() as system:
        system.manage("collectstatic", "--noinput", "-v", "0")
        system.start_worker()
        system.manage("load_demo", "--small")
        system.start_web()
        yield system


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of the distribution."""
    program = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    arguments = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=arguments)
        yield chromium
        chromium.close()


@dataclass
class Visitor:
    """One person with one browser window; collects everything the browser complains about."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        # Chromium reports refusals of the content security policy here, too.
        if message.type == "error":
            self.complaints.append(f"{self.page.url}: {message.text}")

    def goto(self, path: str) -> Response:
        """Open a page of the running system."""
        response = self.page.goto(self.url + path)
        assert response, path
        return response

    def sign_in(self, identifier: str, password: str) -> None:
        """Through the form, as everybody does."""
        self.goto("/entrar/")
        self.page.locator("main input[type=text], main input[type=email]").first.fill(identifier)
        self.page.locator("main input[type=password]").fill(password)
        self.page.locator("main form button").first.click()
        self.page.wait_for_url(lambda url: "/entrar/" not in url)

    def barriers(self) -> list[str]:
        """Serious and critical findings of axe on the page as it is now."""
        violations = Axe().run(self.page).response["violations"]
        return [
            f"{found['id']}: {node['html'][:200]}"
            for found in violations
            if found["impact"] in {"serious", "critical"}
            for node in found["nodes"]
        ]

    def what_scrolls_sideways(self) -> list[str]:
        """The elements that make the page wider than the window."""
        return self.page.evaluate(WHAT_SCROLLS_SIDEWAYS)


@pytest.fixture(scope="session")
def signed_in_states() -> dict[str, dict]:
    """Cookies of the demo accounts that have signed in already."""
    return {}


@pytest.fixture
def visit(running_system, browser, signed_in_states) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors: `visit()` a stranger, `visit("employee")` a demo account by its key; `width=` in pixels."""
    contexts = []

    def open_window(account: str = "", *, width: int = 360, **options: object) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 740},
            locale="es-GT",
            timezone_id="America/Guatemala",
            storage_state=signed_in_states.get(account),
            **options,
        )
        contexts.append(context)
        visitor = Visitor(context.new_page(), running_system.url)
        if account and account not in signed_in_states:
            data = people.people_data()
            spec = next(spec for spec in data["accounts"] if spec["key"] == account)
            visitor.sign_in(people.identifier(spec), data["password"])
            signed_in_states[account] = context.storage_state()
        return visitor

    yield open_window
    for context in contexts:
        context.close()
