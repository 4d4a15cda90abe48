"""Assertions about responses."""

from typing import Any

from werkzeug.test import TestResponse


def assert_problem(response: TestResponse, status: int, *pointers: str) -> dict[str, Any]:
    """Return the problem in the answer, having checked its shape, its status and its pointers."""
    body: dict[str, Any] = response.get_json(force=True)
    assert response.status_code == status, body
    assert response.content_type == "application/problem+json"
    assert body["status"] == status
    assert {"type", "title", "detail"} <= set(body)
    assert tuple(fault["pointer"] for fault in body.get("errors", ())) == pointers, body
    assert all(fault["detail"] for fault in body.get("errors", ()))
    return body


def assert_recorded(response: TestResponse) -> dict[str, Any]:
    """Return the report in the answer, having checked that it is new."""
    assert response.status_code == 201, response.get_data(as_text=True)
    body: dict[str, Any] = response.get_json()
    return body
