"""What a page shows: the answers to its question, in the order in which they are looked at."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Final, cast

from service.api.freshness import record
from service.api.parts import now, parts
from service.api.totals import worked_out
from service.domain.answer import Answer, Part, Stated
from service.domain.caveats import Caveat
from service.domain.claims import Claims
from service.domain.errors import Invalid
from service.domain.periods import Period
from service.domain.phrases import outcomes_text
from service.domain.question import spans
from service.domain.registry import Group
from service.domain.total import Total
from service.domain.vocabulary import ROOT_GROUP, in_order
from service.usecases import points, totals
from service.usecases.overview import above, lies_in, overview
from service.usecases.snapshot import Snapshot
from service.web.asking import Asked, asked
from service.web.charts.bars import Bar, Side
from service.web.charts.maps import Map, Spot, drawn
from service.web.charts.ranges import Ranges, ranges
from service.web.charts.times import Span, Times, times
from service.web.texts import plain

MOST_BARS: Final = 40
"""So many parts are drawn unless all are asked for; the rest are in the table."""

MOST_SIDES: Final = 4

MOST_SPANS: Final = 62

SCALES: Final = ("day", "week", "month", "year")


@dataclass(frozen=True, slots=True)
class Named:
    """Something with a name that is opened by a link; ``about`` tells same names apart."""

    key: str
    name: str
    href: str
    about: str = ""


class View:
    """The question of a page with all answers to it, each worked out when it is first shown."""

    def __init__(self, asked: Asked) -> None:
        """Work out the totals of the whole; raises Invalid for what cannot be answered."""
        self.asked = asked
        self.seq = totals.moment_asked(record(), asked.question, now())
        self.question = totals.by_present_ids(self.snapshot, asked.question)

    @cached_property
    def whole(self) -> Answer:
        """The totals of all sets of outcomes that are in use."""
        return worked_out(self.asked.question, self.seq)

    @property
    def name(self) -> str:
        """The asked places by name."""
        names = [self.claims.places[id].name for id in self.question.places]
        return ", ".join(names) or plain("trail.everywhere")

    @cached_property
    def snapshot(self) -> Snapshot:
        """The state of the record that answers."""
        return overview(record(), parts().snapshots, self.seq)

    @property
    def claims(self) -> Claims:
        """Everything that had been said by then."""
        return self.snapshot.claims

    # The whole ------------------------------------------------------------------------------

    @property
    def shown(self) -> Stated:
        """The total of the outcomes that the pictures show."""
        found = [each for each in self.whole.totals if each.outcomes == self.asked.show]
        return found[0] if found else self._showing.totals[0]

    @property
    def caveats(self) -> list[Caveat]:
        """What qualifies the shown total."""
        qualified = self.whole.caveats if self._is_usual else self._showing.caveats
        return [each for each in qualified if each.outcomes == self.asked.show]

    @property
    def _is_usual(self) -> bool:
        return any(each.outcomes == self.asked.show for each in self.whole.totals)

    @cached_property
    def _showing(self) -> Answer:
        return worked_out(replace(self.asked.question, outcomes=(self.asked.show,)), self.seq)

    @property
    def headline(self) -> str:
        """What is known of the shown outcomes, in one sentence, and what of them is known more."""
        return plain("head.sentence", said=self._said, more="".join(self._known_more))

    @property
    def _said(self) -> str:
        total = self.shown.total
        what = outcomes_text(self.asked.show)
        if total.low is None:
            return plain("head.nothing", what=what)
        if total.high is None:
            key = "head.at_least" if total.low else "head.unknown"
        elif total.low == total.high:
            key = "head.exactly" if total.low else "head.nobody"
        else:
            key = "head.between" if total.low else "head.up_to"
        values = {"low": total.low, "high": total.high or 0, "what": what, "count": total.low}
        said = plain(key, **values)
        return said + plain("head.disputed") if total.disputed else said

    @property
    def _known_more(self) -> Iterable[str]:
        """Yield what is known of some of these people: how they were hit, that no place is known.

        Only of the largest such set, so that the sentence can be read.
        """
        low = self.shown.total.low or 0
        inner = [
            each
            for each in self.whole.totals
            if each.outcomes < self.asked.show and 0 < (each.total.low or 0) < low
        ]
        unplaced = {each.outcomes: each.low for each in self._parts.unplaced or ()}
        nowhere = unplaced.get(self.asked.show, 0)
        best = max(inner, key=lambda each: each.total.low or 0, default=None)
        if best is not None:
            yield plain("head.of_them", low=best.total.low, what=outcomes_text(best.outcomes))
        if nowhere and self._parts.parts and self.asked.by == "place":
            yield plain("head.unplaced", low=nowhere, count=nowhere)

    @property
    def bars_of_outcomes(self) -> list[Bar]:
        """The totals of every set of outcomes that is in use."""
        return [self._bar(",".join(in_order(e.outcomes)), outcomes_text(e.outcomes).capitalize(),
                          e, show=",".join(in_order(e.outcomes)))
                for e in self.whole.totals]  # fmt: skip

    @cached_property
    def outcomes(self) -> Ranges:
        """The picture of the totals of every set of outcomes."""
        return ranges(self.bars_of_outcomes)

    def outcome_name(self, outcomes: Iterable[str]) -> str:
        """Return the outcomes in words: killed or wounded."""
        return outcomes_text(tuple(outcomes))

    def caveats_of(self, outcomes: frozenset[str]) -> list[Caveat]:
        """Return what qualifies the total of these outcomes."""
        return [each for each in self.whole.caveats if each.outcomes == outcomes]

    @property
    def limits(self) -> list[str]:
        """What the question leaves out or is confined to, beside place and period, in words."""
        question, claims = self.question, self.claims
        found = [claims.groups[id].name for id in question.groups if id != ROOT_GROUP]

        def names(ids: Iterable[str]) -> str:
            return ", ".join(claims.reporters[id].name for id in ids)

        if question.reporters:
            found.append(plain("scope.only", names=names(question.reporters)))
        if question.exclude_reporters:
            found.append(plain("scope.without", names=names(question.exclude_reporters)))
        if question.exclude_parties:
            found.append(plain("scope.no_parties"))
        if not question.straddling:
            found.append(plain("scope.inside"))
        if question.as_of is not None:
            found.append(plain("scope.as_of", moment=(self.claims.recorded_at or "")[:10]))
        return found

    # What can be taken away -----------------------------------------------------------------

    @property
    def file_name(self) -> str:
        """The name of a file that holds this answer, without its ending."""
        where = "-".join(self.question.places[:3]) or "everywhere"
        return f"casualty-figures-{where}-seq{self.seq}"

    @property
    def citation(self) -> str:
        """How to name this answer in a text, so that the same can be found again."""
        return plain(
            "take.cited", where=self.name, said=self.shown.text, seq=str(self.seq),
            at=(self.claims.recorded_at or "–")[:16].replace("T", " "),
            call=self.asked.api(as_of=str(self.seq)),
        )  # fmt: skip

    @property
    def charts(self) -> list[str]:
        """The pictures that there are."""
        there = {"parts": self.bars, "times": self.times, "map": self.map}
        return [name for name, picture in there.items() if picture]

    # The parts ------------------------------------------------------------------------------

    @cached_property
    def _parts(self) -> Answer:
        cut = replace(self.asked.question, outcomes=(self.asked.show,), by=self.asked.by)
        return worked_out(cut, self.seq)

    @cached_property
    def bars(self) -> list[Bar]:
        """The parts of which something is known, the largest first, and those in no one part."""
        known = [part for part in self._parts.parts or () if part.totals[0].total.reported]
        known.sort(key=lambda part: (-(part.totals[0].total.low or 0),
                                     -(part.totals[0].total.high or 0), part.name))  # fmt: skip
        bars = [self._bar_of(part) for part in known]
        return [*self._apart, *bars]

    @property
    def _apart(self) -> list[Bar]:
        low = next((e.low for e in self._parts.unplaced or () if e.outcomes == self.asked.show), 0)
        if not low:
            return []
        label, words = plain("parts.apart"), plain("parts.apart_text", low=low, count=low)
        return [Bar("", label, words, low, None, shared=True, href=self._proof())]

    @cached_property
    def unreported(self) -> list[Named]:
        """The parts of which nothing is known, by name."""
        unknown = [part for part in self._parts.parts or () if not part.totals[0].total.reported]
        found = [Named(part.key, part.name, self._opened(part.key)) for part in unknown]
        return sorted(found, key=lambda each: each.name)

    @property
    def parts(self) -> Ranges:
        """The picture of the parts: of many, the largest."""
        return ranges(self.bars if self.asked.every else self.bars[:MOST_BARS])

    @property
    def parts_left_out(self) -> int:
        """How many parts of which something is known the picture leaves out."""
        return 0 if self.asked.every else max(len(self.bars) - MOST_BARS, 0)

    @property
    def caveats_of_parts(self) -> dict[str, list[Caveat]]:
        """What qualifies each part, by its key."""
        return {part.key: list(part.caveats) for part in self._parts.parts or ()}

    def _bar_of(self, part: Part) -> Bar:
        shown = part.totals[0]
        name = plain(f"outcome.{part.key}") if self.asked.by == "outcome" else part.name
        return self._bar(part.key, name, shown, **self._changes(part.key),
                         opens=self._opened(part.key))  # fmt: skip

    def _changes(self, key: str) -> dict[str, str]:
        """Return the parameters by which a part is asked for alone."""
        name = {"outcome": "show"}.get(self.asked.by, self.asked.by)
        return {name: key}

    def _opened(self, key: str) -> str:
        return self.asked.link("./", **self._changes(key), every=None)

    def _bar(
        self, key: str, label: str, stated: Stated, opens: str | None = None, **changes: str
    ) -> Bar:
        total = stated.total
        return Bar(
            key, label, said(stated), total.low, total.high, total.disputed, total.nearest,
            total.exact, self._proof(**changes) if total.reported else None, opens,
            sides=self._sides(total),
        )  # fmt: skip

    def _sides(self, total: Total) -> tuple[Side, ...]:
        """Return what each of those who contradict each other says, the first few of many."""
        aside = dict.fromkeys((*total.floors_set_aside, *total.ceilings_set_aside))
        return tuple(
            Side(self.claims.reporters[f.reporter].name, f.quantity.low, f.quantity.high)
            for f in list(aside)[:MOST_SIDES]
        )

    def _proof(self, **changes: str) -> str:
        return self.asked.link("proof", every=None, **changes)

    # In time --------------------------------------------------------------------------------

    @cached_property
    def period(self) -> Period | None:
        """The days that the time chart shows: those asked for, as far as figures speak of them.

        None where no figure does.
        """
        asked, used = self.asked.question.period, self.whole.used
        days = [day for f in used for day in (f.scope.period.first, f.scope.period.last) if day]
        if not days:
            return None
        first = asked.first or min(days)
        last = asked.last or max(days)
        return Period(min(first, last), last)

    @cached_property
    def scale(self) -> str | None:
        """The spans of the time chart: those asked for, or the shortest that are not too many."""
        if self.period is None:
            return None
        if self.asked.scale is not None and self.fits(self.asked.scale):
            return self.asked.scale
        return next((each for each in SCALES if self.fits(each)), None)

    def fits(self, scale: str) -> bool:
        """Whether the time chart can show the period in such spans."""
        if self.period is None:
            return False
        try:
            return len(spans(self.period, scale)) <= MOST_SPANS
        except Invalid:
            return False

    @cached_property
    def in_time(self) -> list[Span]:
        """The totals of each day, week, month or year."""
        if self.period is None or self.scale is None:
            return []
        cut = replace(self.asked.question, period=self.period, outcomes=(self.asked.show,),
                      by=self.scale)  # fmt: skip
        answer = worked_out(cut, self.seq)
        found = []
        for (key, period), part in zip(spans(self.period, self.scale), answer.parts or (),
                                       strict=True):  # fmt: skip
            stated = part.totals[0]
            total = stated.total
            first, last = cast(tuple[date, date], (period.first, period.last))
            changes = {"from_": first.isoformat(), "to": last.isoformat()}
            found.append(Span(
                key, key, said(stated), first, last, total.low, total.high,
                total.disputed, total.nearest, total.exact,
                self._proof(**changes) if total.reported else None,
                self.asked.link("./", **changes, scale=None),
            ))  # fmt: skip
        return found

    @cached_property
    def times(self) -> Times | None:
        """The picture of the totals in time; None where no figure speaks of any day."""
        return times(self.in_time) if self.in_time else None

    # On the ground --------------------------------------------------------------------------

    @cached_property
    def map(self) -> Map | None:
        """The picture of the parts where they lie; None where none has a point."""
        if self.asked.by != "place":
            return None
        bars = {bar.key: bar for bar in self.bars if bar.key}
        found = points.of_places(record(), bars, self.seq)
        return drawn([
            Spot(id, bars[id].label, bars[id].text, longitude, latitude, bars[id].low,
                 bars[id].high, bars[id].disputed, bars[id].exact, bars[id].href, bars[id].more)
            for id, (longitude, latitude) in found.items()
        ])  # fmt: skip

    # Names ----------------------------------------------------------------------------------

    @property
    def places(self) -> list[Named]:
        """The asked places."""
        return [self.place(id) for id in self.question.places]

    def place(self, id: str) -> Named:
        """Return the place with where it lies."""
        known = self.claims.places[id]
        about = lies_in(self.claims, known)
        return Named(id, known.name, self.asked.link("./", place=id), about)

    @property
    def above(self) -> list[Named]:
        """What the one asked place lies in, the largest first; nothing where several are asked."""
        asked = self.question.places
        if len(asked) != 1:
            return []
        return [
            self.place(each.id)
            for each in reversed(above(self.claims, self.claims.places[asked[0]]))
        ]

    @property
    def groups(self) -> list[tuple[Group, int]]:
        """All groups in the order of their tree, each with how deep it lies."""
        tree, found = self.snapshot.groups, []
        stack = [(id, 0) for id in reversed(tree.roots())]
        while stack:
            id, depth = stack.pop()
            found.append((self.claims.groups[id], depth))
            stack.extend((child, depth + 1) for child in reversed(tree.children(id)))
        return found

    @property
    def reporters(self) -> list[tuple[str, str, bool]]:
        """Id, name and whether a party, of all who ever reported anything."""
        ids = {each.reporter for each in self.claims.statements.values()}
        known = [self.claims.reporters[id] for id in ids]
        return [(each.id, each.name, each.party) for each in sorted(known, key=lambda r: r.name)]

    @property
    def words(self) -> dict[str, str]:
        """What the script of the page says where places are found as one types."""
        return {name: plain(f"find.{name}") for name in ("none", "short", "results", "hint")}

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever recorded."""
        return not self.claims.statements


def said(stated: Stated) -> str:
    """Return the total in words, without its dispute: pictures and tables say that themselves."""
    return stated.text.removesuffix(", disputed")


def view() -> View:
    """Return what the address of this request asks to see."""
    return View(asked(now()))
