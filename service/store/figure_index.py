"""An index in memory of the figures with which those of one batch are compared.

It gives the same answers as the statements of ``FigureLookup``. It reads the figures of a reporter
once, where those would read up to a thousand for each figure of the batch.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from json import dumps
from typing import Final

from service.domain.figure import Figure
from service.domain.report import Report, counted_figures
from service.domain.vocabulary import encode_outcomes
from service.store import figure_queries
from service.store.encoding import join_ids
from service.store.figure_lookup import FigureLookup
from service.store.interface import Connection, translate_corrupt_rows
from service.store.projections.reports import make_figure_rows
from service.store.tables import FigureRow

MIN_FIGURES: Final = 20
"""For fewer figures of a reporter in the batch the statements are used."""

MAX_RECORDED_PER_FIGURE: Final = 100
"""If the record has more figures of the reporter for each of the batch, reading them all would take
longer than the statements."""

MAX_FIGURES_IN_MEMORY: Final = 200_000
"""How many recorded figures of one reporter are held; with more, the statements are used."""

PLACE_PREFIX_LENGTH: Final = 200
"""How much of the list of places the table's index contains."""

_SEVERAL_PLACES: Final = ","
_ANY_PLACE: Final = ""
_ANY_INCIDENT: Final = ""

_Entry = tuple[int, FigureRow]
_Range = tuple[int, int]


class FigureIndex(FigureLookup):
    """The figures that are comparable with those of the reports of one batch.

    Used in a transaction in which only the reports that are added to it are recorded.
    """

    def __init__(self, db: Connection, reports: Iterable[Report]) -> None:
        """Begin with nothing: the figures of a reporter are read at the first question."""
        super().__init__(db)
        # A reclassifying figure may have no scope before it is planned.
        figures = [
            figure
            for report in reports
            if not any(each.reclassifies for each in report.figures)
            for figure in counted_figures(report)
        ]
        self._figure_counts = Counter(figure.reporter for figure in figures)
        self._incidents: dict[str, set[str | None]] = {}
        self._places_by_day: dict[int, set[str]] = {}
        for figure in figures:
            self._incidents.setdefault(figure.reporter, set()).add(figure.scope.incident)
            last_day, place_ids = _scope_key(figure)
            self._places_by_day.setdefault(last_day, set()).add(place_ids)
        self._by_reporter: dict[str, _FiguresOfReporter | None] = {}
        self._reporters_by_scope: dict[tuple[int, str], set[str]] = {}
        self._superseded: set[str] = set()

    def find_possible_contradictions(
        self, figure: Figure, excluded_report: str | None, place_ids: Sequence[str] | None
    ) -> list[Figure]:
        """Return the reporter's other live figures that may contradict this one."""
        known = self._find_known(figure)
        if known is None:
            return super().find_possible_contradictions(figure, excluded_report, place_ids)
        low, high = figure.quantity.low, figure.quantity.high
        start, stop = figure.scope.period.start, figure.scope.period.stop
        outcomes = encode_outcomes(figure.scope.outcomes)

        def may_contradict(row: FigureRow) -> bool:
            first, last = row.first_day or 0, row.last_day
            return (
                ((row.high is not None and row.high < low) or (high is not None and row.low > high))
                and row.outcomes & outcomes in (row.outcomes, outcomes)
                and ((first <= start and last >= stop) or (first >= start and last <= stop))
            )

        rows = known.iterate(figure, place_ids, start, figure_queries.MAX_CANDIDATES)
        found = self._select(rows, excluded_report, may_contradict)
        found.sort(key=lambda row: (row.seq, row.position), reverse=True)
        return known.decode(found[: figure_queries.MAX_CONTRADICTIONS])

    def find_related_figures(
        self,
        figure: Figure,
        excluded_report: str | None,
        place_ids: Sequence[str] | None,
        *,
        above: int | None,
        below: int | None,
    ) -> list[Figure]:
        """Return live figures of the reporter that may contradict this one with a third."""
        known = self._find_known(figure)
        if known is None:
            return super().find_related_figures(
                figure, excluded_report, place_ids, above=above, below=below
            )
        least = figure_queries.NO_COUNT_IS_ABOVE if above is None else above
        most = figure_queries.NO_COUNT_IS_BELOW if below is None else below
        first, last = figure.scope.period.start - 1, figure.scope.period.stop + 1

        def may_contradict(row: FigureRow) -> bool:
            return (
                (row.low > least or (row.high is not None and row.high < most))
                and (row.first_day or 0) <= last
                and row.reclassifies is None
            )

        rows = known.iterate(figure, place_ids, first, figure_queries.MAX_NEIGHBOURS)
        found = self._select(rows, excluded_report, may_contradict)
        found.sort(key=lambda row: (row.low, row.seq, row.position), reverse=True)
        return known.decode(found[: figure_queries.MAX_RELATED])

    def find_same_wording(
        self, figure: Figure, wording: str | None, quote: str | None
    ) -> list[str]:
        """Return the ids of other reporters' reports with the same words for the same scope."""
        if self._is_only_of(figure, (figure.reporter,)):
            return []
        return super().find_same_wording(figure, wording, quote)

    def find_contradicting_reports(
        self, figure: Figure, reporters: Sequence[str], limit: int
    ) -> list[str]:
        """Return the ids of live reports of others with another range for the same scope."""
        if self._is_only_of(figure, reporters):
            return []
        return super().find_contradicting_reports(figure, reporters, limit)

    def add(self, report: Report, seq: int) -> None:
        """Note that the report was recorded by the event ``seq``."""
        if report.supersedes is not None:
            self._superseded.add(report.supersedes)
        rows = make_figure_rows(report, seq)
        known = self._by_reporter.get(report.reporter)
        for row in rows:
            if known is not None:
                known.add_position(row)
                if report.relays is None:
                    known.add(row)
            scope = (row.last_day, row.place_ids[:PLACE_PREFIX_LENGTH])
            if scope in self._reporters_by_scope:
                self._reporters_by_scope[scope].add(row.reporter)

    def _select(
        self,
        rows: Iterable[FigureRow],
        excluded_report: str | None,
        is_wanted: Callable[[FigureRow], bool],
    ) -> list[FigureRow]:
        return [
            row
            for row in rows
            if is_wanted(row)
            and row.report != excluded_report
            and row.report not in self._superseded
        ]

    def _find_known(self, figure: Figure) -> "_FiguresOfReporter | None":
        """Return the figures of the reporter if all that the figure is compared with are held."""
        reporter = figure.reporter
        if reporter not in self._by_reporter:
            self._by_reporter[reporter] = self._load(reporter)
        known = self._by_reporter[reporter]
        incidents = self._incidents.get(reporter, set())
        is_held = None in incidents or figure.scope.incident in incidents
        return known if is_held else None

    @translate_corrupt_rows
    def _load(self, reporter: str) -> "_FiguresOfReporter | None":
        """Return the figures of the reporter; None if the statements are faster or need less."""
        count = self._figure_counts[reporter]
        limit = MAX_RECORDED_PER_FIGURE * count
        if count < MIN_FIGURES or limit < self._db.fetch_value(
            "count_figures_of_reporter", reporter=reporter, limit=limit + 1
        ):
            return None
        incidents = self._incidents[reporter]
        rows = self._db.fetch_all(
            "select_comparable_figures",
            reporter=reporter,
            # A figure without an incident is compared with those of every incident.
            incidents=None if None in incidents else dumps(sorted(filter(None, incidents))),
            limit=MAX_FIGURES_IN_MEMORY + 1,
        )
        if len(rows) > MAX_FIGURES_IN_MEMORY:
            return None
        positions = self._db.fetch_all("select_positions_of_reporter", reporter=reporter)
        known = _FiguresOfReporter(sorted(_make_key(*each) for each in positions))
        known.add_all(map(FigureRow._make, rows))
        return known

    def _is_only_of(self, figure: Figure, reporters: Sequence[str]) -> bool:
        """Whether no other reporter has a figure with the last day and the places of the figure."""
        last_day, place_ids = scope = _scope_key(figure)
        if scope not in self._reporters_by_scope:
            places = self._places_by_day.pop(last_day, set())
            if place_ids not in places:
                return False
            self._load_reporters(last_day, places)
        return self._reporters_by_scope[scope].issubset(reporters)

    def _load_reporters(self, last_day: int, places: set[str]) -> None:
        for place_ids in places:
            self._reporters_by_scope[last_day, place_ids] = set()
        rows = self._db.fetch_all(
            "select_reporters_by_scope", last_day=last_day, place_ids=dumps(sorted(places))
        )
        for place_ids, reporter in rows:
            self._reporters_by_scope[last_day, place_ids].add(reporter)


def _scope_key(figure: Figure) -> tuple[int, str]:
    """Return the last day of the figure, and the part of its places that the index contains."""
    place_ids = join_ids(sorted(figure.scope.places))
    return figure.scope.period.stop, place_ids[:PLACE_PREFIX_LENGTH]


def _make_key(last_day: int, seq: int = 0, position: int = 0) -> int:
    """Return a number that orders figures by their last day, and then as they were recorded."""
    return last_day << 80 | seq << 16 | position


@dataclass(slots=True)
class _Bucket:
    """Figures in order of their keys: those of one day, and those of several."""

    of_one_day: list[_Entry] = field(default_factory=list)
    of_several_days: list[_Entry] = field(default_factory=list)

    def list_for(self, row: FigureRow) -> list[_Entry]:
        """Return the list that the figure belongs to."""
        return self.of_one_day if row.first_day == row.last_day else self.of_several_days


class _FiguresOfReporter:
    """The figures of one reporter.

    The keys are those of all figures, in any state: the statements count them too when they stop at
    a limit. Each live figure is in the buckets of its place or of several, and of every place; of
    its incident, and of every incident.
    """

    def __init__(self, keys: list[int]) -> None:
        self._keys = keys
        self._buckets: dict[tuple[str, str | None], _Bucket] = {}
        self._figures: dict[str, Figure] = {}

    def add_position(self, row: FigureRow) -> None:
        """Count the figure."""
        insort(self._keys, _make_key(row.last_day, row.seq, row.position))

    def add(self, row: FigureRow) -> None:
        """Add a live figure, which is counted separately."""
        for entry, bucket in self._find_buckets(row):
            insort(bucket.list_for(row), entry)

    def add_all(self, rows: Iterable[FigureRow]) -> None:
        """Add live figures, which are counted separately."""
        for row in rows:
            for entry, bucket in self._find_buckets(row):
                bucket.list_for(row).append(entry)
        for bucket in self._buckets.values():
            bucket.of_one_day.sort()
            bucket.of_several_days.sort()

    def _find_buckets(self, row: FigureRow) -> Iterator[tuple[_Entry, _Bucket]]:
        entry = (_make_key(row.last_day, row.seq, row.position), row)
        place = _SEVERAL_PLACES if "," in row.place_ids else row.place_ids
        for place_key in (place, _ANY_PLACE):
            for incident_key in (row.incident, _ANY_INCIDENT):
                yield entry, self._buckets.setdefault((place_key, incident_key), _Bucket())

    def iterate(
        self, figure: Figure, place_ids: Sequence[str] | None, earliest: int, nearest: int
    ) -> Iterator[FigureRow]:
        """Yield the figures that may be comparable with this one.

        They are among the ``nearest`` last ones of its last day, as many of the days after it, and
        as many of the days before it from ``earliest`` on. They have several places or one of
        ``place_ids`` (None: any), and are not about another incident.
        """
        ranges = self._find_ranges(figure, earliest, nearest)
        period, incident = figure.scope.period, figure.scope.incident
        # One of a single day that is neither within the period nor next to it is not comparable.
        first, after = _make_key(max(period.start - 1, 0)), _make_key(period.stop + 2)
        near_ranges = [(max(start, first), min(stop, after)) for start, stop in ranges]
        places = (_ANY_PLACE,) if place_ids is None else (*place_ids, _SEVERAL_PLACES)
        incidents = (_ANY_INCIDENT,) if incident is None else (None, incident)
        for place_key in places:
            for incident_key in incidents:
                bucket = self._buckets.get((place_key, incident_key))
                if bucket is not None:
                    for _, row in chain(
                        _slice(bucket.of_one_day, near_ranges),
                        _slice(bucket.of_several_days, ranges),
                    ):
                        yield row

    def _find_ranges(self, figure: Figure, earliest: int, nearest: int) -> list[_Range]:
        """Return the ranges of the keys, each without its end, that the limits leave."""
        keys, last_day = self._keys, figure.scope.period.stop
        day_start = bisect_left(keys, _make_key(last_day))
        day_end = bisect_left(keys, _make_key(last_day + 1))
        first = max(bisect_left(keys, _make_key(max(earliest, 0))), day_start - nearest)
        last = min(day_end + nearest, len(keys))
        ranges = [(first, day_start), (max(day_start, day_end - nearest), last)]
        return [(keys[start], keys[stop - 1] + 1) for start, stop in ranges if start < stop]

    def decode(self, rows: Iterable[FigureRow]) -> list[Figure]:
        """Return the figures of the rows."""
        found = []
        for row in rows:
            if row.id not in self._figures:
                self._figures[row.id] = next(figure_queries.figures_from_rows([row]))
            found.append(self._figures[row.id])
        return found


def _slice(entries: list[_Entry], ranges: Iterable[_Range]) -> Iterator[_Entry]:
    if entries:
        for start, stop in ranges:
            yield from entries[bisect_left(entries, (start,)) : bisect_left(entries, (stop,))]
