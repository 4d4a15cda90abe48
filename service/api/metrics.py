"""What Prometheus reads: counts of requests and totals, and how far the record goes."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, cast

from flask import Flask, Response, current_app, g, request
from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from service import counts
from service.api.auth import requires
from service.api.parts import parts
from service.api.smorest import Blueprint
from service.domain.errors import DomainError
from service.domain.total import Total
from service.release import RELEASE
from service.store.database import Store
from service.usecases import health

LABELS: Final = ("route", "method", "status")

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
"""Told apart; a client can send any word, and each label value is a series that stays."""

UNMATCHED: Final = "unmatched"
"""Stands for every path that no view answers, of which there is no end either."""

REQUEST_SECONDS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
SOLVER_SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0)

_NAME: Final = "metrics"

disable_created_metrics()  # They are series of their own, which processes together do not have.

blueprint = Blueprint("metrics", __name__, description="For whoever watches the service.")


@blueprint.route("/metrics")
@requires("read")
@blueprint.response(200)
@blueprint.doc(responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
def get_metrics() -> Response:
    """Tell the counts of all processes of this server, in the text format of Prometheus."""
    response = Response(kept().told(parts().store), content_type=CONTENT_TYPE_PLAIN_0_0_4)
    response.headers["Cache-Control"] = "no-store"
    return response


class Metrics:
    """What one process counts."""

    def __init__(self) -> None:
        """Begin at zero, or where this process's file stands if it is one of several."""
        own = self._own = CollectorRegistry()
        self._requests = Counter(
            "casualty_http_requests", "Requests answered.", LABELS, registry=own
        )
        self._request_seconds = Histogram(
            "casualty_http_request_duration_seconds",
            "Time until the answer to a request began.",
            LABELS,
            buckets=REQUEST_SECONDS,
            registry=own,
        )
        self._totals = Counter("casualty_totals_answered", "Totals worked out.", registry=own)
        self._inexact = Counter(
            "casualty_totals_inexact", "Totals wider than they could be.", registry=own
        )
        self._disputed = Counter(
            "casualty_totals_disputed", "Totals with reports that contradict.", registry=own
        )
        self._solver_seconds = Histogram(
            "casualty_solver_seconds",
            "Time that the solver worked for a request for totals.",
            buckets=SOLVER_SECONDS,
            registry=own,
        )

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        labels = (route, method if method in METHODS else "other", str(status))
        self._requests.labels(*labels).inc()
        self._request_seconds.labels(*labels).observe(seconds)

    def count(self, totals: Sequence[Total], solver_seconds: float) -> None:
        """Count the totals of an answer that was worked out."""
        self._totals.inc(len(totals))
        self._inexact.inc(sum(not total.exact for total in totals))
        self._disputed.inc(sum(total.disputed for total in totals))
        self._solver_seconds.observe(solver_seconds)

    def told(self, store: Store) -> bytes:
        """Return all there is to tell, as Prometheus reads it."""
        with counts.everywhere(self._own) as collector:
            registry = CollectorRegistry()
            registry.register(collector)
            registry.register(_Present(store))
            text: bytes = generate_latest(registry)
            return text


class _Present:
    """What is looked up when it is asked for, whichever process answers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterable[Metric]:
        """Yield the release; the record's extent too, unless it cannot be read."""
        build = GaugeMetricFamily(
            "casualty_build_info", "The release that runs; always 1.", labels=("release",)
        )
        build.add_metric((RELEASE,), 1)
        yield build
        yield from self._extent()

    def _extent(self) -> Iterator[Metric]:
        try:
            extent = health.extent(self._store)
        except (DomainError, OSError):
            return  # The counts are needed most when the database is out of reach.
        yield GaugeMetricFamily(
            "casualty_ledger_seq", "The last entry of the ledger.", value=extent.seq
        )
        yield GaugeMetricFamily(
            "casualty_database_bytes", "The database's size on disk.", value=extent.size
        )


def register(app: Flask) -> None:
    """Count every request that reaches the application."""
    app.extensions[_NAME] = Metrics()
    app.after_request(_count)


def kept() -> Metrics:
    """Return what the application that answers this request counts with."""
    return cast(Metrics, current_app.extensions[_NAME])


def _count(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule else UNMATCHED
    now = time.perf_counter()
    kept().answered(route, request.method, response.status_code, now - g.get("began", now))
    return response
