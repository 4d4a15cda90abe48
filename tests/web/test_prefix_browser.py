"""Below a path of a proxy, in a real browser: pages and the documentation find all they need."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.serving import RunningServer
from tests.web.conftest import Open

PREFIX = "/figures"

OWN = {"content-length", "transfer-encoding", "connection", "date", "server"}
"""What the proxy says itself."""


@pytest.fixture
def below(served: RunningServer) -> Iterator[str]:
    """The address of a proxy that passes on what lies below a path, and has nothing else."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.removeprefix(PREFIX)
            if path == self.path:
                self.send_error(404)
                return
            asked = urllib.request.Request(served.url + path, headers=self._passed_on())
            try:
                answer = urllib.request.urlopen(asked)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                body = answer.read()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in OWN:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def _passed_on(self) -> dict[str, str]:
            return {"Accept": self.headers.get("Accept", "*/*")}

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}/"
        server.shutdown()


@pytest.fixture
def inside(opened: Open, below: str) -> Page:
    """A page to which nothing may be missing."""
    return opened(base_url=below)


def test_what_is_tried_out_in_the_documentation_is_answered(inside: Page) -> None:
    inside.goto("docs")
    operation = inside.locator("[id$=get_vocabulary]")
    operation.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table tbody .response-col_status")).to_contain_text(
        "200"
    )


def test_the_documentation_is_shown_without_a_proxy_too(page: Page) -> None:
    page.goto("docs")
    expect(page.locator("[id$=get_vocabulary]")).to_be_visible()


def test_pages_lead_to_each_other(inside: Page, below: str) -> None:
    inside.goto("places")
    inside.get_by_role("link", name="Enter a report").click()
    expect(inside.locator("#report")).to_be_visible()
    inside.get_by_role("link", name="Look", exact=True).click()
    expect(inside.locator("#headline")).to_be_visible()
    assert inside.url == below


def test_a_wrong_address_leads_back(inside: Page, below: str) -> None:
    inside.allowed.add(404)  # type: ignore[attr-defined]
    inside.goto("no/such/page/")
    expect(inside.locator("h1")).to_have_text("There is nothing here")
    inside.get_by_role("link", name="Start anew").click()
    expect(inside.locator("#headline")).to_be_visible()
    assert inside.url == below
