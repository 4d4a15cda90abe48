"""Migrations written in Python run on every engine: once, as a whole, and by this release alone."""

import ast
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from typing import Any, Final

import pytest

from service import create_app
from service.domain.errors import StoreUnavailableError
from service.settings import Settings
from service.store import migrations
from service.store.factory import open_store
from service.store.interface import Store
from service.store.migrations import Step
from service.store.migrations.connection import MigrationConnection
from tests.conftest import SendRequest
from tests.support import bodies, engines
from tests.support.paths import ROOT

TYPE_OF_INTEGER: Final = {"sqlite": "INTEGER", "postgresql": "BIGINT"}


def _add_quote_lengths(db: MigrationConnection) -> None:
    """Read rows, compute in Python and write: a column that counts the words of each quote."""
    db.execute(f"ALTER TABLE reports ADD COLUMN quote_words {TYPE_OF_INTEGER[db.engine]}")
    rows = db.fetch_all(
        "SELECT seq, quote_folded FROM reports WHERE stance = :stance", {"stance": "asserts"}
    )
    db.execute_many(
        "UPDATE reports SET quote_words = :words WHERE seq = :seq",
        [{"words": len((quote or "").split()), "seq": seq} for seq, quote in rows],
    )


def _fail(db: MigrationConnection) -> None:
    _add_quote_lengths(db)
    raise ZeroDivisionError


def _exit_process(db: MigrationConnection) -> None:
    _add_quote_lengths(db)
    os._exit(9)


@pytest.fixture
def record(store: Store, send: SendRequest) -> Store:
    """A record with two reports, before the step."""
    send(bodies.make_report(quote="one two three"))
    send(bodies.make_report(quote=None))
    return store


@pytest.fixture
def add_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., None]], None]:
    """Add a step to those of this release, in place of one that was added before."""
    released = migrations.SHARED_STEPS

    def add(upgrade: Callable[..., None]) -> None:
        step = Step("0012_quote_words", upgrade)
        monkeypatch.setattr(migrations, "SHARED_STEPS", (*released, step))

    return add


def _read_quote_words(store: Store) -> list[int]:
    with store.read_transaction() as db:
        return [row[0] for row in db.execute("SELECT quote_words FROM reports ORDER BY seq")]


def _has_column(store: Store) -> bool:
    try:
        return bool(_read_quote_words(store))
    except Exception as error:
        assert "quote_words" in str(error)
        return False


def test_a_step_reads_computes_and_writes_and_is_run_once(record: Store, add_step: Any) -> None:
    add_step(_add_quote_lengths)
    assert record.migrate() == 1
    assert _read_quote_words(record) == [3, 0]
    assert record.migrate() == 0
    assert _read_quote_words(record) == [3, 0]


def test_nothing_remains_of_a_step_that_fails(record: Store, add_step: Any) -> None:
    add_step(_fail)
    with pytest.raises(ZeroDivisionError):
        record.migrate()
    assert not _has_column(record)
    add_step(_add_quote_lengths)
    assert record.migrate() == 1
    assert _read_quote_words(record) == [3, 0]


def _migrate(settings: Settings) -> None:
    open_store(settings.database, settings.busy_seconds).migrate()


def test_nothing_remains_of_a_step_whose_process_ends(
    record: Store, settings: Settings, add_step: Any
) -> None:
    add_step(_exit_process)
    process = get_context("fork").Process(target=_migrate, args=(settings,))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert not _has_column(record)
    add_step(_add_quote_lengths)
    assert record.migrate() == 1
    assert _read_quote_words(record) == [3, 0]


def test_a_database_of_a_later_release_is_refused(
    record: Store, settings: Settings, add_step: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing is pending: the later release may have changed what this one reads."""
    add_step(_add_quote_lengths)
    record.migrate()
    monkeypatch.setattr(migrations, "SHARED_STEPS", migrations.SHARED_STEPS[:-1])
    message = "later release: this one does not know 0012_quote_words"
    with pytest.raises(StoreUnavailableError, match=message):
        record.migrate()
    with pytest.raises(StoreUnavailableError, match=message):
        create_app(settings)


def test_a_database_without_a_record_of_its_migrations_is_refused(record: Store) -> None:
    name = "_sqlite_migrations" if engines.ENGINE == "sqlite" else "migrations"
    with record.write_transaction() as db:
        db.execute(f"DELETE FROM {name}")  # noqa: S608
    with pytest.raises(StoreUnavailableError, match="no record of its migrations"):
        record.migrate()


MIGRATIONS: Final = ROOT / "service" / "store" / "migrations"


def _iterate_imports() -> Iterator[str]:
    for path in MIGRATIONS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert not node.level
                yield str(node.module)


def test_migrations_import_only_each_other_and_the_standard_library() -> None:
    names = set(_iterate_imports())
    own = {name for name in names if name.startswith("service.store.migrations")}
    assert own
    assert {name.split(".")[0] for name in names - own} <= set(sys.stdlib_module_names)


def test_the_import_contract_forbids_everything_else_to_migrations() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (contract,) = (
        each for each in contracts if each.get("source_modules") == ["service.store.migrations"]
    )
    siblings = {path.stem for path in MIGRATIONS.parent.glob("*") if path.suffix in ("", ".py")}
    siblings -= {"migrations", "__init__", "__pycache__"}
    expected = {f"service.store.{name}" for name in siblings}
    top = {path.stem for path in MIGRATIONS.parents[1].glob("*") if path.suffix in ("", ".py")}
    expected |= {
        f"service.{name}" for name in top - {"store", "__init__", "__pycache__", "__main__"}
    }
    assert set(contract["forbidden_modules"]) == {*expected, "schemas"}


def test_the_steps_are_numbered_in_order_and_registered() -> None:
    numbers = [int(step.name[:4]) for step in migrations.steps_for("sqlite")]
    assert numbers == list(range(1, len(numbers) + 1))
    modules = {path.stem for path in MIGRATIONS.glob("m*.py")}
    registered = {
        step.upgrade.__module__.rpartition(".")[2]
        for step in (*migrations.steps_for("sqlite"), *migrations.POSTGRESQL_STEPS)
    }
    assert modules == registered
    assert all(re.fullmatch(r"m\d{4}_\w+", name) for name in modules)
