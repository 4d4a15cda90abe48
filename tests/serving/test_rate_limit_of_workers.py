"""The rate limit of a server with several processes."""

import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.gunicorn_server import run_server


def _request_status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_rate_limit_holds_for_all_workers_together(tmp_path: Path) -> None:
    settings = {"WEB_CONCURRENCY": "2", "CASUALTY_RATE_LIMIT": "40/hour"}
    with run_server(tmp_path, **settings) as server, ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(_request_status, [f"{server.url}/v1/places"] * 100))
    assert statuses == {200: 40, 429: 60}
    assert "uncounted" not in (tmp_path / "server.log").read_text(encoding="utf-8")
