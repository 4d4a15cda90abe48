"""From a report as it is sent to a whole one: the rules that need nothing looked up."""

from dataclasses import dataclass, field

from service.domain.entities import Mention
from service.domain.errors import Fault, Invalid
from service.domain.report import Report, ReportedFigure
from service.domain.submission import Submission, SubmittedFigure
from service.domain.vocabulary import ROOT_GROUP, in_order
from service.domain.wording.reader import read


@dataclass(frozen=True, slots=True)
class _Range:
    """What numbers or words come to, before the figure has a place and a time."""

    low: int = 0
    high: int | None = None
    soft: tuple[str, ...] = ()
    qualifier: str | None = None
    lexicon: str | None = None
    disclosed: bool = True
    outcomes: frozenset[str] | None = None
    faults: tuple[Fault, ...] = field(default=())


def complete(sent: Submission, id: str) -> Report:
    """Return the report with every figure's range, outcomes and scope settled.

    ``id`` becomes the report's; its figures are numbered below it. Raises Invalid that names every
    field at fault. Whether the ids in it exist is not looked at here.
    """
    faults = _stance_faults(sent)
    figures = []
    for number, figure in enumerate(sent.figures):
        whole, wrong = _complete_figure(sent, figure, f"{id}-{number + 1}", f"/figures/{number}")
        faults += wrong
        if whole is not None:
            figures.append(whole)
    if faults:
        raise Invalid(_summary(faults), tuple(faults))
    return Report(
        id=id,
        reporter=sent.reporter.id,
        stance=sent.stance,
        figures=tuple(figures),
        ref=sent.ref,
        published_at=sent.published_at,
        source=sent.source,
        quote=sent.quote,
        note=sent.note,
        period=sent.period,
        places=_ids(sent.places),
        groups=_ids(sent.groups),
        incident=sent.incident,
        caveats=sent.caveats,
        relays=sent.relays,
        supersedes=sent.supersedes,
    )


def _summary(faults: list[Fault]) -> str:
    return (
        faults[0].detail if len(faults) == 1 else f"{len(faults)} things are wrong in the report."
    )


def _ids(mentions: tuple[Mention, ...]) -> tuple[str, ...]:
    return tuple(mention.id for mention in mentions)


def _stance_faults(sent: Submission) -> list[Fault]:
    if sent.stance == "asserts":
        if sent.figures:
            return []
        return [Fault("/figures", "Give at least one figure, or a stance that has none.")]
    faults = []
    if sent.figures:
        faults.append(Fault("/figures", f"The stance {sent.stance} has no figures."))
    if not sent.places:
        faults.append(Fault("/places", f"The stance {sent.stance} needs at least one place."))
    if sent.period is None:
        faults.append(Fault("/period", f"The stance {sent.stance} needs a period."))
    return faults


def _complete_figure(
    sent: Submission, figure: SubmittedFigure, id: str, pointer: str
) -> tuple[ReportedFigure | None, list[Fault]]:
    span = _range(figure, pointer)
    faults = list(span.faults)
    outcomes, wrong = _outcomes(figure, span, pointer)
    faults += wrong + _best_faults(figure, span, pointer)
    period = figure.period or sent.period
    places = figure.places if figure.places is not None else sent.places
    groups = figure.groups if figure.groups is not None else sent.groups
    if period is None:
        faults.append(
            Fault(f"{pointer}/period", "Give the figure or the report a period: from and to.")
        )
    if not places:
        faults.append(Fault(f"{pointer}/places", "Give the figure or the report a place."))
    if faults or period is None:
        return None, faults
    whole = ReportedFigure(
        id=id,
        outcomes=in_order(outcomes),
        low=span.low,
        high=span.high,
        soft=span.soft,
        period=period,
        places=_ids(places),
        groups=_ids(groups) or (ROOT_GROUP,),
        wording=figure.wording,
        exactly=figure.exactly,
        best=figure.best,
        note=figure.note,
        qualifier=span.qualifier,
        lexicon=span.lexicon,
        disclosed=span.disclosed,
        incident=figure.incident if figure.incident_given else sent.incident,
        reclassifies=figure.reclassifies,
    )
    return whole, []


def _range(figure: SubmittedFigure, pointer: str) -> _Range:
    """Return what the figure's numbers say; where there are none, what its words say."""
    if figure.exactly is not None:
        faults = tuple(
            Fault(f"{pointer}/{end}", f"Give either exactly or {end}, not both.")
            for end in ("low", "high")
            if getattr(figure, end) is not None
        )
        return _Range(figure.exactly, figure.exactly, faults=faults)
    if figure.low is not None or figure.high is not None:
        low = figure.low or 0
        if figure.high is not None and low > figure.high:
            fault = Fault(f"{pointer}/low", f"low {low} is above high {figure.high}.")
            return _Range(faults=(fault,))
        return _Range(low, figure.high)
    if figure.wording is None:
        fault = Fault(pointer, "Give wording, low, high or exactly.")
        return _Range(faults=(fault,))
    return _read(figure.wording, pointer)


def _read(wording: str, pointer: str) -> _Range:
    try:
        reading = read(wording)
    except Invalid as error:
        return _Range(faults=(Fault(f"{pointer}/wording", error.detail),))
    return _Range(
        low=reading.low,
        high=reading.high,
        soft=tuple(end for end in ("low", "high") if end in reading.soft),
        qualifier=reading.qualifier,
        lexicon=reading.lexicon,
        disclosed=reading.disclosed,
        outcomes=reading.outcomes,
    )


def _outcomes(
    figure: SubmittedFigure, span: _Range, pointer: str
) -> tuple[frozenset[str], list[Fault]]:
    """Return the outcomes as sent, else those that the words name; they may not differ.

    Words without a number ("heavy losses") may be sent for each outcome that they stand for.
    """
    named = span.outcomes
    if figure.outcomes is None:
        if named is None and span.lexicon is None and figure.wording is not None:
            named = _read(figure.wording, pointer).outcomes
        if named is None and not span.faults:
            detail = "Give the outcomes: killed, wounded, missing, captured; the words name none."
            return frozenset(), [Fault(f"{pointer}/outcomes", detail)]
        return named or frozenset(), []
    sent = frozenset(figure.outcomes)
    withheld = not span.disclosed and named is not None and sent <= named
    if named is not None and named != sent and not withheld:
        words = ", ".join(in_order(named))
        detail = f"The wording speaks of {words}; give the same outcomes or leave them out."
        return sent, [Fault(f"{pointer}/outcomes", detail)]
    return sent, []


def _best_faults(figure: SubmittedFigure, span: _Range, pointer: str) -> list[Fault]:
    if figure.best is None or span.faults:
        return []
    if figure.best < span.low or (span.high is not None and figure.best > span.high):
        top = "open" if span.high is None else span.high
        detail = f"best {figure.best} lies outside the range {span.low} to {top}."
        return [Fault(f"{pointer}/best", detail)]
    return []
