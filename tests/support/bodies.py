"""Request bodies for tests: one whole report, with the changes that a test needs."""

from typing import Any

REPORTER = {"id": "ua-hur", "name": "Defence Intelligence of Ukraine", "party": True}
PERIOD = {"from": "2024-12-14", "to": "2024-12-15"}


def make_figure(**changes: Any) -> dict[str, Any]:
    """Return a figure of "at least 30 killed or wounded"; ``...`` leaves a field out."""
    return _apply_changes({"outcomes": ["killed", "wounded"], "wording": "at least 30"}, changes)


def make_place(place_id: str = "plekhovo", **changes: Any) -> dict[str, Any]:
    """Return a place as a report describes it."""
    return _apply_changes({"id": place_id, "name": place_id.title()}, changes)


def make_report(**changes: Any) -> dict[str, Any]:
    """Return a valid report with the changes; ``...`` removes a field."""
    defaults = {
        "reporter": REPORTER,
        "period": PERIOD,
        "places": [make_place()],
        "figures": [make_figure()],
    }
    return _apply_changes(defaults, changes)


def make_interlocked_report() -> dict[str, Any]:
    """Return a report of three villages, each pair together: only a solver finds their totals.

    In a, b and c 2, 1 and 2 were killed.
    """
    figures = [
        {"outcomes": ["killed"], "exactly": number, "places": pair}
        for number, pair in ((3, ["a", "b"]), (3, ["b", "c"]), (4, ["a", "c"]))
    ]
    return make_report(places=[make_place(place_id) for place_id in "abc"], figures=figures)


def make_stance(word: str = "does_not_acknowledge", **changes: Any) -> dict[str, Any]:
    """Return a report without figures."""
    return make_report(stance=word, figures=..., **changes)


def _apply_changes(defaults: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**defaults, **changes}
    return {name: value for name, value in merged.items() if value is not ...}
