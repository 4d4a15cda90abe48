"""Response headers of every page: security policy, caching; and compression."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Final

from flask import request
from werkzeug.wrappers import Response

from service.http.problems import AnyResponse

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {framed}"
)
"""The policy of a page; ``framed`` is the sources that may show it in a frame."""

FRAMED_ENDPOINT: Final = "web.show_embed"
"""The page that any site may show in a frame, also if it is an error page."""

ASSET_ENDPOINT: Final = "web.send_asset"
"""The assets, which are public and cacheable."""

COMPRESSED_TYPES: Final = frozenset(
    {"text/html", "text/css", "text/javascript", "image/svg+xml", "application/atom+xml"}
)
"""The types that are compressed; other assets are compressed formats."""

_GZIP: Final = 16 + zlib.MAX_WBITS


def is_framed() -> bool:
    """Whether any site may show the response to this request in a frame."""
    return request.endpoint == FRAMED_ENDPOINT


def finish_response(response: AnyResponse) -> AnyResponse:
    """Add the security policy and cache headers, and compress the response."""
    if response.mimetype == "text/html":
        frame_ancestors = "*" if is_framed() else "'none'"
        response.headers.setdefault(
            "Content-Security-Policy", CONTENT_SECURITY_POLICY.format(framed=frame_ancestors)
        )
    if is_framed():
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.endpoint != ASSET_ENDPOINT:
        response.headers.setdefault("Cache-Control", "no-cache")
        response.vary.add("Authorization")
    if response.mimetype in COMPRESSED_TYPES and response.status_code == HTTPStatus.OK:
        _compress(response)
    return response


def _compress(response: Response) -> None:
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] > 0:
        response.direct_passthrough = False
        if response.is_streamed and response.mimetype == "text/html":
            response.response = _compress_chunks(response.iter_encoded())
            if "every" not in request.args:
                # A proxy that buffers would delay the page. Compressed, the page fits into socket
                # buffers, so that a slow client does not occupy a thread of this server.
                response.headers["X-Accel-Buffering"] = "no"
        else:
            response.set_data(gzip.compress(response.get_data(), 6))
        response.headers["Content-Encoding"] = "gzip"
        response.headers.pop("ETag", None)


def _compress_chunks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the chunks compressed, each flushed so that the client can decompress it at once."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    for chunk in chunks:
        yield compressor.compress(chunk) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush()
