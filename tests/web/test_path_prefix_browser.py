"""Below a path of a proxy, in a real browser: pages and the documentation find all they need."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.support.gunicorn_server import RunningServer
from tests.web.conftest import OpenPage

PREFIX = "/figures"

PROXY_HEADERS = {"content-length", "transfer-encoding", "connection", "date", "server"}
"""The proxy's own response."""


@pytest.fixture
def proxy_address(server: RunningServer) -> Iterator[str]:
    """The address of a proxy that passes on the addresses below a path, and no others."""

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.removeprefix(PREFIX)
            if path == self.path:
                self.send_error(404)
                return
            proxied_request = urllib.request.Request(
                server.url + path, headers=self._pick_headers()
            )
            try:
                answer = urllib.request.urlopen(proxied_request)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                body = answer.read()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in PROXY_HEADERS:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def _pick_headers(self) -> dict[str, str]:
            return {"Accept": self.headers.get("Accept", "*/*")}

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_port}{PREFIX}/"
        proxy.shutdown()


@pytest.fixture
def proxied_page(open_page: OpenPage, proxy_address: str) -> Page:
    """A page to which nothing may be missing."""
    return open_page(base_url=proxy_address)


def test_links_between_pages_keep_the_prefix(proxied_page: Page, proxy_address: str) -> None:
    proxied_page.goto("place/plekhovo")
    expect(proxied_page.locator(".chart-of-ranges")).to_be_visible()
    proxied_page.get_by_role("link", name="Enter", exact=True).click()
    expect(proxied_page.locator("#report")).to_be_visible()
    proxied_page.get_by_role("link", name="Method", exact=True).click()
    expect(proxied_page.locator("h1").first).to_be_visible()
    proxied_page.get_by_role("link", name="Casualty figures").first.click()
    expect(proxied_page.locator(".index")).to_be_visible()
    assert proxied_page.url == proxy_address


def test_the_reference_of_the_api_is_shown_below_the_prefix(proxied_page: Page) -> None:
    proxied_page.goto("docs")
    expect(proxied_page.locator("h1").first).to_be_visible()


def test_an_error_page_links_back_below_the_prefix(proxied_page: Page, proxy_address: str) -> None:
    proxied_page.allowed.add(404)  # type: ignore[attr-defined]
    proxied_page.goto("no/such/page/")
    expect(proxied_page.locator("h1")).to_have_text("There is nothing at this address")
    proxied_page.get_by_role("link", name="Start over").click()
    expect(proxied_page.locator(".index")).to_be_visible()
    assert proxied_page.url == proxy_address
