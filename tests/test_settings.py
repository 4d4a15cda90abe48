"""The settings: few, typed, and a bad one stops the start with one line."""

from dataclasses import fields
from pathlib import Path

import pytest

from service.domain.rate_limit import RateLimit
from service.settings import Settings, SettingsError, load_settings


def test_nothing_set_gives_the_defaults() -> None:
    assert load_settings({"PATH": "/bin", "CASUAL": "1"}) == Settings()
    assert Settings().database == Path("data/casualties.db")
    assert Settings().reading == "open"


def test_every_setting_is_read() -> None:
    variables = {
        "CASUALTY_DATABASE": "/tmp/x.db",  # noqa: S108
        "CASUALTY_READING": "closed",
        "CASUALTY_SOLVER_SECONDS": "0.5",
        "CASUALTY_ANSWER_SECONDS": "5",
        "CASUALTY_BUSY_SECONDS": "3",
        "CASUALTY_LOG_LEVEL": "WARNING",
        "CASUALTY_RATE_LIMIT": "600/minute",
        "CASUALTY_PROXIES": "1",
        "CASUALTY_ORIGINS": "https://Example.org, http://[::1]:8080",
        "CASUALTY_READ_DATABASE": "postgresql://standby/casualties",
        "CASUALTY_COSTLY_SLOTS": "3",
        "CASUALTY_SEND_SECONDS": "12.5",
        "CASUALTY_CACHE_MEGABYTES": "64",
        "CASUALTY_PUBLIC_URL": "https://example.org/figures/",
    }
    assert load_settings(variables) == Settings(
        database=Path("/tmp/x.db"),  # noqa: S108
        reading="closed",
        solver_seconds=0.5,
        answer_seconds=5.0,
        busy_seconds=3.0,
        log_level="warning",
        rate_limit=RateLimit(600, 60),
        proxies=1,
        origins=("https://example.org", "http://[::1]:8080"),
        read_database="postgresql://standby/casualties",
        costly_slots=3,
        send_seconds=12.5,
        cache_megabytes=64,
        public_url="https://example.org/figures",
    )
    assert set(variables) == {f"CASUALTY_{field.name.upper()}" for field in fields(Settings)}


def test_optional_settings_can_be_set_to_off() -> None:
    off = {
        "CASUALTY_RATE_LIMIT": "off",
        "CASUALTY_ORIGINS": "off",
        "CASUALTY_READ_DATABASE": "off",
        "CASUALTY_COSTLY_SLOTS": "auto",
        "CASUALTY_PUBLIC_URL": "off",
    }
    assert load_settings(off) == Settings()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("1/second", RateLimit(1, 1)),
        ("60/minute", RateLimit(60, 60)),
        ("1000000/hour", RateLimit(10**6, 3600)),
    ],
)
def test_a_rate_limit_is_a_number_per_unit_of_time(text: str, read: RateLimit) -> None:
    assert load_settings({"CASUALTY_RATE_LIMIT": text}).rate_limit == read


def test_the_database_may_be_a_postgresql_url() -> None:
    url = "postgresql://me:secret@db.example.org/casualties"
    assert load_settings({"CASUALTY_DATABASE": url}).database == url


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:secret@db.example.org/casualties",
        "mysql://me:sec/secret@db.example.org/casualties",
        "mysql://db.example.org/casualties?password=secret",
        "postgresql://me:sec/secret@db.example.org/casualties",
        "postgresql://me:sec@secret@db.example.org/casualties",
        "postgresql://db.example.org/casualties?user=me&password=@secret",
    ],
)
@pytest.mark.parametrize("name", ["CASUALTY_DATABASE", "CASUALTY_READ_DATABASE"])
def test_a_refused_url_is_not_quoted(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=name) as error_info:
        load_settings({name: url})
    assert "secret" not in str(error_info.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CASUALTY_DATABSE", "x"),
        ("CASUALTY_DATABASE", ""),
        ("CASUALTY_DATABASE", "mysql://localhost/x"),
        ("CASUALTY_READ_DATABASE", "data/casualties.db"),
        ("CASUALTY_READING", "yes"),
        ("CASUALTY_SOLVER_SECONDS", "fast"),
        ("CASUALTY_SOLVER_SECONDS", "0"),
        ("CASUALTY_SOLVER_SECONDS", "nan"),
        ("CASUALTY_BUSY_SECONDS", "1e9"),
        ("CASUALTY_LOG_LEVEL", "loud"),
        ("CASUALTY_PUBLIC_URL", "example.org"),
        ("CASUALTY_PUBLIC_URL", "https://me@example.org"),
        ("CASUALTY_PUBLIC_URL", "https://example.org/?a=b"),
        ("CASUALTY_RATE_LIMIT", ""),
        ("CASUALTY_RATE_LIMIT", "600"),
        ("CASUALTY_RATE_LIMIT", "600/day"),
        ("CASUALTY_RATE_LIMIT", "0/minute"),
        ("CASUALTY_RATE_LIMIT", "-1/minute"),
        ("CASUALTY_RATE_LIMIT", "1000001/hour"),
        ("CASUALTY_RATE_LIMIT", "٦/minute"),
        ("CASUALTY_ORIGINS", ""),
        ("CASUALTY_ORIGINS", "example.org"),
        ("CASUALTY_ORIGINS", "https://example.org/"),
        ("CASUALTY_ORIGINS", "https://example.org/a"),
        ("CASUALTY_ORIGINS", "https://me@example.org"),
        ("CASUALTY_ORIGINS", "https://*.example.org"),
        ("CASUALTY_ORIGINS", "ftp://example.org"),
        ("CASUALTY_ORIGINS", "https://example.org:443"),
        ("CASUALTY_ORIGINS", "https://example.org:x"),
        ("CASUALTY_ORIGINS", "null"),
        ("CASUALTY_ORIGINS", "*,https://example.org"),
        ("CASUALTY_ORIGINS", "https://example.org,"),
        ("CASUALTY_PROXIES", "one"),
        ("CASUALTY_PROXIES", "-1"),
        ("CASUALTY_PROXIES", "10"),
    ],
)
def test_a_bad_setting_is_reported_in_one_line(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({name: value})
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_key_of_commands_is_no_setting() -> None:
    """It may be set in the same environment."""
    assert load_settings({"CASUALTY_KEY": "cas_x"}) == load_settings({})
