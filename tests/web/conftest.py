"""A real browser before a real service that knows the samples and the made-up country."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from samples.client import Client
from tests.serving import ROOT, RunningServer, create_key, run_server
from tests.web.country import Country, country, load

REQUIRED: Final = os.environ.get("BROWSER_REQUIRED") == "1"
"""Set where chromium is known to be installed: a test that cannot run there has failed."""

PATIENCE: Final = 60_000
"""So many milliseconds may pass until what is looked for is on the page: others work here too."""

UNHURRIED: Final = {"CASUALTY_SOLVER_SECONDS": "10", "CASUALTY_ANSWER_SECONDS": "60"}
"""Time to settle each number, so that a page and the interface, asked apart, must say the same."""

DESK: Final = {"width": 1280, "height": 900}
PHONE: Final = {"width": 360, "height": 740}


def sampled(server: RunningServer) -> None:
    """Load the samples."""
    words = ["--url", server.url, "--key", server.key, str(ROOT / "samples" / "kursk.json")]
    subprocess.run(
        [sys.executable, str(ROOT / "samples" / "load.py"), *words], check=True, capture_output=True
    )


def filled(server: RunningServer) -> dict[str, str]:
    """Load the samples and the country; returns the country's report ids by their refs."""
    sampled(server)
    with Client(server.url, create_key(server, "admin"), timeout=120) as client:
        return load(client, country())


@pytest.fixture(scope="session")
def land() -> Country:
    """What was made up."""
    return country()


@pytest.fixture(scope="session")
def loaded(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RunningServer, dict[str, str]]]:
    """A service with everything in it, and the ids of the country's reports by their refs."""
    with run_server(tmp_path_factory.mktemp("pages"), **UNHURRIED) as server:
        yield server, filled(server)


@pytest.fixture(scope="session")
def served(loaded: tuple[RunningServer, dict[str, str]]) -> RunningServer:
    """The service with everything in it, which no test adds to."""
    return loaded[0]


@pytest.fixture(scope="session")
def ids(loaded: tuple[RunningServer, dict[str, str]]) -> dict[str, str]:
    """The ids of the country's reports by their refs."""
    return loaded[1]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium; without it the test is left out, unless it is required."""
    with launched() as found:
        yield found


@contextlib.contextmanager
def launched() -> Iterator[Browser]:
    """Yield a chromium; leaves the test out where there is none, and fails where one must be."""
    path = shutil.which("chromium")
    if path is None:
        assert not REQUIRED, "BROWSER_REQUIRED=1 says that there is chromium"
        pytest.skip("needs chromium")
    # Root may not use chromium's sandbox, and /dev/shm is tiny in many containers.
    words = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=path, args=words)
        yield found
        found.close()


Open = Callable[..., Page]


@pytest.fixture
def address(served: RunningServer) -> str:
    """Where pages are opened; tests that add to a record have a service of their own here."""
    return served.url


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Open]:
    """A maker of pages, each in a browser of its own; at the end nothing may have gone wrong.

    Whatever the page complains of in the console, throws or cannot load fails the test, and so
    does what its policy forbids, which the console is told as well. A test that provokes an answer
    of 400 or above, or that one is lost, says so first: ``page.allowed.add(404)``,
    ``page.allowed.add("net::ERR_FAILED")``.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_page(**options: Any) -> Page:
        usual = {"base_url": address, "viewport": DESK, "locale": "en-GB", "timezone_id": "UTC"}
        context = browser.new_context(**{**usual, **options})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.allowed = set()  # type: ignore[attr-defined]
        _watch(page, wrong)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong, "\n".join(wrong)


def _watch(page: Page, wrong: list[str]) -> None:
    """Write down all that goes wrong on the page."""
    allowed: set[int | str] = page.allowed  # type: ignore[attr-defined]

    def said(message: Any) -> None:
        expected = any(
            each in message.text if isinstance(each, str) else f"status of {each} " in message.text
            for each in allowed
        )
        if message.type in ("error", "warning") and not expected:
            wrong.append(f"console: {message.text} {message.location}")

    def failed(request: Any) -> None:
        # A page that is left, and a file that is saved, end their requests so.
        if request.failure not in {"net::ERR_ABORTED", *allowed}:
            wrong.append(f"request: {request.url} {request.failure}")

    def answered(response: Any) -> None:
        if response.status >= 400 and response.status not in allowed:
            wrong.append(f"answer: {response.status} {response.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("requestfailed", failed)
    page.on("response", answered)


@pytest.fixture
def page(opened: Open) -> Page:
    """A page as on a desk."""
    return opened()


@pytest.fixture
def phone(opened: Open) -> Page:
    """A page as on a small phone."""
    return opened(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)


@pytest.fixture
def scriptless(opened: Open) -> Page:
    """A page in a browser that runs no scripts."""
    return opened(java_script_enabled=False)


@pytest.fixture
def dark(opened: Open) -> Page:
    """A page for somebody who wants it dark."""
    return opened(color_scheme="dark")


LEVELS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_AXE: Final = Axe().axe_script


def accessible(page: Page) -> None:
    """Assert that axe finds nothing on the page that shuts people out; says what and where."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE)
    options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": LEVELS}}
    found = page.evaluate("options => axe.run(document, options)", options)
    assert found["passes"], "axe looked at nothing"
    told = [
        f"{each['impact']} {each['id']}: {each['help']}\n"
        + "\n".join(
            f"    {node['html'][:160]}\n      {node['failureSummary'].splitlines()[1].strip()}"
            for node in each["nodes"][:5]
        )
        for each in found["violations"]
    ]
    assert not told, f"{page.url}\n" + "\n".join(told)
