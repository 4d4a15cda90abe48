"""Recorded requests and answers, and the parts of an answer that are compared."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from flask.testing import FlaskClient

HEADERS: Final = (
    "Content-Type",
    "ETag",
    "Link",
    "Location",
    "Casualty-Seq",
    "Idempotent-Replayed",
)
"""The headers that are compared."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``key`` is the name of the API key that it is sent with, None for none."""

    path: str
    method: str = "GET"
    key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The compared parts of an answer: status, some headers, and every byte of the body.

    The ETag of a total is left out: it is a hash of the release as well as of the question.
    """

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and the answer that was given to it."""

    request: Request
    answer: Answer


@dataclass(frozen=True, slots=True)
class RecordedAnswers:
    """All that was answered on one record.

    ``now`` is the moment at which it was asked, ``keys`` are API keys by name, ``key_list`` is what
    the command line lists of them, ``questions`` what was asked of the record by subject, and
    ``replays`` the requests that were sent once more.
    """

    now: str
    keys: Mapping[str, str]
    key_list: str
    questions: Mapping[str, tuple[Exchange, ...]]
    replays: tuple[Exchange, ...]

    def to_json(self) -> bytes:
        """Return it as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=0).encode()

    @classmethod
    def read(cls, path: Path) -> "RecordedAnswers":
        """Return what the compressed file holds."""
        found = json.loads(gzip.decompress(path.read_bytes()))
        questions = {name: _exchanges(each) for name, each in found["questions"].items()}
        replays = _exchanges(found["replays"])
        return cls(found["now"], found["keys"], found["key_list"], questions, replays)


def send(client: FlaskClient, request: Request, keys: Mapping[str, str]) -> Answer:
    """Return what the client is answered."""
    headers = dict(request.headers)
    if request.key is not None:
        headers["Authorization"] = f"Bearer {keys[request.key]}"
    response = client.open(
        request.path,
        method=request.method,
        headers=headers,
        data=None if request.body is None else request.body.encode(),
    )
    with response:
        kept = {name: response.headers[name] for name in HEADERS if name in response.headers}
        if request.path.partition("?")[0].endswith("/totals"):
            kept.pop("ETag", None)
        return Answer(response.status_code, kept, response.get_data(as_text=True))


def _exchanges(found: list[dict[str, Any]]) -> tuple[Exchange, ...]:
    return tuple(Exchange(Request(**each["request"]), Answer(**each["answer"])) for each in found)
