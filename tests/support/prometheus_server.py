"""A real Prometheus for tests, with the rules of ``examples/prometheus`` in a time-lapse.

Every duration of the rules is a 120th of what it is: a minute is half a second. Prometheus reads
the services twice a second, not 120 times as often as every 15 seconds, which would be too much for
a small machine. Nothing else of the two files is changed but the addresses, so that what fires here
fires there, and more slowly.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.gunicorn_server import TIMEOUT_SECONDS
from tests.support.paths import ROOT
from tests.support.ports import find_free_port

EXAMPLES: Final = ROOT / "examples" / "prometheus"
RULES: Final = EXAMPLES / "alerts.yml"
CONFIGURATION: Final = EXAMPLES / "prometheus.yml"

SPEED_FACTOR: Final = 120
SCRAPE_INTERVAL: Final = "500ms"

IS_PROMETHEUS_REQUIRED: Final = os.environ.get("ALERTS_REQUIRED") == "1"
"""Set where Prometheus is known to be installed: a test that cannot run there has failed."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_DURATION: Final = re.compile(r"(?:(?<=for: )|(?<=\[))(\d+)([smh])")


def require_prometheus() -> None:
    """Skip the test where there is no Prometheus; fail instead where there must be one."""
    absent = [tool for tool in ("prometheus", "promtool") if not shutil.which(tool)]
    if absent and IS_PROMETHEUS_REQUIRED:
        pytest.fail(f"ALERTS_REQUIRED=1 says that there is {' and '.join(absent)}")
    if absent:
        pytest.skip(f"needs {' and '.join(absent)}")


def shorten_durations(rules: str) -> str:
    """Return the rules with every ``for:`` and every window so many times shorter."""

    def shorten(match: re.Match[str]) -> str:
        return f"{int(match[1]) * _UNITS[match[2]] * 1000 // SPEED_FACTOR}ms"

    return _DURATION.sub(shorten, rules)


def point_at_services(configuration: str, addresses: Iterable[str]) -> str:
    """Return the configuration for the services at the addresses, read more often."""
    scraping_often = re.sub(r"(?<=_interval: )\w+", SCRAPE_INTERVAL, configuration)
    return scraping_often.replace('["127.0.0.1:8000"]', json.dumps(list(addresses)))


@dataclass(frozen=True)
class RunningPrometheus:
    """A Prometheus that watches."""

    url: str

    def query_api(self, path: str) -> Any:
        """Return the response of its API."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=10) as response:
            return json.load(response)["data"]

    def fetch_alerts(self, address: str) -> dict[str, dict[str, Any]]:
        """Return what is pending or firing for the service at the address, by name."""
        return {
            each["labels"]["alertname"]: each
            for each in self.query_api("alerts")["alerts"]
            if each["labels"]["instance"] == address
        }

    def wait_until_firing(self, name: str, address: str) -> dict[str, Any]:
        """Return the alert when it fires for the service at the address."""
        deadline = time.monotonic() + 2 * TIMEOUT_SECONDS
        while (alerts := self.fetch_alerts(address)).get(name, {}).get("state") != "firing":
            assert time.monotonic() < deadline, f"{name} does not fire; these do or will: {alerts}"
            time.sleep(0.1)
        return alerts[name]

    def wait_until_up(self, address: str) -> None:
        """Return when the service at the address has been read."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not self.is_up(address):
            assert time.monotonic() < deadline, f"{address} is not read"
            time.sleep(0.1)

    def is_up(self, address: str) -> bool:
        """Whether the service at the address was read the last time."""
        targets = self.query_api("targets")["activeTargets"]
        return any(
            each["labels"]["instance"] == address and each["health"] == "up" for each in targets
        )


@contextlib.contextmanager
def run_prometheus(folder: Path, addresses: Iterable[str]) -> Iterator[RunningPrometheus]:
    """Yield a Prometheus that watches the services at these addresses; it ends afterwards.

    It takes five seconds until it reads them for the first time.
    """
    (folder / RULES.name).write_text(shorten_durations(RULES.read_text()))
    (folder / CONFIGURATION.name).write_text(
        point_at_services(CONFIGURATION.read_text(), addresses)
    )
    address = f"127.0.0.1:{find_free_port()}"
    command = [
        "prometheus",
        f"--config.file={folder / CONFIGURATION.name}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    log = folder / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        try:
            _wait_until_ready(process, f"http://{address}/-/ready", log)
            yield RunningPrometheus(f"http://{address}")
        finally:
            process.terminate()
            process.wait(timeout=TIMEOUT_SECONDS)


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.05)
    raise AssertionError(f"Prometheus did not become ready:\n{log.read_text(errors='replace')}")
