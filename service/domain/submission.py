"""Submissions: reports as clients send them, before normalization."""

from dataclasses import dataclass

from service.domain.entities import EntityMention
from service.domain.file_import import ImportProgress
from service.domain.periods import Period
from service.domain.quick_pickle import PickledAsCall
from service.domain.report import Reclassification, Source


@dataclass(frozen=True, slots=True)
class SubmittedFigure(PickledAsCall):
    """One figure as sent; None means that the field was left out.

    ``incident_given`` distinguishes an incident of null, which overrides the report's incident,
    from one that was left out.
    """

    outcomes: tuple[str, ...] | None = None
    wording: str | None = None
    low: int | None = None
    high: int | None = None
    exactly: int | None = None
    best: int | None = None
    note: str | None = None
    period: Period | None = None
    places: tuple[EntityMention, ...] | None = None
    groups: tuple[EntityMention, ...] | None = None
    incident: str | None = None
    incident_given: bool = False
    reclassifies: Reclassification | None = None


@dataclass(frozen=True, slots=True)
class ReportRef:
    """A report by the id that its reporter gave it; ``reporter`` None is that of the submission."""

    ref: str
    reporter: str | None = None


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How the reports of a batch are recorded.

    ``is_atomic``: all or none. ``supersede_known``: a report supersedes the one that has its ref.
    ``progress``: the import that they belong to, and how far it has come with them.
    ``transaction_factor``: how many times larger than those of a request its transactions may be;
    other writers wait so much longer for their turn.
    """

    is_atomic: bool = False
    supersede_known: bool = False
    progress: ImportProgress | None = None
    transaction_factor: int = 1


@dataclass(frozen=True, slots=True)
class Submission(PickledAsCall):
    """One report as sent; None or empty means that the field was left out.

    A link to another report is sent as its id or as a ref: ``relays`` or ``relays_ref``, and
    ``supersedes`` or ``supersedes_ref``.
    """

    reporter: EntityMention
    figures: tuple[SubmittedFigure, ...] = ()
    stance: str = "asserts"
    ref: str | None = None
    published_at: str | None = None
    source: Source | None = None
    quote: str | None = None
    note: str | None = None
    period: Period | None = None
    places: tuple[EntityMention, ...] = ()
    groups: tuple[EntityMention, ...] = ()
    incident: str | None = None
    caveats: tuple[str, ...] = ()
    relays: str | None = None
    supersedes: str | None = None
    relays_ref: ReportRef | None = None
    supersedes_ref: ReportRef | None = None
