"""A page sent as it is made: what takes long comes last, and can be waited for while reading."""

from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Final

from flask import render_template, stream_with_context

from service.web.responses.error_pages import broken_off

FLUSH: Final = "<!-- -->"
"""Where a template says this, all that it has made so far is sent."""

_VOID: Final = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "wbr"})
"""Elements that are never closed."""


def in_chunks(written: Iterable[str]) -> Iterator[str]:
    """Return the page in as many pieces as it says, the first of which is made at once.

    What goes wrong with that one is raised. Later, when the status of the answer is sent, it is
    told in the page, which ends there as every page does.
    """
    held: list[str] = []
    chunks = _cut(written, held)
    return stream_with_context(_to_the_end(next(chunks), chunks, held))


def _cut(written: Iterable[str], held: list[str]) -> Iterator[str]:
    """Yield the pieces; what is made of the next one is ``held``."""
    for some in written:
        if some == FLUSH:
            yield "".join(held)
            held.clear()
        else:
            held.append(some)
    yield "".join(held)


def _to_the_end(first: str, chunks: Iterator[str], held: list[str]) -> Iterator[str]:
    sent = first
    yield first
    try:
        for chunk in chunks:
            sent += chunk
            yield chunk
    except Exception as error:
        told = broken_off(error)
        rest = _whole_tags("".join(held))
        yield rest + _ending(sent + rest, told)


def _whole_tags(html: str) -> str:
    """Return the text without a tag at its end that is not complete."""
    begun, ended = html.rfind("<"), html.rfind(">")
    return html[:begun] if begun > ended else html


def _ending(written: str, told: str) -> str:
    """Return the end of a page that cannot go on: what it tells of that, and all that is open."""
    still = _Open()
    still.feed(written)
    open_ = still.names[still.names.index("body") + 1 :]
    outside = open_[: open_.index("main") + 1] if "main" in open_ else []
    return render_template(
        "_interrupted.html",
        told=told,
        inner=reversed(open_[len(outside) :]),
        outer=reversed(outside[:-1]),
        begun="main" in open_,
    )


class _Open(HTMLParser):
    """Knows the names of the elements that are open after what it was fed, the outermost first."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _VOID:
            self.names.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Leave it aside: it is closed as it is opened."""

    def handle_endtag(self, tag: str) -> None:
        while tag in self.names and self.names.pop() != tag:
            pass
