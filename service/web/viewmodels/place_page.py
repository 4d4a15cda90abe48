"""The page of a subject: its sentence, what it covers, what to know, and the charts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from werkzeug.utils import cached_property

from service.domain.caveats import Caveat
from service.domain.periods import ALWAYS
from service.domain.term_list import TermList, list_terms
from service.domain.total import Term
from service.domain.totals_result import OutcomeTotal, Part
from service.domain.vocabulary import OUTCOMES, ROOT_GROUP
from service.domain.wording.range_text import (
    compact_range_text,
    format_count,
    join_words,
    outcomes_text,
)
from service.web import day_words, labels
from service.web.messages import plain_text
from service.web.query.csv_parameters import CSV_LINK
from service.web.sentences import write_part, write_range
from service.web.viewmodels.base import UNCOMPUTABLE, ViewModel
from service.web.viewmodels.breakdown import Breakdown
from service.web.viewmodels.dataset import describe_dataset
from service.web.viewmodels.drawn_range import choose_drawn_range
from service.web.viewmodels.subject import is_stated
from service.web.viewmodels.time_series import TimeSeries

MAX_LEADING_CAVEATS: Final = 3
"""How many caveats are directly below the sentence."""

MAX_REPORTERS: Final = 12
MAX_LARGEST: Final = 3

LEADING_CODES: Final = (
    "not_exact", "disputed", "follows", "running_total_step", "shared_places", "shared_period",
    "shared_groups", "party_to_conflict", "single_reporter", "same_incident_elsewhere",
    "not_acknowledged", "open_above",
)  # fmt: skip
"""The caveats that change what one prints, the most important first."""


@dataclass(frozen=True, slots=True)
class ReporterLine:
    """One reporter's own range; ``text`` is in words."""

    id: str
    name: str
    is_party: bool
    text: str
    proof_link: str


def _write_own_range(outcome_total: OutcomeTotal) -> str:
    """Return the range beside a reporter's name, such as "43,486–49,689"."""
    drawn = choose_drawn_range(outcome_total)
    low, high = drawn.nearest or (drawn.low, drawn.high)
    return drawn.text if low is None or not drawn.is_placed else compact_range_text(low, high)


@dataclass(frozen=True, slots=True)
class LargestFigure:
    """One figure that contributes much to the low of the total."""

    people: int
    scope_text: str
    report_id: str


class PlacePage(ViewModel):
    """The view model of the page of a subject."""

    @cached_property
    def breakdown(self) -> Breakdown:
        """The breakdown of the lead total."""
        return Breakdown(self)

    @cached_property
    def time_series(self) -> TimeSeries:
        """The lead total by day, week, month or year."""
        return TimeSeries(self)

    def link_to_parts(self, **extra: str) -> str:
        """Return the address of the API for the breakdown that the page shows."""
        facet = self.breakdown.facet
        named = {"facet": facet} if facet is not None else {}
        outcomes = ",".join(each for each in OUTCOMES if each in self.lead_outcomes)
        return self.page_query.link_to_api(
            **{"outcomes": outcomes, "by": self.page_query.by, **named, **extra}
        )

    def link_to_csv(self, chart: str) -> str:
        """Return the address of the API that has the numbers of a chart as CSV.

        The charts are "parts", "times" and "reporters".
        """
        form = {"format": "csv", **CSV_LINK}
        if chart == "parts":
            return self.link_to_parts(**form)
        parameters = {"by": "reporter"}
        period = self.time_series.period
        if chart == "times" and period is not None:
            parameters = {"by": self.time_series.unit or "day", "to": str(period.last)}
            parameters |= {"from": str(period.first)} if period.first else {}
        outcomes = ",".join(each for each in OUTCOMES if each in self.lead_outcomes)
        return self.page_query.link_to_api(**{"outcomes": outcomes, **parameters, **form})

    @property
    def chart_kinds(self) -> list[str]:
        """The kinds of charts that are not empty, and the card."""
        charts = {
            "parts": self.breakdown.bars,
            "times": self.time_series.bars,
            "map": self.breakdown.map_chart,
        }
        return [*(name for name, chart in charts.items() if chart), "card"]

    # Below the sentence ---------------------------------------------------------------------

    @property
    def title(self) -> str:
        """The number and its scope for the title of the page: "43,486 to 49,689 killed – Syria"."""
        counts = self.subject.counts
        words = [self.place_names, labels.format_query_period(self.query.period)]
        if self.query.period == ALWAYS:
            words.pop()
        where = ", ".join(words)
        if not counts:
            return where
        number = write_range(counts[0].low, counts[0].high)
        return f"{labels.capitalize(number)} {outcomes_text(counts[0].outcomes)} – {where}"

    @property
    def preview_text(self) -> str:
        """The sentence, and the caveat that matters most, for link previews."""
        return " ".join((self.headline, *(each.text for each in self.leading_caveats[:1])))

    @property
    def dataset(self) -> dict[str, Any]:
        """The page as a schema.org Dataset."""
        return describe_dataset(self)

    @property
    def silence(self) -> str:
        """Which outcomes nobody counts here; empty if the query asks for outcomes."""
        if self.page_query.outcomes is not None or not self.subject.counts:
            return ""
        spoken = frozenset().union(*(each.outcomes for each in self.result.totals))
        silent = [each for each in OUTCOMES if each not in spoken]
        return plain_text("head.silent", outcomes=join_words(silent, "or")) if silent else ""

    @cached_property
    def group_sentence(self) -> str:
        """How many of the first outcome are in the group that most figures name; else empty.

        Such as "Of them at least 9,099 civilians." The groups are those below the queried one.
        """
        if not self.subject.counts or len(self.query.groups) > 1:
            return ""
        tree = self.snapshot.groups
        counts = self.lead_total.figures.count_by_groups()
        named = {
            groups[0]: count
            for groups, count in counts.items()
            if len(groups) == 1 and tree.is_below(groups[0], self.query.groups[0])
        }
        if not named:
            return ""
        group = max(sorted(named), key=lambda each: named[each])
        try:
            result = self.compute_totals(outcomes=(self.lead_outcomes,), groups=(group,))
        except UNCOMPUTABLE:
            return ""
        drawn = choose_drawn_range(result.totals[0])
        if not is_stated(self.lead_outcomes, drawn) or drawn.is_disputed or not drawn.low:
            return ""
        return write_part(self.state.groups[group].name, drawn.low, drawn.high)

    @property
    def coverage_words(self) -> list[str]:
        """What the reports cover: how many, by how many reporters, of which days, until when."""
        coverage = self.result.coverage
        if not coverage.figures:
            return []
        words = [
            plain_text(
                "coverage.reports",
                reports=plain_text("coverage.report_count", count=coverage.reports),
                reporters=plain_text("coverage.reporter_count", count=len(coverage.reporters)),
            )
        ]
        first, last = coverage.period.first, coverage.period.last
        if last is not None:
            days = (
                plain_text("coverage.until", last=day_words.format_short_day(last))
                if first is None
                else plain_text("coverage.days", days=day_words.format_short_days(first, last))
            )
            words.append(days)
        if self.query.as_of is not None and self.state.recorded_at:
            moment = day_words.format_moment(self.state.recorded_at)
            words.append(plain_text("scope.as_of", as_of=moment))
        return words

    @cached_property
    def _ordered_caveats(self) -> list[Caveat]:
        """The caveats of the lead total, those that change what one prints first."""
        rank = {code: number for number, code in enumerate(LEADING_CODES)}
        return sorted(self.caveats, key=lambda each: rank.get(each.code, len(rank)))

    @property
    def leading_caveats(self) -> list[Caveat]:
        """The few caveats directly below the sentence."""
        leading = [each for each in self._ordered_caveats if each.code in LEADING_CODES]
        return leading[:MAX_LEADING_CAVEATS]

    @property
    def other_caveats(self) -> list[Caveat]:
        """All other caveats of the stated totals, one of each kind: the lead total's is first.

        The proof has those of each total.
        """
        shown = {each.code for each in self.leading_caveats}
        stated = {each.outcomes for each in self.subject.counts} | {self.lead_outcomes}
        caveats = [*self._ordered_caveats, *self.result.caveats]
        others = [each for each in caveats if each.outcomes in stated and each.code not in shown]
        firsts: dict[str, Caveat] = {}
        for each in others:
            firsts.setdefault(each.code, each)
        return list(firsts.values())

    # Who says so, and what is behind it -----------------------------------------------------

    @cached_property
    def reporter_lines(self) -> list[ReporterLine]:
        """The own range of each reporter, those with most figures first; empty without time."""
        try:
            result = self.compute_totals(outcomes=(self.lead_outcomes,), by_reporter=True)
        except UNCOMPUTABLE:
            return []
        parts = {each.key: each for each in result.by_reporter or ()}
        ordered = [each.id for each in result.coverage.reporters if each.id in parts]
        return [self._make_reporter_line(parts[each]) for each in ordered[:MAX_REPORTERS]]

    @property
    def omitted_reporter_count(self) -> int:
        """How many reporters are not in the list."""
        return max(len(self.result.coverage.reporters) - MAX_REPORTERS, 0)

    def _make_reporter_line(self, part: Part) -> ReporterLine:
        reporter = self.state.reporters[part.key]
        return ReporterLine(
            part.key, reporter.name, reporter.party, _write_own_range(part.totals[0]),
            self.page_query.link_to("why", reporter=part.key),
        )  # fmt: skip

    @cached_property
    def _stated_terms(self) -> TermList:
        """The terms of the low that the page states, the largest first."""
        proved = self.lead_total
        drawn = choose_drawn_range(proved)
        is_placed = drawn.beyond is not None and drawn.is_placed
        total = proved.placed if is_placed else proved.total
        return list_terms(total, "low").select_added()

    @cached_property
    def largest_figures(self) -> list[LargestFigure]:
        """The figures that contribute most to the low."""
        return [
            LargestFigure(each.people, self._describe(each), each.figure.report)
            for each in self._stated_terms[:MAX_LARGEST]
        ]

    @property
    def smaller_figures(self) -> str:
        """How many more figures there are, and what they add up to; empty if there are none."""
        terms = self._stated_terms
        count = len(terms) - MAX_LARGEST
        if count <= 0:
            return ""
        largest = sum(each.multiplier * each.people for each in terms[:MAX_LARGEST])
        people = int(terms.add_people() - largest)
        return plain_text("largest.rest", count=count, people=format_count(people))

    def _describe(self, term: Term) -> str:
        scope = term.figure.scope
        groups = [each for each in scope.groups if each != ROOT_GROUP]
        parts = (
            labels.join_place_names(self.state, scope.places),
            labels.format_period(scope.period),
            labels.join_group_names(self.state, groups),
        )
        return ", ".join(each for each in parts if each)

    # The form -------------------------------------------------------------------------------

    @property
    def chips(self) -> Iterator[tuple[str, str]]:
        """Yield the name of each filter with its present value in words."""
        state, query = self.state, self.query
        yield "place", self.place_names
        yield "period", labels.format_query_period(query.period)
        asked = self.page_query.outcomes
        yield (
            "outcomes",
            (
                plain_text("chip.outcomes")
                if asked is None
                else labels.capitalize(outcomes_text(asked))
            ),
        )
        yield "group", labels.join_group_names(state, query.groups) or plain_text("chip.everyone")
        yield "reporter", self._describe_reporters()
        yield (
            "as_of",
            (
                plain_text("chip.today")
                if query.as_of is None
                else labels.capitalize(
                    plain_text("scope.as_of", as_of=day_words.format_moment(state.recorded_at))
                )
            ),
        )

    def _describe_reporters(self) -> str:
        words = "; ".join(self.reporter_words)
        return labels.capitalize(words) if words else plain_text("chip.reporters")

    @property
    def first_day_text(self) -> str:
        """The first day of the query for its field: "1 January 2016"; empty without one."""
        return self._format_field_day("from", self.query.period.first)

    @property
    def last_day_text(self) -> str:
        """The last day of the query for its field; empty without one."""
        return self._format_field_day("to", self.query.period.last)

    def _format_field_day(self, name: str, day: date | None) -> str:
        if day is None:
            return self.page_query.parameters.get(name, "")
        return day_words.format_day(day)
