"""A small JSON client of the service's HTTP API for the sample scripts; standard library only."""

import http.client
import json
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

JSON = dict[str, Any]


class RequestRefusedError(Exception):
    """The service rejected a request; the text is the service's own, one error on each line."""


class UnknownResourceError(RequestRefusedError):
    """Nothing is recorded under the requested address."""


class ServerUnreachableError(Exception):
    """No HTTP server answers at the address."""


class Client:
    """One connection to one service, kept open between requests.

    Raises RequestRefusedError for a status of 400 or above (UnknownResourceError for 404), and
    ServerUnreachableError if there is no answer.
    """

    def __init__(self, url: str, key: str | None = None, timeout: float = 30) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServerUnreachableError(f"{url}: give an address like http://127.0.0.1:8000")
        connection_class = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self.url = url.rstrip("/")
        self._base_path = parts.path.rstrip("/")
        self._connection = connection_class(parts.hostname, parts.port, timeout=timeout)
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
        """Return the body of the response; ``query`` may have a parameter more than once."""
        return self._request("GET", f"{path}?{urlencode(query, safe=',')}" if query else path)[1]

    def put(self, path: str, body: JSON) -> tuple[int, JSON]:
        """Return the status (201 created, 200 already known) and the body of the response."""
        return self._request("PUT", path, body)

    def post(self, path: str, body: JSON) -> tuple[int, JSON]:
        """Return the status (201 created, 200 already known) and the body of the response."""
        return self._request("POST", path, body)

    def _request(self, method: str, path: str, body: JSON | None = None) -> tuple[int, JSON]:
        headers = dict(self._headers)
        content = None
        if body is not None:
            content = json.dumps(body, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(method, self._base_path + path, content, headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise ServerUnreachableError(
                f"{self.url} does not answer: {error or 'no reason given'}"
            ) from error
        answer = _parse_object(content)
        if response.status >= 400:
            error_class = UnknownResourceError if response.status == 404 else RequestRefusedError
            raise error_class(_format_problem(response.status, response.reason, answer))
        return response.status, answer


def _parse_object(content: bytes) -> JSON:
    try:
        answer = json.loads(content)
    except ValueError:  # An error of a proxy or of the HTTP server itself may be plain text.
        answer = {"detail": content.decode(errors="replace").strip()[:500]}
    return answer if isinstance(answer, dict) else {"answer": answer}


def _format_problem(status: int, phrase: str, problem: JSON) -> str:
    """Return the problem document as text: the error, then a line for each invalid field."""
    lines = [f"{status} {problem.get('title') or phrase}"]
    if problem.get("detail"):
        lines[0] += f": {problem['detail']}"
    lines += [
        f"  {error.get('pointer') or 'body'}: {error.get('detail')}"
        for error in problem.get("errors", [])
        if isinstance(error, dict)
    ]
    return "\n".join(lines)
