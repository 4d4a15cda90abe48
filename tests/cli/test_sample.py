"""The command sample records the sample, once, and the command serve serves it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result

from service.cli.commands import commands
from service.imports.errors import FileError
from service.imports.sample_import import SAMPLE, import_sample
from service.imports.store_receiver import StoreReceiver
from service.store.interface import Store
from tests.support.gunicorn_server import TIMEOUT_SECONDS, run_server
from tests.support.paths import ROOT
from tests.support.ports import find_free_port

COUNT = len(json.loads(SAMPLE.read_text(encoding="utf-8"))["reports"])


def run(database: Path, *arguments: str) -> Result:
    return CliRunner().invoke(commands, arguments, env={"CASUALTY_DATABASE": str(database)})


def test_the_sample_is_recorded_once(tmp_path: Path) -> None:
    database = tmp_path / "x.db"
    first, again = (run(database, "sample") for _ in range(2))
    assert (first.exit_code, first.stderr) == (0, f"{COUNT} reports recorded, 0 known already.\n")
    assert (again.exit_code, again.stderr) == (0, f"0 reports recorded, {COUNT} known already.\n")
    villages = ("--place", "plekhovo,vorozhba,martynovka", "--group", "dprk-forces")
    days = ("--from", "2024-12-14", "--to", "2024-12-15")
    text = run(
        database, "totals", *villages, *days, "--outcomes", "killed,wounded", "--format", "text"
    ).stdout
    assert "at least 30 killed or wounded" in text


def test_the_sample_is_the_same_over_http(tmp_path: Path) -> None:
    with run_server(tmp_path) as server:
        database = tmp_path / "unused.db"
        sent = run(database, "sample", "--to", server.url, "--key", server.key)
        assert sent.stderr == f"{COUNT} reports recorded, 0 known already.\n"
        missing = run(database, "sample", "--to", server.url)
        assert (missing.exit_code, "needs an API key" in missing.stderr) == (2, True)
    assert not database.exists()


def test_what_is_no_sample_is_refused(
    tmp_path: Path, store: Store, clock: Any, new_id: Any
) -> None:
    receiver = StoreReceiver(store, clock, new_id)
    for number, text in enumerate(("no JSON", "[]", "{}")):
        path = tmp_path / f"{number}.json"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(FileError, match="is no sample"):
            import_sample(path, receiver)
    with pytest.raises(FileError, match="is no sample"):
        import_sample(tmp_path / "missing.json", receiver)


def test_a_refused_report_is_shown(tmp_path: Path, store: Store, clock: Any, new_id: Any) -> None:
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))
    sample["reports"][0]["period"] = {"from": "2024-12-16", "to": "2024-12-15"}
    path = tmp_path / "sample.json"
    path.write_text(json.dumps(sample), encoding="utf-8")
    refused: list[Any] = []
    counts = import_sample(path, StoreReceiver(store, clock, new_id), refused.append)
    # Those that repeat it are refused with it.
    repeating = sum("relays" in each for each in sample["reports"])
    assert 1 <= counts.refused <= 1 + repeating
    assert refused[0].cells == {"id": sample["reports"][0]["ref"]}


def test_serve_is_gunicorn_with_the_database_of_the_settings(tmp_path: Path) -> None:
    run(tmp_path / "x.db", "sample")
    port = find_free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "service", "serve", "--bind", f"127.0.0.1:{port}"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "CASUALTY_DATABASE": "x.db", "PYTHONPATH": str(ROOT),
             "DRAIN_SECONDS": "0", "TMPDIR": str(tmp_path)},
    ) as server:  # fmt: skip
        try:
            total = _wait_for_total(f"http://127.0.0.1:{port}")
        finally:
            server.send_signal(signal.SIGTERM)
    assert total >= 30


def _wait_for_total(url: str) -> int:
    address = f"{url}/v1/totals?place=ru-kursk&outcomes=killed,wounded"
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            with urlopen(address) as answer:
                low: int = json.load(answer)["totals"][0]["low"]
                return low
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
