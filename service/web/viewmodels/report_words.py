"""What a report says, in sentences that can be printed; and how its state and days are named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Final

from service.columns.record_state import RecordState
from service.domain.entities import Reporter
from service.domain.report import RecordedReport, Report, ReportedFigure
from service.domain.vocabulary import ROOT_GROUP
from service.web import day_words, labels
from service.web.messages import plain_text
from service.web.sentences import OutcomeCount, Sayer, Subject, write_sentence

MAX_SENTENCES: Final = 3
"""How many sentences a list shows of one report."""

COUNTS_PER_SENTENCE: Final = 3

CONTRADICTION_CODES: Final = frozenset({"contradicts", "same_reporter_conflict"})
"""The warnings of a report that contradicted another one when it was recorded."""


@dataclass(frozen=True, slots=True)
class Statement:
    """The sentences of a report, and how many figures they do not state."""

    sentences: Sequence[str]
    omitted_count: int = 0


def find_reporter(state: RecordState, report: Report) -> Reporter:
    """Return the reporter of the report, or the one that it was merged into."""
    (reporter_id,) = state.resolve_merged("reporter", [report.reporter])
    return state.reporters[reporter_id]


def write_statement(
    state: RecordState, report: Report, sayers: Sequence[Sayer] = (), limit: int = MAX_SENTENCES
) -> Statement:
    """Return what the report says: a sentence for each place, period and group that it counts."""
    if report.stance != "asserts":
        return Statement([_write_stance(state, report)])
    figures_by_scope: dict[object, list[ReportedFigure]] = {}
    for figure in report.figures:
        scope = (figure.places, figure.period, figure.groups)
        figures_by_scope.setdefault(scope, []).append(figure)
    sentences: list[str] = []
    stated_count = 0
    for figures in figures_by_scope.values():
        for start in range(0, len(figures), COUNTS_PER_SENTENCE):
            if len(sentences) == limit:
                break
            counted = figures[start : start + COUNTS_PER_SENTENCE]
            sentences.append(write_sentence(_make_subject(state, counted, sayers)))
            stated_count += len(counted)
    return Statement(sentences, len(report.figures) - stated_count)


def _make_subject(
    state: RecordState, figures: Sequence[ReportedFigure], sayers: Sequence[Sayer]
) -> Subject:
    """Return what a sentence about figures of one scope says."""
    first = figures[0]
    groups = state.resolve_merged("group", first.groups)
    return Subject(
        [OutcomeCount(frozenset(each.outcomes), each.low, each.high) for each in figures],
        frozenset(first.outcomes),
        [state.places[each].name for each in state.resolve_merged("place", first.places)],
        [state.groups[each].name for each in groups if each != ROOT_GROUP],
        first.period,
        first.period,
        sayers,
    )


def _write_stance(state: RecordState, report: Report) -> str:
    places = labels.join_place_names(state, report.places)
    days = labels.format_period(report.period) if report.period else ""
    scope = ", ".join(each for each in (places, days) if each)
    return plain_text(f"said.{report.stance}", scope=scope)


def format_published(published_at: str | None) -> str:
    """Return the day of a publication date, a day or a timestamp: "16 Dec 2024"; "" without one."""
    if published_at is None:
        return ""
    return day_words.format_short_day(date.fromisoformat(published_at[:10]))


def is_contradicting(recorded: RecordedReport) -> bool:
    """Whether the report contradicted another one when it was recorded."""
    return any(each.code in CONTRADICTION_CODES for each in recorded.warnings)


def shorten(text: str, length: int) -> str:
    """Return the text, or its first words with an ellipsis if it is longer."""
    if len(text) <= length:
        return text
    words = text[: length + 1].split()
    shown = " ".join(islice(words, max(len(words) - 1, 1)))
    return f"{shown[:length]} …"
