"""API keys: create, list and revoke them, and authenticate requests by them."""

import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import chain
from typing import Final

from service.domain.access import KEY_PREFIX, SCOPES, Principal
from service.domain.errors import NotFoundError, invalid_field
from service.domain.timestamps import format_timestamp
from service.store import api_keys, entities, event_log
from service.store.api_keys import ApiKey
from service.store.interface import Store

NOTE_USE_INTERVAL: Final = timedelta(hours=1)
"""A use is noted if the last noted one is longer ago than this."""


def create_key(
    store: Store,
    *,
    name: str,
    scope: str,
    now: datetime,
    reporters: Sequence[str] = (),
    expires: datetime | None = None,
) -> str:
    """Return a new key, which cannot be shown again: only its hash is stored; writes.

    A key that is bound to reporters (which may be new ones) may report for these only. ``expires``
    is the last time at which the key is valid; None is never. Raises InvalidInputError.
    """
    if scope not in SCOPES:
        raise invalid_field("scope", f"The scope is one of {', '.join(SCOPES)}.")
    if not name.strip() or not name.isprintable() or len(name) > 200:
        raise invalid_field("name", "A key needs a name of up to 200 printable characters.")
    if reporters and scope != "report":
        raise invalid_field("reporter", "Only a key of the scope report can be bound to reporters.")
    if expires is not None and expires <= now:
        raise invalid_field("expires", "The day must be in the future.")
    key_id, secret = secrets.token_hex(5), secrets.token_hex(24)
    bound_reporters = tuple(dict.fromkeys(reporters))
    expires_at = None if expires is None else format_timestamp(expires)
    key = ApiKey(
        key_id,
        name,
        scope,
        _hash_secret(secret),
        format_timestamp(now),
        bound_reporters,
        expires_at,
    )
    store.write(lambda db: api_keys.add(db, key))
    return f"{KEY_PREFIX}_{key_id}_{secret}"


def find_unknown_reporters(store: Store, reporters: Sequence[str]) -> list[str]:
    """Return those of the ids under which no reporter is recorded yet."""
    with store.read_transaction() as db:
        return entities.find_unknown_ids(db, "reporter", tuple(reporters), event_log.last_seq(db))


def list_keys(store: Store) -> list[ApiKey]:
    """Return all keys, oldest first, revoked and expired ones too."""
    with store.read_transaction() as db:
        return api_keys.list_keys(db)


def revoke_key(store: Store, key_id: str, *, now: datetime) -> None:
    """Revoke the key at once; writes. Raises NotFoundError if it is unknown or already revoked."""
    if not store.write(lambda db: api_keys.revoke(db, key_id, format_timestamp(now))):
        raise NotFoundError(f"There is no key {key_id} that can be revoked.")


def authenticate(
    store: Store, token: str, now: datetime, use_noted_in: Store | None = None
) -> Principal | None:
    """Return the principal of the key; None if it is unknown, wrong, revoked or expired.

    The hash is compared in constant time, with a dummy if the id is unknown. The use of a key is
    noted about once an hour (in ``use_noted_in``, if given), without waiting for the write. A key
    that is bound to a reporter is also bound to all ids that were merged with that one.
    """
    if not (token.isascii() and token.isprintable()):
        return None  # No key looks like this, and PostgreSQL rejects text with a zero byte.
    mark, _, rest = token.partition("_")
    key_id, _, secret = rest.partition("_")
    with store.read_transaction() as db:
        key = api_keys.get(db, key_id)
        expected_hash = key.secret_hash if key else _DUMMY_HASH
        is_same = hmac.compare_digest(_hash_secret(secret), expected_hash)
        if key is None or not is_same or mark != KEY_PREFIX or not _is_good(key, now):
            return None
        # Only now: it takes longer for some ids than for others, which must not leak.
        bound = [entities.list_equivalent_ids(db, "reporter", each) for each in key.reporters]
    if key.last_used_at is None or key.last_used_at < format_timestamp(now - NOTE_USE_INTERVAL):
        api_keys.record_use(use_noted_in or store, key.id, format_timestamp(now))
    return Principal(key.id, key.scope, tuple(dict.fromkeys(chain(*bound))))


def _is_good(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is None and (
        key.expires_at is None or format_timestamp(now) <= key.expires_at
    )


def _hash_secret(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


_DUMMY_HASH: Final = _hash_secret("")
"""Compared with if the id is unknown, so that the comparison takes the same time."""
