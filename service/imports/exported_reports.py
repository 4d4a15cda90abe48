"""Reports of an export, as they can be recorded again."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from service.domain.periods import ALWAYS, Period
from service.domain.report import Reclassification, Report, ReportedFigure, Source
from service.domain.report_copy import make_body
from service.imports.receivers import Json


def make_submission(exported: Mapping[str, Any]) -> Json:
    """Return the body that records the report of an export, whose links have its own ids.

    A report without a ref has its id as ref, so that it is known when it is sent again. Raises
    KeyError, TypeError or ValueError if it is no report as the API answers it.
    """
    report = _read_report(exported)
    body = make_body(report)
    del body["supersedes"]  # What it replaced is not in the export.
    return {**body, "ref": report.ref or report.id}


def _read_report(exported: Mapping[str, Any]) -> Report:
    source = exported["source"]
    return Report(
        id=exported["id"],
        reporter=exported["reporter"],
        stance=exported["stance"],
        figures=tuple(_read_figure(each) for each in exported["figures"]),
        ref=exported["ref"],
        published_at=exported["published_at"],
        source=None if source is None else Source(**source),
        quote=exported["quote"],
        note=exported["note"],
        period=_read_period(exported["period"]),
        places=tuple(exported["places"]),
        groups=tuple(exported["groups"]),
        incident=exported["incident"],
        caveats=tuple(exported["caveats"]),
        relays=exported["relays"],
    )


def _read_figure(exported: Mapping[str, Any]) -> ReportedFigure:
    link = exported["reclassifies"]
    return ReportedFigure(
        id=exported["id"],
        outcomes=tuple(exported["outcomes"]),
        low=exported["low"],
        high=exported["high"],
        period=_read_period(exported["period"]) or ALWAYS,
        places=tuple(exported["places"]),
        groups=tuple(exported["groups"]),
        wording=exported["wording"],
        exactly=exported["exactly"],
        best=exported["best"],
        note=exported["note"],
        qualifier=exported["qualifier"],
        incident=exported["incident"],
        own_event=exported.get("own_event"),
        reclassifies=None if link is None else Reclassification(link["figure"], link["from"]),
    )


def _read_period(exported: Mapping[str, Any] | None) -> Period | None:
    if exported is None:
        return None
    first, last = (
        None if exported[name] is None else date.fromisoformat(exported[name])
        for name in ("from", "to")
    )
    return Period(first, last)
