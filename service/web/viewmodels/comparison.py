"""Two subjects side by side, or one subject in two states of the record."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from werkzeug.utils import cached_property

from service.domain.errors import ErrorDetail, InvalidInputError, invalid_field
from service.domain.vocabulary import OUTCOMES
from service.domain.wording.range_text import outcomes_text
from service.http.consistency import get_reader
from service.http.context import request_time, start_time_budget
from service.http.measured_totals import compute_measured_totals
from service.http.request_parsing import make_invalid_input_error
from service.usecases.comparison import resolve_compare
from service.web import day_words
from service.web.charts.items import RangeBar
from service.web.charts.range_chart import RangeChart, layout_range_chart
from service.web.messages import plain_text
from service.web.query.compare_query import OTHER, CompareQuery
from service.web.query.csv_parameters import CSV_LINK
from service.web.query.page_query import SUBJECT_PAGE, PageQuery, find_root, link_to_page
from service.web.viewmodels.bars import make_bar
from service.web.viewmodels.events_between import EventsBetween, make_events_between
from service.web.viewmodels.place_page import PlacePage

MAX_CHARTS: Final = 3
"""Of how many sets of outcomes the bars are drawn."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two subjects; ``name`` is short, and ``href`` leads to its page.

    ``view`` is None for a subject that was not in the record then.
    """

    name: str
    view: PlacePage | None
    href: str


@dataclass(frozen=True, slots=True)
class OutcomeChart:
    """The bars of both sides for one set of outcomes, on one axis.

    ``outcomes`` are the value of the parameter that chooses them.
    """

    title: str
    chart: RangeChart
    outcomes: str = ""


class Comparison:
    """The view model of a comparison."""

    def __init__(self, compare_query: CompareQuery) -> None:
        """Resolve the queries; raises InvalidInputError for unknown ids and for moments to come."""
        self.query = compare_query
        first, second = compare_query.first, compare_query.second
        self._first: PlacePage | None = None
        self._second: PlacePage | None = None
        self._earlier_seq: int | None = None
        if first is not None and not compare_query.is_in_time:
            self._first = self._make_view(first, "")
        if second is not None:
            self._second = self._make_view(second, "" if compare_query.is_in_time else OTHER)
        if first is not None and self._second is not None and compare_query.is_in_time:
            self._earlier_seq = self._resolve_earlier(first, self._second)
            with suppress(InvalidInputError):  # Its places or groups may be newer.
                self._first = self._make_view(first, "")

    def _make_view(self, page_query: PageQuery, prefix: str) -> PlacePage:
        try:
            return PlacePage(page_query)
        except InvalidInputError as error:
            raise make_invalid_input_error(
                tuple(
                    ErrorDetail(f"{prefix}{each.pointer}", each.detail, each.report)
                    for each in error.errors
                )
            ) from error

    def _resolve_earlier(self, first: PageQuery, second: PlacePage) -> int | None:
        """Return the event of the earlier state.

        Raises InvalidInputError if it is not earlier, or if too many events are between the two.
        """
        if first.query.as_of is None:  # The end of this day, which is now.
            raise invalid_field("compare", plain_text("compare.not_earlier"))
        query = replace(second.page_query.query, compare=first.query.as_of)
        return resolve_compare(get_reader(), query, second.seq, request_time())

    @cached_property
    def sides(self) -> Sequence[Side]:
        """The sides that the address names: none, one or two."""
        pairs = ((self.query.first, self._first), (self.query.second, self._second))
        return [self._make_side(query, view) for query, view in pairs if query is not None]

    def _make_side(self, page_query: PageQuery, view: PlacePage | None) -> Side:
        href = page_query.link_to(SUBJECT_PAGE)
        if not self.query.is_in_time:
            return Side(_name(view) if view else "", view, href)
        if view is self._second and page_query.query.as_of is None:
            return Side(plain_text("chip.today"), view, href)
        seq = self._earlier_seq if page_query is self.query.first else None
        state = view.state if view else get_reader().load_snapshot(seq or 0).state
        moment = day_words.format_moment(state.recorded_at)
        return Side(plain_text("compare.as_of", as_of=moment), view, href)

    @property
    def title(self) -> str:
        """What is compared, in words."""
        sides = self.sides
        if len(sides) < 2:
            return plain_text("compare.title")
        if self.query.is_in_time:
            where = _name(self._second) if self._second else ""
            return plain_text("compare.title.time", where=where)
        return plain_text("compare.title.two", first=sides[0].name, second=sides[1].name)

    @property
    def _views(self) -> list[PlacePage]:
        return [each.view for each in self.sides if each.view is not None]

    @cached_property
    def charts(self) -> Sequence[OutcomeChart]:
        """The bars of both sides, for each of a few sets of outcomes that a sentence states."""
        return [self._draw(each) for each in self.outcome_sets]

    @cached_property
    def outcome_sets(self) -> Sequence[frozenset[str]]:
        """The few sets of outcomes that are compared."""
        stated = {each.outcomes for view in self._views for each in view.subject.counts}
        return sorted(stated, key=_outcomes_sort_key)[:MAX_CHARTS]

    def _draw(self, outcomes: frozenset[str]) -> OutcomeChart:
        names = ",".join(each for each in OUTCOMES if each in outcomes)
        bars = []
        for key, side in enumerate(self.sides):
            if side.view is None:
                nothing = plain_text("charts.table.none")
                bars.append(RangeBar(str(key), side.name, nothing, None, None))
                continue
            (total,) = side.view.compute_totals(outcomes=(outcomes,)).totals
            bars.append(make_bar(side.view, str(key), side.name, total, (), outcomes=names))
        title = outcomes_text(outcomes).capitalize()
        chart = layout_range_chart(bars, f"compare-{names.replace(',', '-')}")
        return OutcomeChart(title, chart, names)

    @property
    def seq(self) -> int:
        """The event of the latest state that is shown."""
        return max((each.seq for each in self._views), default=get_reader().seq)

    @property
    def is_lasting(self) -> bool:
        """Whether what was computed so far is the same for every later request of this state."""
        return all(each.is_lasting for each in self._views)

    def name_page(self, page: str, **changes: str | None) -> str:
        """Return the address of the page for this comparison, relative to the index."""
        return link_to_page(page, {**self.query.parameters, **changes})

    def link_to(self, page: str, **changes: str | None) -> str:
        """Return the same address relative to this page."""
        return find_root() + self.name_page(page, **changes)

    @property
    def preview_text(self) -> str:
        """The sentences of both sides, for link previews."""
        return " ".join(dict.fromkeys(each.headline for each in self._views))

    @property
    def csv_link(self) -> str:
        """The address of both sides' numbers as CSV."""
        return self.link_to("compare.csv", **CSV_LINK)

    @property
    def new_link(self) -> str:
        """The address of all that came in between, about the same places and reporters."""
        return link_to_page("new", self._new_parameters, find_root())

    @property
    def new_csv_link(self) -> str:
        """The address of the same as CSV."""
        return link_to_page("new.csv", {**self._new_parameters, **CSV_LINK}, find_root())

    @property
    def _new_parameters(self) -> dict[str, str | None]:
        parameters: dict[str, str | None] = {}
        if self._second is not None:
            query = self._second.query
            parameters = {
                "since": str(self._earlier_seq), "until": str(self._second.seq),
                "place": ",".join(query.places), "reporter": ",".join(query.reporters),
            }  # fmt: skip
        return parameters

    @cached_property
    def events(self) -> EventsBetween | None:
        """The events between the two states; None if two subjects are compared."""
        if self._earlier_seq is None or self._second is None:
            return None
        second = self._second
        query = replace(second.page_query.query, outcomes=second.spoken_outcomes)
        result = compute_measured_totals(
            query, second.seq, start_time_budget(), compared_seq=self._earlier_seq
        )
        return make_events_between(second.state, result.totals)


def _name(view: PlacePage) -> str:
    """Return the scope in words, without a period if there is none."""
    always = plain_text("scope.always")
    return ", ".join(each for each in view.scope_words if each != always)


def _outcomes_sort_key(outcomes: frozenset[str]) -> tuple[int, list[int]]:
    return len(outcomes), sorted(map(OUTCOMES.index, outcomes))
