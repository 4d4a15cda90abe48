"""Post a file of places, groups, reporters and reports to a running service, in the file's order.

A second run changes nothing: entities that exist are left unchanged, and the service recognises
each report by its ``ref``. In the file ``relays`` and ``supersedes`` contain the ``ref`` of an
earlier report, because the service assigns ids only when it records a report.
"""

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path

from client import JSON, Client, RequestRefusedError, ServerUnreachableError, UnknownResourceError

ENTITY_KINDS = ("places", "groups", "reporters")
LINKS = ("relays", "supersedes")


class SampleError(Exception):
    """The file is not a valid sample; the text states where."""


class Progress:
    """A progress line on a terminal; no output if standard error is not a terminal."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._count = 0
        self._is_terminal = sys.stderr.isatty()

    def step(self, name: str) -> None:
        """Count one more item."""
        self._count += 1
        if self._is_terminal:
            line = f"{self._count}/{self._total} {name}"[:78]
            print(f"\r{line:<78}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the progress line."""
        if self._is_terminal:
            print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)


def read_sample(path: Path) -> JSON:
    """Return the sample in the file; raises SampleError if it is not JSON or has no reports."""
    try:
        sample = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SampleError(f"{path}: {error}") from error
    if not isinstance(sample, dict) or not isinstance(sample.get("reports"), list):
        raise SampleError(f'{path}: needs an object with a list of "reports"')
    return sample


def load_sample(sample: JSON, client: Client) -> Counter[str]:
    """Post everything; return how many of each kind were new ("reports new") or already known.

    Stops at the first item that the service rejects: RequestRefusedError names it. The items before
    it are recorded, and the next run continues from there.
    """
    outcome: Counter[str] = Counter()
    progress = Progress(sum(len(sample.get(part, ())) for part in (*ENTITY_KINDS, "reports")))
    try:
        for kind in ENTITY_KINDS:
            for entity in sample.get(kind, ()):
                is_new = _create_entity(client, kind, entity)
                outcome[f"{kind} {'new' if is_new else 'known'}"] += 1
                progress.step(entity["id"])
        ids: dict[str, str] = {}
        for report in sample["reports"]:
            status = _post_report(client, report, ids)
            outcome[f"reports {'new' if status == 201 else 'known'}"] += 1
            progress.step(report["ref"])
    finally:
        progress.end()
    return outcome


def _create_entity(client: Client, kind: str, entity: JSON) -> bool:
    """Return whether the entity is new; one that exists is not changed."""
    path = f"/v1/{kind}/{entity['id']}"
    try:
        try:
            client.get(path)
            return False
        except UnknownResourceError:
            client.put(path, {name: value for name, value in entity.items() if name != "id"})
            return True
    except RequestRefusedError as error:
        raise RequestRefusedError(f"{kind}/{entity['id']}: {error}") from error


def _post_report(client: Client, report: JSON, ids: dict[str, str]) -> int:
    """Post one report, return the status, and add its new id to ``ids``.

    Its links are resolved with ``ids``, which has the ids of the earlier reports by their refs.
    """
    ref = report["ref"]
    body = dict(report)
    for link in LINKS:
        if link in body:
            if body[link] not in ids:
                raise SampleError(
                    f"{ref}: {link} {body[link]!r} is not the ref of an earlier report"
                )
            body[link] = ids[body[link]]
    try:
        status, stored = client.post("/v1/reports", body)
    except RequestRefusedError as error:
        raise RequestRefusedError(f"report {ref}: {error}") from error
    ids[ref] = stored["id"]
    return status


def format_outcome(outcome: Counter[str]) -> str:
    """Return one line, such as "posted 18 reports, 6 places; 3 groups known already"."""
    kinds = ("reports", *ENTITY_KINDS)
    new = [f"{outcome[f'{kind} new']} {kind}" for kind in kinds if outcome[f"{kind} new"]]
    known = [f"{outcome[f'{kind} known']} {kind}" for kind in kinds if outcome[f"{kind} known"]]
    parts = [f"posted {', '.join(new)}"] if new else []
    parts += [f"{', '.join(known)} known already"] if known else []
    return "; ".join(parts) or "nothing to post"


def main(arguments: list[str] | None = None) -> int:
    """Load the file that the command line names; return the exit status."""
    parser = argparse.ArgumentParser(description="Post a sample to a running service.")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="default: %(default)s")
    parser.add_argument("--key", help="an API key with the scope report (default: $KEY)")
    parser.add_argument("sample", type=Path, help="a file like samples/kursk.json")
    options = parser.parse_args(arguments)
    try:
        with Client(options.url, options.key or os.environ.get("KEY")) as client:
            outcome = load_sample(read_sample(options.sample), client)
        print(f"{options.sample}: {format_outcome(outcome)}.")
    except (SampleError, RequestRefusedError, ServerUnreachableError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
