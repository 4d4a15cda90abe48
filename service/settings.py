"""The settings of one process, read once from the CASUALTY_* variables."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from service.domain.rate_limit import RateLimit, parse_rate_limit

PREFIX: Final = "CASUALTY_"

KEY_VARIABLE: Final = "CASUALTY_KEY"
"""The API key for another service, of the commands that write to it or follow it; no setting."""

OFF: Final = "off"
AUTO: Final = "auto"
MAX_COSTLY_SLOTS: Final = 64
MIN_CACHE_MEGABYTES: Final = 8
MAX_CACHE_MEGABYTES: Final = 1 << 20
LOG_LEVELS: Final = ("debug", "info", "warning", "error")


class SettingsError(ValueError):
    """A CASUALTY_* variable is unknown or has an invalid value; the message is one line."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; each field is set by the variable CASUALTY_<FIELD>.

    ``database`` is the path of an SQLite file, or as a string the URL of a PostgreSQL database.
    ``reading`` "closed" requires an API key for reading. ``solver_seconds`` is the time for one
    total, after which its range is wider and still true. ``answer_seconds`` is the time for all
    totals of one response, which is given up after twice that time. ``busy_seconds`` is how long a
    writer waits for the write lock. ``rate_limit`` is for each API key, or each address without a
    key; None is no limit. ``proxies`` is the number of reverse proxies whose X-Forwarded-For is
    trusted. ``origins`` are the CORS origins; ("*",) is all. ``read_database`` is the URL of a
    PostgreSQL standby that serves reads; None means ``database``. ``costly_slots`` is how many
    costly answers each process computes at once; None is a quarter of its threads. ``send_seconds``
    is the time after which a client that takes too little of its response is given up.
    ``cache_megabytes`` is how many MiB each process keeps of answers and what they are made of.
    ``public_url`` is the address at which readers reach the index; None is what a request was sent
    to.
    """

    database: Path | str = Path("data/casualties.db")
    reading: str = "open"
    solver_seconds: float = 1.5
    answer_seconds: float = 20.0
    busy_seconds: float = 10.0
    log_level: str = "info"
    rate_limit: RateLimit | None = None
    proxies: int = 0
    origins: tuple[str, ...] = ()
    read_database: str | None = None
    costly_slots: int | None = None
    send_seconds: float = 30.0
    cache_megabytes: int = 128
    public_url: str | None = None


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of the variables (None: of the process's environment).

    Raises SettingsError for the first invalid one.
    """
    variables = {
        name: value
        for name, value in (os.environ if environ is None else environ).items()
        if name.startswith(PREFIX) and name != KEY_VARIABLE
    }
    field_names = {PREFIX + field.name.upper(): field.name for field in fields(Settings)}
    values: dict[str, Any] = {}
    for name in sorted(variables):
        if name not in field_names:
            raise SettingsError(
                f"{name}: no such setting; there are {', '.join(sorted(field_names))}"
            )
        try:
            values[field_names[name]] = _PARSERS[field_names[name]](variables[name].strip())
        except ValueError as error:
            # An invalid URL may have a password in any part.
            shown = name if "://" in variables[name] else f"{name}={variables[name]!r}"
            raise SettingsError(f"{shown}: {error}") from None
    return Settings(**values)


def parse_database_address(text: str) -> Path | str:
    """Return the path of an SQLite file, or the URL of a PostgreSQL database; raises ValueError."""
    if not text:
        raise ValueError("give the path of the database file")
    if text.startswith(("postgresql://", "postgres://")):
        if not _DATABASE_URL_PATTERN.fullmatch(text):
            raise ValueError("escape special characters in the password: %40 for @, %2F for /")
        return text
    if "://" in text:
        raise ValueError("use an SQLite file or a URL that begins with postgresql://")
    return Path(text)


def _parse_standby(text: str) -> str | None:
    if text == OFF:
        return None
    address = parse_database_address(text)
    if isinstance(address, Path):
        raise ValueError("use a URL that begins with postgresql://, or off")
    return address


def _parse_reading(text: str) -> str:
    if text not in ("open", "closed"):
        raise ValueError("use open or closed")
    return text


def _parse_log_level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"use one of {', '.join(LOG_LEVELS)}")
    return text.lower()


def _parse_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError("give a number of seconds, like 2.5") from None
    if not 0 < seconds <= 600:
        raise ValueError("give more than 0 and at most 600 seconds")
    return seconds


def _parse_rate_limit_or_off(text: str) -> RateLimit | None:
    return None if text == OFF else parse_rate_limit(text)


def _parse_proxies(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or int(text) > 9:
        raise ValueError("give the number of proxies in front, from 0 to 9")
    return int(text)


def _parse_costly_slots(text: str) -> int | None:
    if text == AUTO:
        return None
    if not text.isdecimal() or not text.isascii() or not 1 <= int(text) <= MAX_COSTLY_SLOTS:
        raise ValueError(f"give a number from 1 to {MAX_COSTLY_SLOTS}, or {AUTO}")
    return int(text)


def _parse_cache_megabytes(text: str) -> int:
    if (
        not text.isdecimal()
        or not text.isascii()
        or not (len(text) <= 7 and MIN_CACHE_MEGABYTES <= int(text) <= MAX_CACHE_MEGABYTES)
    ):
        raise ValueError(f"give a number from {MIN_CACHE_MEGABYTES} to {MAX_CACHE_MEGABYTES}")
    return int(text)


def _parse_origins(text: str) -> tuple[str, ...]:
    if text in (OFF, "*"):
        return ("*",) if text == "*" else ()
    origins = tuple(each.strip().lower() for each in text.split(","))
    for origin in origins:
        match = _ORIGIN_PATTERN.fullmatch(origin)
        if match is None:
            raise ValueError("give origins like https://example.org:8443 with commas between, or *")
        if (match[1], match[2]) in (("http", "80"), ("https", "443")):
            raise ValueError(f"leave out :{match[2]}, as browsers do")
    return origins


def _parse_public_url(text: str) -> str | None:
    if text == OFF:
        return None
    if not _PUBLIC_URL_PATTERN.fullmatch(text):
        raise ValueError("give an address like https://example.org/figures, or off")
    return text.rstrip("/")


_PUBLIC_URL_PATTERN: Final = re.compile(r"https?://[^\s/?#@\"'<>]+(?:/[^\s?#\"'<>]*)?")

_ORIGIN_PATTERN: Final = re.compile(r"(https?)://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")

_DATABASE_URL_PATTERN: Final = re.compile(r"[a-z]+://([^@/?]*@)?[^@]*")
"""A database URL. With an unescaped / in it, libpq would take a password for a host and show it."""

_PARSERS: Final = {
    "database": parse_database_address,
    "read_database": _parse_standby,
    "reading": _parse_reading,
    "solver_seconds": _parse_seconds,
    "answer_seconds": _parse_seconds,
    "busy_seconds": _parse_seconds,
    "log_level": _parse_log_level,
    "rate_limit": _parse_rate_limit_or_off,
    "proxies": _parse_proxies,
    "origins": _parse_origins,
    "costly_slots": _parse_costly_slots,
    "send_seconds": _parse_seconds,
    "cache_megabytes": _parse_cache_megabytes,
    "public_url": _parse_public_url,
}
