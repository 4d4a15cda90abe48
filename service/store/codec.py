"""Reports as JSON in the event log, and back into equal objects."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from hashlib import sha256
from json import dumps
from typing import Any

from service.domain.periods import Period
from service.domain.report import (
    OWN_INCIDENT,
    Reclassification,
    Report,
    ReportedFigure,
    ReportWarning,
    Source,
)
from service.domain.vocabulary import ROOT_GROUP


def to_plain(value: Any) -> Any:
    """Return the value as JSON types; fields that are None or empty are left out."""
    if isinstance(value, Period):
        return {"from": to_plain(value.first), "to": to_plain(value.last)}
    if is_dataclass(value):
        field_values = {field.name: getattr(value, field.name) for field in fields(value)}
        return {
            name: to_plain(each) for name, each in field_values.items() if each not in (None, ())
        }
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [to_plain(each) for each in value]
    return value


def decode_report(body: dict[str, Any]) -> Report:
    """Return the report that ``to_plain`` encoded."""
    field_values = _decode_fields(body)
    field_values["figures"] = tuple(_decode_figure(figure) for figure in body.get("figures", ()))
    if "source" in body:
        field_values["source"] = Source(**body["source"])
    return Report(**field_values)


def decode_warnings(body: list[dict[str, Any]]) -> tuple[ReportWarning, ...]:
    """Return the warnings that ``to_plain`` encoded."""
    return tuple(ReportWarning(**_decode_fields(warning)) for warning in body)


def hash_content(report: Report) -> str:
    """Return a hash that is equal for two reports of the same meaning in the same words.

    Spelling does not change it: a scope on the report or on each figure, a default that is sent or
    left out, the order of lists. Ids and the reading of words are left out too, so that a repeated
    report is recognized even if a later lexicon reads its words differently. So are the parts of a
    scope that are those of a reclassified figure, which may change.
    """
    content = to_plain(report)
    content.pop("id")
    content["caveats"] = sorted(report.caveats)
    if not content.get("source"):
        content.pop("source", None)
    for figure in content.get("figures", ()):
        is_from_wording = "lexicon" in figure
        for derived_field in ("id", "soft", "qualifier", "lexicon", "disclosed", "exactly"):
            figure.pop(derived_field, None)
        if is_from_wording:
            figure["low"] = figure["high"] = None
        figure.pop("own_event", None)
        for inherited_field in figure.pop("inherited", ()):
            figure.pop(inherited_field, None)
        for ids in (figure.get("places", []), figure.get("groups", [])):
            ids.sort()
    content.update(_scope_not_in_figures(report))
    sharing = [
        figure
        for figure in report.figures
        if figure.own_event is not None and "incident" not in figure.inherited
    ]
    if len(sharing) > 1:
        content["incident"] = OWN_INCIDENT
    text = dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _scope_not_in_figures(report: Report) -> dict[str, Any]:
    """Return the part of the report's own scope that none of its figures has.

    For a report without figures this is the whole scope.
    """
    groups = report.groups or (ROOT_GROUP,)

    def values_of(name: str) -> list[Any]:
        figures = [figure for figure in report.figures if name not in figure.inherited]
        return [getattr(figure, name) for figure in figures]

    return {
        "places": sorted(set(report.places).difference(*values_of("places"))),
        "groups": sorted(set(groups).difference(*values_of("groups"))),
        "period": _to_plain_unless_in(report.period, values_of("period")),
        "incident": _to_plain_unless_in(report.incident, values_of("incident")),
    }


def _to_plain_unless_in(value: Any, excluded: Sequence[Any]) -> Any:
    return None if value in excluded else to_plain(value)


def _decode_fields(body: dict[str, Any]) -> dict[str, Any]:
    field_values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in body.items()
    }
    if "period" in field_values:
        field_values["period"] = decode_period(field_values["period"])
    return field_values


def _decode_figure(body: dict[str, Any]) -> ReportedFigure:
    field_values = {"high": None, **_decode_fields(body)}
    if "reclassifies" in body:
        field_values["reclassifies"] = Reclassification(**body["reclassifies"])
    return ReportedFigure(**field_values)


def decode_period(body: dict[str, str | None]) -> Period:
    """Return the period that ``to_plain`` encoded."""
    first, last = body["from"], body["to"]
    return Period(
        date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None
    )
