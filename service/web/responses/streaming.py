"""Streaming of a page: each section is sent as soon as it is rendered."""

from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Final

from flask import render_template, stream_with_context

from service.web.responses.error_pages import describe_interruption

FLUSH_MARKER: Final = "<!-- -->"
"""Where a template writes this, the output up to here is sent."""

_VOID_ELEMENTS: Final = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "wbr"})
"""Elements without an end tag."""


def stream_chunks(template_stream: Iterable[str]) -> Iterator[str]:
    """Return the page in the chunks that the template marks; the first is rendered at once.

    Errors in the first chunk are raised. Later, when the status is already sent, the page shows a
    message for the error and ends with its footer.
    """
    pending: list[str] = []
    chunks = _split_at_markers(template_stream, pending)
    return stream_with_context(_finish_stream(next(chunks), chunks, pending))


def _split_at_markers(template_stream: Iterable[str], pending: list[str]) -> Iterator[str]:
    """Yield the chunks; ``pending`` holds the output since the last marker."""
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
    """Return the text without an incomplete tag at its end."""
    last_opening, last_closing = html.rfind("<"), html.rfind(">")
    return html[:last_opening] if last_opening > last_closing else html


def _render_ending(html: str, message: str) -> str:
    """Return the end of an interrupted page: the message, and the end tags of open elements."""
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
    """The names of the elements that are open after the parsed text, the outermost first."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _VOID_ELEMENTS:
            self.names.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Do nothing: the element is closed."""

    def handle_endtag(self, tag: str) -> None:
        while tag in self.names and self.names.pop() != tag:
            pass
