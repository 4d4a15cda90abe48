"""Who, where and when in words; names that run from right to left turn nothing around."""

from collections.abc import Iterable

from service.domain.periods import Period
from service.domain.record_state import RecordState
from service.domain.vocabulary import ROOT_GROUP
from service.web.messages import isolated, plain


def places(claims: RecordState, ids: Iterable[str]) -> str:
    """Return the places by name, with commas between."""
    return ", ".join(isolated(claims.places[id].name) for id in claims.resolve_merged("place", ids))


def groups(claims: RecordState, ids: Iterable[str]) -> str:
    """Return the groups by name, with commas between; nothing for everyone."""
    present = [id for id in claims.resolve_merged("group", ids) if id != ROOT_GROUP]
    return ", ".join(isolated(claims.groups[id].name) for id in present)


def days(period: Period) -> str:
    """Return the days that a figure speaks of."""
    last = "" if period.last is None else period.last.isoformat()
    if period.first is None:
        return plain("said.until", last=last)
    first = period.first.isoformat()
    return last if first == last else plain("said.days", first=first, last=last)


def asked_days(period: Period) -> str:
    """Return the days that a question asks about."""
    first, last = period.first and period.first.isoformat(), period.last and period.last.isoformat()
    if first and first == last:
        return plain("scope.day", day=first)
    if first and last:
        return plain("scope.days", first=first, last=last)
    if first:
        return plain("scope.since", first=first)
    return plain("scope.until", last=last) if last else plain("scope.always")
