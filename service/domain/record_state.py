"""Everything that has been said, as it stood after one entry of the ledger."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from service.domain.entities import Group, Place, Reporter
from service.domain.figure import Figure
from service.domain.periods import Period


@dataclass(frozen=True, slots=True)
class ReportState:
    """What holds for a report as a whole; ``state`` is as of the asked entry of the ledger.

    ``places``, ``period`` and ``groups`` are filled for a stance without figures only: the
    figures of an asserting report carry their own.
    """

    id: str
    seq: int
    reporter: str
    state: str
    stance: str
    places: tuple[str, ...]
    period: Period | None
    groups: tuple[str, ...]
    caveats: tuple[str, ...]
    relays: str | None
    origin: str | None
    supersedes: str | None


@dataclass(frozen=True, slots=True)
class RecordState:
    """All statements and figures of whatever state, with the registry that they refer to.

    ``figures`` stand in the order in which they were recorded. ``recorded_at`` is None before
    anything was recorded. ``merged`` tells by kind, for an id that was merged into another, the
    id that stands for it now; nothing else in the state bears such an id.
    """

    seq: int
    recorded_at: str | None
    reports: dict[str, ReportState]
    figures: tuple[Figure, ...]
    places: dict[str, Place]
    groups: dict[str, Group]
    reporters: dict[str, Reporter]
    merged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def resolve_merged(self, kind: str, ids: Iterable[str]) -> tuple[str, ...]:
        """Return the ids that stand for the given ones now, each once."""
        merged = self.merged.get(kind, {})
        return tuple(dict.fromkeys(merged.get(entity_id, entity_id) for entity_id in ids))
