"""A recorded report as it would be sent again: for a correction, or to say what it repeats."""

from typing import Any

from service.domain.periods import Period
from service.domain.report import OWN_INCIDENT, Report, ReportedFigure, Source
from service.domain.vocabulary import ROOT_GROUP
from service.domain.wording.reader import Reading, UnreadableWordingError, read_wording

Json = dict[str, Any]


def make_body(report: Report) -> Json:
    """Return the body that records the same content again, as a report that supersedes this one.

    What the figures have from the report is left out of them, and so is what they take from an
    earlier figure. Words are sent alone where they are read as the recorded range.
    """
    period = report.period
    return _without_nothing(
        {
            "reporter": report.reporter,
            "ref": report.ref,
            "published_at": report.published_at,
            "source": _make_source(report.source),
            "quote": report.quote,
            "note": report.note,
            "period": None if period is None else _make_period(period),
            "places": list(report.places),
            "groups": list(report.groups),
            "figures": [_make_figure(report, each) for each in report.figures],
            "stance": None if report.stance == "asserts" else report.stance,
            "incident": report.incident,
            "caveats": list(report.caveats),
            "relays": report.relays,
            "supersedes": report.id,
        }
    )


def _make_figure(report: Report, figure: ReportedFigure) -> Json:
    reading = _read_again(figure)
    body: Json = {
        "outcomes": list(figure.outcomes),
        "wording": figure.wording,
        "best": figure.best,
        "note": figure.note,
    }
    if reading is None and figure.exactly is not None:
        body["exactly"] = figure.exactly
    elif reading is None:
        body |= {"low": figure.low, "high": figure.high}
    if figure.reclassifies is not None:
        link = figure.reclassifies
        body["reclassifies"] = {"figure": link.figure, "from": link.source}
    body = _without_nothing(body)
    if figure.period != report.period and "period" not in figure.inherited:
        body["period"] = _make_period(figure.period)
    if figure.places != report.places and "places" not in figure.inherited:
        body["places"] = list(figure.places)
    if _has_own_groups(report, figure, reading):
        body["groups"] = list(figure.groups)
    if _has_own_incident(report, figure):
        body["incident"] = figure.incident
    return body


def _read_again(figure: ReportedFigure) -> Reading | None:
    """Return how the words are read; None if numbers were sent, or if it is another range now."""
    if figure.qualifier is None or figure.wording is None:
        return None
    try:
        reading = read_wording(figure.wording)
    except UnreadableWordingError:  # By the lexicon of an earlier release they could be read.
        return None
    return reading if (reading.low, reading.high) == (figure.low, figure.high) else None


def _has_own_groups(report: Report, figure: ReportedFigure, reading: Reading | None) -> bool:
    if figure.groups == report.groups or "groups" in figure.inherited:
        return False
    is_everyone = not report.groups and figure.groups == (ROOT_GROUP,)
    # Words that name a kind of people need a group, even if it is everyone.
    return not is_everyone or (reading is not None and bool(reading.people))


def _has_own_incident(report: Report, figure: ReportedFigure) -> bool:
    if "incident" in figure.inherited:
        return False
    if figure.incident == report.incident == OWN_INCIDENT:
        return figure.own_event != report.id
    return figure.incident != report.incident


def _make_period(period: Period) -> Json:
    return {
        "from": period.first and period.first.isoformat(),
        "to": period.last and period.last.isoformat(),
    }


def _make_source(source: Source | None) -> Json | None:
    if source is None:
        return None
    names = ("url", "publisher", "title", "language")
    return _without_nothing({name: getattr(source, name) for name in names})


def _without_nothing(fields: Json) -> Json:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value not in (None, [], {})}
