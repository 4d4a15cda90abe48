"""Ranges as lines of text for a terminal: where a total begins, and where it ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

MIN_WIDTH: Final = 10

_EXACT, _FROM, _TO, _LINE, _OPEN = "●", "├", "┤", "─", "▶"


@dataclass(frozen=True, slots=True)
class TextScale:
    """The scale of a chart: ``width`` characters are ``most`` people."""

    most: int
    width: int

    def draw(self, low: int | None, high: int | None) -> str:
        """Return the line of one range: empty if ``low`` is None, with an arrow if ``high`` is."""
        if low is None:
            return ""
        start = self._find_position(low)
        if high is None:
            return " " * start + _FROM + _LINE * (self.width - start - 2) + _OPEN
        end = self._find_position(high)
        if start == end:
            return " " * start + _EXACT
        return " " * start + _FROM + _LINE * (end - start - 1) + _TO

    def label(self) -> str:
        """Return the ends of the scale as a line: 0 and the most people."""
        most = f"{self.most:,}"
        return "0" + most.rjust(self.width - 1)

    def _find_position(self, count: int) -> int:
        # An open range needs two more characters: for its beginning, and for its arrow.
        return round(count / max(self.most, 1) * (self.width - 3))


def choose_scale(ranges: Iterable[tuple[int | None, int | None]], width: int) -> TextScale:
    """Return the scale on which all known ends fit, with room for the arrows of open ranges."""
    reported = [each for each in ranges if each[0] is not None]
    most = max((end for each in reported for end in each if end is not None), default=0)
    if any(high is None for _, high in reported):
        most += most // 4
    return TextScale(most, max(width, MIN_WIDTH))
