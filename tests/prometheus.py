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

from tests.ports import free_port
from tests.serving import ROOT, TIMEOUT_SECONDS

EXAMPLES: Final = ROOT / "examples" / "prometheus"
RULES: Final = EXAMPLES / "alerts.yml"
CONFIGURATION: Final = EXAMPLES / "prometheus.yml"

FASTER: Final = 120
LOOK_EVERY: Final = "500ms"

REQUIRED: Final = os.environ.get("ALERTS_REQUIRED") == "1"
"""Set where Prometheus is known to be installed: a test that cannot run there has failed."""

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_DURATION: Final = re.compile(r"(?:(?<=for: )|(?<=\[))(\d+)([smh])")


def needed() -> None:
    """Skip the test where there is no Prometheus; fail instead where there must be one."""
    absent = [tool for tool in ("prometheus", "promtool") if not shutil.which(tool)]
    if absent and REQUIRED:
        pytest.fail(f"ALERTS_REQUIRED=1 says that there is {' and '.join(absent)}")
    if absent:
        pytest.skip(f"needs {' and '.join(absent)}")


def lapsed(rules: str) -> str:
    """Return the rules with every ``for:`` and every window so many times shorter."""

    def shorter(found: re.Match[str]) -> str:
        return f"{int(found[1]) * _UNITS[found[2]] * 1000 // FASTER}ms"

    return _DURATION.sub(shorter, rules)


def pointed(configuration: str, addresses: Iterable[str]) -> str:
    """Return the configuration for the services at the addresses, read more often."""
    often = re.sub(r"(?<=_interval: )\w+", LOOK_EVERY, configuration)
    return often.replace('["127.0.0.1:8000"]', json.dumps(list(addresses)))


@dataclass(frozen=True)
class Watching:
    """A Prometheus that watches."""

    url: str

    def asked(self, path: str) -> Any:
        """Return what its API says."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}", timeout=10) as answer:
            return json.load(answer)["data"]

    def alerts(self, address: str) -> dict[str, dict[str, Any]]:
        """Return what is pending or firing for the service at the address, by name."""
        return {
            each["labels"]["alertname"]: each
            for each in self.asked("alerts")["alerts"]
            if each["labels"]["instance"] == address
        }

    def await_firing(self, name: str, address: str) -> dict[str, Any]:
        """Return the alert when it fires for the service at the address."""
        end = time.monotonic() + 2 * TIMEOUT_SECONDS
        while (found := self.alerts(address)).get(name, {}).get("state") != "firing":
            assert time.monotonic() < end, f"{name} does not fire; these do or will: {found}"
            time.sleep(0.1)
        return found[name]

    def await_up(self, address: str) -> None:
        """Return when the service at the address has been read."""
        end = time.monotonic() + TIMEOUT_SECONDS
        while not self.up(address):
            assert time.monotonic() < end, f"{address} is not read"
            time.sleep(0.1)

    def up(self, address: str) -> bool:
        """Whether the service at the address was read the last time."""
        targets = self.asked("targets")["activeTargets"]
        return any(
            each["labels"]["instance"] == address and each["health"] == "up" for each in targets
        )


@contextlib.contextmanager
def watching(folder: Path, addresses: Iterable[str]) -> Iterator[Watching]:
    """Yield a Prometheus that watches the services at these addresses; it ends afterwards.

    It takes five seconds until it reads them for the first time.
    """
    (folder / RULES.name).write_text(lapsed(RULES.read_text()))
    (folder / CONFIGURATION.name).write_text(pointed(CONFIGURATION.read_text(), addresses))
    own = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={folder / CONFIGURATION.name}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={own}",
    ]
    log = folder / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        try:
            _await(process, f"http://{own}/-/ready", log)
            yield Watching(f"http://{own}")
        finally:
            process.terminate()
            process.wait(timeout=TIMEOUT_SECONDS)


def _await(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    end = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.05)
    raise AssertionError(f"Prometheus did not become ready:\n{log.read_text(errors='replace')}")
