"""Queries for lists: which items, after which one, and how many."""

from dataclasses import dataclass

from service.domain.periods import ALWAYS, Period


@dataclass(frozen=True, slots=True)
class ReportListQuery:
    """Which reports to list; None does not filter.

    ``outcomes`` selects those with a figure about one of them or about several together.
    ``is_contradicting`` selects those that contradicted another report when they were recorded.
    ``after`` is the sequence number of the last report of the page before, None for the first page.
    ``as_of`` is a sequence number or a timestamp; None means now.
    """

    places: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    reporters: tuple[str, ...] | None = None
    states: tuple[str, ...] | None = None
    outcomes: tuple[str, ...] | None = None
    is_contradicting: bool = False
    ref: str | None = None
    incident: str | None = None
    period: Period = ALWAYS
    words: str | None = None
    as_of: int | str | None = None
    is_newest_first: bool = False
    after: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class EntityListQuery:
    """Which places, groups or reporters to list: those after an id whose names contain ``q``.

    ``parent`` selects those right below one place or group; None does not filter.
    """

    q: str | None = None
    parent: str | None = None
    after: str = ""
    limit: int = 100
