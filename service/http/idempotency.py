"""The Idempotency-Key: how a client says that a request may be one that it has sent before."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from flask import request

from service.domain.errors import invalid_field
from service.http.auth import actor
from service.http.context import now
from service.store.idempotency import IdempotencyKey
from service.usecases.idempotency import HEADER

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

DOCUMENTED: Final = {
    "name": HEADER,
    "in": "header",
    "description": (
        "A key of the sender's own making, such as a UUID. For 24 hours the same request under the"
        " same key is answered as the first time and done once; with another body it is refused."
    ),
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def claim() -> IdempotencyKey | None:
    """Return who sends what under which key; None where the request bears no key.

    To be asked for when the body has been read. It is scoped to the holder of the API key, the
    method and the address with its query.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise invalid_field(
            HEADER, "This must be 1 to 255 visible ASCII characters, such as a UUID."
        )
    query = request.query_string.decode("ascii", "replace")
    asked = f"{request.method} {request.path}?{query}"
    return IdempotencyKey(actor() or "", asked, key, _fingerprint(), now())


def answered(again: bool) -> Mapping[str, str]:
    """Return the header by which an answer says that it was given before."""
    return {"Idempotent-Replayed": "true"} if again else {}


def _fingerprint() -> str:
    """Return a hash of what the body says, however it is spaced."""
    data = request.get_data()
    if request.mimetype == "application/json":
        data = json.dumps(json.loads(data), sort_keys=True).encode()
    return sha256(data).hexdigest()
