"""The change feed: page by page, with waiting, or as a stream; and the event log itself."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from flask import Response, request

from schemas.changes import ChangesOut, ChangesParameters, LogOut
from schemas.lifecycle import EntryOut
from service.domain.errors import DomainError, LockTimeoutError
from service.http import metrics, problems
from service.http.auth import requires
from service.http.consistency import get_reader, parse_seq
from service.http.long_poll_slots import feed_slots, is_waiting_allowed, try_acquire_slot
from service.http.smorest import Blueprint
from service.serving.work_share import work_share
from service.store.interface import Reader
from service.usecases import changes

blueprint = Blueprint("changes", __name__, url_prefix="/v1", description="The change feed.")

EVENT_STREAM: Final = "text/event-stream"

HEARTBEAT_SECONDS: Final = 15.0
"""Seconds between two comments on a quiet stream; writing one shows whether the client is gone."""

MAX_STREAM_SECONDS: Final = 600.0
"""Seconds after which a stream ends; a client reconnects with Last-Event-ID."""

_EVENT_SCHEMA: Final = EntryOut()

STREAM_RESPONSE: Final = {200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}}}


@blueprint.route("/changes")
@requires("read")
@blueprint.arguments(ChangesParameters, location="query")
@blueprint.response(200, ChangesOut, description="A page of events, or a stream of them.")
@blueprint.doc(responses=STREAM_RESPONSE)
def get_changes(parameters: dict[str, Any]) -> Any:
    """List the events of the event log in order, each once, without gaps.

    With `wait` the answer comes as soon as there is an event. At most 4 requests wait in each
    process of the server; others are answered at once.

    With `Accept: text/event-stream` the answer is a stream of server-sent events: `id` is the
    `seq`, `event` the kind, `data` the event as JSON. It begins after `since`, or after the header
    `Last-Event-ID`, and ends after 10 minutes; clients then reconnect.
    """
    since = parameters["since"]
    if request.accept_mimetypes.best_match(["application/json", EVENT_STREAM]) == EVENT_STREAM:
        return _stream_response(_read_last_seen_seq(since))
    return _answer_page(changes.load_changes, parameters)


@blueprint.route("/events")
@requires("admin")
@blueprint.arguments(ChangesParameters, location="query")
@blueprint.response(200, LogOut, description="A page of the event log.")
def get_events(parameters: dict[str, Any]) -> Any:
    """List the events of the event log as they are stored, for a mirror.

    Each has its hash, so that a mirror can prove that it has the same record, and the id of the key
    that caused it. Needs the scope `admin`. `python -m service follow` reads this.
    """
    return _answer_page(changes.load_log, parameters)


def _answer_page(
    load_page: Callable[[Reader, int, int], changes.ChangesPage | changes.LogPage],
    parameters: dict[str, Any],
) -> Any:
    """Return the page, after waiting for an event if the client asks for that."""
    reader, since, limit = get_reader(), parameters["since"], parameters["limit"]
    page = load_page(reader, since, limit)
    # If too many requests wait already, this one is answered at once without events.
    if page.last_seq == since and parameters["wait"]:
        reader.release()
        with try_acquire_slot(feed_slots) as has_slot:
            if has_slot and changes.wait_for_event(
                reader.source, since, parameters["wait"], is_waiting_allowed
            ):
                page = load_page(reader, since, limit)
    metrics.get_current_metrics().count_feed_response(page.pending)
    return page, 200, {"Cache-Control": "no-store"}


def _read_last_seen_seq(since: int) -> int:
    """Return the `seq` of the last event that a reconnecting client has seen, else ``since``."""
    last_event_id = request.headers.get("Last-Event-ID")
    return since if last_event_id is None else parse_seq("Last-Event-ID", last_event_id)


def _stream_response(since: int) -> Response:
    reader = get_reader()
    changes.load_changes(reader, since, 1)  # Raises errors while a status can still be sent.
    if not feed_slots.acquire(blocking=False):
        raise LockTimeoutError(
            "Too many clients read the feed as a stream; use wait, or try again later."
        )
    response = Response(
        _generate_stream(reader.source, metrics.get_current_metrics(), since),
        mimetype=EVENT_STREAM,
    )
    response.call_on_close(feed_slots.release)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # Otherwise nginx buffers the events.
    return response


def _generate_stream(reader: Reader, app_metrics: metrics.Metrics, since: int) -> Iterator[str]:
    yield "retry: 2000\n\n"
    try:
        yield from _follow_feed(reader, app_metrics, since)
    except DomainError as error:
        problems.log_unavailable(error)  # The client reconnects, and then gets the error.


def _follow_feed(reader: Reader, app_metrics: metrics.Metrics, since: int) -> Iterator[str]:
    deadline = time.monotonic() + MAX_STREAM_SECONDS
    while time.monotonic() < deadline and is_waiting_allowed():
        with work_share.pause():
            is_new = changes.wait_for_event(reader, since, HEARTBEAT_SECONDS, is_waiting_allowed)
        if not is_new:
            yield ": nothing new\n\n"
            continue
        page = changes.load_changes(reader, since, 100)
        app_metrics.count_feed_response(page.pending)
        for event in page.changes:
            data = json.dumps(_EVENT_SCHEMA.dump(event), ensure_ascii=False, separators=(",", ":"))
            yield f"id: {event.seq}\nevent: {event.kind}\ndata: {data}\n\n"
        since = page.last_seq
