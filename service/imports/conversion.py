"""Rows as reports: what one row of a file says, in the form that the API takes."""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

from service.domain.periods import Period
from service.domain.vocabulary import sort_outcomes
from service.domain.wording.reader import read_wording
from service.domain.wording.tokenizer import UnreadableWordingError
from service.imports.cells import find_unit, make_id, parse_count, parse_day, parse_range
from service.imports.errors import RowError
from service.imports.mapping import (
    Counts,
    FigureRule,
    GroupRule,
    Mapping,
    Outside,
    PlaceLevel,
    Zero,
)
from service.imports.templates import Row, Template

Json = dict[str, Any]

Value = TypeVar("Value")

_COORDINATES: Final = frozenset({"latitude", "longitude"})


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that gives no report and is no mistake; the reason is for the summary."""

    reason: str


def convert_row(mapping: Mapping, row: Row) -> Json | Skipped:
    """Return the report of the row, as the body of ``POST /v1/reports``.

    Raises RowError that names the column at fault. The service checks the report once more: what it
    refuses, such as an id of two places, is not found here.
    """
    for condition in mapping.skip.when:
        if condition.holds(row):
            return Skipped(f"{condition.column} is {row[condition.column] or 'empty'}")
    figures = _make_figures(mapping, row)
    if not figures:
        return Skipped("no number in it")
    period = _make_period(mapping, row)
    report: Json = {
        "reporter": _make_reporter(mapping.reporter, row),
        "ref": _require(mapping.ref, row),
        "period": {
            "from": None if period.first is None else period.first.isoformat(),
            "to": "" if period.last is None else period.last.isoformat(),
        },
        "places": _make_places(mapping.places, row),
        "figures": figures,
    }
    if groups := _make_groups(mapping.groups, row):
        report["groups"] = groups
    if mapping.incident is not None:
        report["incident"] = _require(mapping.incident, row)
    report |= _fill_texts(mapping, row)
    if mapping.caveats:
        report["caveats"] = list(mapping.caveats)
    return report


def _require(template: Template, row: Row) -> str:
    text = template.fill(row)
    if not text:
        empty = next((each for each in template.columns if not row[each]), template.column)
        raise RowError(empty, "is empty, and every row needs it")
    return text


def _parse(template: Template, row: Row, parse: Callable[[str], Value]) -> Value | None:
    """Return the parsed text of the template; None if it is empty."""
    text = template.fill(row)
    if not text:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise RowError(template.column, str(error)) from None


# Days -------------------------------------------------------------------------------------


def _make_period(mapping: Mapping, row: Row) -> Period:
    rule = mapping.period

    def parse(template: Template) -> date:
        text = _require(template, row)
        try:
            return parse_day(text, rule.formats if template.columns else ())
        except ValueError as error:
            raise RowError(template.column, str(error)) from None

    # An empty first day of a total is an open beginning; an event without a day is a mistake.
    is_open = rule.first is None or (mapping.counts != Counts.EVENTS and not rule.first.fill(row))
    first = None if rule.first is None or is_open else parse(rule.first)
    last = parse(rule.last)
    if first is not None and last < first:
        raise RowError(rule.last.column, f"the days end on {last}, before they begin on {first}")
    if rule.precision is None:
        return Period(first, last)
    code = _require(rule.precision, row)
    unit = rule.precisions.get(code)
    if unit is None:
        reason = f"the code {code!r} is none of {', '.join(rule.precisions)}"
        raise RowError(rule.precision.column, reason)
    if first != last:
        return Period(first, last)
    try:
        return find_unit(last, unit)
    except ValueError as error:
        raise RowError(rule.last.column, str(error)) from None


# Reporter and groups ---------------------------------------------------------------------


def _make_reporter(fields: MappingABC[str, Any], row: Row) -> Json:
    filled = {
        name: _require(value, row) if isinstance(value, Template) else value
        for name, value in fields.items()
    }
    return filled if "id" in filled else {"id": make_id(filled["name"]), **filled}


def _make_places(levels: Sequence[PlaceLevel], row: Row) -> list[Json]:
    """Return the innermost place of the row, within its line of parents; several if it is split."""
    places: list[Json] = []
    outer_names: list[str] = []
    for level in levels:
        names = _list_names(level, row) if level.conditions.hold(row) else []
        if not names:
            continue
        parent = places[0] if places else None
        places = [_make_place(level, row, (*outer_names, name), parent) for name in names]
        outer_names.append(names[0])
    if not places:
        raise RowError(levels[-1].name.column, "the row names no place")
    return places


def _list_names(level: PlaceLevel, row: Row) -> list[str]:
    """Return the names of the level's places, each once."""
    cell = level.name.fill(row)
    parts = cell.split(level.split) if level.split else [cell]
    names = [_remove_endings(part.strip(), level.remove) for part in parts]
    return list(dict.fromkeys(filter(None, names)))


def _make_place(level: PlaceLevel, row: Row, names: Sequence[str], parent: Json | None) -> Json:
    """Return the place with the last of the names, which are those from the outermost level in."""
    own_id = level.id.fill(row) if level.id is not None else ""
    place: Json = {"id": own_id or make_id(*names), "name": names[-1]}
    place |= fill_fields(level.fields, row)
    return place if parent is None else {**place, "parent": parent}


def _remove_endings(name: str, endings: Iterable[str]) -> str:
    for ending in endings:
        if name.lower().endswith(ending.lower()) and len(name) > len(ending):
            return name[: -len(ending)].rstrip()
    return name


def _make_groups(rules: Iterable[GroupRule], row: Row) -> list[Json]:
    groups: dict[str, Json] = {}
    for rule in rules:
        name = rule.name.fill(row).strip() if rule.conditions.hold(row) else ""
        if name:
            own_id = rule.id.fill(row) if rule.id is not None else ""
            group = {"id": own_id or make_id(name), "name": name, **fill_fields(rule.fields, row)}
            groups[group["id"]] = group
    return list(groups.values())


def fill_fields(templates: MappingABC[str, Template], row: Row) -> Json:
    """Return the fields of a place or group that are filled; raises RowError."""
    filled: Json = {}
    for name, template in templates.items():
        if name == "coordinates":
            if point := _parse(template, row, _parse_point):
                filled["latitude"], filled["longitude"] = point
            continue
        if name in _COORDINATES:
            value: Any = _parse(template, row, _parse_degrees)
        elif name == "geonames_id":
            value = _parse(template, row, parse_count)
        else:
            value = template.fill(row)
        if value not in (None, ""):
            filled[name] = value
    return filled


def _parse_point(text: str) -> tuple[float, float]:
    """Return latitude and longitude of "36.5, 37.05"."""
    latitude, comma, longitude = text.strip("() ").partition(",")
    if not comma:
        raise ValueError(f"{text!r} is not a latitude and a longitude with a comma between")
    return _parse_degrees(latitude), _parse_degrees(longitude)


def _parse_degrees(text: str) -> float:
    try:
        return round(float(text), 6)
    except ValueError:
        raise ValueError(f"{text!r} is not a number of degrees") from None


def _fill_texts(mapping: Mapping, row: Row) -> Json:
    texts: Json = {}
    for name, template in mapping.texts.items():
        text = template.fill(row)
        if name == "published_at" and text:
            try:
                text = parse_day(text, mapping.period.formats).isoformat()
            except ValueError as error:
                raise RowError(template.column, str(error)) from None
        if text:
            texts[name] = text
    source = {name: text for name, each in mapping.source.items() if (text := each.fill(row))}
    return {**texts, "source": source} if source else texts


# Figures ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Estimate:
    """The numbers of one figure; None: open, or not given."""

    low: int | None
    high: int | None
    best: int | None = None
    note: str = ""


def _make_figures(mapping: Mapping, row: Row) -> list[Json]:
    figures: list[Json] = []
    whole: _Estimate | None = None
    for rule in mapping.figures:
        if not rule.conditions.hold(row):
            continue
        figure: Json = {"outcomes": list(rule.outcomes)}
        if rule.wording is not None:
            wording = rule.wording.fill(row).strip()
            if not wording:
                continue
            figure["wording"] = wording
            if not rule.outcomes:
                figure["outcomes"] = _read_outcomes(wording, rule.wording.column)
            notes = [""]
        else:
            estimate = _read_estimate(rule, row, mapping.outside, whole)
            if estimate is None:
                continue
            whole = whole or estimate
            figure |= _name_numbers(estimate)
            notes = [estimate.note]
        if rule.note is not None:
            notes.append(rule.note.fill(row))
        if note := " ".join(filter(None, notes)):
            figure["note"] = note
        if groups := _make_groups(rule.groups, row):
            figure["groups"] = groups
        figures.append(figure)
    return figures


def _read_outcomes(wording: str, column: str) -> list[str]:
    try:
        outcomes = read_wording(wording).outcomes
    except UnreadableWordingError as error:
        raise RowError(column, error.detail) from None
    if not outcomes:
        raise RowError(column, f"{wording!r} does not say what happened to the people")
    return list(sort_outcomes(outcomes))


def _name_numbers(estimate: _Estimate) -> Json:
    if estimate.low == estimate.high and estimate.best in (None, estimate.low):
        return {"exactly": estimate.low}
    numbers = {"low": estimate.low, "high": estimate.high, "best": estimate.best}
    return {name: value for name, value in numbers.items() if value is not None}


def _read_estimate(
    rule: FigureRule, row: Row, outside: Outside, whole: _Estimate | None
) -> _Estimate | None:
    """Return the numbers of the rule; None if the row has none, or only a 0 that says nothing."""
    if rule.part is not None:
        estimate = _read_part(rule.part, row, whole)
    elif rule.exactly is not None:
        count = _parse(rule.exactly, row, parse_count)
        estimate = None if count is None else _Estimate(count, count)
    elif rule.range is not None:
        ends = _parse(rule.range, row, parse_range)
        estimate = None if ends is None else _check_estimate(rule, *ends, None, outside)
    else:
        low, high, best = (
            None if each is None else _parse(each, row, parse_count)
            for each in (rule.low, rule.high, rule.best)
        )
        estimate = (
            None if low is None and high is None and best is None
            else _check_estimate(rule, low, high, best, outside)
        )  # fmt: skip
    if estimate is not None and rule.zero == Zero.SKIP:
        if not any((estimate.low, estimate.high, estimate.best)):
            return None
    return estimate


def _check_estimate(
    rule: FigureRule, low: int | None, high: int | None, best: int | None, outside: Outside
) -> _Estimate:
    """Return the estimate, widened if its numbers do not fit and the mapping allows that."""
    lowest, highest = 0 if low is None else low, high
    fits = (highest is None or lowest <= highest) and (
        best is None or (lowest <= best and (highest is None or best <= highest))
    )
    if fits:
        return _Estimate(low, high, best)
    words = ", ".join(
        f"{name} {value:,}"
        for name, value in (("low", low), ("best", best), ("high", high))
        if value is not None
    )
    if outside == Outside.REFUSE:
        column = (rule.range or rule.high or rule.best or rule.low or Template("")).column
        raise RowError(column, f"the numbers do not fit each other: {words}")
    numbers = [each for each in (low, best, high) if each is not None]
    return _Estimate(
        min(numbers) if low is not None else None,
        max(numbers) if high is not None else None,
        best,
        f"Published as {words}; the range is widened to hold all of these numbers.",
    )


def _read_part(template: Template, row: Row, whole: _Estimate | None) -> _Estimate | None:
    """Return the range of a part of the best estimate of a whole.

    The people between the low and the best estimate of the whole, and between the best and the
    high, may all belong to this part. So its low is smaller by the one, and its high larger by the
    other. It has the open end of the whole.
    """
    count = _parse(template, row, parse_count)
    if count is None or whole is None:
        return None
    best = whole.best if whole.best is not None else whole.low
    if best is None:
        return None
    fewer = best - (whole.low or 0)
    more = None if whole.high is None else whole.high - best
    if not count and not more:
        return None
    return _Estimate(max(count - fewer, 0), None if more is None else count + more, count)
