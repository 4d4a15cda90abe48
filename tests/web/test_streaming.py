"""A page is sent as it is made, and one that cannot be finished ends as every page does."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import create_app
from service.domain.errors import LockTimeoutError, TimeBudgetExceededError
from service.settings import Settings
from service.web.responses.streaming import FLUSH_MARKER, stream_chunks
from service.web.viewmodels.place_page import PlacePage
from tests.support import bodies
from tests.support.assertions import assert_recorded

Send = Callable[..., TestResponse]

DETAIL = "Ask for less at once"
ADVICE = "a smaller query does"
PAGE = "/place/plekhovo"
PARTS = ("coverage_words", "time_series", "breakdown", "reporter_lines", "other_caveats")


class OutlineParser(HTMLParser):
    """The nesting of elements; fails if an element is closed that was not opened last."""

    def __init__(self) -> None:
        super().__init__()
        self.open_elements: list[str] = []
        self.paths: list[tuple[str, ...]] = []
        self.texts: dict[tuple[str, ...], str] = {}

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.paths.append((*self.open_elements, tag))
        if tag not in ("meta", "link", "input", "br", "img", "hr"):
            self.open_elements.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.paths.append((*self.open_elements, tag))

    def handle_endtag(self, tag: str) -> None:
        assert self.open_elements and self.open_elements.pop() == tag, (
            tag,
            self.open_elements,
            self.getpos(),
        )

    def handle_data(self, data: str) -> None:
        at = tuple(self.open_elements)
        self.texts[at] = self.texts.get(at, "") + data


def parse_outline(page: str) -> OutlineParser:
    """Return the nesting of elements in the page, which must be well formed."""
    parser = OutlineParser()
    parser.feed(page)
    parser.close()
    assert parser.open_elements == []
    for once in ("main", "footer"):
        assert [each[-1] for each in parser.paths].count(once) == 1, once
    return parser


def read_interruption(page: str) -> str:
    """Return the page's message that it is incomplete, which is a paragraph of its own."""
    parser = parse_outline(page)
    (message,) = re.findall(r'<p class="fault" role="alert">([^<]+)</p>\s*</main>', page)
    assert message in parser.texts["html", "body", "div", "main", "p"] + parser.texts.get(
        ("html", "body", "main", "p"), ""
    )
    assert not any("The rest" in text for at, text in parser.texts.items() if "h1" in at)
    assert not re.search(r"<h1[^>]*></h1>", page)
    return str(message)


@pytest.fixture
def make_part_fail(send: Send, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Exception], None]:
    """Let one of the parts of the main page fail, with something to show in the others."""
    assert_recorded(send(bodies.make_report()))

    def break_part(part: str, error: Exception) -> None:
        def raise_error(page: PlacePage) -> None:
            raise error

        monkeypatch.setattr(PlacePage, part, property(raise_error))

    return break_part


def test_a_page_is_well_formed(client: FlaskClient, send: Send) -> None:
    assert_recorded(send(bodies.make_report()))
    page = client.get(PAGE).get_data(as_text=True)
    assert 'role="alert"' not in page
    parse_outline(page)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("error", "told", "advice"),
    [
        (TimeBudgetExceededError(DETAIL), DETAIL, ADVICE),
        (LockTimeoutError("It is busy."), "It is busy.", "Reload the page in a moment"),
        (ZeroDivisionError("inside"), "request id abc", "tell the operator of this service"),
    ],
)
def test_an_error_while_streaming_is_reported_at_the_end_of_the_page(
    client: FlaskClient,
    make_part_fail: Callable[[str, Exception], None],
    capsys: pytest.CaptureFixture[str],
    part: str,
    error: Exception,
    told: str,
    advice: str,
) -> None:
    make_part_fail(part, error)
    answer = client.get(PAGE, headers={"X-Request-ID": "abc"})
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    said = read_interruption(page)
    assert told in said and advice in said
    assert "inside" not in said
    assert 'id="filters"' in page
    assert ("ZeroDivisionError" in capsys.readouterr().err) == isinstance(error, ArithmeticError)


def test_a_page_without_any_time_is_an_error_page(
    settings: Settings, clock: Any, send: Send
) -> None:
    assert_recorded(send(bodies.make_report()))
    client = create_app(replace(settings, answer_seconds=1e-9), clock).test_client()
    answer = client.get(PAGE)
    assert answer.status_code == 503
    assert "Ask for less" in answer.get_data(as_text=True)


def test_an_error_before_streaming_has_its_status(
    client: FlaskClient, make_part_fail: Callable[[str, Exception], None]
) -> None:
    make_part_fail("chips", TimeBudgetExceededError(DETAIL))
    assert client.get(PAGE).status_code == 503


def test_a_page_is_streamed_in_pieces(client: FlaskClient, send: Send) -> None:
    assert_recorded(send(bodies.make_report()))
    answer = client.get(PAGE, buffered=False)
    pieces = [piece.decode() for piece in answer.iter_encoded()]
    assert len(pieces) > 4
    assert 'id="filters"' in pieces[0] and "<main" not in pieces[0]
    assert 'id="headline"' in pieces[1] and "<svg" not in pieces[1]
    assert pieces[-1].rstrip().endswith("</html>")


def test_an_incomplete_tag_is_not_sent(app: Flask) -> None:
    def stream_template() -> Any:
        yield "<html><body><main><p>One"
        yield FLUSH_MARKER
        yield '</p><p>Two <a href="'
        raise TimeBudgetExceededError(DETAIL)

    with app.test_request_context("/"):
        page = "".join(stream_chunks(stream_template()))
    assert "<p>Two </p>" in page
    assert "<a href" not in page[: page.index("Two") + 20]


@pytest.mark.parametrize(
    ("path", "accepted", "passed_on"),
    [(PAGE, "gzip", True), (PAGE, "", False), (f"{PAGE}?every=true", "gzip", False)],
)
def test_only_small_compressed_pages_are_streamed(
    client: FlaskClient, send: Send, path: str, accepted: str, passed_on: bool
) -> None:
    assert_recorded(send(bodies.make_report()))
    answer = client.get(path, headers={"Accept-Encoding": accepted}, buffered=True)
    assert (answer.headers.get("X-Accel-Buffering") == "no") is passed_on


def test_two_pages_are_computed_side_by_side(
    app: Flask, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Waiting for each other would be a deadlock where the other waits for a slot that one has.
    assert_recorded(send(bodies.make_report()))
    app.test_client().get(PAGE, buffered=True)  # Its totals are kept: neither needs a slot.
    first_began, second_ended = Event(), Event()
    compute = PlacePage.compute_totals

    def compute_second_first(self: PlacePage, *args: Any, **kwargs: Any) -> Any:
        if first_began.is_set():
            return compute(self, *args, **kwargs)
        first_began.set()
        assert second_ended.wait(20)
        return compute(self, *args, **kwargs)

    monkeypatch.setattr(PlacePage, "compute_totals", compute_second_first)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(app.test_client().get, PAGE, buffered=True)
        assert first_began.wait(20)
        second = pool.submit(app.test_client().get, PAGE, buffered=True)
        try:
            assert second.result(20).status_code == 200
        finally:
            second_ended.set()
        assert first.result(20).status_code == 200
