"""Reports as the ledger writes them down: JSON that can be read back into the same objects."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from hashlib import sha256
from json import dumps
from typing import Any

from service.domain.periods import Period
from service.domain.report import Reclassification, Report, ReportedFigure, ReportWarning, Source
from service.domain.vocabulary import ROOT_GROUP


def plain(value: Any) -> Any:
    """Return the value as JSON's own kinds; fields that are None or empty are left out."""
    if isinstance(value, Period):
        return {"from": plain(value.first), "to": plain(value.last)}
    if is_dataclass(value):
        named = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: plain(each) for name, each in named.items() if each not in (None, ())}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return value


def report_from(body: dict[str, Any]) -> Report:
    """Return the report that ``plain`` wrote down."""
    given = _tuples(body)
    given["figures"] = tuple(_figure(figure) for figure in body.get("figures", ()))
    if "source" in body:
        given["source"] = Source(**body["source"])
    return Report(**given)


def remarks_from(body: list[dict[str, Any]]) -> tuple[ReportWarning, ...]:
    """Return the remarks that ``plain`` wrote down."""
    return tuple(ReportWarning(**_tuples(remark)) for remark in body)


def content_hash(report: Report) -> str:
    """Return a hash of what was said: equal for two reports that say the same in the same words.

    How it was spelled does not matter: a scope on the report or on each figure, a default sent or
    left out, an order that means nothing. What the service made of it (ids, the reading of words)
    is left out too, so that the same report sent again is known again even when a later lexicon
    would read it otherwise.
    """
    content = plain(report)
    content.pop("id")
    content["caveats"] = sorted(report.caveats)
    if not content.get("source"):
        content.pop("source", None)
    for figure in content.get("figures", ()):
        read = "lexicon" in figure
        for made in ("id", "soft", "qualifier", "lexicon", "disclosed", "exactly"):
            figure.pop(made, None)
        if read:
            figure["low"] = figure["high"] = None
        figure["places"].sort()
        figure["groups"].sort()
    content.update(_of_its_own(report))
    text = dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _of_its_own(report: Report) -> dict[str, Any]:
    """Return the part of the report's own scope that none of its figures has taken up.

    For a report without figures that is all of it.
    """
    figures = report.figures
    groups = report.groups or (ROOT_GROUP,)
    return {
        "places": sorted(set(report.places).difference(*(each.places for each in figures))),
        "groups": sorted(set(groups).difference(*(each.groups for each in figures))),
        "period": _unless(report.period, [each.period for each in figures]),
        "incident": _unless(report.incident, [each.incident for each in figures]),
    }


def _unless(value: Any, taken: Sequence[Any]) -> Any:
    return None if value in taken else plain(value)


def _tuples(body: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in body.items()
    }
    if "period" in given:
        given["period"] = _period(given["period"])
    return given


def _figure(body: dict[str, Any]) -> ReportedFigure:
    given = {"high": None, **_tuples(body)}
    if "reclassifies" in body:
        given["reclassifies"] = Reclassification(**body["reclassifies"])
    return ReportedFigure(**given)


def _period(body: dict[str, str | None]) -> Period:
    first, last = body["from"], body["to"]
    return Period(
        date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None
    )
