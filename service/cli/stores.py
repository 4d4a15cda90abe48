"""The databases that commands use."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click

from service.domain.errors import DomainError
from service.settings import load_settings, parse_database_address
from service.store import factory
from service.store.interface import Progress, Store
from service.usecases import maintenance

_connect: Final = partial(factory.open_store, is_bulk=True)
"""Return a store that is not opened yet; a command may write very much."""


class DatabaseAddress(click.ParamType[Store]):
    """A database: an SQLite file or a PostgreSQL URL."""

    name = "database"

    def __init__(self, *, exists: bool = False) -> None:
        self._exists = exists

    def convert(self, value: Any, param: Any, ctx: Any) -> Store:
        try:
            address = parse_database_address(value)
            if self._exists and isinstance(address, Path) and not address.is_file():
                raise ValueError(f"there is no file {value}")
            store = _connect(address, load_settings().busy_seconds)
        except (ValueError, DomainError) as error:
            self.fail(str(error), param, ctx)
        ctx.call_on_close(store.close)
        return store


def get_store() -> Store:
    """Return the store of the settings, neither opened nor migrated yet."""
    settings = load_settings()
    store = _connect(settings.database, settings.busy_seconds)
    # The last process that closes an SQLite file leaves nothing in its write-ahead log.
    click.get_current_context().call_on_close(store.close)
    return store


def open_store() -> Store:
    """Return the store of the settings, migrated and checked."""
    store = get_store()
    store.prepare()
    return store


@contextmanager
def open_trial_store(report_progress: Progress, *, is_empty: bool = False) -> Iterator[Store]:
    """Yield a copy of the store of the settings in a temporary SQLite file, which is deleted.

    ``is_empty``: nothing is copied.
    """
    # Imported here, so that other commands do not load the columns, and numpy.
    from service.usecases import copy_store

    with TemporaryDirectory(prefix="casualty-figures-") as folder:
        trial = _connect(Path(folder) / "trial.db", load_settings().busy_seconds)
        try:
            source = None if is_empty else open_store()
            if source is not None and maintenance.get_last_seq_and_hash(source)[0]:
                copy_store.copy_store(source, trial, report_progress)
            else:
                trial.prepare()
            yield trial
        finally:
            trial.close()
