"""A client of the service that knows whether its request was answered."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """What came back: the status, the problem's waiting time if it names one, the body.

    ``replayed`` is True where the service says that it gave the same answer before.
    """

    status: int
    retry_after: str | None
    body: Any
    replayed: bool = False


class UnreachableError(OSError):
    """Nobody took the connection, so that nothing was sent."""


class Client:
    """One connection, opened anew after whatever went wrong with it; for one thread."""

    def __init__(
        self, url: str, key: str | None = None, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        """Remember whom to ask, with which key, and after how long without an answer none came."""
        address = urlsplit(url)
        self._connection = http.client.HTTPConnection(
            str(address.hostname), address.port, timeout=timeout_seconds
        )
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *args: object) -> None:
        self._connection.close()

    def get(self, path: str) -> Answer:
        """Return the answer; raises OSError where none came."""
        return self._send_request("GET", path, None)

    def post(self, path: str, body: Any, idempotency_key: str | None = None) -> Answer:
        """Return the answer; raises Unreached where nothing was sent, OSError where none came.

        ``once`` is the Idempotency-Key, if any.
        """
        return self._send_request("POST", path, json.dumps(body).encode(), idempotency_key)

    def list_all(self, path: str, name: str) -> list[Any]:
        """Return the members of a list of many pages."""
        members: list[Any] = []
        next_path: str | None = path
        while next_path:
            page = self.get(next_path)
            assert page.status == 200, page
            members += page.body[name]
            link = page.body["next"]
            next_path = link and urljoin(next_path, link)
        return members

    def _send_request(
        self, method: str, path: str, body: bytes | None, idempotency_key: str | None = None
    ) -> Answer:
        headers = {**self._headers, "Content-Type": "application/json"} if body else self._headers
        if idempotency_key is not None:
            headers = {**headers, "Idempotency-Key": idempotency_key}
        try:
            if self._connection.sock is None:
                self._connect()
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
            content = response.read()
        except http.client.HTTPException as error:
            self._connection.close()
            raise ConnectionError("the answer broke off") from error
        except OSError:
            self._connection.close()
            raise
        return Answer(
            response.status,
            response.getheader("Retry-After"),
            json.loads(content),
            response.getheader("Idempotent-Replayed") == "true",
        )

    def _connect(self) -> None:
        try:
            self._connection.connect()
        except OSError as error:
            raise UnreachableError(str(error)) from error
