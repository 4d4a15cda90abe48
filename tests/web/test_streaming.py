"""A page is sent as it is made, and one that cannot be finished ends as every page does."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import create_app
from service.domain.errors import LockTimeoutError, TimeBudgetExceededError
from service.settings import Settings
from service.web.responses.streaming import FLUSH, in_chunks
from service.web.viewmodels.dashboard import Desk
from tests import make
from tests.check import recorded

Send = Callable[..., TestResponse]

LESS = "Ask for less at once"
ADVICE = "a smaller question does"
PARTS = ("said", "known_more", "whole", "cut", "course")


class Outline(HTMLParser):
    """What lies in what: fails for whatever is closed that was not opened last."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, ...]] = []
        self.texts: dict[tuple[str, ...], str] = {}

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((*self.open, tag))
        if tag not in ("meta", "link", "input", "br", "img", "hr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.found.append((*self.open, tag))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, (tag, self.open, self.getpos())

    def handle_data(self, data: str) -> None:
        at = tuple(self.open)
        self.texts[at] = self.texts.get(at, "") + data


def outline(page: str) -> Outline:
    """Return what lies in what in the page, which is whole and well formed."""
    found = Outline()
    found.feed(page)
    found.close()
    assert found.open == []
    for once in ("main", "footer", "dialog"):
        assert [each[-1] for each in found.found].count(once) == 1, once
    return found


def ended(page: str) -> str:
    """Return what the page says of its having been broken off, in a paragraph of its own."""
    found = outline(page)
    (told,) = re.findall(r'<p class="fault" role="alert">([^<]+)</p>\s*</main>', page)
    assert told in found.texts["html", "body", "div", "main", "p"] + found.texts.get(
        ("html", "body", "main", "p"), ""
    )
    assert not any("The rest" in text for at, text in found.texts.items() if "h1" in at)
    assert not re.search(r"<h1[^>]*></h1>", page)
    return str(told)


@pytest.fixture
def failing(send: Send, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Exception], None]:
    """Let one of the parts of the main page fail, with something to show in the others."""
    recorded(send(make.report()))

    def fails(part: str, error: Exception) -> None:
        def raised(desk: Desk) -> None:
            raise error

        monkeypatch.setattr(Desk, part, property(raised))

    return fails


def test_a_page_is_well_formed(client: FlaskClient, send: Send) -> None:
    recorded(send(make.report()))
    page = client.get("/").get_data(as_text=True)
    assert 'role="alert"' not in page
    outline(page)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("error", "told", "advice"),
    [
        (TimeBudgetExceededError(LESS), LESS, ADVICE),
        (LockTimeoutError("It is busy."), "It is busy.", "Reload the page in a moment"),
        (ZeroDivisionError("inside"), "request id abc", "tell whoever runs this service"),
    ],
)
def test_what_goes_wrong_on_the_way_is_told_at_the_end(
    client: FlaskClient,
    failing: Callable[[str, Exception], None],
    capsys: pytest.CaptureFixture[str],
    part: str,
    error: Exception,
    told: str,
    advice: str,
) -> None:
    failing(part, error)
    answer = client.get("/", headers={"X-Request-ID": "abc"})
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    said = ended(page)
    assert told in said and advice in said
    assert "inside" not in said
    assert 'id="ask"' in page
    assert ("ZeroDivisionError" in capsys.readouterr().err) == isinstance(error, ArithmeticError)


def test_so_it_is_where_time_is_up(
    settings: Settings, clock: Any, send: Send, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded(send(make.report()))
    client = create_app(replace(settings, answer_seconds=1e-9), clock).test_client()
    said = ended(client.get("/").get_data(as_text=True))
    assert "Ask for less" in said and "Reload the page" not in said
    assert "page broken off" in capsys.readouterr().err


def test_what_goes_wrong_before_anything_is_sent_has_its_status(
    client: FlaskClient, failing: Callable[[str, Exception], None]
) -> None:
    failing("words", TimeBudgetExceededError(LESS))
    assert client.get("/").status_code == 503


def test_it_is_sent_piece_by_piece(client: FlaskClient, send: Send) -> None:
    recorded(send(make.report()))
    answer = client.get("/", buffered=False)
    pieces = [piece.decode() for piece in answer.iter_encoded()]
    assert len(pieces) > 4
    assert 'id="ask"' in pieces[0] and "<main" not in pieces[0]
    assert pieces[1].rstrip().endswith("open above")
    assert pieces[-1].rstrip().endswith("</html>")


def test_a_tag_that_was_begun_is_left_out(app: Flask) -> None:
    def written() -> Any:
        yield "<html><body><main><p>One"
        yield FLUSH
        yield '</p><p>Two <a href="'
        raise TimeBudgetExceededError(LESS)

    with app.test_request_context("/"):
        page = "".join(in_chunks(written()))
    assert "<p>Two </p>" in page
    assert "<a href" not in page[: page.index("Two") + 20]


@pytest.mark.parametrize(
    ("path", "accepted", "passed_on"),
    [("/", "gzip", True), ("/", "", False), ("/?every=true", "gzip", False)],
)
def test_only_what_is_small_is_passed_on_piece_by_piece(
    client: FlaskClient, path: str, accepted: str, passed_on: bool
) -> None:
    answer = client.get(path, headers={"Accept-Encoding": accepted})
    assert (answer.headers.get("X-Accel-Buffering") == "no") is passed_on
