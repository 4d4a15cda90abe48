"""A consumer of the feed that may be killed at any time.

``python -m tests.faults.follower URL FILE`` adds every entry to the file as one line, and goes on
after the last whole line that it finds.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.faults.client import Client


def read_events(file: Path) -> list[Any]:
    """Return the entries in the whole lines of the file."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def _truncate_partial_line(file: Path) -> None:
    if file.exists():
        whole = file.read_bytes().rpartition(b"\n")
        os.truncate(file, len(whole[0]) + len(whole[1]))


def main(url: str, file: Path) -> None:
    """Follow the feed for ever."""
    _truncate_partial_line(file)
    events = read_events(file)
    last_seq = events[-1]["seq"] if events else 0
    with Client(url) as client, file.open("a", encoding="utf-8") as output:
        while True:
            try:
                answer = client.get(f"/v1/changes?since={last_seq}&limit=20&wait=1")
            except OSError:
                time.sleep(0.05)
                continue
            if answer.status != 200:
                time.sleep(0.1)
                continue
            for event in answer.body["changes"]:
                output.write(f"{json.dumps(event)}\n")
                output.flush()
            last_seq = answer.body["last_seq"]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
