"""API keys: make one, list them, revoke one, and tell whose key it is that was sent."""

import hmac
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Final

from service.domain.errors import NotFound, invalid
from service.domain.instants import instant
from service.store import keys
from service.store.keys import Key
from service.store.sqlite import Store

SCOPES: Final = ("read", "report", "admin")
"""What a key may do, each including the ones before it."""

_MARK: Final = "cas"


def create(store: Store, *, name: str, scope: str, now: datetime) -> str:
    """Return a new key, which is shown this once only: what is kept is a hash; writes."""
    if scope not in SCOPES:
        raise invalid("scope", f"The scope is one of {', '.join(SCOPES)}.")
    if not name.strip() or not name.isprintable() or len(name) > 200:
        raise invalid("name", "Give the key a name of up to 200 printable characters.")
    id, secret = secrets.token_hex(5), secrets.token_hex(24)
    key = Key(id, name, scope, _hashed(secret), instant(now))
    store.write(lambda db: keys.add(db, key))
    return f"{_MARK}_{id}_{secret}"


def everyone(store: Store) -> list[Key]:
    """Return all keys, revoked ones too, oldest first."""
    with store.reading() as db:
        return keys.listed(db)


def revoke(store: Store, id: str, *, now: datetime) -> None:
    """End the key at once; writes. Raises NotFound for one that is unknown or ended already."""
    if not store.write(lambda db: keys.revoke(db, id, instant(now))):
        raise NotFound(f"There is no key {id} that could be revoked.")


def holder(store: Store, token: str) -> Key | None:
    """Return the key that was sent; None where it is unknown, wrong or revoked.

    The hash is compared in constant time, with a stand-in where the id is unknown.
    """
    if not token.isascii():
        return None
    mark, _, rest = token.partition("_")
    id, _, secret = rest.partition("_")
    with store.reading() as db:
        key = keys.get(db, id)
    kept = key.secret_hash if key else _hashed("")
    same = hmac.compare_digest(_hashed(secret), kept)
    usable = mark == _MARK and key is not None and key.revoked_at is None
    return key if same and usable else None


def allows(scope: str, needed: str) -> bool:
    """Whether a key of the scope may do what needs the other."""
    return SCOPES.index(scope) >= SCOPES.index(needed)


def _hashed(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
