"""What Prometheus reads: what was asked, what it took, what was refused, how far the record goes.

No label holds what somebody sent: each value of one is a series that stays.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar, cast

from flask import Flask, Response, current_app, g, request
from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from service.bounds.solver_effort import Effort
from service.domain.errors import (
    DatabaseUnreachableError,
    DomainError,
    LockTimeoutError,
    RateLimitExceededError,
    StoreUnavailableError,
    TimeBudgetExceededError,
)
from service.domain.total import Total
from service.http.auth import requires
from service.http.context import parts
from service.http.middleware import around
from service.http.smorest import Blueprint
from service.serving import metrics_multiprocess, runtime_dir
from service.store.interface import Store
from service.usecases import health
from service.version import __version__

Found = TypeVar("Found")

LABELS: Final = ("route", "method", "status")

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
"""Told apart; a client can send any word."""

WRITING: Final = frozenset(METHODS) - {"GET", "HEAD", "OPTIONS"}

REFUSALS: Final[Mapping[type[DomainError], str]] = {
    LockTimeoutError: "busy",
    StoreUnavailableError: "unavailable",
    DatabaseUnreachableError: "unavailable",
    TimeBudgetExceededError: "costly",
    RateLimitExceededError: "rate",
}
"""Why a request that nothing was wrong with was not answered."""

UNMATCHED: Final = "unmatched"
"""Stands for every path that no view answers, of which there is no end either."""

REQUEST_SECONDS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
SOLVER_SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0)
TENS: Final = (1, 10, 100, 1_000, 10_000, 100_000)

_NAME: Final = "metrics"

disable_created_metrics()  # They are series of their own, which processes together do not have.

blueprint = Blueprint("metrics", __name__, description="For whoever watches the service.")


@blueprint.route("/metrics")
@requires("read")
@blueprint.response(200)
@blueprint.doc(responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
def get_metrics() -> Response:
    """Tell the counts of all processes of this server, in the text format of Prometheus."""
    told = kept().told(parts().store, parts().readers)
    response = Response(told, content_type=CONTENT_TYPE_PLAIN_0_0_4)
    response.headers["Cache-Control"] = "no-store"
    return response


class Metrics:
    """What one process counts."""

    def __init__(self) -> None:
        """Begin at zero, or where this process's file stands if it is one of several."""
        own = self._own = CollectorRegistry()

        def counter(name: str, told: str, labels: Sequence[str] = ()) -> Counter:
            return Counter(f"casualty_{name}", told, labels, registry=own)

        def histogram(
            name: str, told: str, buckets: Sequence[float], labels: Sequence[str] = ()
        ) -> Histogram:
            return Histogram(f"casualty_{name}", told, labels, buckets=buckets, registry=own)

        def gauge(name: str, told: str) -> Gauge:
            """Return one that is the sum over the processes that live."""
            return Gauge(f"casualty_{name}", told, multiprocess_mode="livesum", registry=own)

        self._requests = counter("http_requests", "Requests answered.", LABELS)
        self._request_seconds = histogram(
            "http_request_duration_seconds",
            "Time until the answer to a request began.",
            REQUEST_SECONDS,
            LABELS,
        )
        self._refused = counter(
            "refused",
            "Requests with nothing wrong in them that were not answered, by the reason.",
            ("reason", "work"),
        )
        self._threads = gauge("threads", "Threads that answer requests.")
        self._busy = gauge("threads_busy", "Threads that have a request to answer.")
        self._totals = counter("totals_answered", "Totals worked out.")
        self._inexact = counter("totals_inexact", "Totals wider than they could be.")
        self._disputed = counter("totals_disputed", "Totals with reports that contradict.")
        self._figures = histogram("totals_figures", "Figures that a total counts.", TENS)
        self._solver_seconds = histogram(
            "solver_seconds", "Time that the solver worked for a total.", SOLVER_SECONDS
        )
        self._solver_columns = histogram(
            "solver_columns", "Columns of the largest program solved for a total.", TENS
        )
        self._pending = histogram(
            "feed_pending_entries",
            "Entries that a reader of the feed had still to fetch after an answer.",
            (0, *TENS),
        )
        # A rate sees only what a series grows by: one that began with its first refusal would
        # hide it.
        for reason in REFUSALS.values():
            for work in ("reading", "writing"):
                self._refused.labels(reason, work)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        labels = (route, method if method in METHODS else "other", str(status))
        self._requests.labels(*labels).inc()
        self._request_seconds.labels(*labels).observe(seconds)

    def refused(self, kind: type[DomainError], method: str) -> None:
        """Count a request that ended in an error of this kind, where it is a refusal."""
        if (reason := REFUSALS.get(kind)) is not None:
            self._refused.labels(reason, "writing" if method in WRITING else "reading").inc()

    def count(self, totals: Sequence[Total]) -> None:
        """Count the totals of an answer that was worked out."""
        self._totals.inc(len(totals))
        self._inexact.inc(sum(not total.exact for total in totals))
        self._disputed.inc(sum(total.is_disputed for total in totals))
        for total in totals:
            self._figures.observe(len(total.figures))

    def solved(self, efforts: Sequence[Effort]) -> None:
        """Count what the solver did, also for an answer that was given up."""
        for effort in efforts:
            self._solver_seconds.observe(effort.seconds)
            self._solver_columns.observe(effort.columns)

    def fed(self, pending: int) -> None:
        """Count an answer of the feed, after which so many entries follow."""
        self._pending.observe(pending)

    def has_threads(self, number: int) -> None:
        """Tell how many threads of this process answer requests."""
        self._threads.set(number)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Count this thread as one that answers a request."""
        self._busy.inc()
        try:
            yield
        finally:
            self._busy.dec()

    def told(self, store: Store, readers: Store) -> bytes:
        """Return all there is to tell, as Prometheus reads it."""
        with metrics_multiprocess.everywhere(self._own) as collector:
            registry = CollectorRegistry()
            registry.register(collector)
            registry.register(_Present(store, readers))
            text: bytes = generate_latest(registry)
            return text


class _Present:
    """What is looked up when it is asked for, whichever process answers."""

    def __init__(self, store: Store, readers: Store) -> None:
        self._store = store
        self._readers = readers

    def collect(self) -> Iterable[Metric]:
        """Yield the release and whether an end is near; the record's extent where it is known."""
        build = GaugeMetricFamily(
            "casualty_build_info", "The release that runs; always 1.", labels=("release",)
        )
        build.add_metric((__version__,), 1)
        yield build
        yield _gauge("draining", "1 while the server is about to stop.", runtime_dir.draining())
        extent, shown = self._looked_up()
        if extent is not None:
            yield from _told(extent)
        if shown is not None:
            yield _gauge("readers_ledger_seq", "The last entry that readers are shown.", shown)

    def _looked_up(self) -> tuple[health.Extent | None, int | None]:
        """Return the record's extent and, where readers have a database of their own, its end."""
        if self._readers is self._store:
            return _found(health.extent, self._store), None
        # At once: a database that is away is waited for, and two would be for twice as long.
        with ThreadPoolExecutor() as at_once:
            extent = at_once.submit(_found, health.extent, self._store)
            shown = _found(health.check, self._readers)
            return extent.result(), shown


def _found(look: Callable[[Store], Found], store: Store) -> Found | None:
    """Return what is found; None out of reach, which is when the counts are needed most."""
    try:
        return look(store)
    except (DomainError, OSError):
        return None


def _told(extent: health.Extent) -> Iterator[Metric]:
    yield _gauge("ledger_seq", "The last entry of the ledger.", extent.seq)
    if extent.recorded_at is not None:
        yield _gauge(
            "ledger_last_entry_timestamp_seconds",
            "When the last entry of the ledger was made.",
            extent.recorded_at.timestamp(),
        )
    yield _gauge("database_bytes", "The database's size on disk.", extent.size)
    if extent.free is not None:
        yield _gauge("database_free_bytes", "Room that its disk has left.", extent.free)


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"casualty_{name}", told, value=value)


def register(app: Flask) -> None:
    """Count every request that reaches the application."""
    counted = app.extensions[_NAME] = Metrics()
    app.after_request(_count)
    around(app, lambda environ: counted.busy())


def of(app: Flask) -> Metrics:
    """Return what the application counts with."""
    return cast(Metrics, app.extensions[_NAME])


def kept() -> Metrics:
    """Return what the application that answers this request counts with."""
    return of(current_app)


def _count(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule else UNMATCHED
    now = time.perf_counter()
    counted = kept()
    counted.answered(route, request.method, response.status_code, now - g.get("began", now))
    if "refused" in g:
        counted.refused(g.refused, request.method)
    return response
