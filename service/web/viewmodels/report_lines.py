"""Reports as lines of lists: who said what, of whom, where and when."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from service.columns.record_state import RecordState
from service.domain.report import RecordedReport, ReportedFigure
from service.domain.wording.range_text import format_count, outcomes_text, range_text
from service.web import day_words, labels
from service.web.messages import plain_text
from service.web.query.page_query import find_root, link_to_page

MAX_FIGURES: Final = 2
"""How many figures of a report one line has."""

MAX_WORDS_LENGTH: Final = 240


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One report of a list; ``state`` is one of the vocabulary, and ``figures`` are in words.

    ``words`` are those of the report, shortened; empty if it has none.
    """

    id: str
    href: str
    reporter_id: str
    reporter_name: str
    is_party: bool
    published: str
    state: str
    figures: str
    words: str


def make_report_line(state: RecordState, recorded: RecordedReport) -> ReportLine:
    """Return the line of a report."""
    report = recorded.report
    (reporter_id,) = state.resolve_merged("reporter", [report.reporter])
    reporter = state.reporters[reporter_id]
    return ReportLine(
        report.id,
        link_to_page(f"report/{report.id}", {}, find_root()),
        reporter_id,
        reporter.name,
        reporter.party,
        format_published(report.published_at),
        recorded.state,
        _describe_figures(state, recorded),
        shorten(find_words(recorded)),
    )


def format_published(published_at: str | None) -> str:
    """Return the day of a publication, which is a day or a timestamp; "" if it is not known."""
    return (
        "" if published_at is None else day_words.format_day(date.fromisoformat(published_at[:10]))
    )


def find_words(recorded: RecordedReport) -> str:
    """Return the quotation of the report, or the words of its figures; "" if it has none."""
    report = recorded.report
    return report.quote or "; ".join(each.wording for each in report.figures if each.wording)


def shorten(text: str) -> str:
    """Return the text, cut after a word if it is long."""
    if len(text) <= MAX_WORDS_LENGTH:
        return text
    return f"{text[:MAX_WORDS_LENGTH].rpartition(' ')[0] or text[:MAX_WORDS_LENGTH]} …"


def _describe_figures(state: RecordState, recorded: RecordedReport) -> str:
    report = recorded.report
    if not report.figures:
        where = labels.join_place_names(state, report.places)
        stance = plain_text(f"stance.{report.stance}")
        return f"{where}: {stance}" if where else stance
    described = [describe_figure(state, each) for each in report.figures[:MAX_FIGURES]]
    rest = len(report.figures) - MAX_FIGURES
    if rest > 0:
        described.append(plain_text("reportline.more", count=rest))
    return "; ".join(described)


def describe_figure(state: RecordState, figure: ReportedFigure) -> str:
    """Return the figure in words: "at least 30 killed, Plekhovo, 14 and 15 December 2024"."""
    parts = (
        f"{range_text(figure.low, figure.high)} {outcomes_text(figure.outcomes)}",
        labels.join_group_names(state, figure.groups),
        describe_where(state, figure.places),
        labels.format_period(figure.period),
    )
    return ", ".join(each for each in parts if each)


MAX_NAMED_PLACES: Final = 3


def describe_where(state: RecordState, place_ids: tuple[str, ...]) -> str:
    """Return the names of the first places, and how many more there are."""
    names = labels.join_place_names(state, place_ids[:MAX_NAMED_PLACES])
    rest = len(place_ids) - MAX_NAMED_PLACES
    return f"{names} +{format_count(rest)}" if rest > 0 else names
