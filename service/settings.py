"""The settings of one process: read once from CASUALTY_* variables, never changed afterwards."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from service.domain.rate_limit import RateLimit, parse_rate_limit

PREFIX: Final = "CASUALTY_"
OFF: Final = "off"
LOG_LEVELS: Final = ("debug", "info", "warning", "error")


class SettingsError(ValueError):
    """A CASUALTY_* variable is unknown or has a value that cannot be used; the text is one line."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set from outside; each field is the variable CASUALTY_<FIELD>.

    ``database`` is an SQLite file, or as text the URL of a PostgreSQL database. ``reading``
    "closed" asks readers for a key. ``solver_seconds`` is the time that one total may take before
    it answers with a wider, still true range. ``answer_seconds`` is what all totals of one answer
    share; after twice that it is given up.
    ``busy_seconds`` is how long a writer waits for another before it is told to come back.
    ``rate_limit`` is how often each key, or each address without one, is answered; None is without
    limit. ``proxies`` is how many proxies in front may tell whose address it is. ``origins`` are
    those whose pages may read; "*" alone is all. ``read_database`` is the URL of a PostgreSQL
    standby from which readers are served, who are told how far it reaches; None is the database.
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


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that the variables ask for.

    Raises SettingsError for the first bad one.
    """
    variables = {
        name: value
        for name, value in (os.environ if environ is None else environ).items()
        if name.startswith(PREFIX)
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
            # A URL may hold a password, where whoever mistyped it put it.
            shown = name if "://" in variables[name] else f"{name}={variables[name]!r}"
            raise SettingsError(f"{shown}: {error}") from None
    return Settings(**values)


def parse_database_address(text: str) -> Path | str:
    """Return the address of a database as it is given; raises ValueError where it is none."""
    if not text:
        raise ValueError("name the database file")
    if text.startswith(("postgresql://", "postgres://")):
        if not _DATABASE_URL_PATTERN.fullmatch(text):
            raise ValueError("write what is special in the password as %40 for @ and %2F for /")
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


def _parse_origins(text: str) -> tuple[str, ...]:
    if text in (OFF, "*"):
        return ("*",) if text == "*" else ()
    origins = tuple(each.strip().lower() for each in text.split(","))
    for origin in origins:
        match = _ORIGIN_PATTERN.fullmatch(origin)
        if match is None:
            raise ValueError("give origins like https://example.org:8443 with commas between, or *")
        if (match[1], match[2]) in (("http", "80"), ("https", "443")):
            raise ValueError(f"leave :{match[2]} out, as browsers do")
    return origins


_ORIGIN_PATTERN: Final = re.compile(r"(https?)://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?")

_DATABASE_URL_PATTERN: Final = re.compile(r"[a-z]+://([^@/?]*@)?[^@]*")
"""A URL of a database: libpq would take what is before an unescaped / for a host, and show it."""

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
}
