"""Layout of text in SVG: allowed characters, estimated width, line breaks.

SVG does not wrap lines, and only browsers show HTML inside it. Charts on pages use HTML for text;
charts saved as files, and the labels of the map, need a layout made here.
"""

import re
import unicodedata
from typing import Final

from markupsafe import Markup

_FORBIDDEN_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LETTER_WIDTHS: Final = {
    **dict.fromkeys(" .,:;!|'ijlI/\\[]()ftr-·", 0.34),
    **dict.fromkeys("mwMW%@—…", 0.98),
    **dict.fromkeys("+=<>~^#&", 0.84),
}
"""Widths in parts of the font size, taken from DejaVu Sans, the widest common typeface."""

_BOLD_FACTOR: Final = 1.12
"""The width of bold letters in parts of the width of regular ones."""


def clean_text(text: str) -> str:
    """Return the text without markup, and with U+FFFD for characters that XML does not allow."""
    unescaped = text.unescape() if isinstance(text, Markup) else text
    return " ".join(_FORBIDDEN_IN_XML.sub("\ufffd", unescaped).split())


def measure_text(text: str, size: int, bold: bool = False) -> float:
    """Return an upper estimate of the width of the text in a sans serif typeface, in pixels."""
    return (_BOLD_FACTOR if bold else 1.0) * size * sum(_measure_letter(letter) for letter in text)


def _measure_letter(letter: str) -> float:
    if letter in _LETTER_WIDTHS:
        return _LETTER_WIDTHS[letter]
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    return 0.77 if letter.isupper() else 0.64


def wrap_text(text: str, size: int, max_width: float, bold: bool = False) -> tuple[str, ...]:
    """Return the text in lines of at most ``max_width`` pixels; longer words are split."""
    max_width = max_width / _BOLD_FACTOR if bold else max_width
    lines: list[str] = []
    line = ""
    for word in clean_text(text).split():
        longer = f"{line} {word}" if line else word
        if measure_text(longer, size) <= max_width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while measure_text(line, size) > max_width and len(line) > 1:
            fitting_count = _count_fitting_letters(line, size, max_width)
            lines.append(line[:fitting_count])
            line = line[fitting_count:]
    return (*lines, line) if line else tuple(lines)


def shorten_text(text: str, size: int, max_width: float) -> str:
    """Return the text, shortened with an ellipsis if it is wider than ``max_width`` pixels."""
    cleaned = clean_text(text)
    if measure_text(cleaned, size) <= max_width:
        return cleaned
    return (
        cleaned[
            : _count_fitting_letters(cleaned, size, max_width - measure_text("…", size))
        ].rstrip()
        + "…"
    )


def _count_fitting_letters(text: str, size: int, max_width: float) -> int:
    """Return how many letters fit into ``max_width`` pixels, at least one."""
    letter_count, total_width = 0, 0.0
    for letter in text:
        total_width += size * _measure_letter(letter)
        if total_width > max_width:
            break
        letter_count += 1
    return max(1, letter_count)
