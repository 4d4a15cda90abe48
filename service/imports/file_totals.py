"""The totals that a file changes: those of its outermost places."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from service.domain.errors import InvalidInputError
from service.domain.periods import ALWAYS, Period
from service.domain.report import Report
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import OutcomeTotal, TotalsResult
from service.domain.vocabulary import sort_outcome_sets, sort_outcomes
from service.domain.wording.range_text import NO_FIGURE
from service.imports.conversion import Json
from service.imports.converted_rows import ConvertedRow
from service.store.interface import Store

MAX_PLACES: Final = 5
"""Of how many places totals are computed, those with most rows."""

MAX_OUTCOME_SETS: Final = 4

ANSWER_SECONDS: Final = 60
"""How long all totals of one place may take before they are wider."""


@dataclass(frozen=True, slots=True)
class SubjectTotal:
    """How many people of some outcomes there are in one place.

    ``low`` None: no figure counts them. ``high`` None: there is no upper limit.
    """

    place_id: str
    place: str
    outcomes: tuple[str, ...]
    low: int | None
    high: int | None
    text: str


@dataclass(frozen=True, slots=True)
class ChangedTotal:
    """A total before and after the import."""

    before: SubjectTotal
    after: SubjectTotal


class FileSubjects:
    """The outermost places of the rows of a file, and their outcomes."""

    def __init__(self) -> None:
        """Begin without any."""
        self._places: Counter[str] = Counter()
        self._names: dict[str, str] = {}
        self._outcome_sets: Counter[frozenset[str]] = Counter()
        self._first: str | None = date.max.isoformat()
        self._last = date.min.isoformat()

    def read(self, row: ConvertedRow) -> None:
        """Take notice of the places and outcomes of a row."""
        for place in row.report["places"]:
            root = find_root(place)
            self._places[root["id"]] += 1
            self._names[root["id"]] = root["name"]
        period = row.report["period"]
        is_open = self._first is None or period["from"] is None
        self._first = None if is_open else min(self._first or "", period["from"])
        self._last = max(self._last, period["to"])
        for figure in row.report["figures"]:
            self._outcome_sets[frozenset(figure["outcomes"])] += 1

    def widen(self, report: Report) -> None:
        """Take notice of the days of a recorded report."""
        for figure in report.figures:
            first, last = figure.period.first, figure.period.last
            if first is None:
                self._first = None
            elif self._first is not None:
                self._first = min(self._first, first.isoformat())
            if last is not None:
                self._last = max(self._last, last.isoformat())

    @property
    def outcome_sets(self) -> tuple[frozenset[str], ...]:
        """The sets of outcomes with most figures, in the order of the vocabulary."""
        return sort_outcome_sets(
            each for each, _ in self._outcome_sets.most_common(MAX_OUTCOME_SETS)
        )

    @property
    def period(self) -> Period:
        """The days from the first to the last of the rows; its beginning is open if one's is."""
        first = None if self._first is None else date.fromisoformat(self._first)
        return Period(first, date.fromisoformat(self._last))

    @property
    def places(self) -> dict[str, str]:
        """The names of the places with most rows, by id."""
        return {each: self._names[each] for each, _ in self._places.most_common(MAX_PLACES)}


def find_root(place: Json) -> Json:
    """Return the outermost place around the place of a report, or the place itself."""
    while "parent" in place:
        place = place["parent"]
    return place


def compute_recorded_totals(store: Store, subjects: FileSubjects) -> list[SubjectTotal]:
    """Return the totals of the subjects in the record of the store."""
    # Imported here, so that an import does not load the engine of totals, which only a check needs.
    from service.usecases.totals_reader import TotalsReader

    with TotalsReader(store, ANSWER_SECONDS) as reader:
        return compute_file_totals(reader.compute, subjects)


def compute_file_totals(
    compute: Callable[[TotalsQuery], TotalsResult], subjects: FileSubjects, period: Period = ALWAYS
) -> list[SubjectTotal]:
    """Return the totals of the subjects in the period, which ``compute`` returns for one place.

    A place that it raises InvalidInputError for is not recorded yet.
    """
    found = []
    outcome_sets = subjects.outcome_sets
    for place, name in subjects.places.items():
        query = TotalsQuery(places=(place,), period=period, outcomes=outcome_sets)
        totals = _compute_totals(compute, query)
        by_outcomes = {each.outcomes: each for each in totals}
        for outcomes in outcome_sets:
            total = by_outcomes.get(outcomes)
            found.append(
                SubjectTotal(
                    place, name, tuple(sort_outcomes(outcomes)),
                    None if total is None else total.total.low,
                    None if total is None else total.total.high,
                    NO_FIGURE if total is None else total.text,
                )
            )  # fmt: skip
    return found


def _compute_totals(
    compute: Callable[[TotalsQuery], TotalsResult], query: TotalsQuery
) -> Sequence[OutcomeTotal]:
    try:
        return compute(query).totals
    except InvalidInputError:  # The record has no such place yet.
        return ()
