"""The recorded figures with which the warnings about new reports compare their figures."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from service.domain.figure import Figure, Scope
from service.domain.report import Report
from service.domain.vocabulary import encode_outcomes
from service.store.encoding import fold_text, join_ids, join_sorted, split_ids
from service.store.figure_queries import figures_from_rows
from service.store.interface import Connection, Row, translate_corrupt_rows
from service.store.tables import FigureRow

MAX_COMPARABLE: Final = 500
"""How many figures of a reporter a figure is compared with: the newest ones."""

MAX_EXAMINED: Final = 2_000
"""How many entries of an index are examined for them, of each class of lengths."""

MAX_OF_SCOPE: Final = 500
"""How many figures of the same last day and places are examined: the newest ones."""

MAX_RELATED: Final = 40
"""How many figures are returned at most that may contradict another together with a third."""

MAX_CONTRADICTIONS: Final = 100
"""How many contradictions are returned at most."""

MAX_SAME_WORDING: Final = 20
"""How many reports of the same words are returned at most."""

WIDE_LENGTH: Final = 500
"""Up to which length a list of places is compared at little cost."""

PLACE_PREFIX_LENGTH: Final = 200
"""How much of the list of places the index of scopes contains."""

_COLUMN_COUNT: Final = len(FigureRow._fields)

_LIVE: Final = (None, None, None)
"""The columns of a report that is no relay, not superseded and not retracted."""


class _Window(NamedTuple):
    """The figures of a reporter in and next to some days that are not about another incident."""

    reporter: str
    first_day: int
    last_day: int
    incident: str | None

    def contains(self, row: FigureRow) -> bool:
        return (
            row.reporter == self.reporter
            and row.last_day >= self.first_day - 1
            and (row.first_day or 0) <= self.last_day + 1
            and (self.incident is None or row.incident is None or row.incident == self.incident)
        )


class _FoundRow(NamedTuple):
    """A recorded figure, and whether its report is a relay, and whether it is counted."""

    figure: FigureRow
    is_relay: bool
    is_live: bool


@dataclass(frozen=True, slots=True)
class _Comparable:
    """The newest figures of a window at some places (None: at any), newest first.

    ``is_cut`` is whether there are more.
    """

    places: frozenset[str] | None
    rows: Sequence[_FoundRow]
    is_cut: bool

    def has_all_at(self, places: frozenset[str] | None) -> bool:
        """Whether no figure at these places was left out."""
        if self.places == places:
            return True
        is_contained = self.places is None or (places is not None and places <= self.places)
        return is_contained and not self.is_cut


class _Compared(NamedTuple):
    """A figure for which others are looked up, and its scope as the tables have it."""

    figure: Figure
    window: _Window
    scope_key: tuple[int, str]
    place_ids: str
    outcomes: int


@dataclass(slots=True)
class _Added:
    """The figures that were recorded since the lookup began, in their order."""

    of_reporter: dict[str, list[_FoundRow]]
    of_incident: dict[tuple[str, str | None], list[_FoundRow]]
    of_scope: dict[tuple[int, str], list[_FoundRow]]
    quotes: dict[int, str | None]
    superseded: set[str]
    first_seq: int | None = None


def have_same_window(one: Scope, other: Scope) -> bool:
    """Whether figures of the two scopes are compared with the same others.

    They are if the places, days and incident are the same.
    """
    return (
        one.places == other.places
        and (one.period is other.period or one.period == other.period)
        and one.incident == other.incident
    )


class FigureLookup:
    """Looks figures up, in a transaction in which only the reports that are added are recorded."""

    def __init__(self, db: Connection) -> None:
        """Use the connection; nothing is read yet."""
        self._db = db
        self._comparable: dict[_Window, _Comparable] = {}
        self._rows: dict[Row, _FoundRow] = {}
        self._of_scope: dict[tuple[int, str], list[_FoundRow]] = {}
        self._only_reporter: str | None = None
        self._added = _Added({}, {}, {}, {}, set())
        self._decoded: dict[tuple[int, int], Figure] = {}
        self._compared: dict[str, _Compared] = {}

    def prefetch(self, figures: Iterable[tuple[Figure, Collection[str] | None]]) -> None:
        """Load what the figures will be compared with, with three statements for all of them.

        Each figure is given with its places and all above them, None if a place has children.
        """
        places_by_window: dict[_Window, set[str] | None] = {}
        scopes: dict[tuple[int, str], None] = {}
        reporters: set[str] = set()
        for figure, places in figures:
            reporters.add(figure.reporter)
            compared = self._compare(figure)
            window = compared.window
            if places is None or places_by_window.get(window, ()) is None:
                places_by_window[window] = None
            else:
                known = places_by_window.setdefault(window, set())
                if known is not None:
                    known.update(places)
            scopes[compared.scope_key] = None
        self._load_comparable(
            {
                window: None if places is None else frozenset(places)
                for window, places in places_by_window.items()
            }
        )
        if len(scopes) > 1 and self._is_only_reporter(reporters):
            (self._only_reporter,) = reporters
        else:
            self._load_of_scope([each for each in scopes if each not in self._of_scope])

    def _is_only_reporter(self, reporters: Collection[str]) -> bool:
        """Whether all recorded reports are of this one reporter.

        Then there are none with which the figures of a scope are compared, which are of others.
        """
        (outermost,) = self._db.fetch_all("select_outermost_reporters")
        return len(reporters) == 1 and {*reporters, *outermost} <= {*reporters, None}

    @property
    def wide_size(self) -> int:
        """How many characters the places of loaded figures with very many places have."""
        sizes = (len(row.figure.place_ids) for row in self._rows.values())
        return sum(size for size in sizes if size > WIDE_LENGTH)

    def list_place_ids(self) -> set[str]:
        """Return the places of the figures that were loaded to be compared."""
        return {
            place_id for row in self._rows.values() for place_id in split_ids(row.figure.place_ids)
        }

    def are_alone(self, figures: Sequence[Figure], places: Sequence[Sequence[str] | None]) -> bool:
        """Whether the reporter has no figure around the days, places and incidents of these.

        Each is given with its places and all above them, None if a place has children. Figures of
        superseded and retracted reports count, too.
        """
        former: Scope | None = None
        for figure, place_ids in zip(figures, places, strict=True):
            # Most figures of a report are about the same days and places.
            if former is None or not have_same_window(figure.scope, former):
                if any(self._find_near(self._compare(figure).window, place_ids)):
                    return False
                former = figure.scope
        return True

    def is_alone(
        self, figure: Figure, excluded_report: str | None, place_ids: Sequence[str] | None
    ) -> bool:
        """Whether there is no recorded figure at all that the figure is compared with."""
        return not self._find_comparable(figure, excluded_report, place_ids)

    def find_possible_contradictions(
        self, figure: Figure, excluded_report: str | None, place_ids: Sequence[str] | None
    ) -> list[Figure]:
        """Return the reporter's other live figures that may contradict this one, newest first.

        Their ranges do not overlap its range, their days and outcomes contain its own or are
        contained in them, they have several places or one of ``place_ids`` (None: any), and they
        are not about another incident. Figures of the report ``excluded_report`` are left out. At
        most MAX_COMPARABLE figures are examined, and at most MAX_CONTRADICTIONS are returned.
        """
        rows = self._find_comparable(figure, excluded_report, place_ids)
        if not rows:
            return []
        low, high = figure.quantity.low, figure.quantity.high
        compared = self._compare(figure)
        start, stop = compared.window.first_day, compared.window.last_day
        outcomes = compared.outcomes
        found = []
        for row in rows:
            if not (
                (row.high is not None and row.high < low) or (high is not None and row.low > high)
            ):
                continue
            first, last = row.first_day or 0, row.last_day
            if row.outcomes & outcomes in (row.outcomes, outcomes) and (
                (first <= start and last >= stop) or (first >= start and last <= stop)
            ):
                found.append(row)
        return self._decode(found[:MAX_CONTRADICTIONS])

    def find_related_figures(
        self,
        figure: Figure,
        excluded_report: str | None,
        place_ids: Sequence[str] | None,
        *,
        above: int | None,
        below: int | None,
    ) -> list[Figure]:
        """Return live figures of the reporter that may contradict this one together with a third.

        Their low is greater than ``above`` or their high is less than ``below`` (None: neither is
        compared), their days overlap its days or are next to them, they have several places or one
        of ``place_ids`` (None: any), and they are not about another incident. The largest lows come
        first. At most MAX_COMPARABLE figures are examined, and at most MAX_RELATED are returned.
        """
        found = [
            row
            for row in self._find_comparable(figure, excluded_report, place_ids)
            if row.reclassifies is None
            and (
                (above is not None and row.low > above)
                or (below is not None and row.high is not None and row.high < below)
            )
        ]
        found.sort(key=lambda row: (row.low, row.seq, row.position), reverse=True)
        return self._decode(found[:MAX_RELATED])

    def find_same_wording(
        self, figure: Figure, wording: str | None, quote: str | None
    ) -> list[str]:
        """Return the ids of other reporters' reports with the same words for the same scope.

        Days, places and outcomes must be the same; relays are left out. Oldest first. Only the last
        MAX_OF_SCOPE figures of these days and places are examined.
        """
        if wording is None and quote is None:
            return []
        words = fold_text(wording)
        rows = [
            row.figure
            for row in self._find_of_scope(figure)
            if row.figure.reporter != figure.reporter and not row.is_relay
        ]
        same = {
            row.seq: row.report for row in rows if words is not None and row.wording_folded == words
        }
        others = {row.seq: row.report for row in rows if row.seq not in same}
        if quote is not None and others:
            quoting = self._find_quoting(others, str(fold_text(quote)))
            same |= {seq: others[seq] for seq in quoting}
        return [same[seq] for seq in sorted(same)[:MAX_SAME_WORDING]]

    def find_contradicting_reports(
        self, figure: Figure, reporters: Sequence[str], limit: int
    ) -> list[str]:
        """Return the ids of live reports of others with another range for the same scope.

        ``reporters`` are the ids of the figure's reporter. Places, days, outcomes, groups and
        incident must be the same, and the ranges must not overlap. Newest first, each once, of at
        most ``limit`` figures; only the last MAX_OF_SCOPE figures of these days and places are
        examined.
        """
        rows = self._find_of_scope(figure)
        if not rows:
            return []
        low, high = figure.quantity.low, figure.quantity.high
        group_ids = join_sorted(figure.scope.groups)
        found = []
        for row in rows:
            other = row.figure
            if (
                row.is_live
                and other.reporter not in reporters
                and other.report not in self._added.superseded
                and other.group_ids == group_ids
                and other.incident == figure.scope.incident
                and other.reclassifies is None
                and (
                    (high is not None and other.low > high)
                    or (other.high is not None and other.high < low)
                )
            ):
                found.append(other.report)
        return list(dict.fromkeys(found[:limit]))

    def add(self, report: Report, rows: Sequence[FigureRow]) -> None:
        """Note that the report was recorded; ``rows`` are those of its figures."""
        added = self._added
        if report.supersedes is not None:
            added.superseded.add(report.supersedes)
        is_relay = report.relays is not None
        for row in rows:
            if added.first_seq is None:
                added.first_seq = row.seq
            added.quotes[row.seq] = fold_text(report.quote)
            found = _FoundRow(row, is_relay, not is_relay)
            added.of_reporter.setdefault(row.reporter, []).append(found)
            added.of_incident.setdefault((row.reporter, row.incident), []).append(found)
            key = (row.last_day, row.place_ids[:PLACE_PREFIX_LENGTH])
            added.of_scope.setdefault(key, []).append(found)

    def _find_comparable(
        self, figure: Figure, excluded_report: str | None, place_ids: Sequence[str] | None
    ) -> list[FigureRow]:
        """Return the newest live figures with which the figure is compared, newest first."""
        own, known = self._find_near(self._compare(figure).window, place_ids)
        if not own and not known:
            return []
        places = None if place_ids is None else frozenset(place_ids)
        rows = [
            row
            for row in (*own, *known)
            if places is None or not row.figure.single_place or row.figure.single_place in places
        ]
        superseded = self._added.superseded
        return [
            row.figure
            for row in rows[:MAX_COMPARABLE]
            if row.is_live
            and row.figure.report != excluded_report
            and row.figure.report not in superseded
        ]

    def _find_near(
        self, window: _Window, place_ids: Sequence[str] | None
    ) -> tuple[list[_FoundRow], Sequence[_FoundRow]]:
        """Return the added figures of the window, and the recorded ones, both newest first.

        The recorded ones are all of those at the places, and maybe some at others.
        """
        places = None if place_ids is None else frozenset(place_ids)
        known = self._comparable.get(window)
        if known is None or not known.has_all_at(places):
            self._load_comparable({window: places})
            known = self._comparable[window]
        own = [row for row in self._list_added(window) if window.contains(row.figure)]
        return own, known.rows

    def _list_added(self, window: _Window) -> list[_FoundRow]:
        """Return the added figures of the reporter that may be in the window, newest first.

        Of a register, whose figures are each about an incident of their own, these are few.
        """
        added = self._added
        if window.incident is None:
            return added.of_reporter.get(window.reporter, [])[::-1]
        without = added.of_incident.get((window.reporter, None), [])
        same = added.of_incident.get((window.reporter, window.incident), [])
        if without and same:
            rows = [*without, *same]
            return sorted(rows, key=lambda row: (row.figure.seq, row.figure.position), reverse=True)
        return (without or same)[::-1]

    @translate_corrupt_rows
    def _load_comparable(self, places_by_window: dict[_Window, frozenset[str] | None]) -> None:
        keys_by_window = self._find_keys(places_by_window)
        self._load_rows({key for keys in keys_by_window.values() for key in keys})
        for window, keys in keys_by_window.items():
            rows = [self._rows[key] for key in keys if key in self._rows]
            self._comparable[window] = _Comparable(
                places_by_window[window], rows, len(keys) >= MAX_COMPARABLE
            )

    def _find_keys(
        self, places_by_window: dict[_Window, frozenset[str] | None]
    ) -> dict[_Window, list[Row]]:
        """Return seq and position of the newest figures of each window at its places."""
        about_any = [each for each in places_by_window if each.incident is None]
        about_one = [each for each in places_by_window if each.incident is not None]
        if len(about_one) > 1:
            about_one = self._leave_out_empty(about_one)
        windows = (*about_any, *about_one)
        binds = {each: _bind_window(each, places_by_window[each]) for each in windows}
        found = self._db.fetch_each("select_comparable_keys", [binds[each] for each in about_any])
        found += self._db.fetch_each(
            "select_comparable_keys_of_incident", [binds[each] for each in about_one]
        )
        return {each: [] for each in places_by_window} | dict(zip(windows, found, strict=True))

    def _leave_out_empty(self, windows: Sequence[_Window]) -> list[_Window]:
        """Return the windows of incidents without those in which certainly no figure is.

        Of a register that is recorded for the first time, these are all; one statement finds them.
        """
        found = self._db.fetch_all(
            "select_comparable_incidents",
            incidents=json.dumps(sorted({str(each.incident) for each in windows})),
            reporters=json.dumps(sorted({each.reporter for each in windows})),
        )
        known = {(kind, value) for kind, value in found}
        return [
            each
            for each in windows
            if ("incident", each.incident) in known or ("reporter", each.reporter) in known
        ]

    def _load_rows(self, keys: Collection[Row]) -> None:
        """Load the figures with these seqs and positions, each once for all windows."""
        missing = sorted(key for key in keys if key not in self._rows)
        if not missing:
            return
        rows = self._db.fetch_all(
            "select_figures_of_reports",
            seqs=json.dumps(sorted({seq for seq, _ in missing})),
            keys=json.dumps([f"{seq}-{position}" for seq, position in missing]),
        )
        for row in self._decode_recorded(rows):
            self._rows[row.figure.seq, row.figure.position] = row

    def _decode_recorded(self, rows: Iterable[Row]) -> list[_FoundRow]:
        """Return the figures that were recorded before the lookup began."""
        first_seq = self._added.first_seq
        found = map(_make_row, rows)
        return [row for row in found if first_seq is None or row.figure.seq < first_seq]

    def _find_of_scope(self, figure: Figure) -> list[_FoundRow]:
        """Return the newest figures of the figure's places, days and outcomes, newest first.

        They are left out if all figures of the record are of its own reporter.
        """
        is_only_reporter = figure.reporter == self._only_reporter
        if is_only_reporter and self._added.of_reporter.keys() <= {figure.reporter}:
            return []
        _, window, key, place_ids, outcomes = self._compare(figure)
        added, recorded = self._added.of_scope.get(key), self._of_scope.get(key)
        if recorded is None and not is_only_reporter:
            self._load_of_scope([key])
            recorded = self._of_scope[key]
        if not added and not recorded:
            return []
        newest = [*reversed(added or ()), *(recorded or ())]
        return [
            row
            for row in newest[:MAX_OF_SCOPE]
            if row.figure.place_ids == place_ids
            and (row.figure.first_day or 0) == window.first_day
            and row.figure.outcomes == outcomes
        ]

    @translate_corrupt_rows
    def _load_of_scope(self, keys: Sequence[tuple[int, str]]) -> None:
        found = self._db.fetch_each(
            "select_figures_of_scope",
            [{"last_day": day, "place_ids": places, "most": MAX_OF_SCOPE} for day, places in keys],
        )
        for key, rows in zip(keys, found, strict=True):
            self._of_scope[key] = self._decode_recorded(rows)

    def _find_quoting(self, seqs: Collection[int], quote: str) -> list[int]:
        """Return those of the reports, by their seqs, that have the quote."""
        added = self._added.quotes
        quoting = [seq for seq in seqs if seq in added and added[seq] == quote]
        recorded = [seq for seq in seqs if seq not in added]
        if recorded:
            rows = self._db.fetch_all(
                "select_reports_with_quote", seqs=json.dumps(recorded), quote=quote
            )
            quoting += [row[0] for row in rows]
        return quoting

    def _compare(self, figure: Figure) -> _Compared:
        """Return the figure with its scope as the tables have it, made once."""
        known = self._compared.get(figure.id)
        if known is None or known.figure is not figure:
            scope = figure.scope
            start, stop, place_ids = (
                scope.period.start,
                scope.period.stop,
                join_sorted(scope.places),
            )
            known = self._compared[figure.id] = _Compared(
                figure,
                _Window(figure.reporter, start, stop, scope.incident),
                (stop, place_ids[:PLACE_PREFIX_LENGTH]),
                place_ids,
                encode_outcomes(scope.outcomes),
            )
        return known

    def _decode(self, rows: Iterable[FigureRow]) -> list[Figure]:
        found = []
        for row in rows:
            key = (row.seq, row.position)
            if key not in self._decoded:
                self._decoded[key] = next(figures_from_rows([row]))
            found.append(self._decoded[key])
        return found


def _bind_window(window: _Window, places: frozenset[str] | None) -> dict[str, Any]:
    return {
        "reporter": window.reporter,
        "first": window.first_day,
        "last": window.last_day,
        "incident": window.incident,
        "places": None if places is None else f",{join_ids(sorted(places))},",
        "examined": MAX_EXAMINED,
        "most": MAX_COMPARABLE,
    }


def _make_row(row: Row) -> _FoundRow:
    is_relay = row[_COLUMN_COUNT] is not None
    is_live = row[_COLUMN_COUNT:] == _LIVE
    return _FoundRow(FigureRow._make(row[:_COLUMN_COUNT]), is_relay, is_live)
