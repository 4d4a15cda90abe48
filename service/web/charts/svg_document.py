"""Layout of a chart saved as a file: a complete SVG with title, legend, caveats and citation.

Such a file is used without its page (in a document, or converted to PNG), so it contains all its
text, as lines at fixed positions. All lengths are in pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from service.web.charts.text_layout import clean_text, wrap_text
from service.web.messages import markup

WIDTH: Final = 960
MARGIN: Final = 24
CONTENT_WIDTH: Final = WIDTH - 2 * MARGIN
BOLD_ROLES: Final = frozenset({"title", "strong"})
"""The roles of bold lines."""

_SWATCH_INDENT: Final = 52


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text; ``role`` is its style (title, strong, ink or quiet)."""

    x: int
    y: int
    size: int
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Swatch:
    """A sign of the legend, and the upper edge of its sample."""

    sign: str
    y: int


@dataclass(frozen=True, slots=True)
class DocumentLayout:
    """The layout of the file; ``top`` is the upper edge of the drawing, text is above and below."""

    title: str
    height: int
    top: int
    lines: tuple[TextLine, ...]
    swatches: tuple[Swatch, ...]
    width: int = WIDTH
    margin: int = MARGIN
    content_width: int = CONTENT_WIDTH


def layout_document(
    title: str,
    caveats: Sequence[str],
    citation: str,
    scope: str,
    signs: Sequence[str],
    drawing_height: int,
) -> DocumentLayout:
    """Return the layout around a drawing that is ``drawing_height`` pixels high.

    All caveats are printed in full. An empty citation or scope is left out.
    """
    lines: list[TextLine] = []
    y = _append_lines(lines, title, MARGIN, 20, "title")
    y = _append_lines(lines, scope, y + 4, 14, "quiet") if scope else y
    top = y + 24
    y = top + drawing_height + 20
    swatches = []
    for sign in signs:
        swatches.append(Swatch(sign, y))
        y = _append_lines(lines, markup(f"charts.key.{sign}"), y, 13, "ink", _SWATCH_INDENT) + 4
    if caveats:
        y = _append_lines(lines, markup("charts.caveats"), y + 12, 14, "strong") + 2
    for caveat in caveats:
        y = _append_lines(lines, caveat, y, 13, "ink", 14) + 4
    y = _append_lines(lines, citation, y + 12, 12, "quiet") if citation else y
    return DocumentLayout(clean_text(title), y + MARGIN, top, tuple(lines), tuple(swatches))


def _append_lines(
    lines: list[TextLine], text: str, y: int, size: int, role: str, indent: int = 0
) -> int:
    """Append the text in lines that fit, and return the upper edge of what follows."""
    for line in wrap_text(text, size, CONTENT_WIDTH - indent, role in BOLD_ROLES):
        lines.append(TextLine(MARGIN + indent, y + size, size, role, line))
        y += size * 7 // 5
    return y
