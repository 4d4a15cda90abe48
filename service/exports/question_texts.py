"""What an export is about: the question in words."""

from collections.abc import Sequence
from typing import Any, Final

from service.columns.record_state import RecordState
from service.domain.list_queries import ReportListQuery
from service.domain.periods import Period
from service.domain.totals_query import TotalsQuery
from service.domain.totals_result import TotalsResult
from service.domain.vocabulary import ROOT_GROUP
from service.domain.wording.range_text import join_words, outcomes_text

EMPTY_HIGH: Final = "An empty high means that no upper limit is known."


def ask_totals(state: RecordState, result: TotalsResult) -> str:
    """Return the question of a query for totals in words."""
    query = result.query
    outcomes = join_words([outcomes_text(each.outcomes) for each in result.totals])
    where = f" in {result.name}" if query.places else ""
    words = [f"How many people were reported {outcomes}{where}"]
    words += [*_describe_period(query.period), *_describe_filters(state, query)]
    if query.breakdown:
        words.append(f"by {' and '.join(query.breakdown)}")
    if result.compared is not None:
        words.append(f"now and after event {result.compared.seq}")
    return f"{', '.join(words)}?"


def _describe_filters(state: RecordState, query: TotalsQuery) -> list[str]:
    words = []
    groups = [each for each in query.groups if each != ROOT_GROUP]
    if groups:
        words.append(f"of {_join_names(state.groups, groups)}")
    if query.reporters:
        words.append(f"according to {_join_names(state.reporters, query.reporters)} alone")
    if query.exclude_reporters:
        words.append(f"without {_join_names(state.reporters, query.exclude_reporters)}")
    if query.exclude_parties:
        words.append("without parties to the conflict")
    if not query.straddling:
        words.append("from figures wholly inside")
    return words


def ask_reports(state: RecordState, query: ReportListQuery) -> str:
    """Return the question of a list of reports in words."""
    words = ["Which reports are there"]
    named: tuple[tuple[str, Any, Sequence[str] | None], ...] = (
        ("about", state.places, query.places),
        ("of", state.groups, query.groups),
        ("by", state.reporters, query.reporters),
    )
    words += [f"{word} {_join_names(known, ids)}" for word, known, ids in named if ids]
    words += _describe_period(query.period)
    listed = (("in the state", query.states), ("that count", query.outcomes))
    words += [f"{word} {join_words(list(each), 'or')}" for word, each in listed if each]
    if query.is_contradicting:
        words.append("that contradict earlier ones")
    texts = (("with the ref", query.ref), ("of incident", query.incident), ("with", query.words))
    words += [f"{word} {text}" for word, text in texts if text]
    return f"{', '.join(words)}?"


def ask_entities(state: RecordState, kind: str, parent: str | None, words: str | None) -> str:
    """Return the question of a list of places, groups or reporters in words."""
    known = state.places if kind == "place" else state.groups
    asked = [f"Which {kind}s are there"]
    if parent is not None:
        asked.append(f"right below {_join_names(known, [parent])}")
    if words is not None:
        asked.append(f"with {words} in a name")
    return f"{', '.join(asked)}?"


def _describe_period(period: Period) -> list[str]:
    if period.first and period.last:
        return [f"from {period.first} to {period.last}"]
    if period.first:
        return [f"since {period.first}"]
    return [f"until {period.last}"] if period.last else []


def _join_names(known: Any, ids: Sequence[str]) -> str:
    """Return the names of the ids; an id that is not known stands for itself."""
    return ", ".join(known[each].name if each in known else each for each in ids)
