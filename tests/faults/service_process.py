"""A whole service that can be killed and started again upon the same database."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.faults.client import Client
from tests.support.gunicorn_server import TIMEOUT_SECONDS
from tests.support.paths import ROOT


class ServiceProcess:
    """gunicorn with its workers, in a process group of its own, on a port that stays the same."""

    def __init__(self, database: Path, log: Path, workers: int = 2, **variables: str) -> None:
        """Remember how it is run; nothing is started yet. ``more`` is set in its environment."""
        self.database = database
        self.log = log
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        inherited = {
            name: text for name, text in os.environ.items() if not name.startswith("CASUALTY_")
        }
        self._environment = inherited | {
            "CASUALTY_DATABASE": str(database),
            "CASUALTY_LOG_LEVEL": "error",
            "WEB_CONCURRENCY": str(workers),
            "DRAIN_SECONDS": "0",
            **variables,
        }

    def __enter__(self) -> "ServiceProcess":
        return self

    def __exit__(self, *args: object) -> None:
        self.kill()

    def run_command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Return what ``python -m service`` did upon the same database."""
        return subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
        )

    def create_key(self) -> str:
        """Return a new key that may report."""
        completed = self.run_command("key", "create", "--name", "test", "--scope", "report")
        assert completed.returncode == 0, completed.stderr
        return completed.stdout.strip()

    def assert_integrity(self) -> None:
        """See that ``verify`` finds nothing wrong with the record."""
        completed = self.run_command("verify")
        assert completed.returncode == 0 and completed.stdout.startswith("Whole:"), (
            completed.stdout + completed.stderr
        )

    def start(self) -> None:
        """Start it, without waiting until it answers."""
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", "wsgi:app"]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Return when it answers; starts it where it is not started."""
        if self.process is None:
            self.start()
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline and self.process and self.process.poll() is None:
            try:
                with Client(self.url) as client:
                    if client.get("/readyz").status == 200:
                        return
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"the service did not become ready:\n{self.read_log()[-4000:]}")

    def read_log(self) -> str:
        """Return its log."""
        return self.log.read_text(errors="replace")

    def find_worker_pids(self) -> list[int]:
        """Return the ids of its worker processes."""
        assert self.process is not None
        first_pid = self.process.pid
        return [
            int(process_id)
            for process_id in Path(f"/proc/{first_pid}/task/{first_pid}/children")
            .read_text()
            .split()
        ]

    def kill_worker(self, chance: random.Random) -> None:
        """End one of its workers as kill -9 does; the first process will start another."""
        os.kill(chance.choice(self.find_worker_pids()), signal.SIGKILL)

    def kill(self) -> None:
        """End all its processes at once as kill -9 does, if there are any."""
        if self.process is not None:
            with suppress(ProcessLookupError):  # All of them have ended already.
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(TIMEOUT_SECONDS)
            self.process = None

    def stop(self) -> None:
        """End it as its keeper does."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(TIMEOUT_SECONDS)
        self.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
