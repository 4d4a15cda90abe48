"""A page sent as it is made: what takes long comes last, and can be waited for while reading."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

import structlog

from service.domain.errors import DomainError
from service.web.texts import text

FLUSH: Final = "<!-- -->"
"""Where a template says this, all that it has made so far is sent."""

GZIP: Final = 16 + zlib.MAX_WBITS


def in_chunks(written: Iterable[str]) -> Iterator[str]:
    """Yield the page in as many pieces as it says.

    What can no longer be told by the status of the answer is told at its end.
    """
    held: list[str] = []
    try:
        for some in written:
            if some == FLUSH:
                yield "".join(held)
                held.clear()
            else:
                held.append(some)
    except DomainError as error:
        structlog.get_logger().error("page broken off", detail=error.detail)
        told = text("page.broken", detail=error.detail)
        held.append(f'<p class="fault" role="alert">{told}</p>')
    yield "".join(held)


def zipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the chunks compressed, each so that it can be read without the next."""
    packer = zlib.compressobj(6, zlib.DEFLATED, GZIP)
    for chunk in chunks:
        yield packer.compress(chunk) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()
