"""A real browser and a real service with the samples and the generated country."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import chain, islice
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from samples.client import Client
from tests.support import real_records
from tests.support.gunicorn_server import RunningServer, create_key, run_server
from tests.support.paths import ROOT
from tests.web.generated_country import Country, load_country, make_country

IS_BROWSER_REQUIRED: Final = os.environ.get("BROWSER_REQUIRED") == "1"
"""Set where chromium is known to be installed: a test that cannot run there has failed."""

TIMEOUT_MS: Final = 60_000
"""So many milliseconds may pass until what is looked for is on the page: others work here too."""

MAX_BATCH: Final = 2_000
MAX_STAFF_REPORTS: Final = 400
"""So many daily totals of the General Staff are loaded: each meets all before it."""

DESKTOP: Final = {"width": 1280, "height": 900}
PHONE: Final = {"width": 360, "height": 740}


def load_samples(server: RunningServer) -> None:
    """Load the samples."""
    arguments = ["--url", server.url, "--key", server.key, str(ROOT / "samples" / "kursk.json")]
    subprocess.run(
        [sys.executable, str(ROOT / "samples" / "load.py"), *arguments],
        check=True,
        capture_output=True,
    )


def load_everything(server: RunningServer) -> dict[str, str]:
    """Load the samples and the country; returns the country's report ids by their refs."""
    load_samples(server)
    with Client(server.url, create_key(server, "admin"), timeout=120) as client:
        return load_country(client, make_country())


def load_real_records(server: RunningServer) -> None:
    """Load figures of UCDP, of the Ministry of Health in Gaza, and of the General Staff."""
    reports = chain(
        real_records.read_ucdp("ged_ukraine_to2019"),
        real_records.read_ucdp("ged_syria_2016"),
        real_records.read_gaza(),
        real_records.read_general_staff(MAX_STAFF_REPORTS),
    )
    with Client(server.url, server.key, timeout=120) as client:
        while batch := list(islice(reports, MAX_BATCH)):
            _, answer = client.post("/v1/reports/batch", {"reports": batch})
            wrong = [each for each in answer["results"] if each["status"] != HTTPStatus.CREATED]
            assert not wrong, wrong[:1]


@pytest.fixture(scope="session")
def country() -> Country:
    """The generated country."""
    return make_country()


@pytest.fixture(scope="session")
def server_and_ids(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RunningServer, dict[str, str]]]:
    """A service with everything in it, and the ids of the country's reports by their refs."""
    with run_server(tmp_path_factory.mktemp("pages")) as server:
        yield server, load_everything(server)


@pytest.fixture(scope="session")
def server(server_and_ids: tuple[RunningServer, dict[str, str]]) -> RunningServer:
    """The service with all data, to which no test adds."""
    return server_and_ids[0]


@pytest.fixture(scope="session")
def ids(server_and_ids: tuple[RunningServer, dict[str, str]]) -> dict[str, str]:
    """The ids of the country's reports by their refs."""
    return server_and_ids[1]


@pytest.fixture(scope="session")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A service with published figures in it, to which no test adds."""
    real_records.require_data()
    with run_server(tmp_path_factory.mktemp("real")) as server:
        load_real_records(server)
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's chromium; without it the test is skipped, or fails if it is required."""
    with launch_chromium() as chromium:
        yield chromium


@contextlib.contextmanager
def launch_chromium() -> Iterator[Browser]:
    """Yield a chromium; leaves the test out where there is none, and fails where one must be."""
    path = shutil.which("chromium")
    if path is None:
        assert not IS_BROWSER_REQUIRED, "BROWSER_REQUIRED=1 says that there is chromium"
        pytest.skip("needs chromium")
    # Root may not use chromium's sandbox, and /dev/shm is tiny in many containers.
    arguments = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def address(server: RunningServer) -> str:
    """Where pages are opened; tests that add to a record have a service of their own here."""
    return server.url


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """A maker of pages, each in a browser of its own; at the end nothing may have gone wrong.

    Whatever the page complains of in the console, throws or cannot load fails the test, and so
    does what its policy forbids, which the console is told as well. A test that provokes an answer
    of 400 or above, or that one is lost, says so first: ``page.allowed.add(404)``,
    ``page.allowed.add("net::ERR_FAILED")``.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_fresh_page(**options: Any) -> Page:
        usual = {"base_url": address, "viewport": DESKTOP, "locale": "en-GB", "timezone_id": "UTC"}
        context = browser.new_context(**{**usual, **options})
        context.set_default_timeout(TIMEOUT_MS)
        contexts.append(context)
        page = context.new_page()
        page.allowed = set()  # type: ignore[attr-defined]
        _record_failures(page, wrong)
        return page

    yield open_fresh_page
    for context in contexts:
        context.close()
    assert not wrong, "\n".join(wrong)


def _record_failures(page: Page, failures: list[str]) -> None:
    """Write down all that goes wrong on the page."""
    allowed: set[int | str] = page.allowed  # type: ignore[attr-defined]

    def record_console(message: Any) -> None:
        expected = any(
            each in message.text if isinstance(each, str) else f"status of {each} " in message.text
            for each in allowed
        )
        if message.type in ("error", "warning") and not expected:
            failures.append(f"console: {message.text} {message.location}")

    def record_failed_request(request: Any) -> None:
        # A page that is left, and a file that is saved, end their requests so.
        if request.failure not in {"net::ERR_ABORTED", *allowed}:
            failures.append(f"request: {request.url} {request.failure}")

    def record_response(response: Any) -> None:
        if response.status >= 400 and response.status not in allowed:
            failures.append(f"answer: {response.status} {response.url}")

    page.on("console", record_console)
    page.on("pageerror", lambda error: failures.append(f"error: {error}"))
    page.on("requestfailed", record_failed_request)
    page.on("response", record_response)


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A page as on a desk."""
    return open_page()


@pytest.fixture
def phone(open_page: OpenPage) -> Page:
    """A page as on a small phone."""
    return open_page(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)


@pytest.fixture
def scriptless(open_page: OpenPage) -> Page:
    """A page in a browser that runs no scripts."""
    return open_page(java_script_enabled=False)


@pytest.fixture
def dark(open_page: OpenPage) -> Page:
    """A page in the dark colour scheme."""
    return open_page(color_scheme="dark")


AXE_TAGS: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_AXE: Final = Axe().axe_script


def assert_accessible(page: Page) -> None:
    """Assert that axe finds no barrier on the page; the message names each one and its place."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE)
    options = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": AXE_TAGS}}
    results = page.evaluate("options => axe.run(document, options)", options)
    assert results["passes"], "axe looked at nothing"
    violations = [
        f"{each['impact']} {each['id']}: {each['help']}\n"
        + "\n".join(
            f"    {node['html'][:160]}\n      {node['failureSummary'].splitlines()[1].strip()}"
            for node in each["nodes"][:5]
        )
        for each in results["violations"]
    ]
    assert not violations, f"{page.url}\n" + "\n".join(violations)
