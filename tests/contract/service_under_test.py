"""A service that posts and queries figures by a test's own ids."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from flask.testing import FlaskClient

from service import create_app
from service.settings import Settings
from service.store.factory import open_store
from service.usecases import api_keys
from tests.conftest import AMPLE_BUDGETS, START_TIME
from tests.support import engines
from tests.support.assertions import assert_recorded

Json = dict[str, Any]

COMPARED_FIELDS: Final = (
    "reported",
    "low",
    "high",
    "disputed",
    "nearest",
    "contradiction",
    "exact",
    "best",
    "text",
)
"""The fields of a total that do not contain ids."""


class ServiceUnderTest:
    """A service with an empty record on the engine under test.

    Each of ``places`` and ``groups`` has a ``parent``, and a ``division`` or ``facet``; both may be
    None.
    """

    def __init__(self, stack: ExitStack, folder: Path, places: Json, groups: Json) -> None:
        database = stack.enter_context(engines.temporary_database(folder))
        settings = Settings(database=database, log_level="error", **AMPLE_BUDGETS)
        app = create_app(settings)
        store = open_store(settings.database, settings.busy_seconds)
        self._key = api_keys.create_key(store, name="test", scope="report", now=START_TIME)
        store.close()
        self._client: FlaskClient = app.test_client()
        self._entities = {
            "places": _describe_entities(places, "division"),
            "groups": _describe_entities(groups, "facet"),
        }
        self._ids: dict[str, str] = {}

    def post(self, reporter: str, figures: Sequence[Json]) -> None:
        """Post one report with these figures, each with a scope of its own."""
        body = {
            "reporter": {"id": reporter, "name": reporter},
            **self._entities,
            "figures": [_as_reported(figure) for figure in figures],
        }
        headers = {"Authorization": f"Bearer {self._key}"}
        report = assert_recorded(self._client.post("/v1/reports", json=body, headers=headers))
        for figure, stored in zip(figures, report["figures"], strict=True):
            self._ids[stored["id"]] = figure["id"]

    def ask(self, scope: Json) -> Json:
        """Return the total of one scope, with the test's ids and nothing that depends on order."""
        query = {
            "place": ",".join(scope["places"]),
            "outcomes": ",".join(scope["outcomes"]),
            "group": ",".join(scope["groups"]),
            **{name: day for name, day in scope["period"].items() if day is not None},
        }
        response = self._client.get("/v1/totals", query_string=query)
        assert response.status_code == 200, response.get_data(as_text=True)
        body = response.get_json()
        (total,) = body["totals"]
        placed = {name: total["placed"][name] for name in ("reported", "low", "high")}
        return {
            **{name: total[name] for name in COMPARED_FIELDS},
            "placed": placed,
            "floors_set_aside": self._own_ids_of(total["set_aside"]["floors"]),
            "ceilings_set_aside": self._own_ids_of(total["set_aside"]["ceilings"]),
            "used": self._own_ids_of(body["used"]),
            "caveats": sorted(
                (each["code"], self._own_ids_of(each["figures"])) for each in body["caveats"]
            ),
        }

    def _own_ids_of(self, figures: Sequence[str]) -> list[str]:
        return sorted(self._ids[figure] for figure in figures)


def _describe_entities(entities: Json, family: str) -> list[Json]:
    """Return the entities as a report describes them, without what is not given."""
    descriptions = [
        {"id": entity_id, "name": entity_id, "parent": each["parent"], family: each[family]}
        for entity_id, each in entities.items()
        if entity_id != "everyone"
    ]
    return [
        {name: value for name, value in each.items() if value is not None} for each in descriptions
    ]


def _as_reported(figure: Json) -> Json:
    """Return the figure as a report holds it."""
    left_out = {"id", "reporter"} | ({"incident"} if figure["incident"] is None else set())
    return {name: value for name, value in figure.items() if name not in left_out}
