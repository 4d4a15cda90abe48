"""Casualty figures as they were reported: totals that keep every range and every caveat."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from service.settings import Settings
    from service.store.interface import Store


def create_app(
    settings: "Settings | None" = None,
    clock: Callable[[], datetime] | None = None,
    new_id: Callable[[], str] | None = None,
) -> "Flask":
    """Return the web application, after migrating and checking the database.

    ``settings`` None means those of the environment. ``clock`` and ``new_id`` are for tests. Raises
    SettingsError, and StoreUnavailableError or LockTimeoutError if the database cannot be used.
    """
    # Imported here, so that domain and bounds can be used without the libraries of the web.
    from service.app import build_app
    from service.http import logging
    from service.http.context import Services
    from service.http.costly_slots import CostlySlots
    from service.report_id import make_report_id
    from service.settings import load_settings
    from service.shared_cache import SharedCache
    from service.store.factory import open_standby
    from service.usecases.state_cache import StateCache

    settings = settings or load_settings()
    logging.configure_logging(settings.log_level)
    store = open_database(settings)
    rate_limit = settings.rate_limit
    counters = store.rate_counters(rate_limit) if rate_limit else None
    standby = settings.read_database
    readers = open_standby(standby, settings.busy_seconds) if standby else store
    return build_app(
        Services(
            settings,
            store,
            readers,
            StateCache(SharedCache(settings.cache_megabytes << 20)),
            clock or _utc_now,
            new_id or make_report_id,
            counters,
            CostlySlots(settings.costly_slots),
        )
    )


def open_database(settings: "Settings") -> "Store":
    """Return the database of the settings, migrated, checked and ready for writes; writes.

    The message of each StoreUnavailableError and LockTimeoutError is one line for an operator.
    """
    from service.store.factory import open_store

    store = open_store(settings.database, settings.busy_seconds)
    store.prepare()
    store.check_writable()
    return store


def _utc_now() -> datetime:
    return datetime.now(UTC)
