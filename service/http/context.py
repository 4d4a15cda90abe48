"""What a view works with, as create_app joined it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import Flask, current_app, g

from service.settings import Settings
from service.store.interface import Store
from service.store.rate_counters import RateCounters
from service.usecases.state_cache import StateCache
from service.usecases.time_budget import TimeBudget

_EXTENSION_KEY = "casualty_services"


@dataclass(frozen=True, slots=True)
class Services:
    """Settings, record, its states in memory, clock (with its time zone) and maker of new ids.

    ``read_store`` is the record as readers see it: the same, or a standby that may lie behind.
    ``rate_counters`` count the requests of each client; None where there is no limit.
    """

    settings: Settings
    store: Store
    read_store: Store
    state_cache: StateCache
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    rate_counters: RateCounters | None = None


def install_services(app: Flask, services: Services) -> None:
    """Give the application its parts."""
    app.extensions[_EXTENSION_KEY] = services


def get_services() -> Services:
    """Return the parts of the application that answers this request."""
    return cast(Services, current_app.extensions[_EXTENSION_KEY])


def request_time() -> datetime:
    """Return the moment of this request: the same for whoever looks, so that it is one moment."""
    if "request_time" not in g:
        g.request_time = get_services().clock()
    requested_at: datetime = g.request_time
    return requested_at


def start_time_budget() -> TimeBudget:
    """Return the time that the settings give to one answer; it begins to run at once."""
    settings = get_services().settings
    return TimeBudget(settings.solver_seconds, settings.answer_seconds)
