"""docs/cluster.md has the configuration that the tests of the cluster use."""

import re
from typing import Any

import yaml

from tests.cluster.configurations import BOOTSTRAP_SETTINGS, DEFAULT_SERVER, LEADER_PROXY_SETTINGS
from tests.support.paths import ROOT

TEXT = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")


def _read_patroni_settings() -> Any:
    return yaml.safe_load(re.findall(r"```yaml\n(.+?)```", TEXT, re.DOTALL)[0])


def test_patroni_is_configured_as_in_the_tests() -> None:
    assert _read_patroni_settings()["bootstrap"] == BOOTSTRAP_SETTINGS


def test_a_leader_has_time_to_try_again_before_its_lock_expires() -> None:
    settings = _read_patroni_settings()["bootstrap"]["dcs"]
    assert settings["ttl"] >= settings["loop_wait"] + 2 * settings["retry_timeout"]


def test_haproxy_is_configured_as_in_the_tests() -> None:
    assert LEADER_PROXY_SETTINGS in TEXT
    assert TEXT.count(DEFAULT_SERVER) == 2


def test_the_readme_points_to_it() -> None:
    assert "(docs/cluster.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
