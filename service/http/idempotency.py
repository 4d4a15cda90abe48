"""The Idempotency-Key header, by which a client may send a request again safely."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from flask import request

from service.domain.errors import invalid_field
from service.http.auth import get_key_id
from service.http.context import request_time
from service.store.idempotency import IdempotencyKey
from service.usecases.idempotency import HEADER

_KEY_PATTERN: Final = re.compile(r"[\x21-\x7e]{1,255}")

HEADER_PARAMETER: Final = {
    "name": HEADER,
    "in": "header",
    "description": (
        "A key that the client makes, such as a UUID: 1 to 255 visible ASCII characters. For 24"
        " hours the same request with the same key is done once and gets the same answer; with"
        " another body it is a 422."
    ),
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def read_idempotency_key() -> IdempotencyKey | None:
    """Return the idempotency key of the request; None if it has none.

    To be called after the body was read. The key is scoped to the API key, the method and the
    address with its query. Raises InvalidInputError for a key that is not visible ASCII.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY_PATTERN.fullmatch(key):
        raise invalid_field(
            HEADER, "This must be 1 to 255 visible ASCII characters, such as a UUID."
        )
    query = request.query_string.decode("ascii", "replace")
    request_target = f"{request.method} {request.path}?{query}"
    return IdempotencyKey(get_key_id() or "", request_target, key, _hash_body(), request_time())


def replay_headers(is_replay: bool) -> Mapping[str, str]:
    """Return the headers of the response: Idempotent-Replayed if it is a replay."""
    return {"Idempotent-Replayed": "true"} if is_replay else {}


def _hash_body() -> str:
    """Return a hash of the body; of JSON, whatever its white space and order of names."""
    data = request.get_data()
    if request.mimetype == "application/json":
        data = json.dumps(json.loads(data), sort_keys=True).encode()
    return sha256(data).hexdigest()
