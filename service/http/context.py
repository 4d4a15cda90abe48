"""What a view works with: the services of the application, and the time of the request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from flask import Flask, current_app, g

from service.http.costly_slots import CostlySlots
from service.settings import Settings
from service.store.interface import Store
from service.store.rate_counters import RateCounters
from service.usecases.state_cache import StateCache
from service.usecases.time_budget import TimeBudget

_EXTENSION_KEY = "casualty_services"


@dataclass(frozen=True, slots=True)
class Services:
    """Settings, stores, cache, clock (with a time zone) and generator of new ids.

    ``read_store`` is read by requests that only read: ``store`` itself, or a standby, which may
    lag. ``rate_counters`` count the requests of each client; None if there is no rate limit.
    ``costly_slots`` limit how many costly answers the process computes at once.
    """

    settings: Settings
    store: Store
    read_store: Store
    state_cache: StateCache
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    rate_counters: RateCounters | None = None
    costly_slots: CostlySlots = field(default_factory=CostlySlots)


def install_services(app: Flask, services: Services) -> None:
    """Store the services in the application."""
    app.extensions[_EXTENSION_KEY] = services


def get_services() -> Services:
    """Return the services of the application that handles this request."""
    return services_of(current_app)


def services_of(app: Flask) -> Services:
    """Return the services of the application."""
    return cast(Services, app.extensions[_EXTENSION_KEY])


def request_time() -> datetime:
    """Return the time of this request, which is the same throughout the request."""
    if "request_time" not in g:
        g.request_time = get_services().clock()
    requested_at: datetime = g.request_time
    return requested_at


def start_time_budget(share: float = 1.0) -> TimeBudget:
    """Return the budget for one response by the settings; its time begins to run at once.

    ``share`` is the part of the time for one answer that all totals may take. While it is computed,
    a response may take half of the memory of the caches.
    """
    settings = get_services().settings
    max_bytes = settings.cache_megabytes << 19
    return TimeBudget(settings.solver_seconds, share * settings.answer_seconds, max_bytes)
