"""How every page is sent: with what it may load and do, and who may keep it; and small."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Final

from flask import request
from werkzeug.wrappers import Response

from service.http.problems import AnyResponse

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {framed}"
)
"""What a page may load and do; ``framed`` says whose pages may show it in a frame."""

FRAMED: Final = "web.embed"
"""The page that others may show in a frame, whatever it says."""

FILES: Final = "web.asset"
"""What anybody may have and keep."""

SMALLER: Final = frozenset({"text/html", "text/css", "text/javascript", "image/svg+xml"})
"""What is sent compressed; other files are so already."""

_GZIP: Final = 16 + zlib.MAX_WBITS


def is_framed() -> bool:
    """Whether the answer to this request may be shown in a frame of any page."""
    return request.endpoint == FRAMED


def dress(response: AnyResponse) -> AnyResponse:
    """Give the page its policy, let it be kept by nobody unasked, and send it small."""
    if response.mimetype == "text/html":
        framed = "*" if is_framed() else "'none'"
        response.headers.setdefault("Content-Security-Policy", POLICY.format(framed=framed))
    if is_framed():
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if request.endpoint != FILES:
        response.headers.setdefault("Cache-Control", "no-cache")
        response.vary.add("Authorization")
    if response.mimetype in SMALLER and response.status_code == HTTPStatus.OK:
        _compress(response)
    return response


def _compress(response: Response) -> None:
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] > 0:
        response.direct_passthrough = False
        if response.is_streamed and response.mimetype == "text/html":
            response.response = _zipped(response.iter_encoded())
            if "every" not in request.args:
                # A proxy in front would hold the page back. Compressed it is small enough for what
                # systems keep between two programs, so that no slow reader holds a thread here.
                response.headers["X-Accel-Buffering"] = "no"
        else:
            response.set_data(gzip.compress(response.get_data(), 6))
        response.headers["Content-Encoding"] = "gzip"
        response.headers.pop("ETag", None)


def _zipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the chunks compressed, each so that it can be read without the next."""
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    for chunk in chunks:
        yield packer.compress(chunk) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()
