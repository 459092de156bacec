"""The running system with the demo in it, and visitors with a real browser."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright

from certificates.demo import people
from lms.domain import identity
from tests import browsers, canaries
from tests.factories.people import PASSWORD
from tests.system import System, installed
from tests.texts import look_at_database

WHAT_SCROLLS_SIDEWAYS = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map((element) => element.outerHTML.slice(0, 120));
}"""


# All that a browser keeps for a site.
KEPT_BY_THE_BROWSER = """async () => {
  const kept = { local: { ...localStorage }, session: { ...sessionStorage }, databases: {}, caches: {} };
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      kept.databases[`${name}.${store}`] = await done(database.transaction(store).objectStore(store).getAll());
    }
    database.close();
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      kept.caches[request.url] = await (await cache.match(request)).text();
    }
  }
  return JSON.stringify(kept);
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


# A trainer who needs no second factor, and a course of theirs, in a system without the demo.
A_TRAINER = """
from lms.domain import roles
from tests.factories.people import PASSWORD, somebody_with_role
person = somebody_with_role("trainer", email="facilita@example.org", password=PASSWORD, given_names="Ana", is_demo=True)
roles.sync_groups(person)
"""


@pytest.fixture(scope="session")
def upload_system() -> Iterator[System]:
    """Only a web process, with a trainer in it: it may be killed, and no video has to be made first."""
    with installed() as system:
        system.manage("collectstatic", "--noinput", "-v", "0")
        system.python(A_TRAINER)
        system.start_web()
        yield system


@pytest.fixture
def bring(upload_system, browser) -> Iterator[Callable[..., "Visitor"]]:
    """Makes windows of the trainer of `upload_system`, each on a computer of its own; `width=` in pixels."""
    contexts: list[BrowserContext] = []

    def open_window(*, width: int = 1280, url: str = "") -> Visitor:
        context = browser.new_context(viewport={"width": width, "height": 740}, locale="es-GT")
        contexts.append(context)
        visitor = Visitor(context.new_page(), url or upload_system.url)
        visitor.sign_in("facilita@example.org", PASSWORD)
        return visitor

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of the distribution."""
    with sync_playwright() as playwright:
        chromium = browsers.launch(playwright)
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
        self.page.wait_for_load_state()  # between two pages there is nothing to measure
        return self.page.evaluate(WHAT_SCROLLS_SIDEWAYS)


@pytest.fixture(scope="session")
def signed_in_states() -> dict[str, dict]:
    """Cookies of the demo accounts that have signed in already."""
    return {}


@pytest.fixture(scope="session")
def net() -> canaries.Net:
    """Canaries and the CUIs of the demo, for what the system and the browsers leave behind."""
    demo = [spec["cui"] for spec in people.people_data()["accounts"] if spec.get("cui")]
    return canaries.Net(others=map(identity.normalise_cui, demo))


def look_at_browser(net: canaries.Net, context: BrowserContext, addresses: list[str], base: str) -> None:
    """Note numbers in what a browser asked for and keeps."""
    net.look(unquote_plus("\n".join(addresses)), "the addresses that the browser asked for")
    net.look(unquote_plus(str(context.cookies())), "the browser's cookies")
    for page in context.pages:
        if page.url.startswith(base):
            net.look(page.evaluate(KEPT_BY_THE_BROWSER), f"the browser's storage, {page.url}")


@pytest.fixture
def visit(running_system, browser, signed_in_states, net) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors: `visit()` a stranger, `visit("employee")` a demo account by its key; `width=` in pixels.

    At the end no CUI may be left in a browser, a log, a file or a row of the running system.
    """
    contexts: dict[BrowserContext, list[str]] = {}

    def open_window(account: str = "", *, width: int = 360, **options: object) -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": 740},
            locale="es-GT",
            timezone_id="America/Guatemala",
            storage_state=signed_in_states.get(account),
            **options,
        )
        addresses = contexts.setdefault(context, [])
        context.on("request", lambda request: addresses.append(request.url))
        visitor = Visitor(context.new_page(), running_system.url)
        if account and account not in signed_in_states:
            data = people.people_data()
            spec = next(spec for spec in data["accounts"] if spec["key"] == account)
            visitor.sign_in(people.identifier(spec), data["password"])
            signed_in_states[account] = context.storage_state()
        return visitor

    yield open_window
    for context, addresses in contexts.items():
        look_at_browser(net, context, addresses, running_system.url)
        context.close()
    net.look_at_files(running_system.folder)
    look_at_database(running_system.environment["DATABASE_URL"], net.look)
    assert net.empty() == []
