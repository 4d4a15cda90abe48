"""The page of an incident: all who speak of it, side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from werkzeug.utils import cached_property

from service.domain.errors import NotFoundError, TimeBudgetExceededError
from service.domain.list_queries import ReportListQuery
from service.domain.report import RecordedReport, ReportedFigure
from service.domain.vocabulary import OUTCOMES, sort_outcomes
from service.domain.wording.range_text import join_words, outcomes_text, range_text
from service.http.consistency import get_reader
from service.http.context import request_time
from service.usecases import reports
from service.web import labels
from service.web.messages import plain_text
from service.web.query.page_query import PageQuery, find_root, parse_page_query
from service.web.viewmodels.base import ViewModel
from service.web.viewmodels.report_lines import ReportLine, describe_where, make_report_line
from service.web.viewmodels.report_list import link_to_reports_csv

MAX_REPORTS: Final = 50
"""How many reports of an incident its page shows; the API lists all."""

MAX_PLACES: Final = 20
"""Of an incident at more places there is no total on its page."""

LIVE: Final = "live"


@dataclass(frozen=True, slots=True)
class Account:
    """What one report says of the incident.

    ``ranges`` has the ranges in words for each column of outcomes; a column is empty where the
    report counts nobody. ``where`` and ``when`` are the distinct places and days of its figures.
    """

    line: ReportLine
    ranges: Sequence[Sequence[str]]
    where: Sequence[str]
    when: Sequence[str]
    whose: Sequence[str]
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class Difference:
    """On what the counted reports differ, and what each of them says: "12: A and B"."""

    about: str
    sides: Sequence[str]


class IncidentPage:
    """The view model of the page of an incident."""

    def __init__(self, incident: str) -> None:
        """Read the reports about the incident; raises NotFoundError if there are none."""
        reader, now = get_reader(), request_time()
        self.incident = incident
        query = ReportListQuery(incident=incident, as_of=reader.seq, limit=MAX_REPORTS + 1)
        found = reports.list_reports(reader, query, now)
        if not found:
            raise NotFoundError(plain_text("incident.unknown"))
        self.has_more = len(found) > MAX_REPORTS
        self._recorded = sorted(
            found[:MAX_REPORTS], key=lambda each: (each.report.published_at or "", each.seq)
        )
        self.state = reader.load_snapshot(reader.seq).state

    def _list_figures(self, recorded: RecordedReport) -> list[ReportedFigure]:
        return [each for each in recorded.report.figures if each.incident == self.incident]

    @cached_property
    def _counted_figures(self) -> list[ReportedFigure]:
        """The figures of live reports about the incident."""
        return [
            figure
            for each in self._recorded
            if each.state == LIVE
            for figure in self._list_figures(each)
        ]

    @cached_property
    def _outcome_sets(self) -> list[tuple[str, ...]]:
        found = {
            sort_outcomes(figure.outcomes)
            for each in self._recorded
            for figure in self._list_figures(each)
        }
        return sorted(found, key=lambda each: (len(each), list(map(OUTCOMES.index, each))))

    @property
    def columns(self) -> list[str]:
        """The sets of outcomes that the reports count, in words."""
        return [outcomes_text(each).capitalize() for each in self._outcome_sets]

    @cached_property
    def accounts(self) -> list[Account]:
        """What each report says, those published first first."""
        return [self._make_account(each) for each in self._recorded]

    @property
    def reporter_count(self) -> int:
        """How many reporters speak of the incident."""
        return len({each.line.reporter_id for each in self.accounts})

    def _make_account(self, recorded: RecordedReport) -> Account:
        state, figures = self.state, self._list_figures(recorded)
        ranges = [
            [
                range_text(each.low, each.high)
                for each in figures
                if sort_outcomes(each.outcomes) == outcomes
            ]
            for outcomes in self._outcome_sets
        ]
        return Account(
            make_report_line(state, recorded),
            ranges,
            _list_distinct(describe_where(state, each.places) for each in figures),
            _list_distinct(labels.format_period(each.period) for each in figures),
            _list_distinct(labels.join_group_names(state, each.groups) for each in figures),
            _list_distinct(each.wording or "" for each in figures),
        )

    @cached_property
    def differences(self) -> list[Difference]:
        """On what the reports that are counted differ; empty if they agree."""
        counted = [each for each in self.accounts if each.line.state == LIVE]
        compared = [
            (name, [(each, "; ".join(each.ranges[number])) for each in counted])
            for number, name in enumerate(self.columns)
        ]
        compared += [
            (plain_text("report.places"), [(each, "; ".join(each.where)) for each in counted]),
            (plain_text("report.period"), [(each, "; ".join(each.when)) for each in counted]),
        ]
        differences = []
        for about, said in compared:
            names: dict[str, dict[str, None]] = {}
            for account, text in said:
                if text:
                    names.setdefault(text, {})[account.line.reporter_name] = None
            if len(names) > 1:
                sides = [f"{text} ({join_words(list(who))})" for text, who in names.items()]
                differences.append(Difference(about, sides))
        return differences

    @cached_property
    def _page_query(self) -> PageQuery | None:
        """The query for the places and days of the counted figures; None if they have no place."""
        named = [place for each in self._counted_figures for place in each.places]
        places = self._list_outermost(self.state.resolve_merged("place", named))
        if not places or len(places) > MAX_PLACES:
            return None
        firsts = [each.period.first for each in self._counted_figures]
        lasts = [each.period.last for each in self._counted_figures]
        parameters = {"place": ",".join(places)}
        known_firsts = [each for each in firsts if each is not None]
        if len(known_firsts) == len(firsts):
            parameters["from"] = min(known_firsts).isoformat()
        known_lasts = [each for each in lasts if each is not None]
        if len(known_lasts) == len(lasts):
            parameters["to"] = max(known_lasts).isoformat()
        return parse_page_query(request_time(), parameters)

    def _list_outermost(self, places: Sequence[str]) -> list[str]:
        """Return those of the places that are in no other of them."""
        tree = self.state.entities.place_tree
        return [
            each for each in places if not any(above in places for above in tree.ancestors_of(each))
        ]

    @property
    def csv_link(self) -> str:
        """The address of the API that has these reports as CSV."""
        return link_to_reports_csv({"incident": self.incident}, find_root())

    @property
    def total_link(self) -> str:
        """The address of the total of the places and days of the incident; "" without any."""
        return "" if self._page_query is None else self._page_query.link_to("place")

    @cached_property
    def total_sentence(self) -> str:
        """What is known of the places and days of the incident; "" if there was no time."""
        if self._page_query is None:
            return ""
        try:
            return ViewModel(self._page_query).headline
        except TimeBudgetExceededError:
            return ""


def _list_distinct(texts: Iterable[str]) -> list[str]:
    return [each for each in dict.fromkeys(texts) if each]
