"""Keys are shown once, kept hashed, known again, and ended."""

import pytest

from service.domain.errors import Invalid, NotFound
from service.store.sqlite import Store
from service.usecases import keys
from tests.conftest import BEGIN


def _made(store: Store, scope: str = "report") -> str:
    return keys.create(store, name="Desk", scope=scope, now=BEGIN)


def test_a_key_is_known_again(store: Store) -> None:
    text = _made(store)
    holder = keys.holder(store, text)
    assert holder is not None
    assert (holder.name, holder.scope) == ("Desk", "report")


def test_nothing_kept_gives_the_key_away(store: Store) -> None:
    secret = _made(store).split("_")[2]
    (kept,) = keys.everyone(store)
    assert secret not in repr(kept)
    store.close()
    assert secret.encode() not in store.path.read_bytes()


@pytest.mark.parametrize("change", ["", "x", "cas", "cas_", "cas__", "\ud800", "cas_\ud800_x"])
def test_anything_else_is_nobodys_key(store: Store, change: str) -> None:
    _made(store)
    assert keys.holder(store, change) is None


def test_half_a_key_is_nobodys(store: Store) -> None:
    mark, id, secret = _made(store).split("_")
    for text in (f"{mark}_{id}_", f"{mark}_{id}", f"x_{id}_{secret}", f"{mark}_{secret}_{id}"):
        assert keys.holder(store, text) is None


def test_a_revoked_key_is_nobodys_but_stays_listed(store: Store) -> None:
    text = _made(store)
    keys.revoke(store, text.split("_")[1], now=BEGIN)
    assert keys.holder(store, text) is None
    assert keys.everyone(store)[0].revoked_at == "2026-01-05T10:00:00.000000Z"
    with pytest.raises(NotFound):
        keys.revoke(store, text.split("_")[1], now=BEGIN)


@pytest.mark.parametrize(("name", "scope"), [("", "read"), ("a\nb", "read"), ("a", "root")])
def test_a_key_has_a_name_and_a_scope(store: Store, name: str, scope: str) -> None:
    with pytest.raises(Invalid):
        keys.create(store, name=name, scope=scope, now=BEGIN)


def test_each_scope_includes_the_ones_before_it() -> None:
    allowed = [(a, b) for a in keys.SCOPES for b in keys.SCOPES if keys.allows(a, b)]
    assert allowed == [
        ("read", "read"), ("report", "read"), ("report", "report"),
        ("admin", "read"), ("admin", "report"), ("admin", "admin"),
    ]  # fmt: skip
