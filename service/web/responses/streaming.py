"""A page sent as it is made: what takes long comes last, and can be waited for while reading."""

from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Final

from flask import render_template, stream_with_context

from service.web.responses.error_pages import describe_interruption

FLUSH_MARKER: Final = "<!-- -->"
"""Where a template says this, all that it has made so far is sent."""

_VOID_ELEMENTS: Final = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "wbr"})
"""Elements that are never closed."""


def stream_chunks(template_stream: Iterable[str]) -> Iterator[str]:
    """Return the page in as many pieces as it says, the first of which is made at once.

    What goes wrong with that one is raised. Later, when the status of the answer is sent, it is
    told in the page, which ends there as every page does.
    """
    pending: list[str] = []
    chunks = _split_at_markers(template_stream, pending)
    return stream_with_context(_finish_stream(next(chunks), chunks, pending))


def _split_at_markers(template_stream: Iterable[str], pending: list[str]) -> Iterator[str]:
    """Yield the pieces; what is made of the next one is ``pending``."""
    for piece in template_stream:
        if piece == FLUSH_MARKER:
            yield "".join(pending)
            pending.clear()
        else:
            pending.append(piece)
    yield "".join(pending)


def _finish_stream(first: str, chunks: Iterator[str], pending: list[str]) -> Iterator[str]:
    sent = first
    yield first
    try:
        for chunk in chunks:
            sent += chunk
            yield chunk
    except Exception as error:
        message = describe_interruption(error)
        rest = _drop_partial_tag("".join(pending))
        yield rest + _render_ending(sent + rest, message)


def _drop_partial_tag(html: str) -> str:
    """Return the text without a tag at its end that is not complete."""
    last_opening, last_closing = html.rfind("<"), html.rfind(">")
    return html[:last_opening] if last_opening > last_closing else html


def _render_ending(html: str, message: str) -> str:
    """Return the end of a page that cannot go on: what it tells of that, and all that is open."""
    parser = _OpenElements()
    parser.feed(html)
    open_elements = parser.names[parser.names.index("body") + 1 :]
    outer_elements = (
        open_elements[: open_elements.index("main") + 1] if "main" in open_elements else []
    )
    return render_template(
        "_interrupted.html",
        message=message,
        inner_elements=reversed(open_elements[len(outer_elements) :]),
        outer_elements=reversed(outer_elements[:-1]),
        has_main="main" in open_elements,
    )


class _OpenElements(HTMLParser):
    """Knows the names of the elements that are open after what it was fed, the outermost first."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _VOID_ELEMENTS:
            self.names.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Leave it aside: it is closed as it is opened."""

    def handle_endtag(self, tag: str) -> None:
        while tag in self.names and self.names.pop() != tag:
            pass
