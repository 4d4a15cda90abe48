"""Metrics for Prometheus: requests, their duration, refusals, totals, the size of the record.

No label has a value that a client can choose: each value of a label is a series that stays.
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
    OverloadedError,
    RateLimitExceededError,
    StoreUnavailableError,
    TimeBudgetExceededError,
)
from service.domain.total import Total
from service.http.auth import requires
from service.http.context import get_services, services_of
from service.http.middleware import wrap_requests
from service.http.smorest import Blueprint
from service.serving import metrics_multiprocess, runtime_dir
from service.store.interface import Store
from service.usecases import health
from service.version import __version__

Value = TypeVar("Value")

REQUEST_LABELS: Final = ("route", "method", "status")

KNOWN_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
"""The methods with series of their own; all others are counted as "other"."""

WRITE_METHODS: Final = frozenset(KNOWN_METHODS) - {"GET", "HEAD", "OPTIONS"}

REFUSAL_REASONS: Final[Mapping[type[DomainError], str]] = {
    LockTimeoutError: "busy",
    StoreUnavailableError: "unavailable",
    DatabaseUnreachableError: "unavailable",
    TimeBudgetExceededError: "costly",
    OverloadedError: "overloaded",
    RateLimitExceededError: "rate",
}
"""The reason why a valid request was refused, by the type of its error."""

UNMATCHED_ROUTE: Final = "unmatched"
"""The route of all requests whose path matches no view."""

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

disable_created_metrics()  # Metrics of several processes have none.

blueprint = Blueprint("metrics", __name__, description="Metrics.")


@blueprint.route("/metrics")
@requires("read")
@blueprint.response(200, description="The metrics.")
@blueprint.doc(responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
def get_metrics() -> Response:
    """Get the metrics of all processes of this server, in the text format of Prometheus.

    Needs the scope `read` where reading is closed.
    """
    text = get_current_metrics().render(get_services().store, get_services().read_store)
    response = Response(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)
    response.headers["Cache-Control"] = "no-store"
    return response


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        """Begin at zero, or with the values in the file of this process if there are several."""
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
            """Return a gauge whose value is the sum over the running processes."""
            return Gauge(
                f"casualty_{name}", description, multiprocess_mode="livesum", registry=registry
            )

        self._requests = make_counter("http_requests", "Requests answered.", REQUEST_LABELS)
        self._request_seconds = make_histogram(
            "http_request_duration_seconds",
            "Time until the response to a request began.",
            REQUEST_TIME_BUCKETS,
            REQUEST_LABELS,
        )
        # To look up a series by its labels takes longer than to count.
        self._request_series: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}
        self._refusals = make_counter(
            "refused",
            "Valid requests that were refused, by the reason.",
            ("reason", "work"),
        )
        self._threads = make_gauge("threads", "Threads that handle requests.")
        self._busy_threads = make_gauge("threads_busy", "Threads that are busy with a request.")
        self._slow_readers = make_counter(
            "slow_readers", "Responses that were given up, because the client did not take them."
        )
        self._cache_bytes = Gauge(
            "casualty_cache_bytes",
            "Memory that caches take, by what they keep.",
            ("kind",),
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._kept_answers = make_counter(
            "kept_answers", "Requests answered with an answer that was kept in memory."
        )
        self._totals = make_counter("totals_answered", "Totals computed.")
        self._inexact_totals = make_counter(
            "totals_inexact", "Totals that are wider than possible, because time ran out."
        )
        self._disputed_totals = make_counter(
            "totals_disputed", "Totals with contradicting reports."
        )
        self._figures_per_total = make_histogram(
            "totals_figures", "Counted figures of a total.", COUNT_BUCKETS
        )
        self._solver_seconds = make_histogram(
            "solver_seconds", "Time of the solver for a total.", SOLVER_TIME_BUCKETS
        )
        self._solver_columns = make_histogram(
            "solver_columns", "Columns of the largest program solved for a total.", COUNT_BUCKETS
        )
        self._pending_events = make_histogram(
            "feed_pending_entries",
            "Events that followed after a response of the feed.",
            (0, *COUNT_BUCKETS),
        )
        # A rate is computed from the growth of a series. A series that began with its first
        # refusal would hide that one.
        for reason in REFUSAL_REASONS.values():
            for work in ("reading", "writing"):
                self._refusals.labels(reason, work)

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        labels = (route, method if method in KNOWN_METHODS else "other", str(status))
        series = self._request_series.get(labels)
        if series is None:
            series = self._requests.labels(*labels), self._request_seconds.labels(*labels)
            self._request_series[labels] = series
        series[0].inc()
        series[1].observe(seconds)

    def count_refusal(self, error_type: type[DomainError], method: str) -> None:
        """Count a request that ended in an error of this type, if it is a refusal."""
        if (reason := REFUSAL_REASONS.get(error_type)) is not None:
            self._refusals.labels(reason, "writing" if method in WRITE_METHODS else "reading").inc()

    def count_totals(self, totals: Sequence[Total]) -> None:
        """Count the totals of a computed result."""
        self._totals.inc(len(totals))
        self._inexact_totals.inc(sum(not total.is_final for total in totals))
        self._disputed_totals.inc(sum(total.is_disputed for total in totals))
        for total in totals:
            self._figures_per_total.observe(len(total.figures))

    def count_solver_effort(self, efforts: Sequence[Effort]) -> None:
        """Count the work of the solver, also for a result that was given up."""
        for effort in efforts:
            self._solver_seconds.observe(effort.seconds)
            self._solver_columns.observe(effort.columns)

    def count_feed_response(self, pending: int) -> None:
        """Count a response of the feed, after which ``pending`` events follow."""
        self._pending_events.observe(pending)

    def count_slow_reader(self) -> None:
        """Count a response that was given up, because the client did not take it."""
        self._slow_readers.inc()

    def count_kept_answer(self) -> None:
        """Count a request that was answered with an answer that was kept in memory."""
        self._kept_answers.inc()

    def set_cache_bytes(self, kind: str, byte_count: int) -> None:
        """Set how many bytes the caches of this process take for values of the kind."""
        self._cache_bytes.labels(kind).set(byte_count)

    def set_thread_count(self, count: int) -> None:
        """Set how many threads of this process handle requests."""
        self._threads.set(count)

    @contextmanager
    def count_busy_thread(self) -> Iterator[None]:
        """Count this thread as busy with a request."""
        self._busy_threads.inc()
        try:
            yield
        finally:
            self._busy_threads.dec()

    @contextmanager
    def count_idle_thread(self) -> Iterator[None]:
        """Do not count this thread as busy while it only waits."""
        self._busy_threads.dec()
        try:
            yield
        finally:
            self._busy_threads.inc()

    def render(self, store: Store, read_store: Store) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        with metrics_multiprocess.collect_all_processes(self._registry) as collector:
            registry = CollectorRegistry()
            registry.register(collector)
            registry.register(_CurrentStateCollector(store, read_store))
            text: bytes = generate_latest(registry)
            return text


class _CurrentStateCollector:
    """The metrics that are read from the stores when they are scraped."""

    def __init__(self, store: Store, read_store: Store) -> None:
        self._store = store
        self._read_store = read_store

    def collect(self) -> Iterable[Metric]:
        """Yield the release, the shutdown state, and the size of the record if it can be read."""
        build_info = GaugeMetricFamily(
            "casualty_build_info", "The release that runs; always 1.", labels=("release",)
        )
        build_info.add_metric((__version__,), 1)
        yield build_info
        yield _make_gauge("draining", "1 while the server shuts down.", runtime_dir.is_draining())
        extent, reader_seq = self._look_up()
        if extent is not None:
            yield from _make_extent_metrics(extent)
        if reader_seq is not None:
            yield _make_gauge(
                "readers_ledger_seq", "The last event of the read database.", reader_seq
            )

    def _look_up(self) -> tuple[health.RecordSize | None, int | None]:
        """Return the size of the record, and the last event of the read database, if any."""
        if self._read_store is self._store:
            return _try_look_up(health.measure_record, self._store), None
        # In parallel: each look-up waits for a database that is unreachable.
        with ThreadPoolExecutor() as executor:
            extent = executor.submit(_try_look_up, health.measure_record, self._store)
            reader_seq = _try_look_up(health.check_readable, self._read_store)
            return extent.result(), reader_seq


def _try_look_up(look_up: Callable[[Store], Value], store: Store) -> Value | None:
    """Return the result; None if the store is out of reach: the other metrics are needed then."""
    try:
        return look_up(store)
    except (DomainError, OSError):
        return None


def _make_extent_metrics(extent: health.RecordSize) -> Iterator[Metric]:
    yield _make_gauge("ledger_seq", "The last event.", extent.seq)
    if extent.recorded_at is not None:
        yield _make_gauge(
            "ledger_last_entry_timestamp_seconds",
            "The time of the last event.",
            extent.recorded_at.timestamp(),
        )
    yield _make_gauge("database_bytes", "Size of the database on disk.", extent.size)
    if extent.free is not None:
        yield _make_gauge(
            "database_free_bytes", "Free space on the disk of the database.", extent.free
        )


def _make_gauge(name: str, description: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"casualty_{name}", description, value=value)


def create(app: Flask) -> Metrics:
    """Return the metrics of the application, which are at zero; call this before ``register``."""
    metrics = app.extensions[_EXTENSION_KEY] = Metrics()
    services_of(app).state_cache.cache.report_changes_to(metrics.set_cache_bytes)
    return metrics


def register(app: Flask) -> None:
    """Count every request of the application."""
    metrics = metrics_of(app)
    app.after_request(_count_request)
    wrap_requests(app, lambda environ: metrics.count_busy_thread())


def metrics_of(app: Flask) -> Metrics:
    """Return the metrics of the application."""
    return cast(Metrics, app.extensions[_EXTENSION_KEY])


def get_current_metrics() -> Metrics:
    """Return the metrics of the application that handles this request."""
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
