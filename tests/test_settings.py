"""The settings: few, typed, and a bad one stops the start with one line."""

from pathlib import Path

import pytest

from service.settings import BadSetting, Settings, from_environment


def test_nothing_set_gives_the_defaults() -> None:
    assert from_environment({"PATH": "/bin", "CASUAL": "1"}) == Settings()
    assert Settings().database == Path("data/casualties.db")
    assert Settings().reading == "open"


def test_every_setting_is_read() -> None:
    given = {
        "CASUALTY_DATABASE": "/tmp/x.db",  # noqa: S108
        "CASUALTY_READING": "closed",
        "CASUALTY_SOLVER_SECONDS": "0.5",
        "CASUALTY_BUSY_SECONDS": "3",
        "CASUALTY_LOG_LEVEL": "WARNING",
    }
    read = from_environment(given)
    assert read == Settings(Path("/tmp/x.db"), "closed", 0.5, 3.0, "warning")  # noqa: S108


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CASUALTY_DATABSE", "x"),
        ("CASUALTY_DATABASE", ""),
        ("CASUALTY_DATABASE", "postgresql://localhost/x"),
        ("CASUALTY_READING", "yes"),
        ("CASUALTY_SOLVER_SECONDS", "fast"),
        ("CASUALTY_SOLVER_SECONDS", "0"),
        ("CASUALTY_SOLVER_SECONDS", "nan"),
        ("CASUALTY_BUSY_SECONDS", "1e9"),
        ("CASUALTY_LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_setting_is_told_in_one_line(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as caught:
        from_environment({name: value})
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
