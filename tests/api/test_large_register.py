"""Totals of a register with more figures than others are prepared of, over HTTP."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient

from benchmarks.generate import COUNTRY, write_register
from service import create_app
from service.bounds.relaxation import narrow_components
from service.imports.file_import import FileImport
from service.imports.shipped_maps import describe_import, load_mapping
from service.imports.store_receiver import StoreReceiver
from service.report_id import make_report_id
from service.settings import Settings
from service.store.interface import Store
from service.usecases import state_cache

ROWS = 400

MAP = "ucdp-ged"

QUERIES = (
    "",
    "&from=2023-01-01&to=2023-06-30",
    "&group=civilians",
    "&group=civilians&from=2023-01-01&to=2023-06-30",
    "&by=year",
    "&by=place",
    "&by=group&facet=side",
    "&by_reporter=true&straddling=exclude",
    "&party=exclude&outcomes=killed&explain=true",
)


class Services(NamedTuple):
    """Two services with one register; one of them takes it for a very large one."""

    exact: FlaskClient
    large: FlaskClient


@pytest.fixture
def services(
    client: FlaskClient,
    settings: Settings,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Services:
    """Services with a generated register."""
    path = tmp_path / "register.csv"
    write_register(path, ROWS, seed=3)
    receiver = StoreReceiver(store, lambda: datetime(2026, 1, 1, tzinfo=UTC), make_report_id)
    receiver.start_import(describe_import(path, MAP))
    file_import = FileImport(load_mapping(MAP), receiver)
    file_import.run(path)
    receiver.finish_import(file_import.counts)
    ask(client, "")  # Makes the engine while the limits are the usual ones.
    monkeypatch.setattr(state_cache, "MAX_EXACT_FIGURES", 10)
    monkeypatch.setattr(state_cache, "MAX_PREPARED_FIGURES", 100)
    monkeypatch.setattr(narrow_components, "MIN_REGISTER", 100)
    return Services(client, create_app(settings).test_client())


def ask(client: FlaskClient, query: str) -> dict[str, Any]:
    """Return the answer to a question about the country."""
    answer = client.get(f"/v1/totals?place={COUNTRY.id}{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body


def list_totals(answer: dict[str, Any]) -> list[Any]:
    """Return what an answer says of the people, with the sums of its proofs and its caveats."""
    parts = [*(answer.get("parts") or ()), *(answer.get("by_reporter") or ())]
    totals = [each for part in (answer, *parts) for each in part["totals"]]
    return [
        [
            *(each[name] for name in ("outcomes", "low", "high", "text", "exact", "disputed")),
            {name: each["placed"][name] for name in ("low", "high")} if each["placed"] else None,
            (each.get("because") or {}).get("low_by_reporter"),
        ]
        for each in totals
    ] + [[each["code"], each["text"]] for each in answer["caveats"]]


@pytest.mark.parametrize("query", QUERIES)
def test_a_register_has_exact_totals_however_large_it_is(services: Services, query: str) -> None:
    exact, large = (ask(each, query) for each in services)
    assert any(each["low"] for each in exact["totals"])
    assert list_totals(large) == list_totals(exact)


def test_the_proof_of_a_total_of_a_register_adds_up(services: Services) -> None:
    (total,) = ask(services.large, "&outcomes=killed&explain=true")["totals"]
    proof = total["because"]
    for end in ("low", "high"):
        assert proof[f"{end}_count"] > len(proof[end]) == 100
        largest = [each["adds"] for each in proof[end]]
        assert largest == sorted(largest, key=abs, reverse=True)
        assert sum(each["adds"] for each in proof[f"{end}_by_reporter"]) == total[end]


def test_a_former_state_of_a_register_is_answered_from_the_figures_nearby(
    services: Services,
) -> None:
    answer = ask(services.large, "&outcomes=killed")
    (total,), seq = answer["totals"], answer["as_of"]["seq"]
    (former,) = ask(services.large, f"&outcomes=killed&as_of={seq - 1}")["totals"]
    assert total["exact"] and not former["exact"]
    assert former["low"] <= total["low"]


def test_a_register_for_which_there_is_no_memory_is_answered_from_the_figures_nearby(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_cache, "REGISTER_BYTES", 1 << 20)
    (total,) = ask(services.large, "&outcomes=killed")["totals"]
    assert not total["exact"] and total["low"] > 0


def test_some_figures_of_a_register_are_answered_from_those_nearby(services: Services) -> None:
    answer = ask(services.large, "&outcomes=killed&straddling=exclude&to=2024-12-31")
    (total,) = answer["totals"]
    (expected,) = ask(services.exact, "&outcomes=killed&straddling=exclude&to=2024-12-31")["totals"]
    assert total["low"] <= expected["low"]
    assert not total["exact"]
