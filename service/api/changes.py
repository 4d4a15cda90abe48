"""The feed over HTTP: asked for page by page, waited for, or followed as a stream of events."""

import json
import time
from collections.abc import Iterator
from typing import Any, Final

from flask import Response, request

from schemas.changes import ChangesOut, ChangesParameters
from schemas.lifecycle import EntryOut
from service.domain.errors import DomainError, LockTimeoutError, invalid_field
from service.http import metrics, problems
from service.http.auth import requires
from service.http.consistency import record
from service.http.long_poll_slots import followers, turn
from service.http.smorest import Blueprint
from service.serving import runtime_dir
from service.store.interface import Reader
from service.usecases import changes

blueprint = Blueprint("changes", __name__, url_prefix="/v1", description="What happened since.")

STREAM: Final = "text/event-stream"

BEAT: Final = 15.0
"""Seconds between two signs of life on a quiet stream, by which a lost reader is found out."""

LONGEST_STREAM: Final = 600.0
"""Seconds after which a stream ends; whoever reads it comes back with Last-Event-ID."""

AS_STREAM: Final = {200: {"content": {STREAM: {"schema": {"type": "string"}}}}}


@blueprint.route("/changes")
@requires("read")
@blueprint.arguments(ChangesParameters, location="query")
@blueprint.response(200, ChangesOut)
@blueprint.doc(responses=AS_STREAM)
def get_changes(asked: dict[str, Any]) -> Any:
    """List every entry of the ledger in order, each once, none left out.

    With wait it answers as soon as there is one; as text/event-stream it goes on answering, from
    Last-Event-ID on.
    """
    since = asked["since"]
    if request.accept_mimetypes.best_match(["application/json", STREAM]) == STREAM:
        return _stream(_last_event(since))
    found = changes.changes(record(), since, asked["limit"])
    # Where too many wait already, this one is answered at once, with nothing, and asks again.
    if not found.changes and asked["wait"]:
        with turn(followers) as mine:
            if mine and changes.wait(record(), since, asked["wait"], _going_on):
                found = changes.changes(record(), since, asked["limit"])
    metrics.kept().fed(found.pending)
    return found, 200, {"Cache-Control": "no-store"}


def _going_on() -> bool:
    """Whether this server goes on: nobody is kept waiting by one that is about to stop."""
    return not runtime_dir.draining()


def _last_event(since: int) -> int:
    """Return the entry that a reader who was cut off has seen last."""
    seen = request.headers.get("Last-Event-ID")
    if seen is None:
        return since
    if not (seen.isascii() and seen.isdigit() and len(seen) <= 15):
        raise invalid_field("Last-Event-ID", "This must be the number of an entry.")
    return int(seen)


def _stream(since: int) -> Response:
    store = record()
    changes.changes(store, since, 1)  # Says now what could not be said in a stream.
    if not followers.acquire(blocking=False):
        raise LockTimeoutError("Too many readers follow the feed already; use wait, or come back.")
    response = Response(_events(store, metrics.kept(), since), mimetype=STREAM)
    response.call_on_close(followers.release)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # A proxy in front would hold events back.
    return response


def _events(store: Reader, counted: metrics.Metrics, since: int) -> Iterator[str]:
    yield "retry: 2000\n\n"
    try:
        yield from _following(store, counted, since)
    except DomainError as error:
        problems.log(error)  # Its reader comes back, and is then told.


def _following(store: Reader, counted: metrics.Metrics, since: int) -> Iterator[str]:
    end = time.monotonic() + LONGEST_STREAM
    while time.monotonic() < end and _going_on():
        if not changes.wait(store, since, BEAT, _going_on):
            yield ": nothing new\n\n"
            continue
        page = changes.changes(store, since, 100)
        counted.fed(page.pending)
        for entry in page.changes:
            data = json.dumps(EntryOut().dump(entry), ensure_ascii=False, separators=(",", ":"))
            yield f"id: {entry.seq}\nevent: {entry.kind}\ndata: {data}\n\n"
        since = page.last_seq
