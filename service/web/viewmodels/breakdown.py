"""The answer cut into parts: places, groups, outcomes, or reporters alone."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

from service.domain.errors import InvalidInputError
from service.domain.totals_result import Part
from service.http.consistency import get_reader
from service.usecases import points
from service.web.charts.bars import Bar
from service.web.charts.map_chart import Map, Spot, drawn
from service.web.charts.range_chart import Ranges, ranges
from service.web.messages import plain
from service.web.viewmodels.bars import bar, proof
from service.web.viewmodels.base import Named, View

MOST_BARS: Final = 40
"""So many parts are drawn unless all are asked for; the rest are in the table."""


class Cut:
    """The parts of one answer."""

    def __init__(self, view: View) -> None:
        """Work the parts out."""
        self._view, self._asked = view, view.asked
        self.all: Sequence[Part] = ()
        self.unplaced = 0
        """How many people are known to lie in some part, but in no one of them."""
        self.fault = ""
        """Why there are no parts, where there would be too many."""
        try:
            answer = view.answer(outcomes=(view.asked.show,), by=view.asked.by)
        except InvalidInputError as error:
            self.fault = error.detail
        else:
            self.all = answer.parts or ()
            self.unplaced = sum(each.low for each in answer.unplaced or ())
        if not self.all:
            self.all = self._asked_for()
            placed = sum(each.totals[0].total.low or 0 for each in self.all)
            self.unplaced = max(self.unplaced - placed, 0) if self.all else 0

    def _asked_for(self) -> Sequence[Part]:
        """Return the asked places themselves as parts, where several are asked and none has any."""
        places = self._view.question.places
        if self._asked.by != "place" or len(places) < 2:
            return ()
        found = []
        for id in places:
            answer = self._view.answer(places=(id,), outcomes=(self._asked.show,))
            name = self._view.claims.places[id].name
            found.append(Part(id, name, answer.totals, answer.caveats))
        return found

    @cached_property
    def bars(self) -> list[Bar]:
        """Those in no one part, and the parts of which something is known, the largest first."""
        known = [part for part in self.all if part.totals[0].total.is_reported]
        return [*self._apart, *map(self._bar, sorted(known, key=_largest))]

    @property
    def _apart(self) -> list[Bar]:
        low = self.unplaced
        if not low or not self.all:
            return []
        label, words = plain("parts.apart"), plain("parts.apart_text", low=low, count=low)
        return [Bar("", label, words, low, None, shared=True, href=proof(self._view))]

    @cached_property
    def unreported(self) -> list[Named]:
        """The parts of which nothing is known, by name."""
        unknown = [part for part in self.all if not part.totals[0].total.is_reported]
        found = [Named(part.key, part.name, self._opened(part.key)) for part in unknown]
        return sorted(found, key=lambda each: each.name)

    @property
    def picture(self) -> Ranges:
        """The parts side by side: of many, the largest."""
        return ranges(self.bars if self._asked.every else self.bars[:MOST_BARS])

    @property
    def left_out(self) -> int:
        """How many parts of which something is known the picture leaves out."""
        return 0 if self._asked.every else max(len(self.bars) - MOST_BARS, 0)

    @property
    def without_point(self) -> int:
        """How many parts of which something is known the map leaves out: none knows where."""
        shown = len(self.map.discs) if self.map else 0
        return sum(bool(bar.key) for bar in self.bars) - shown

    @cached_property
    def map(self) -> Map | None:
        """The parts where they lie; None where none has a point."""
        if self._asked.by != "place":
            return None
        bars = {bar.key: bar for bar in self.bars if bar.key}
        found = points.of_places(get_reader(), bars, self._view.seq)
        return drawn([
            Spot(id, bars[id].label, bars[id].text, longitude, latitude, bars[id].low,
                 bars[id].high, bars[id].disputed, bars[id].exact, bars[id].href, bars[id].more)
            for id, (longitude, latitude) in found.items()
        ])  # fmt: skip

    def _bar(self, part: Part) -> Bar:
        name = plain(f"outcome.{part.key}") if self._asked.by == "outcome" else part.name
        opens, changes = self._opened(part.key), self._changes(part.key)
        return bar(self._view, part.key, name, part.totals[0], part.caveats, opens, **changes)

    def _changes(self, key: str) -> dict[str, str]:
        """Return the parameters by which a part is asked for alone."""
        return {"show" if self._asked.by == "outcome" else self._asked.by: key}

    def _opened(self, key: str) -> str:
        return self._asked.link("./", **self._changes(key), every=None)


def _largest(part: Part) -> tuple[int, int, str]:
    total = part.totals[0].total
    return -(total.low or 0), -(total.high or 0), part.name
