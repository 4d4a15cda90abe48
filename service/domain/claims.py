"""Everything that has been said, as it stood after one entry of the ledger."""

from dataclasses import dataclass

from service.domain.figure import Figure
from service.domain.periods import Period
from service.domain.registry import Group, Place, Reporter


@dataclass(frozen=True, slots=True)
class Statement:
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
class Claims:
    """All statements and figures of whatever state, with the registry that they refer to.

    ``figures`` stand in the order in which they were recorded. ``recorded_at`` is None before
    anything was recorded.
    """

    seq: int
    recorded_at: str | None
    statements: dict[str, Statement]
    figures: tuple[Figure, ...]
    places: dict[str, Place]
    groups: dict[str, Group]
    reporters: dict[str, Reporter]
