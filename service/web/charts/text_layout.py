"""Text in pictures: what may stand in one, how wide it runs, where it breaks into lines."""

import re
import unicodedata
from typing import Final

from markupsafe import Markup

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WIDTHS: Final = {
    **dict.fromkeys(" .,:;!|'ijlI/\\[]()ftr-·", 0.34),
    **dict.fromkeys("mwMW%@—…", 0.98),
    **dict.fromkeys("+=<>~^#&", 0.84),
}
"""In parts of the size, as the widest of the usual typefaces has them: DejaVu Sans."""

_BOLD: Final = 1.12
"""How much wider bold letters are."""


def plain(text: str) -> str:
    """Return the text as it is read: no markup, and no character that XML does not allow."""
    bare = text.unescape() if isinstance(text, Markup) else text
    return " ".join(_FORBIDDEN.sub("\ufffd", bare).split())


def width(text: str, size: int, bold: bool = False) -> float:
    """Return about how wide the text runs in a common sans serif, in pixels; rather too wide."""
    return (_BOLD if bold else 1.0) * size * sum(_width(letter) for letter in text)


def _width(letter: str) -> float:
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    return 0.77 if letter.isupper() else 0.64


def wrapped(text: str, size: int, room: float, bold: bool = False) -> tuple[str, ...]:
    """Return the text in lines that fit the room, in pixels; a word too long for it is cut up."""
    room = room / _BOLD if bold else room
    lines: list[str] = []
    line = ""
    for word in plain(text).split():
        longer = f"{line} {word}" if line else word
        if width(longer, size) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while width(line, size) > room and len(line) > 1:
            fits = _fitting(line, size, room)
            lines.append(line[:fits])
            line = line[fits:]
    return (*lines, line) if line else tuple(lines)


def shortened(text: str, size: int, room: float) -> str:
    """Return the text, cut with three dots where it does not fit the room, in pixels."""
    known = plain(text)
    if width(known, size) <= room:
        return known
    return known[: _fitting(known, size, room - width("…", size))].rstrip() + "…"


def _fitting(text: str, size: int, room: float) -> int:
    """Return how many letters fit, at least one."""
    fits, run = 0, 0.0
    for letter in text:
        run += size * _width(letter)
        if run > room:
            break
        fits += 1
    return max(1, fits)
