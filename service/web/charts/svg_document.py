"""A chart as one picture with all its words in it: where each line of them stands, in pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from service.web.charts.text_layout import plain, wrapped
from service.web.messages import text

WIDTH: Final = 960
MARGIN: Final = 24
ROOM: Final = WIDTH - 2 * MARGIN
BOLD: Final = frozenset({"title", "strong"})
"""The roles of lines in bold letters."""

_SWATCH: Final = 52


@dataclass(frozen=True, slots=True)
class Line:
    """One line of words; ``role`` is how it looks (title, strong, ink or quiet)."""

    x: int
    y: int
    size: int
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Swatch:
    """A sign of the key, and the upper edge of its sample."""

    sign: str
    y: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The picture: the drawing's upper edge is ``top``; words stand above and below it."""

    title: str
    height: int
    top: int
    lines: tuple[Line, ...]
    swatches: tuple[Swatch, ...]
    width: int = WIDTH
    margin: int = MARGIN
    room: int = ROOM


def sheet_of(
    title: str,
    caveats: Sequence[str],
    citation: str,
    scope: str,
    signs: Sequence[str],
    tall: int,
) -> Sheet:
    """Return the picture around a drawing that is ``tall`` pixels high.

    Every caveat is printed in full; an empty citation or scope is left out. The scope says what was
    asked.
    """
    lines: list[Line] = []
    y = _put(lines, title, MARGIN, 20, "title")
    y = _put(lines, scope, y + 4, 14, "quiet") if scope else y
    top = y + 24
    y = top + tall + 20
    swatches = []
    for sign in signs:
        swatches.append(Swatch(sign, y))
        y = _put(lines, text(f"charts.key.{sign}"), y, 13, "ink", _SWATCH) + 4
    if caveats:
        y = _put(lines, text("charts.caveats"), y + 12, 14, "strong") + 2
    for caveat in caveats:
        y = _put(lines, caveat, y, 13, "ink", 14) + 4
    y = _put(lines, citation, y + 12, 12, "quiet") if citation else y
    return Sheet(plain(title), y + MARGIN, top, tuple(lines), tuple(swatches))


def _put(lines: list[Line], words: str, y: int, size: int, role: str, inset: int = 0) -> int:
    """Add the words in lines that fit, and return where the next ones may begin."""
    for line in wrapped(words, size, ROOM - inset, role in BOLD):
        lines.append(Line(MARGIN + inset, y + size, size, role, line))
        y += size * 7 // 5
    return y
