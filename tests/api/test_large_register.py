"""Totals of a register with more figures than others are prepared of, over HTTP."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient

from benchmarks.generate import COUNTRY, write_register
from service import create_app
from service.bounds.relaxation import narrow_components
from service.bounds.relaxation.register_engine import RegisterEngine
from service.columns.column_terms import ColumnTerms
from service.columns.record_state import RecordState
from service.domain.figure import Figure, Scope
from service.domain.total import Total
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


PAGES_OF_FEW_FIGURES = (
    "/why?place=country&outcomes=killed",
    "/why?place=country&outcomes=killed,wounded&from=2023-01-01&to=2023-06-30",
    "/figures?place=country&outcomes=killed",
    "/figures?place=country&outcomes=killed&start=500",
    "/place/country?outcomes=killed",
    "/v1/totals?place=country&outcomes=killed&explain=true",
    "/v1/totals/figures?place=country&outcomes=killed&limit=5",
)

PAGES = (
    *PAGES_OF_FEW_FIGURES,
    "/figures.csv?place=country&outcomes=killed",
    "/compare?place=country&outcomes=killed&compare={earlier}",
    "/v1/totals/figures?place=country&limit=1000",
    "/v1/totals?place=country&outcomes=killed&explain=true&compare={earlier}",
)


def test_pages_are_the_same_whether_terms_are_arrays_or_objects(
    services: Services, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = str(ask(services.large, "")["as_of"]["seq"] - 50)
    addresses = [each.replace("{earlier}", earlier) for each in PAGES]

    def read_all(client: FlaskClient) -> list[str]:
        answers = [client.get(address) for address in addresses]
        assert {each.status_code for each in answers} == {200}
        return [each.get_data(as_text=True) for each in answers]

    from_arrays = read_all(services.large)
    compute, listed = RegisterEngine.total, list[int]()

    def list_terms_of_total(engine: RegisterEngine, scope: Scope, seconds: float) -> Total:
        total = compute(engine, scope, seconds)
        if isinstance(total.low_terms, ColumnTerms):
            listed.append(len(total.low_terms))
        return replace(total, low_terms=(*total.low_terms,), high_terms=(*total.high_terms,))

    monkeypatch.setattr(RegisterEngine, "total", list_terms_of_total)
    assert read_all(create_app(settings).test_client()) == from_arrays
    assert max(listed) > 300


def test_no_page_of_a_register_makes_an_object_of_each_figure(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_figures, made = RecordState.make_figures, set[Figure]()

    def note_made(state: RecordState, rows: Iterable[int]) -> tuple[Figure, ...]:
        figures = make_figures(state, rows)
        made.update(figures)
        return figures

    ask(services.large, "&outcomes=killed")  # Makes the engine.
    monkeypatch.setattr(RecordState, "make_figures", note_made)
    for page in PAGES_OF_FEW_FIGURES:
        made.clear()
        assert services.large.get(page).status_code == 200
        assert len(made) < ROWS, page


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
