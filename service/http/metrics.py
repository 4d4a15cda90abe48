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
from service.http.context import get_services
from service.http.middleware import wrap_requests
from service.http.smorest import Blueprint
from service.serving import metrics_multiprocess, runtime_dir
from service.store.interface import Store
from service.usecases import health
from service.version import __version__

Value = TypeVar("Value")

REQUEST_LABELS: Final = ("route", "method", "status")

KNOWN_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
"""Told apart; a client can send any word."""

WRITE_METHODS: Final = frozenset(KNOWN_METHODS) - {"GET", "HEAD", "OPTIONS"}

REFUSAL_REASONS: Final[Mapping[type[DomainError], str]] = {
    LockTimeoutError: "busy",
    StoreUnavailableError: "unavailable",
    DatabaseUnreachableError: "unavailable",
    TimeBudgetExceededError: "costly",
    RateLimitExceededError: "rate",
}
"""Why a request that nothing was wrong with was not answered."""

UNMATCHED_ROUTE: Final = "unmatched"
"""Stands for every path that no view answers, of which there is no end either."""

REQUEST_TIME_BUCKETS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
SOLVER_TIME_BUCKETS: Final = (
    0.001,
    0.005,
    0.01,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    1.5,
    2.5,
    5.0,
    10.0,
    30.0,
)
COUNT_BUCKETS: Final = (1, 10, 100, 1_000, 10_000, 100_000)

_EXTENSION_KEY: Final = "metrics"

disable_created_metrics()  # They are series of their own, which processes together do not have.

blueprint = Blueprint("metrics", __name__, description="Metrics.")


@blueprint.route("/metrics")
@requires("read")
@blueprint.response(200, description="The metrics.")
@blueprint.doc(responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
def get_metrics() -> Response:
    """Get the metrics of all processes of this server, in the text format of Prometheus."""
    text = get_current_metrics().render(get_services().store, get_services().read_store)
    response = Response(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)
    response.headers["Cache-Control"] = "no-store"
    return response


class Metrics:
    """What one process counts."""

    def __init__(self) -> None:
        """Begin at zero, or where this process's file stands if it is one of several."""
        registry = self._registry = CollectorRegistry()

        def make_counter(name: str, description: str, labels: Sequence[str] = ()) -> Counter:
            return Counter(f"casualty_{name}", description, labels, registry=registry)

        def make_histogram(
            name: str, description: str, buckets: Sequence[float], labels: Sequence[str] = ()
        ) -> Histogram:
            return Histogram(
                f"casualty_{name}", description, labels, buckets=buckets, registry=registry
            )

        def make_gauge(name: str, description: str) -> Gauge:
            """Return one that is the sum over the processes that live."""
            return Gauge(
                f"casualty_{name}", description, multiprocess_mode="livesum", registry=registry
            )

        self._requests = make_counter("http_requests", "Requests answered.", REQUEST_LABELS)
        self._request_seconds = make_histogram(
            "http_request_duration_seconds",
            "Time until the answer to a request began.",
            REQUEST_TIME_BUCKETS,
            REQUEST_LABELS,
        )
        self._refusals = make_counter(
            "refused",
            "Requests with nothing wrong in them that were not answered, by the reason.",
            ("reason", "work"),
        )
        self._threads = make_gauge("threads", "Threads that answer requests.")
        self._busy_threads = make_gauge("threads_busy", "Threads that have a request to answer.")
        self._totals = make_counter("totals_answered", "Totals worked out.")
        self._inexact_totals = make_counter("totals_inexact", "Totals wider than they could be.")
        self._disputed_totals = make_counter(
            "totals_disputed", "Totals with reports that contradict."
        )
        self._figures_per_total = make_histogram(
            "totals_figures", "Figures that a total counts.", COUNT_BUCKETS
        )
        self._solver_seconds = make_histogram(
            "solver_seconds", "Time that the solver worked for a total.", SOLVER_TIME_BUCKETS
        )
        self._solver_columns = make_histogram(
            "solver_columns", "Columns of the largest program solved for a total.", COUNT_BUCKETS
        )
        self._pending_events = make_histogram(
            "feed_pending_entries",
            "Entries that a reader of the feed had still to fetch after an answer.",
            (0, *COUNT_BUCKETS),
        )
        # A rate sees only what a series grows by: one that began with its first refusal would
        # hide it.
        for reason in REFUSAL_REASONS.values():
            for work in ("reading", "writing"):
                self._refusals.labels(reason, work)

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        labels = (route, method if method in KNOWN_METHODS else "other", str(status))
        self._requests.labels(*labels).inc()
        self._request_seconds.labels(*labels).observe(seconds)

    def count_refusal(self, error_type: type[DomainError], method: str) -> None:
        """Count a request that ended in an error of this kind, where it is a refusal."""
        if (reason := REFUSAL_REASONS.get(error_type)) is not None:
            self._refusals.labels(reason, "writing" if method in WRITE_METHODS else "reading").inc()

    def count_totals(self, totals: Sequence[Total]) -> None:
        """Count the totals of an answer that was worked out."""
        self._totals.inc(len(totals))
        self._inexact_totals.inc(sum(not total.exact for total in totals))
        self._disputed_totals.inc(sum(total.is_disputed for total in totals))
        for total in totals:
            self._figures_per_total.observe(len(total.figures))

    def count_solver_effort(self, efforts: Sequence[Effort]) -> None:
        """Count what the solver did, also for an answer that was given up."""
        for effort in efforts:
            self._solver_seconds.observe(effort.seconds)
            self._solver_columns.observe(effort.columns)

    def count_feed_response(self, pending: int) -> None:
        """Count an answer of the feed, after which so many entries follow."""
        self._pending_events.observe(pending)

    def set_thread_count(self, count: int) -> None:
        """Tell how many threads of this process answer requests."""
        self._threads.set(count)

    @contextmanager
    def count_busy_thread(self) -> Iterator[None]:
        """Count this thread as one that answers a request."""
        self._busy_threads.inc()
        try:
            yield
        finally:
            self._busy_threads.dec()

    def render(self, store: Store, read_store: Store) -> bytes:
        """Return all there is to tell, as Prometheus reads it."""
        with metrics_multiprocess.collect_all_processes(self._registry) as collector:
            registry = CollectorRegistry()
            registry.register(collector)
            registry.register(_CurrentStateCollector(store, read_store))
            text: bytes = generate_latest(registry)
            return text


class _CurrentStateCollector:
    """What is looked up when it is asked for, whichever process answers."""

    def __init__(self, store: Store, read_store: Store) -> None:
        self._store = store
        self._read_store = read_store

    def collect(self) -> Iterable[Metric]:
        """Yield the release and whether an end is near; the record's extent where it is known."""
        build_info = GaugeMetricFamily(
            "casualty_build_info", "The release that runs; always 1.", labels=("release",)
        )
        build_info.add_metric((__version__,), 1)
        yield build_info
        yield _make_gauge(
            "draining", "1 while the server is about to stop.", runtime_dir.is_draining()
        )
        extent, reader_seq = self._look_up()
        if extent is not None:
            yield from _make_extent_metrics(extent)
        if reader_seq is not None:
            yield _make_gauge(
                "readers_ledger_seq", "The last entry that readers are shown.", reader_seq
            )

    def _look_up(self) -> tuple[health.RecordSize | None, int | None]:
        """Return the record's extent and, where readers have a database of their own, its end."""
        if self._read_store is self._store:
            return _try_look_up(health.measure_record, self._store), None
        # At once: a database that is away is waited for, and two would be for twice as long.
        with ThreadPoolExecutor() as executor:
            extent = executor.submit(_try_look_up, health.measure_record, self._store)
            reader_seq = _try_look_up(health.check_readable, self._read_store)
            return extent.result(), reader_seq


def _try_look_up(look_up: Callable[[Store], Value], store: Store) -> Value | None:
    """Return what is found; None out of reach, which is when the counts are needed most."""
    try:
        return look_up(store)
    except (DomainError, OSError):
        return None


def _make_extent_metrics(extent: health.RecordSize) -> Iterator[Metric]:
    yield _make_gauge("ledger_seq", "The last entry of the ledger.", extent.seq)
    if extent.recorded_at is not None:
        yield _make_gauge(
            "ledger_last_entry_timestamp_seconds",
            "When the last entry of the ledger was made.",
            extent.recorded_at.timestamp(),
        )
    yield _make_gauge("database_bytes", "The database's size on disk.", extent.size)
    if extent.free is not None:
        yield _make_gauge("database_free_bytes", "Room that its disk has left.", extent.free)


def _make_gauge(name: str, description: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"casualty_{name}", description, value=value)


def register(app: Flask) -> None:
    """Count every request that reaches the application."""
    metrics = app.extensions[_EXTENSION_KEY] = Metrics()
    app.after_request(_count_request)
    wrap_requests(app, lambda environ: metrics.count_busy_thread())


def metrics_of(app: Flask) -> Metrics:
    """Return what the application counts with."""
    return cast(Metrics, app.extensions[_EXTENSION_KEY])


def get_current_metrics() -> Metrics:
    """Return what the application that answers this request counts with."""
    return metrics_of(current_app)


def _count_request(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule else UNMATCHED_ROUTE
    now = time.perf_counter()
    metrics = get_current_metrics()
    metrics.count_request(
        route, request.method, response.status_code, now - g.get("started_at", now)
    )
    if "refused_error_type" in g:
        metrics.count_refusal(g.refused_error_type, request.method)
    return response
