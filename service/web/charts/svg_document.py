"""Layout of a chart saved as a file: a complete SVG with its sentence, source, key and address.

Such a file is used without its page (in a document, or as PNG), so it contains all its text, as
lines at fixed positions. All lengths are in pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from service.web.charts.text_layout import clean_text, measure_text, wrap_text
from service.web.messages import markup

WIDTH: Final = 960
MARGIN: Final = 24
CONTENT_WIDTH: Final = WIDTH - 2 * MARGIN
BOLD_ROLES: Final = frozenset({"title", "strong"})
"""The roles of bold lines."""

MAX_CAVEATS: Final = 6
"""The most caveats in one file; the page at its address has all."""

SWATCH_WIDTH: Final = 34
SWATCH_HEIGHT: Final = 16

_MAX_LINES: Final = 12
_SIGN_SPACE: Final = 22


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text; ``role`` is its style (title, strong, ink or quiet)."""

    x: int
    y: int
    size: int
    role: str
    text: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Swatch:
    """A sign of the legend, and the left and the upper edge of its sample."""

    sign: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class DocumentText:
    """The text around a chart: the sentence, who says it of which days, and what is drawn.

    ``foot`` has the state of the record and its date, and ``address`` leads to the page.
    """

    sentence: str
    source: str = ""
    caption: str = ""
    caveats: Sequence[str] = ()
    foot: str = ""
    address: str = ""


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
    text: DocumentText, note: str, signs: Sequence[str], drawing_height: int
) -> DocumentLayout:
    """Return the layout around a drawing that is ``drawing_height`` pixels high.

    ``note`` is below the drawing. Empty texts are left out.
    """
    lines: list[TextLine] = []
    y = _append_lines(lines, text.sentence, MARGIN, 22, "title")
    y = _append_lines(lines, text.source, y + 2, 14, "quiet")
    y = _append_lines(lines, text.caption, y + 14, 15, "strong") if text.caption else y
    top = y + 12
    y = top + drawing_height + 14
    swatches: list[Swatch] = []
    y = _append_signs(lines, swatches, signs, y)
    if note:
        y = _append_lines(lines, note, y + 2, 13, "ink") + 4
    shown = text.caveats[:MAX_CAVEATS]
    if shown:
        y = _append_lines(lines, markup("charts.caveats"), y + 8, 13, "strong") + 2
    for caveat in shown:
        y = _append_lines(lines, caveat, y, 13, "ink") + 3
    rest = len(text.caveats) - len(shown)
    if rest:
        y = _append_lines(lines, markup("charts.caveats.more", count=rest), y, 13, "quiet") + 3
    y = _append_lines(lines, text.foot, y + 10, 12, "quiet")
    y = _append_lines(lines, text.address, y, 12, "quiet")
    return DocumentLayout(
        clean_text(text.sentence), y + MARGIN, top, tuple(lines), tuple(swatches)
    )  # fmt: skip


def _append_signs(
    lines: list[TextLine], swatches: list[Swatch], signs: Sequence[str], y: int
) -> int:
    """Append the key of the signs side by side, and return the upper edge of what follows."""
    x = MARGIN
    for sign in signs:
        words = clean_text(markup(f"charts.key.{sign}"))
        width = SWATCH_WIDTH + round(measure_text(words, 13)) + _SIGN_SPACE
        if x > MARGIN and x + width > MARGIN + CONTENT_WIDTH:
            x, y = MARGIN, y + 22
        swatches.append(Swatch(sign, x, y))
        lines.append(TextLine(x + SWATCH_WIDTH, y + 13, 13, "ink", words))
        x += width
    return y + 26 if signs else y


def _append_lines(lines: list[TextLine], text: str, y: int, size: int, role: str) -> int:
    """Append the text in lines that fit, and return the upper edge of what follows.

    A text that needs very many lines is cut.
    """
    for line in wrap_text(text, size, CONTENT_WIDTH, role in BOLD_ROLES)[:_MAX_LINES]:
        lines.append(TextLine(MARGIN, y + size, size, role, line))
        y += size * 7 // 5
    return y
