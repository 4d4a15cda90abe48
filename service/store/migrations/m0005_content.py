"""Hash the content of every report by its meaning, no longer by its spelling."""

import json
from hashlib import sha256
from typing import Any, Final

from service.store.migrations.connection import MigrationConnection

_DERIVED_FIELDS: Final = ("id", "soft", "qualifier", "lexicon", "disclosed", "exactly")
_ROOT_GROUP: Final = "everyone"


def upgrade(db: MigrationConnection) -> None:
    """Compute the column content_hash anew from each report's body."""
    rows = db.fetch_all("SELECT seq, body FROM reports")
    db.execute_many(
        "UPDATE reports SET content_hash = :hash WHERE seq = :seq",
        [{"hash": _hash_content(json.loads(body)["report"]), "seq": seq} for seq, body in rows],
    )


def _hash_content(report: dict[str, Any]) -> str:
    """Return a hash that is equal for two reports of the same meaning in the same words.

    Ids, the reading of words, the order of lists and the place of a scope (on the report or on each
    figure) do not change it.
    """
    content = _without_empty_values(report)
    content.pop("id")
    content["caveats"] = sorted(content.get("caveats", ()))
    if not content.get("source"):
        content.pop("source", None)
    figures = content.get("figures", [])
    content.update(_scope_not_in_figures(content, figures))
    for figure in figures:
        is_from_wording = "lexicon" in figure
        for name in _DERIVED_FIELDS:
            figure.pop(name, None)
        if is_from_wording:
            figure["low"] = figure["high"] = None
        figure["places"].sort()
        figure["groups"].sort()
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _without_empty_values(value: Any) -> Any:
    """Return a copy without None and empty lists in objects; a period keeps its open ends."""
    if isinstance(value, list):
        return [_without_empty_values(each) for each in value]
    if isinstance(value, dict):
        return {
            name: each if name == "period" else _without_empty_values(each)
            for name, each in value.items()
            if each not in (None, [])
        }
    return value


def _scope_not_in_figures(report: dict[str, Any], figures: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the part of the report's own scope that none of its figures has."""
    places = set(report.get("places", ()))
    groups = set(report.get("groups", (_ROOT_GROUP,)))
    period, incident = report.get("period"), report.get("incident")
    return {
        "places": sorted(places.difference(*(each["places"] for each in figures))),
        "groups": sorted(groups.difference(*(each["groups"] for each in figures))),
        "period": None if period in [each["period"] for each in figures] else period,
        "incident": None if incident in [each.get("incident") for each in figures] else incident,
    }
