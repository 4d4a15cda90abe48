"""Normalization: from a submission to a report, by the rules that need no look at the record."""

from functools import lru_cache
from typing import Final, NamedTuple

from service.domain.entities import EntityMention
from service.domain.errors import ErrorDetail, InvalidInputError, summarize_errors
from service.domain.periods import ALWAYS
from service.domain.report import OWN_INCIDENT, Report, ReportedFigure, make_figure_id
from service.domain.submission import Submission, SubmittedFigure
from service.domain.vocabulary import OUTCOMES, ROOT_GROUP, sort_outcomes
from service.domain.wording.reader import read_wording


class _FigureRange(NamedTuple):
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
    errors: tuple[ErrorDetail, ...] = ()


_sort_outcomes: Final = lru_cache(sort_outcomes)


def normalize_submission(submission: Submission, report_id: str) -> Report:
    """Return the report with the range, outcomes and scope of every figure.

    The report gets ``report_id``; its figures are numbered below it. A figure that reclassifies
    another one names in ``inherited`` the parts of the scope that it lacks. Raises
    InvalidInputError with one detail for each invalid field. Whether the ids in the submission
    exist is not checked here.
    """
    errors = _check_stance(submission)
    reported_figures = []
    places, groups = _ids_of(submission.places), _ids_of(submission.groups)
    for number in range(len(submission.figures)):
        reported, figure_errors = _normalize_figure(submission, report_id, number, places, groups)
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
        places=places,
        groups=groups,
        incident=submission.incident,
        caveats=submission.caveats,
        relays=submission.relays,
        supersedes=submission.supersedes,
    )


def _ids_of(mentions: tuple[EntityMention, ...]) -> tuple[str, ...]:
    return tuple([mention.id for mention in mentions])


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
    submission: Submission,
    report_id: str,
    position: int,
    report_places: tuple[str, ...],
    report_groups: tuple[str, ...],
) -> tuple[ReportedFigure | None, list[ErrorDetail]]:
    """Return a figure whose places and groups, if it has none, are those of the report."""
    figure, pointer = submission.figures[position], f"/figures/{position}"
    figure_range = _resolve_range(figure, pointer)
    errors = list(figure_range.errors)
    outcomes, outcome_errors = _resolve_outcomes(figure, figure_range, pointer)
    errors += outcome_errors + _check_best_estimate(figure, figure_range, pointer)
    period = figure.period or submission.period
    # The report's own lists, not copies: they are compared and pickled once for all figures.
    places = report_places if figure.places is None else _ids_of(figure.places)
    groups = report_groups if figure.groups is None else _ids_of(figure.groups)
    incident = figure.incident if figure.incident_given else submission.incident
    is_shared_event = incident == OWN_INCIDENT and not figure.incident_given
    scope = {"places": places, "period": period, "groups": groups, "incident": incident}
    inherited = tuple([name for name, value in scope.items() if not value])
    if figure.reclassifies is None:
        errors += _check_scope(inherited, pointer)
        inherited = ()
    if errors:
        return None, errors
    reported = ReportedFigure(
        id=make_figure_id(report_id, position),
        outcomes=_sort_outcomes(outcomes),
        low=figure_range.low,
        high=figure_range.high,
        soft=figure_range.soft,
        period=period or ALWAYS,
        places=places,
        groups=groups or (() if "groups" in inherited else (ROOT_GROUP,)),
        wording=figure.wording,
        exactly=figure.exactly,
        best=figure.best,
        note=figure.note,
        qualifier=figure_range.qualifier,
        lexicon=figure_range.lexicon,
        disclosed=figure_range.disclosed,
        incident=incident,
        own_event=report_id if is_shared_event else None,
        reclassifies=figure.reclassifies,
        inherited=inherited,
    )
    return reported, []


def _check_scope(missing: tuple[str, ...], pointer: str) -> list[ErrorDetail]:
    """Return the errors of a figure without a period or without a place."""
    errors = []
    if "period" in missing:
        errors.append(
            ErrorDetail(f"{pointer}/period", "Give the figure or the report a period: from and to.")
        )
    if "places" in missing:
        errors.append(ErrorDetail(f"{pointer}/places", "Give the figure or the report a place."))
    return errors


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
    """Return the outcomes as sent, else those that the words name; the words must be true of them.

    At least 30 killed are at least 30 killed or wounded; 30 killed are no ceiling of both. Words
    without a number that name more outcomes are rejected by ``find_wording_errors``.
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
    is_true_of_more = named is not None and named <= sent and figure_range.high is None
    is_part_of_withheld = not figure_range.disclosed and named is not None and sent <= named
    if named not in (None, sent) and not is_true_of_more and not is_part_of_withheld:
        words = ", ".join(sort_outcomes(named or ()))
        detail = f"The wording names {words}: give the same outcomes or leave them out."
        return sent, [ErrorDetail(f"{pointer}/outcomes", detail)]
    return sent, []


def find_wording_errors(submission: Submission, report: Report) -> list[ErrorDetail]:
    """Return what the words of the figures state that the figures do not.

    ``report`` is the normalized submission with complete scopes. A figure whose words name a kind
    of people must name groups, and the outcomes that they name must all be among its own. Words
    beside numbers are only kept: where they differ, the report gets a warning.
    """
    errors = []
    for position, (sent, figure) in enumerate(zip(submission.figures, report.figures, strict=True)):
        if figure.lexicon is None or sent.wording is None:
            continue
        pointer = f"/figures/{position}"
        reading = read_wording(sent.wording)
        named = sort_outcomes(reading.outcomes or ())
        if not set(named) <= set(figure.outcomes):
            detail = (
                f"The wording names {', '.join(named)}, and the figure counts only"
                f" {', '.join(figure.outcomes)}: give all outcomes of the wording, or leave them"
                " out."
            )
            errors.append(ErrorDetail(f"{pointer}/outcomes", detail))
        is_inherited_kind = "groups" in figure.inherited and figure.groups != (ROOT_GROUP,)
        if reading.people and not sent.groups and not submission.groups and not is_inherited_kind:
            detail = (
                f"The wording names a kind of people: {', '.join(reading.people)}. Give the figure"
                f' or the report the groups that are meant, or ["{ROOT_GROUP}"] if it counts'
                " everyone."
            )
            errors.append(ErrorDetail(f"{pointer}/groups", detail))
    return errors


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
