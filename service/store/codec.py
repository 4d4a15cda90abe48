"""Reports as JSON in the event log, and back into equal objects."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from hashlib import sha256
from json import JSONEncoder
from operator import attrgetter
from typing import Any, Final

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
    value_class = type(value)
    if value_class not in _encoders:
        _encoders[value_class] = _find_encoder(value_class)
    encode = _encoders[value_class]
    return value if encode is None else encode(value)


_encoders: Final[dict[type, Callable[[Any], Any] | None]] = {}
"""The function that encodes values of each class; None for JSON types."""


def _find_encoder(value_class: type) -> Callable[[Any], Any] | None:
    if issubclass(value_class, Period):
        return _encode_period
    if is_dataclass(value_class):
        return _make_encoder(value_class)
    if issubclass(value_class, date):
        return date.isoformat
    if issubclass(value_class, tuple):
        return _encode_tuple
    return None


def _encode_period(period: Period) -> dict[str, str | None]:
    first, last = period.first, period.last
    return {
        "from": None if first is None else first.isoformat(),
        "to": None if last is None else last.isoformat(),
    }


def _encode_tuple(values: tuple[Any, ...]) -> list[Any]:
    return [each if type(each) is str else to_plain(each) for each in values]


def _make_encoder(value_class: Any) -> Callable[[Any], dict[str, Any]]:
    names = tuple(field.name for field in fields(value_class))
    get_values = attrgetter(*names)

    def encode(value: Any) -> dict[str, Any]:
        encoded = {}
        for name, each in zip(names, get_values(value), strict=True):
            if each is None:
                continue
            kind = type(each)
            if kind is str or kind is int:
                encoded[name] = each
            elif each != ():
                encoded[name] = to_plain(each)
        return encoded

    return encode


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


def hash_content(report: Report, encoded: Mapping[str, Any] | None = None) -> str:
    """Return a hash that is equal for two reports of the same meaning in the same words.

    ``encoded`` is what ``to_plain`` returned for the report, if it is at hand.

    Spelling does not change it: a scope on the report or on each figure, a default that is sent or
    left out, the order of lists. Ids and the reading of words are left out too, so that a repeated
    report is recognized even if a later lexicon reads its words differently. So are the parts of a
    scope that are those of a reclassified figure, which may change.
    """
    content = dict(to_plain(report) if encoded is None else encoded)
    content.pop("id")
    content["caveats"] = sorted(report.caveats)
    if not content.get("source"):
        content.pop("source", None)
    if "figures" in content:
        content["figures"] = [_stated_fields(figure) for figure in content["figures"]]
    content.update(_scope_not_in_figures(report))
    if sum(f.own_event is not None and "incident" not in f.inherited for f in report.figures) > 1:
        content["incident"] = OWN_INCIDENT
    return sha256(_encode_sorted(content).encode()).hexdigest()


_encode_sorted = JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
).encode

_DERIVED_FIELDS: Final = frozenset(
    {"id", "soft", "qualifier", "lexicon", "disclosed", "exactly", "own_event", "inherited"}
)


def _stated_fields(figure: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an encoded figure that state something, in their one spelling."""
    derived = _DERIVED_FIELDS
    if "inherited" in figure:
        derived = derived.union(figure["inherited"])
    stated = {name: value for name, value in figure.items() if name not in derived}
    if "lexicon" in figure:
        stated["low"] = stated["high"] = None
    for name in ("places", "groups"):
        if len(stated.get(name, ())) > 1:
            stated[name] = sorted(stated[name])
    return stated


def _scope_not_in_figures(report: Report) -> dict[str, Any]:
    """Return the part of the report's own scope that none of its figures has.

    For a report without figures this is the whole scope.
    """
    places, groups = set(report.places), set(report.groups or (ROOT_GROUP,))
    period, incident = report.period, report.incident
    for figure in report.figures:
        inherited = figure.inherited
        if places and "places" not in inherited:
            places.difference_update(figure.places)
        if groups and "groups" not in inherited:
            groups.difference_update(figure.groups)
        if "period" not in inherited and figure.period == period:
            period = None
        if "incident" not in inherited and figure.incident == incident:
            incident = None
    return {
        "places": sorted(places),
        "groups": sorted(groups),
        "period": to_plain(period),
        "incident": incident,
    }


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
