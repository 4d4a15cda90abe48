"""A report as it is recorded: one statement by one reporter, holding figures or a stance."""

from dataclasses import dataclass

from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period

OWN_INCIDENT = "own"
"""The incident of a figure that is an event of its reporter's own, with no id in any register."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the statement can be found."""

    url: str | None = None
    publisher: str | None = None
    title: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Reclassification:
    """Which earlier figure's people the figure speaks of, and which outcome they had there."""

    figure: str
    source: str


@dataclass(frozen=True, slots=True)
class ReportedFigure:
    """One figure of a report, made whole: its own scope, and its range however it was given.

    ``exactly`` is kept where it was sent. ``qualifier`` and ``lexicon`` are None where the range
    was sent as numbers, so that the words were only kept. ``incident`` is as it was sent.
    """

    id: str
    outcomes: tuple[str, ...]
    low: int
    high: int | None
    period: Period
    places: tuple[str, ...]
    groups: tuple[str, ...]
    soft: tuple[str, ...] = ()
    wording: str | None = None
    exactly: int | None = None
    best: int | None = None
    note: str | None = None
    qualifier: str | None = None
    lexicon: str | None = None
    disclosed: bool = True
    incident: str | None = None
    reclassifies: Reclassification | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One statement by one reporter, with every id that it needs and no object any more.

    ``places``, ``period``, ``groups`` and ``incident`` are what stood on the report itself; what
    counts for a figure stands on the figure.
    """

    id: str
    reporter: str
    stance: str
    figures: tuple[ReportedFigure, ...]
    ref: str | None = None
    published_at: str | None = None
    source: Source | None = None
    quote: str | None = None
    note: str | None = None
    period: Period | None = None
    places: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    incident: str | None = None
    caveats: tuple[str, ...] = ()
    relays: str | None = None
    supersedes: str | None = None


@dataclass(frozen=True, slots=True)
class ReportWarning:
    """A question put to whoever posted the report; it refuses nothing and changes nothing.

    ``figures`` are the report's own; ``reports`` and ``places`` are the others that it is about.
    """

    code: str
    text: str
    figures: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retraction:
    """That a report was withdrawn: by which entry of the ledger, and why (None once blanked)."""

    seq: int
    recorded_at: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class RecordedReport:
    """A report with its place in the ledger; ``origin`` is the first of a chain of relays.

    ``redacted`` points to the free texts that were sent and are blanked.
    """

    report: Report
    seq: int
    recorded_at: str
    state: str
    origin: str | None = None
    superseded_by: str | None = None
    warnings: tuple[ReportWarning, ...] = ()
    retraction: Retraction | None = None
    redacted: tuple[str, ...] = ()


def incident_of(reporter: str, figure: ReportedFigure) -> str | None:
    """Return the figure's incident as "scheme:id"; an own one in a scheme nobody else can name.

    The slash keeps it apart from every scheme that can be sent, which is a slug.
    """
    if figure.incident == OWN_INCIDENT:
        return f"{OWN_INCIDENT}/{reporter}:{figure.id}"
    return figure.incident


def counted_figures(report: Report) -> tuple[Figure, ...]:
    """Return the figures of the report as totals take them."""
    return tuple(
        Figure(
            id=figure.id,
            report=report.id,
            reporter=report.reporter,
            scope=Scope(
                places=figure.places,
                period=figure.period,
                outcomes=frozenset(figure.outcomes),
                groups=figure.groups,
                incident=incident_of(report.reporter, figure),
            ),
            quantity=Quantity(figure.low, figure.high, frozenset(figure.soft)),
            best=figure.best,
            reclassifies=figure.reclassifies.figure if figure.reclassifies else None,
            disclosed=figure.disclosed,
        )
        for figure in report.figures
    )
