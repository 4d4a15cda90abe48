"""Answers that are kept in memory, and sent again before Flask handles the request.

An answer depends on the request and on the state of the record. Seq and hash of the last event
identify that state, so an answer may be sent again as long as the record still ends with the same
event. This is looked up for each request, so a client never gets an older state than with Flask.
Every principal with the scope `read` may read all answers, so one answer serves all of them. The
key of the request is checked, and the request is counted and logged, as in Flask.
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flask import Flask, Response, g, request
from werkzeug.http import is_entity_header, parse_etags

from service.domain.access import Principal
from service.domain.errors import DomainError
from service.http import cors, logging, rate_limit
from service.http.auth import find_principal
from service.http.consistency import MIN_SEQ_HEADER, SEQ_HEADER, parse_seq
from service.http.context import Services, services_of
from service.http.metrics import Metrics
from service.request_id import get_request_id
from service.shared_cache import CacheSection

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from service.usecases.request_reader import RequestReader

MAX_SHARE: Final = 0.125
"""The largest share of the cache that one answer may take."""

PER_REQUEST_HEADERS: Final = frozenset(
    each.lower()
    for each in (
        SEQ_HEADER,
        "X-Request-ID",
        "RateLimit",
        "RateLimit-Policy",
        "Access-Control-Allow-Origin",
        "Access-Control-Expose-Headers",
        "Date",
    )
)
"""Headers of an answer that are not kept with it, but made for each request."""

_HANDLED_BY_FLASK: Final = ("HTTP_IF_MATCH", "HTTP_RANGE", "HTTP_TRANSFER_ENCODING")
"""Headers of requests that are left to Flask."""

_Headers = list[tuple[str, str]]


class KeptAnswer(NamedTuple):
    """An answer to a GET; ``body`` is None if only its ETag is known."""

    seq: int
    hash: str
    route: str
    etag: str
    headers: _Headers
    headers_without_body: _Headers
    body: bytes | None

    def count_bytes(self) -> int:
        """Return how many bytes the answer takes, with its headers and its request."""
        headers = (*self.headers, *self.headers_without_body)
        text_bytes = sum(len(name) + len(value) + 150 for name, value in headers)
        return text_bytes + len(self.body or b"") + 2_000


def register(app: Flask, metrics: Metrics) -> None:
    """Send kept answers before Flask is called.

    Call this before other ``after_request`` functions are registered: Flask calls them in reverse
    order, and the complete answer is kept. Call ``metrics.register`` and ``logging.register`` after
    it: their contexts enclose the kept answers too.
    """
    answers = KeptAnswers(app, metrics)
    app.wsgi_app = answers  # type: ignore[method-assign]
    app.after_request(answers.keep)


def allow_keeping() -> None:
    """Let the answer to this request be kept: it depends on the record and the request only.

    For views that read nothing but the record, through the reader of the request.
    """
    g.is_keeping_allowed = True


class KeptAnswers:
    """The WSGI application that sends kept answers, and calls Flask for all others."""

    def __init__(self, app: Flask, metrics: Metrics) -> None:
        """Wrap the present WSGI application of ``app``."""
        self._app, self._inner, self._metrics = app, app.wsgi_app, metrics
        cache = services_of(app).state_cache.cache
        self._section = CacheSection(cache, "answers", max_share=MAX_SHARE)

    @property
    def _services(self) -> Services:
        return services_of(self._app)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer the request."""
        if environ["REQUEST_METHOD"] == "GET":
            key = _make_key(environ)
            kept: KeptAnswer | None = self._section.get(key)
            if kept is not None:
                response = self._send(key, kept, environ, start_response)
                if response is not None:
                    return response
        flask_response: Iterable[bytes] = self._inner(environ, start_response)
        return flask_response

    def _send(
        self, key: Any, kept: KeptAnswer, environ: Any, start_response: "StartResponse"
    ) -> Iterable[bytes] | None:
        """Send the kept answer; None if it does not answer the request."""
        started_at = time.perf_counter()
        held_etags = environ.get("HTTP_IF_NONE_MATCH")
        has_it = held_etags is not None and parse_etags(held_etags).contains_weak(kept.etag)
        if (kept.body is None and not has_it) or not _may_be_kept_for(environ):
            return None
        try:
            if self._services.read_store.find_last_event() != (kept.seq, kept.hash):
                self._section.discard(key)
                return None
            if parse_seq(MIN_SEQ_HEADER, environ.get("HTTP_CASUALTY_MIN_SEQ", "0")) > kept.seq:
                return None
            is_allowed, principal = self._authenticate(environ.get("HTTP_AUTHORIZATION"))
        except DomainError:
            return None
        own_headers = self._count(environ, principal) if is_allowed else None
        if own_headers is None:
            return None
        status, headers, chunks = (
            (304, kept.headers_without_body, [])
            if has_it
            else (200, kept.headers, [kept.body or b""])
        )
        seconds = time.perf_counter() - started_at
        self._metrics.count_request(kept.route, "GET", status, seconds)
        self._metrics.count_kept_answer()
        key_id = principal.id if principal else None
        logging.log_request("GET", environ["PATH_INFO"], status, seconds, key_id)
        start_response(
            "304 NOT MODIFIED" if has_it else "200 OK",
            [
                *headers,
                *own_headers,
                (SEQ_HEADER, str(kept.seq)),
                ("X-Request-ID", get_request_id() or ""),
            ],
        )
        return chunks

    def _authenticate(self, header: str | None) -> tuple[bool, Principal | None]:
        """Return whether the client may read, and the principal of its key, if it has one."""
        services = self._services
        if header is None:
            return services.settings.reading == "open", None
        principal = find_principal(services, header, "read", services.read_store, services.clock())
        return principal is not None and principal.has_scope("read"), principal

    def _count(self, environ: Any, principal: Principal | None) -> _Headers | None:
        """Count the request for the rate limit, and return the headers that are its own.

        None for a request that is one too many: Flask refuses it.
        """
        headers: dict[str, str] = {}
        counters, origins = self._services.rate_counters, self._services.settings.origins
        if counters is not None:
            client = rate_limit.name_client(principal, environ.get("REMOTE_ADDR"))
            status = rate_limit.count_client(counters, client, self._services.clock())
            if rate_limit.is_exceeded(status, counters):
                environ[rate_limit.COUNTED_KEY] = status
                return None
            if status is not None:
                headers |= rate_limit.make_headers(counters, status)
        if origins and cors.is_api_path(environ["PATH_INFO"]):
            origin = cors.find_allowed_origin(origins, environ.get("HTTP_ORIGIN"))
            if origin is not None:
                headers |= cors.make_headers(origin)
        return list(headers.items())

    def keep(self, response: Response) -> Response:
        """Keep the answer of Flask if its view allowed it, and all of it is from one state."""
        reader: RequestReader | None = g.get("reader")
        if (
            "is_keeping_allowed" not in g
            or reader is None
            or request.method != "GET"
            or response.status_code not in (200, 304)
            or response.is_streamed
            or request.url_rule is None
            or not _may_be_kept_for(request.environ)
        ):
            return response
        etag, is_weak = response.get_etag()
        seq, last_hash = reader.source.seq, reader.source.hash
        # A later transaction of this request may have seen more than the first.
        if etag is None or is_weak or last_hash is None or seq != g.reader_seq:
            return response
        headers = [
            (name, value)
            for name, value in response.get_wsgi_headers(request.environ)
            if name.lower() not in PER_REQUEST_HEADERS
        ]
        answer = KeptAnswer(
            seq,
            last_hash,
            request.url_rule.rule,
            etag,
            headers,
            [header for header in headers if not is_entity_header(header[0])],
            response.get_data() if response.status_code == 200 else None,
        )
        self._section.put(_make_key(request.environ), answer, answer.count_bytes())
        return response


def _make_key(environ: Any) -> tuple[str | None, ...]:
    """Return what of the request an answer depends on."""
    return (
        environ["wsgi.url_scheme"],  # Some answers name their own address.
        environ.get("HTTP_HOST"),
        environ.get("SCRIPT_NAME"),
        environ["PATH_INFO"],
        environ.get("QUERY_STRING"),
        environ.get("HTTP_ACCEPT"),
    )


def _may_be_kept_for(environ: Any) -> bool:
    """Whether the request has nothing but what the key and ``KeptAnswers`` look at."""
    return not any(name in environ for name in _HANDLED_BY_FLASK) and (
        environ.get("CONTENT_LENGTH") in (None, "", "0")
    )
