"""Costly work of a request: it needs one of a few slots of the process, so that others get on.

Costly are totals and pages that no cache answers, comparisons, previews, long lists, and loading a
state of the record. A request takes at most one slot and holds it until its response is complete.
"""

import time
from typing import TYPE_CHECKING, Final

from flask import Flask, g

from service.domain.errors import OverloadedError
from service.http import metrics
from service.http.auth import get_principal
from service.http.context import get_services
from service.http.rate_limit import identify_client
from service.serving.work_share import work_share

if TYPE_CHECKING:
    from service.usecases.request_reader import RequestReader

MAX_CHEAP_ITEMS: Final = 100
"""A list with more items is costly; this is the default of `limit`."""


def register(app: Flask) -> None:
    """Release the slot of each request at its end."""
    app.teardown_appcontext(_release_slot)


def take_slot() -> float:
    """Hold a slot until the end of this request; return how many seconds it was waited for.

    Raises OverloadedError if there is none in time. A read transaction of the request is ended
    before it waits.
    """
    if "costly_client" in g:
        return 0.0
    slots, client = get_services().costly_slots, identify_client(get_principal())
    started_at = time.monotonic()
    if not slots.try_acquire(client):
        reader: RequestReader | None = g.get("reader")
        if reader is not None:
            reader.release()
        with work_share.pause(), metrics.get_current_metrics().count_idle_thread():
            has_slot = slots.wait_acquire(client)
        if not has_slot:
            raise OverloadedError(
                "The service computes as many large answers as it can at once; try again in"
                " a few seconds."
            )
    g.costly_client = client
    return time.monotonic() - started_at


def take_slot_for_list(limit: int) -> None:
    """Take a slot if a list with so many items is costly; raises OverloadedError."""
    if limit > MAX_CHEAP_ITEMS:
        take_slot()


def _release_slot(error: BaseException | None) -> None:
    client: str | None = g.pop("costly_client", None)
    if client is not None:
        get_services().costly_slots.release(client)
