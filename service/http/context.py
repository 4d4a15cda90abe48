"""What a view works with, as create_app joined it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import Flask, current_app, g

from service.settings import Settings
from service.store.interface import Store
from service.store.rate_counters import RateCounters
from service.usecases.state_cache import Snapshots
from service.usecases.time_budget import Budget

_NAME = "casualties"


@dataclass(frozen=True, slots=True)
class Parts:
    """Settings, record, its states in memory, clock (with its time zone) and maker of new ids.

    ``readers`` is the record as readers see it: the same, or a standby that may lie behind.
    ``counters`` count the requests of each client; None where there is no limit.
    """

    settings: Settings
    store: Store
    readers: Store
    snapshots: Snapshots
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    counters: RateCounters | None = None


def install(app: Flask, joined: Parts) -> None:
    """Give the application its parts."""
    app.extensions[_NAME] = joined


def parts() -> Parts:
    """Return the parts of the application that answers this request."""
    return cast(Parts, current_app.extensions[_NAME])


def now() -> datetime:
    """Return the moment of this request: the same for whoever looks, so that it is one moment."""
    if "moment" not in g:
        g.moment = parts().clock()
    moment: datetime = g.moment
    return moment


def budget() -> Budget:
    """Return the time that the settings give to one answer; it begins to run at once."""
    settings = parts().settings
    return Budget(settings.solver_seconds, settings.answer_seconds)
