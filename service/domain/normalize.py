"""Normalization: from a submission to a report, by the rules that need no look at the record."""

from dataclasses import dataclass, field

from service.domain.entities import EntityMention
from service.domain.errors import ErrorDetail, InvalidInputError, summarize_errors
from service.domain.report import Report, ReportedFigure
from service.domain.submission import Submission, SubmittedFigure
from service.domain.vocabulary import OUTCOMES, ROOT_GROUP, sort_outcomes
from service.domain.wording.reader import read_wording


@dataclass(frozen=True, slots=True)
class _FigureRange:
    """A figure's range from its numbers or its words, or the errors in them.

    ``qualifier`` and ``lexicon`` are None if the words were not read. ``outcomes`` is None then
    too, and if the words name none.
    """

    low: int = 0
    high: int | None = None
    soft: tuple[str, ...] = ()
    qualifier: str | None = None
    lexicon: str | None = None
    disclosed: bool = True
    outcomes: frozenset[str] | None = None
    errors: tuple[ErrorDetail, ...] = field(default=())


def normalize_submission(submission: Submission, report_id: str) -> Report:
    """Return the report with the range, outcomes and scope of every figure.

    The report gets ``report_id``; its figures are numbered below it. Raises InvalidInputError with
    one detail for each invalid field. Whether the ids in the submission exist is not checked here.
    """
    errors = _check_stance(submission)
    reported_figures = []
    for number, figure in enumerate(submission.figures):
        reported, figure_errors = _normalize_figure(
            submission, figure, f"{report_id}-{number + 1}", f"/figures/{number}"
        )
        errors += figure_errors
        if reported is not None:
            reported_figures.append(reported)
    if errors:
        raise InvalidInputError(summarize_errors(errors), tuple(errors))
    return Report(
        id=report_id,
        reporter=submission.reporter.id,
        stance=submission.stance,
        figures=tuple(reported_figures),
        ref=submission.ref,
        published_at=submission.published_at,
        source=submission.source,
        quote=submission.quote,
        note=submission.note,
        period=submission.period,
        places=_ids_of(submission.places),
        groups=_ids_of(submission.groups),
        incident=submission.incident,
        caveats=submission.caveats,
        relays=submission.relays,
        supersedes=submission.supersedes,
    )


def _ids_of(mentions: tuple[EntityMention, ...]) -> tuple[str, ...]:
    return tuple(mention.id for mention in mentions)


def _check_stance(submission: Submission) -> list[ErrorDetail]:
    if submission.stance == "asserts":
        if submission.figures:
            return []
        return [ErrorDetail("/figures", "Give at least one figure, or a stance without figures.")]
    errors = []
    if submission.figures:
        errors.append(
            ErrorDetail("/figures", f"A report with the stance {submission.stance} has no figures.")
        )
    if not submission.places:
        errors.append(
            ErrorDetail("/places", f"The stance {submission.stance} needs at least one place.")
        )
    if submission.period is None:
        errors.append(ErrorDetail("/period", f"The stance {submission.stance} needs a period."))
    return errors


def _normalize_figure(
    submission: Submission, figure: SubmittedFigure, figure_id: str, pointer: str
) -> tuple[ReportedFigure | None, list[ErrorDetail]]:
    figure_range = _resolve_range(figure, pointer)
    errors = list(figure_range.errors)
    outcomes, outcome_errors = _resolve_outcomes(figure, figure_range, pointer)
    errors += outcome_errors + _check_best_estimate(figure, figure_range, pointer)
    period = figure.period or submission.period
    places = figure.places if figure.places is not None else submission.places
    groups = figure.groups if figure.groups is not None else submission.groups
    if period is None:
        errors.append(
            ErrorDetail(f"{pointer}/period", "Give the figure or the report a period: from and to.")
        )
    if not places:
        errors.append(ErrorDetail(f"{pointer}/places", "Give the figure or the report a place."))
    if errors or period is None:
        return None, errors
    reported = ReportedFigure(
        id=figure_id,
        outcomes=sort_outcomes(outcomes),
        low=figure_range.low,
        high=figure_range.high,
        soft=figure_range.soft,
        period=period,
        places=_ids_of(places),
        groups=_ids_of(groups) or (ROOT_GROUP,),
        wording=figure.wording,
        exactly=figure.exactly,
        best=figure.best,
        note=figure.note,
        qualifier=figure_range.qualifier,
        lexicon=figure_range.lexicon,
        disclosed=figure_range.disclosed,
        incident=figure.incident if figure.incident_given else submission.incident,
        reclassifies=figure.reclassifies,
    )
    return reported, []


def _resolve_range(figure: SubmittedFigure, pointer: str) -> _FigureRange:
    """Return the range of the figure's numbers, or of its words if it has no numbers."""
    if figure.exactly is not None:
        errors = tuple(
            ErrorDetail(f"{pointer}/{end}", f"Give either exactly or {end}, not both.")
            for end in ("low", "high")
            if getattr(figure, end) is not None
        )
        return _FigureRange(figure.exactly, figure.exactly, errors=errors)
    if figure.low is not None or figure.high is not None:
        low = figure.low or 0
        if figure.high is not None and low > figure.high:
            error = ErrorDetail(f"{pointer}/low", f"low {low} is above high {figure.high}.")
            return _FigureRange(errors=(error,))
        return _FigureRange(low, figure.high)
    if figure.wording is None:
        error = ErrorDetail(pointer, "Give wording, low, high or exactly.")
        return _FigureRange(errors=(error,))
    return _read_range(figure.wording, pointer)


def _read_range(wording: str, pointer: str) -> _FigureRange:
    try:
        reading = read_wording(wording)
    except InvalidInputError as error:
        return _FigureRange(errors=(ErrorDetail(f"{pointer}/wording", error.detail),))
    return _FigureRange(
        low=reading.low,
        high=reading.high,
        soft=tuple(end for end in ("low", "high") if end in reading.soft),
        qualifier=reading.qualifier,
        lexicon=reading.lexicon,
        disclosed=reading.disclosed,
        outcomes=reading.outcomes,
    )


def _resolve_outcomes(
    figure: SubmittedFigure, figure_range: _FigureRange, pointer: str
) -> tuple[frozenset[str], list[ErrorDetail]]:
    """Return the outcomes as sent, else those that the words name; they must not differ.

    Words without a number ("heavy losses") may be sent for some of the outcomes that they name.
    """
    named = figure_range.outcomes
    if figure.outcomes is None:
        if named is None and figure_range.lexicon is None and figure.wording is not None:
            named = _read_range(figure.wording, pointer).outcomes
        if named is None and not figure_range.errors:
            detail = f"Give the outcomes: {', '.join(OUTCOMES)}; the words name none."
            return frozenset(), [ErrorDetail(f"{pointer}/outcomes", detail)]
        return named or frozenset(), []
    sent = frozenset(figure.outcomes)
    is_part_of_withheld = not figure_range.disclosed and named is not None and sent <= named
    if named is not None and named != sent and not is_part_of_withheld:
        words = ", ".join(sort_outcomes(named))
        detail = f"The wording names {words}: give the same outcomes or leave them out."
        return sent, [ErrorDetail(f"{pointer}/outcomes", detail)]
    return sent, []


def _check_best_estimate(
    figure: SubmittedFigure, figure_range: _FigureRange, pointer: str
) -> list[ErrorDetail]:
    if figure.best is None or figure_range.errors:
        return []
    if figure.best < figure_range.low or (
        figure_range.high is not None and figure.best > figure_range.high
    ):
        end = "or more" if figure_range.high is None else f"to {figure_range.high}"
        detail = f"best {figure.best} is outside the range {figure_range.low} {end}."
        return [ErrorDetail(f"{pointer}/best", detail)]
    return []
