"""A small JSON client of the service's HTTP interface, for the scripts beside it; stdlib only."""

import http.client
import json
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

JSON = dict[str, Any]


class RequestRefusedError(Exception):
    """The service said no; the text is its own, one fault a line."""


class UnknownResourceError(RequestRefusedError):
    """Nothing is recorded under the address that was asked for."""


class ServerUnreachableError(Exception):
    """Nothing that speaks HTTP answers at the address."""


class Client:
    """One connection to one service, kept open between requests.

    Raises RequestRefusedError for a status of 400 or above (UnknownResourceError for 404), and
    ServerUnreachableError if there is no answer.
    """

    def __init__(self, url: str, key: str | None = None, timeout: float = 30) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServerUnreachableError(f"{url}: give an address like http://127.0.0.1:8000")
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self.url = url.rstrip("/")
        self._root = parts.path.rstrip("/")
        self._connection = kind(parts.hostname, parts.port, timeout=timeout)
        self._headers = {"Accept": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def get(self, path: str, query: list[tuple[str, str]] | None = None) -> JSON:
        """Return the answer; ``query`` may name a parameter more than once."""
        return self._ask("GET", f"{path}?{urlencode(query, safe=',')}" if query else path)[1]

    def put(self, path: str, body: JSON) -> tuple[int, JSON]:
        """Return the status (201 new, 200 known) and the answer."""
        return self._ask("PUT", path, body)

    def post(self, path: str, body: JSON) -> tuple[int, JSON]:
        """Return the status (201 new, 200 known) and the answer."""
        return self._ask("POST", path, body)

    def _ask(self, method: str, path: str, body: JSON | None = None) -> tuple[int, JSON]:
        headers = dict(self._headers)
        content = None
        if body is not None:
            content = json.dumps(body, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(method, self._root + path, content, headers)
            response = self._connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ServerUnreachableError(
                f"{self.url} does not answer: {error or 'no reason given'}"
            ) from error
        answer = _object(raw)
        if response.status >= 400:
            kind = UnknownResourceError if response.status == 404 else RequestRefusedError
            raise kind(_reason(response.status, response.reason, answer))
        return response.status, answer


def _object(raw: bytes) -> JSON:
    try:
        answer = json.loads(raw)
    except ValueError:  # What a proxy or the HTTP server itself refuses may be plain text.
        answer = {"detail": raw.decode(errors="replace").strip()[:500]}
    return answer if isinstance(answer, dict) else {"answer": answer}


def _reason(status: int, phrase: str, problem: JSON) -> str:
    """Return the problem document as text: what is wrong, then each field that is at fault."""
    lines = [f"{status} {problem.get('title') or phrase}"]
    if problem.get("detail"):
        lines[0] += f": {problem['detail']}"
    lines += [
        f"  {fault.get('pointer') or 'body'}: {fault.get('detail')}"
        for fault in problem.get("errors", [])
        if isinstance(fault, dict)
    ]
    return "\n".join(lines)
