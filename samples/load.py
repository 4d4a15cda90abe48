"""Post a file of places, groups, reporters and reports to a running service, in its order.

A second run changes nothing: what the service knows already is left as somebody may have described
it since, and every report carries a ``ref`` by which the service knows it again. In the file
``relays`` and ``supersedes`` name the ``ref`` of an earlier report, since ids are given on posting.
"""

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path

from client import JSON, Client, RequestRefusedError, ServerUnreachableError, UnknownResourceError

REGISTERS = ("places", "groups", "reporters")
LINKS = ("relays", "supersedes")


class BadFileError(Exception):
    """The file cannot be read as a sample; the text says where."""


class Progress:
    """A line that counts along on a terminal, and nothing where nobody watches."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._shown = sys.stderr.isatty()

    def step(self, name: str) -> None:
        """Say that one more thing is done."""
        self._done += 1
        if self._shown:
            line = f"{self._done}/{self._total} {name}"[:78]
            print(f"\r{line:<78}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the terminal with an empty line to write on."""
        if self._shown:
            print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)


def read(path: Path) -> JSON:
    """Return the sample in the file; raises BadFileError."""
    try:
        sample = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadFileError(f"{path}: {error}") from error
    if not isinstance(sample, dict) or not isinstance(sample.get("reports"), list):
        raise BadFileError(f'{path}: needs an object with a list of "reports"')
    return sample


def load(sample: JSON, client: Client) -> Counter[str]:
    """Post everything; returns how many of each kind were new ("reports new") or known already.

    Stops at the first refusal (RequestRefusedError, which names the refused item). What came before
    it is recorded, and the next run continues from there.
    """
    outcome: Counter[str] = Counter()
    progress = Progress(sum(len(sample.get(part, ())) for part in (*REGISTERS, "reports")))
    try:
        for register in REGISTERS:
            for entry in sample.get(register, ()):
                created = _describe(client, register, entry)
                outcome[f"{register} {'new' if created else 'known'}"] += 1
                progress.step(entry["id"])
        ids: dict[str, str] = {}
        for report in sample["reports"]:
            status = _post(client, report, ids)
            outcome[f"reports {'new' if status == 201 else 'known'}"] += 1
            progress.step(report["ref"])
    finally:
        progress.end()
    return outcome


def _describe(client: Client, register: str, entry: JSON) -> bool:
    """Whether the entry was new; one that exists is left alone, however it is described."""
    path = f"/v1/{register}/{entry['id']}"
    try:
        try:
            client.get(path)
            return False
        except UnknownResourceError:
            client.put(path, {name: value for name, value in entry.items() if name != "id"})
            return True
    except RequestRefusedError as refusal:
        raise RequestRefusedError(f"{register}/{entry['id']}: {refusal}") from refusal


def _post(client: Client, report: JSON, ids: dict[str, str]) -> int:
    """Post one report with its links resolved, and note the id that it got."""
    ref = report["ref"]
    body = dict(report)
    for link in LINKS:
        if link in body:
            if body[link] not in ids:
                raise BadFileError(
                    f"{ref}: {link} {body[link]!r}, which is no earlier report's ref"
                )
            body[link] = ids[body[link]]
    try:
        status, stored = client.post("/v1/reports", body)
    except RequestRefusedError as refusal:
        raise RequestRefusedError(f"report {ref}: {refusal}") from refusal
    ids[ref] = stored["id"]
    return status


def summary(outcome: Counter[str]) -> str:
    """Return one line, like "posted 18 reports, 6 places; 3 groups were known already"."""
    kinds = ("reports", *REGISTERS)
    new = [f"{outcome[f'{kind} new']} {kind}" for kind in kinds if outcome[f"{kind} new"]]
    known = [f"{outcome[f'{kind} known']} {kind}" for kind in kinds if outcome[f"{kind} known"]]
    said = ([f"posted {', '.join(new)}"] if new else []) + (
        [f"{', '.join(known)} known already"] if known else []
    )
    return "; ".join(said) or "nothing to post"


def main(arguments: list[str] | None = None) -> int:
    """Load the file named on the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Post a sample to a running service.")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="default: %(default)s")
    parser.add_argument("--key", help="an API key with the scope report (default: $KEY)")
    parser.add_argument("sample", type=Path, help="a file like samples/kursk.json")
    asked = parser.parse_args(arguments)
    try:
        with Client(asked.url, asked.key or os.environ.get("KEY")) as client:
            print(f"{asked.sample}: {summary(load(read(asked.sample), client))}.")
    except (BadFileError, RequestRefusedError, ServerUnreachableError) as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
