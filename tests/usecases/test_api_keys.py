"""API keys: creation, storage as hashes, authentication, expiry and revocation."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from service.domain.access import SCOPES, Principal, redact_keys, scope_includes
from service.domain.errors import ForbiddenError, InvalidInputError, NotFoundError
from service.settings import Settings
from service.store.factory import open_store
from service.store.interface import Store
from service.usecases import api_keys
from tests.conftest import START_TIME
from tests.support import engines
from tests.support.gunicorn_server import TIMEOUT_SECONDS


def _create_key(store: Store, scope: str = "report", **more: Any) -> str:
    return api_keys.create_key(store, name="Desk", scope=scope, now=START_TIME, **more)


def _key_id_of(text: str) -> str:
    return text.split("_")[1]


def test_a_key_resolves_to_its_principal(store: Store) -> None:
    text = _create_key(store)
    assert api_keys.authenticate(store, text, START_TIME) == Principal(_key_id_of(text), "report")


def test_no_secret_is_stored(store: Store) -> None:
    secret = _create_key(store).split("_")[2]
    (stored_key,) = api_keys.list_keys(store)
    assert secret not in repr(stored_key)
    store.close()
    assert api_keys.authenticate(store, "cas_x_y", START_TIME) is None
    assert secret.encode() not in engines.read_everything_stored(store)


@pytest.mark.parametrize("change", ["", "x", "cas", "cas_", "cas__", "\ud800", "cas_\ud800_x"])
def test_any_other_text_resolves_to_no_principal(store: Store, change: str) -> None:
    _create_key(store)
    assert api_keys.authenticate(store, change, START_TIME) is None


def test_an_incomplete_key_resolves_to_no_principal(store: Store) -> None:
    prefix, key_id, secret = _create_key(store).split("_")
    for text in (
        f"{prefix}_{key_id}_",
        f"{prefix}_{key_id}",
        f"x_{key_id}_{secret}",
        f"{prefix}_{secret}_{key_id}",
    ):
        assert api_keys.authenticate(store, text, START_TIME) is None


def test_a_revoked_key_resolves_to_no_principal_and_stays_listed(store: Store) -> None:
    text = _create_key(store)
    api_keys.revoke_key(store, _key_id_of(text), now=START_TIME)
    assert api_keys.authenticate(store, text, START_TIME) is None
    assert api_keys.list_keys(store)[0].revoked_at == "2026-01-05T10:00:00.000000Z"
    with pytest.raises(NotFoundError):
        api_keys.revoke_key(store, _key_id_of(text), now=START_TIME)


def test_a_key_is_valid_until_it_expires(store: Store) -> None:
    end = START_TIME + timedelta(days=90)
    text = _create_key(store, expires=end)
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
def test_an_invalid_key_is_not_created(store: Store, wrong: dict[str, Any]) -> None:
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


def test_a_bound_key_resolves_to_a_principal_with_its_reporters(store: Store) -> None:
    text = _create_key(store, reporters=["b", "a", "b"])
    principal = api_keys.authenticate(store, text, START_TIME)
    assert principal == Principal(_key_id_of(text), "report", ("b", "a"))
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
def test_a_principal_reports_as_its_scope_and_reporters_allow(held: Principal, may: bool) -> None:
    assert held.can_report_for("a") is may
    if may:
        held.check_can_report_for("a")
    else:
        with pytest.raises(ForbiddenError, match="may not report for a"):
            held.check_can_report_for("a")


def _list_use_times(store: Store) -> list[str | None]:
    return [key.last_used_at for key in api_keys.list_keys(store)]


def _use_key(store: Store, text: str, when: datetime) -> str | None:
    assert api_keys.authenticate(store, text, when) is not None
    return _list_use_times(store)[0]


def test_the_use_of_a_key_is_noted_once_an_hour(store: Store) -> None:
    text, minutes = _create_key(store), timedelta(minutes=1)
    assert _list_use_times(store) == [None]
    assert _use_key(store, text, START_TIME) == "2026-01-05T10:00:00.000000Z"
    assert _use_key(store, text, START_TIME + 59 * minutes) == "2026-01-05T10:00:00.000000Z"
    assert _use_key(store, text, START_TIME + 61 * minutes) == "2026-01-05T11:01:00.000000Z"


def test_the_use_of_an_invalid_key_is_not_noted(store: Store) -> None:
    text = _create_key(store)
    assert api_keys.authenticate(store, f"{text}x", START_TIME) is None
    assert _list_use_times(store) == [None]


@pytest.mark.sqlite
def test_noting_a_use_never_waits_for_a_writer(settings: Settings, store: Store) -> None:
    text = _create_key(store)
    patient_store = open_store(settings.database, busy_seconds=10 * TIMEOUT_SECONDS)
    with ThreadPoolExecutor() as pool, store.write_transaction():
        future = pool.submit(api_keys.authenticate, patient_store, text, START_TIME)
        assert future.result(timeout=TIMEOUT_SECONDS) is not None
    patient_store.close()
    assert _list_use_times(store) == [None]
    assert _use_key(store, text, START_TIME) is not None


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
def test_keys_are_redacted_in_any_text(text: str, shown: str) -> None:
    assert redact_keys(text) == shown
