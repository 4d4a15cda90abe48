"""Names of entities and periods in words; right-to-left names are isolated."""

from collections.abc import Iterable
from typing import Final

from service.columns.record_state import RecordState
from service.domain.periods import Period
from service.domain.vocabulary import ROOT_GROUP
from service.domain.wording.bidi import isolate_bidi
from service.usecases.state_cache import Snapshot
from service.web import day_words
from service.web.messages import plain_text

_ABBREVIATIONS: Final = frozenset({"eu", "igo", "ngo", "un"})
"""Words of kinds that are written in capitals."""


def capitalize(text: str) -> str:
    """Return the text with a capital first letter; all others stay as they are."""
    return text[:1].upper() + text[1:]


def join_place_names(state: RecordState, place_ids: Iterable[str]) -> str:
    """Return the names of the places, with commas between."""
    return ", ".join(
        isolate_bidi(state.places[place_id].name)
        for place_id in state.resolve_merged("place", place_ids)
    )


def join_ancestor_names(snapshot: Snapshot, place_id: str) -> str:
    """Return the names of the places that contain the place, with commas between."""
    return ", ".join(each.name for each in snapshot.list_ancestors(place_id))


def join_group_names(state: RecordState, group_ids: Iterable[str]) -> str:
    """Return the names of the groups, with commas between; the group of everyone is left out."""
    shown_ids = [
        group_id for group_id in state.resolve_merged("group", group_ids) if group_id != ROOT_GROUP
    ]
    return ", ".join(isolate_bidi(state.groups[group_id].name) for group_id in shown_ids)


def join_reporter_names(state: RecordState, reporter_ids: Iterable[str]) -> str:
    """Return the names of the reporters, with commas between, not isolated."""
    return ", ".join(state.reporters[reporter_id].name for reporter_id in reporter_ids)


def format_kind(kind: str | None) -> str:
    """Return the kind of an entity in words: "intelligence service"; "" if it has none."""
    words = (kind or "").replace("_", " ").replace("-", " ").split()
    return " ".join(each.upper() if each in _ABBREVIATIONS else each for each in words)


def format_period(period: Period) -> str:
    """Return the days that a figure covers, in words."""
    if period.last is None:
        return ""
    if period.first is None:
        return plain_text("figure.until", last=day_words.format_day(period.last))
    return day_words.format_days(period.first, period.last)


def format_query_period(period: Period) -> str:
    """Return the days that a query covers, in words."""
    if period.first and period.last:
        return day_words.format_days(period.first, period.last)
    if period.first:
        return plain_text("scope.since", first=day_words.format_day(period.first))
    if period.last:
        return plain_text("scope.until", last=day_words.format_day(period.last))
    return plain_text("scope.always")
