"""Keys are shown once, kept hashed, known again, and come to an end."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from service.domain.access import SCOPES, Principal, redact_keys, scope_includes
from service.domain.errors import ForbiddenError, InvalidInputError, NotFoundError
from service.store.interface import Store
from service.usecases import api_keys
from tests import engines
from tests.conftest import START_TIME


def _made(store: Store, scope: str = "report", **more: Any) -> str:
    return api_keys.create_key(store, name="Desk", scope=scope, now=START_TIME, **more)


def _id(text: str) -> str:
    return text.split("_")[1]


def test_a_key_is_known_again(store: Store) -> None:
    text = _made(store)
    assert api_keys.authenticate(store, text, START_TIME) == Principal(_id(text), "report")


def test_nothing_kept_gives_the_key_away(store: Store) -> None:
    secret = _made(store).split("_")[2]
    (kept,) = api_keys.list_keys(store)
    assert secret not in repr(kept)
    store.close()
    assert api_keys.authenticate(store, "cas_x_y", START_TIME) is None
    assert secret.encode() not in engines.read_everything_stored(store)


@pytest.mark.parametrize("change", ["", "x", "cas", "cas_", "cas__", "\ud800", "cas_\ud800_x"])
def test_anything_else_is_nobodys_key(store: Store, change: str) -> None:
    _made(store)
    assert api_keys.authenticate(store, change, START_TIME) is None


def test_half_a_key_is_nobodys(store: Store) -> None:
    mark, id, secret = _made(store).split("_")
    for text in (f"{mark}_{id}_", f"{mark}_{id}", f"x_{id}_{secret}", f"{mark}_{secret}_{id}"):
        assert api_keys.authenticate(store, text, START_TIME) is None


def test_a_revoked_key_is_nobodys_but_stays_listed(store: Store) -> None:
    text = _made(store)
    api_keys.revoke_key(store, _id(text), now=START_TIME)
    assert api_keys.authenticate(store, text, START_TIME) is None
    assert api_keys.list_keys(store)[0].revoked_at == "2026-01-05T10:00:00.000000Z"
    with pytest.raises(NotFoundError):
        api_keys.revoke_key(store, _id(text), now=START_TIME)


def test_a_key_is_good_to_its_last_moment_and_no_longer(store: Store) -> None:
    end = START_TIME + timedelta(days=90)
    text = _made(store, expires=end)
    assert api_keys.authenticate(store, text, end) is not None
    assert api_keys.authenticate(store, text, end + timedelta(microseconds=1)) is None
    assert api_keys.list_keys(store)[0].expires_at == "2026-04-05T10:00:00.000000Z"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "a\nb"},
        {"scope": "root"},
        {"scope": "read", "reporters": ["a"]},
        {"scope": "admin", "reporters": ["a"]},
        {"expires": START_TIME},
    ],
)
def test_what_a_key_cannot_be(store: Store, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        api_keys.create_key(
            store, **{"name": "Desk", "scope": "report", "now": START_TIME, **wrong}
        )


def test_each_scope_includes_the_ones_before_it() -> None:
    allowed = [(a, b) for a in SCOPES for b in SCOPES if scope_includes(a, b)]
    assert allowed == [
        ("read", "read"), ("report", "read"), ("report", "report"),
        ("admin", "read"), ("admin", "report"), ("admin", "admin"),
    ]  # fmt: skip


def test_a_bound_key_is_known_with_its_reporters(store: Store) -> None:
    text = _made(store, reporters=["b", "a", "b"])
    held = api_keys.authenticate(store, text, START_TIME)
    assert held == Principal(_id(text), "report", ("b", "a"))
    assert api_keys.find_unknown_reporters(store, ["b", "a"]) == ["a", "b"]


@pytest.mark.parametrize(
    ("held", "may"),
    [
        (Principal("k", "read"), False),
        (Principal("k", "report"), True),
        (Principal("k", "report", ("a", "b")), True),
        (Principal("k", "report", ("b",)), False),
        (Principal("k", "admin"), True),
    ],
)
def test_who_may_report_for_a_reporter(held: Principal, may: bool) -> None:
    assert held.can_report_for("a") is may
    if may:
        held.check_can_report_for("a")
    else:
        with pytest.raises(ForbiddenError, match="may not report for a"):
            held.check_can_report_for("a")


def _last_used(store: Store) -> list[str | None]:
    return [key.last_used_at for key in api_keys.list_keys(store)]


def _use(store: Store, text: str, when: datetime) -> str | None:
    assert api_keys.authenticate(store, text, when) is not None
    return _last_used(store)[0]


def test_its_use_is_noted_about_once_an_hour(store: Store) -> None:
    text, minutes = _made(store), timedelta(minutes=1)
    assert _last_used(store) == [None]
    assert _use(store, text, START_TIME) == "2026-01-05T10:00:00.000000Z"
    assert _use(store, text, START_TIME + 59 * minutes) == "2026-01-05T10:00:00.000000Z"
    assert _use(store, text, START_TIME + 61 * minutes) == "2026-01-05T11:01:00.000000Z"


def test_a_use_is_noted_of_good_keys_alone(store: Store) -> None:
    text = _made(store)
    assert api_keys.authenticate(store, f"{text}x", START_TIME) is None
    assert _last_used(store) == [None]


@pytest.mark.sqlite
def test_noting_a_use_never_waits_for_a_writer(store: Store) -> None:
    text = _made(store)
    with store.write_transaction():
        began = time.monotonic()
        assert api_keys.authenticate(store, text, START_TIME) is not None
        assert time.monotonic() - began < 2.0 < 10.0 == store._busy_seconds
    assert _last_used(store) == [None]
    assert _use(store, text, START_TIME) is not None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/v1/reports/cas_0123456789_abcdef", "/v1/reports/cas_..."),
        ("/v1/reports/cas_0123456789_abc/x", "/v1/reports/cas_.../x"),
        ("'Authorization Bearer cas_0_a'", "'Authorization Bearer cas_...'"),
        ("?key=cas%5F01%5fab&x=1", "?key=cas_...&x=1"),
        ("CAS%255F01_ab", "cas_..."),
        ("/v1/places/casbah", "/v1/places/casbah"),
    ],
)
def test_keys_can_be_cut_from_any_text(text: str, shown: str) -> None:
    assert redact_keys(text) == shown
