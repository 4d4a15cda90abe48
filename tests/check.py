"""What tests say about answers in one word."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

from werkzeug.test import TestResponse

Given = TypeVar("Given")
Told = TypeVar("Told")


def at_once(work: Callable[[Given], Told], given: Given, processes: int = 4) -> list[Told]:
    """Return what so many processes of their own make of the same thing, at the same time."""
    apart = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=apart) as pool:
        return list(pool.map(work, [given] * processes))


def problem(answer: TestResponse, status: int, *pointers: str) -> dict[str, Any]:
    """Return the problem in the answer, having checked its shape, its status and its pointers."""
    body: dict[str, Any] = answer.get_json(force=True)
    assert answer.status_code == status, body
    assert answer.content_type == "application/problem+json"
    assert body["status"] == status
    assert {"type", "title", "detail"} <= set(body)
    assert tuple(fault["pointer"] for fault in body.get("errors", ())) == pointers, body
    assert all(fault["detail"] for fault in body.get("errors", ()))
    return body


def recorded(answer: TestResponse) -> dict[str, Any]:
    """Return the report in the answer, having checked that it is new."""
    assert answer.status_code == 201, answer.get_data(as_text=True)
    body: dict[str, Any] = answer.get_json()
    return body
