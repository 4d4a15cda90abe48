"""Reports as they are recorded: a statement by one reporter with figures or a stance."""

from dataclasses import dataclass, replace

from service.domain.figure import Figure, Quantity, Scope
from service.domain.periods import Period
from service.domain.quick_pickle import PickledAsCall

OWN_INCIDENT = "own"
"""The incident of an event that has no id in any register: that of a report, or of one figure."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the statement was published."""

    url: str | None = None
    publisher: str | None = None
    title: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Reclassification:
    """The earlier figure whose people this one is about, and their outcome in that figure."""

    figure: str
    source: str


@dataclass(frozen=True, slots=True)
class ReportedFigure(PickledAsCall):
    """One figure of a report after normalization: with its own scope and range.

    ``exactly`` is kept as it was sent. ``qualifier`` and ``lexicon`` are None if the range was sent
    as numbers; the words are then stored unread. ``incident`` is as it was sent. ``own_event`` is
    the id of the event that an incident of "own" means: that of the report if the report states it
    for all its figures. None means the figure's own id, as earlier releases recorded it always.
    ``inherited`` names the parts of the scope that were not sent and are those of the figure that
    this one reclassifies.
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
    own_event: str | None = None
    reclassifies: Reclassification | None = None
    inherited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report(PickledAsCall):
    """One statement by one reporter, with ids in place of entity mentions.

    ``places``, ``period``, ``groups`` and ``incident`` are those of the report itself. A total uses
    those of the figures.
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
    """A question about a recorded report; it changes nothing.

    ``figures`` are ids of the report's own figures; the other ids are those that the question is
    about.
    """

    code: str
    text: str
    figures: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retraction:
    """The event by which a report was retracted, and the reason (None after redaction)."""

    seq: int
    recorded_at: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class RecordedReport:
    """A report with its ``seq`` in the event log; ``origin`` is the first of a chain of relays.

    ``redacted`` holds JSON pointers to the texts that were erased.
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


def make_figure_id(report_id: str, position: int) -> str:
    """Return the id of the figure at the position (from 0) of the report."""
    return f"{report_id}-{position + 1}"


def report_id_of(figure_id: str) -> str:
    """Return the id of the report that a figure with this id belongs to."""
    return figure_id.rpartition("-")[0]


def incident_of(reporter: str, figure: ReportedFigure) -> str | None:
    """Return the figure's incident as "scheme:id", None for none.

    An own incident gets a scheme with a slash, which no client can send, since schemes are slugs.
    """
    if figure.incident == OWN_INCIDENT:
        return f"{OWN_INCIDENT}/{reporter}:{figure.own_event or figure.id}"
    return figure.incident


def without_shared_event(report: Report) -> Report:
    """Return the report with each own incident as an event of its own figure alone."""
    return replace(
        report, figures=tuple(replace(figure, own_event=None) for figure in report.figures)
    )


def move_own_incident(incident: str | None, reporter: str) -> str | None:
    """Return the incident "scheme:id"; an own one in the scheme of the reporter.

    So the own incidents of two reporters that are merged are different events of one scheme.
    """
    if incident is None or not incident.startswith(f"{OWN_INCIDENT}/"):
        return incident
    return f"{OWN_INCIDENT}/{reporter}:{incident.partition(':')[2]}"


def counted_figures(report: Report) -> tuple[Figure, ...]:
    """Return the report's figures in the form that totals use."""
    # Without keywords and a generator: an import makes a million of them.
    return tuple(
        [
            Figure(
                figure.id,
                report.id,
                report.reporter,
                Scope(
                    figure.places,
                    figure.period,
                    frozenset(figure.outcomes),
                    figure.groups,
                    incident_of(report.reporter, figure),
                ),
                Quantity(figure.low, figure.high, frozenset(figure.soft)),
                figure.best,
                figure.reclassifies.figure if figure.reclassifies else None,
                figure.disclosed,
            )
            for figure in report.figures
        ]
    )
