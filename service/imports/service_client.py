"""Requests to a running service, as often as it takes."""

import json
from collections.abc import Mapping
from typing import Any, Final

import urllib3  # Only commands use it, with the address that an operator gives them.

from service.imports.errors import ServiceError

RETRIES: Final = urllib3.Retry(
    total=8,
    connect=5,  # An address at which nothing is, is known after 15 seconds.
    allowed_methods=None,  # Every request that writes has an idempotency key.
    status_forcelist=(429, 502, 503, 504),
    backoff_factor=0.5,
    respect_retry_after_header=True,
    raise_on_status=False,
)

TIMEOUT_SECONDS: Final = 120


class ServiceClient:
    """Sends requests with a key, and reads the JSON of the answers."""

    def __init__(self, url: str, key: str | None, retries: urllib3.Retry = RETRIES) -> None:
        """Take the address of the service and an API key; None sends none."""
        self.url = url.rstrip("/")
        self._headers = {"Accept": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._pool = urllib3.PoolManager(retries=retries, timeout=TIMEOUT_SECONDS)

    def get(self, url: str) -> dict[str, Any]:
        """Return the answer to a GET; raises ServiceError unless it is a success."""
        return self.send("GET", url)

    def send(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> dict[str, Any]:
        """Return the answer; raises ServiceError unless it is a success."""
        try:
            answer = self._pool.request(
                method, url, body=body, headers={**self._headers, **headers}
            )
        except urllib3.exceptions.HTTPError as error:
            raise ServiceError(f"{self.url} does not answer: {error}") from None
        try:
            parsed = json.loads(answer.data)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            detail = "what it sends is no JSON: is this the address of a casualty-figure service?"
            raise ServiceError(f"{self.url} answers {answer.status}, and {detail}", answer.status)
        if answer.status >= 400:
            detail = parsed.get("detail") or answer.reason or "no reason given"
            raise ServiceError(f"{self.url} answers {answer.status}: {detail}", answer.status)
        return parsed
