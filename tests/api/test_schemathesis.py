"""The served document holds: whatever it allows is taken, whatever it forbids is refused."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.gunicorn_server import RunningServer, create_key, run_server
from tests.support.paths import ROOT

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")

EXAMPLE_COUNT = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "3"))
"""The number of generated requests for each operation and caller."""

CALLERS = [("open", "none"), ("open", "report"), ("closed", "none"), ("closed", "read")]

ALL_PHASES = "examples,coverage,fuzzing" + (",stateful" if EXAMPLE_COUNT > 10 else "")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningServer]]:
    """A server where reading is open, and one where it is closed."""
    with ExitStack() as stack:
        yield {
            reading: stack.enter_context(
                run_server(
                    tmp_path_factory.mktemp(reading),
                    CASUALTY_READING=reading,
                    CASUALTY_LOG_LEVEL="error",
                )
            )
            for reading in ("open", "closed")
        }


def _run_schemathesis(server: RunningServer, scope: str, phases: str) -> None:
    """Hold the service against its document, in a process of its own: it brings a plugin along."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION)),
        *("run", f"{server.url}/v1/openapi.json", "--checks", "all", "--phases", phases),
        # It does not resolve the server of the document, which is relative.
        *("--url", server.url),
        *("--max-examples", str(EXAMPLE_COUNT), "--workers", "1", "--continue-on-failure"),
    ]
    if scope != "none":
        command += ["--header", f"Authorization: Bearer {create_key(server, scope)}"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_responses_to_an_admin_match_the_document(servers: dict[str, RunningServer]) -> None:
    _run_schemathesis(servers["open"], "admin", ALL_PHASES)


@pytest.mark.parametrize(("reading", "scope"), CALLERS)
def test_responses_to_callers_with_fewer_rights_match_the_document(
    servers: dict[str, RunningServer], reading: str, scope: str
) -> None:
    _run_schemathesis(servers[reading], scope, "examples,fuzzing")
