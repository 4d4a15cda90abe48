"""The service never asks anybody else: no part of it knows a way out of this machine."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import ROOT

WAYS_OUT = (
    "urllib.request", "http.client", "socket", "ssl", "ftplib", "smtplib", "poplib", "imaplib",
    "telnetlib", "nntplib", "xmlrpc.client", "asyncio", "requests", "urllib3", "httpx", "aiohttp",
    "httpcore", "websockets", "pycurl", "paramiko", "boto3", "subprocess",
)  # fmt: skip

NEEDED: dict[str, tuple[str, ...]] = {
    "service/serving/gunicorn_worker.py": ("socket",),
    "service/store/postgresql/engine.py": ("socket",),
}
"""What a file may import even so, and has a reason beside it that says why."""

FILES = sorted(
    path.relative_to(ROOT)
    for room in ("service", "schemas")
    for path in ROOT.glob(f"{room}/**/*.py")
)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _ways_out(text: str) -> set[str]:
    names = list(_imported(ast.parse(text)))
    return {way for way in WAYS_OUT for name in names if f"{name}.".startswith(f"{way}.")}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_it_imports_no_way_out(path: Path) -> None:
    found = _ways_out((ROOT / path).read_text(encoding="utf-8"))
    assert found <= set(NEEDED.get(str(path), ()))


@pytest.mark.parametrize(
    "text",
    ["import socket", "from urllib import request", "from urllib.request import urlopen",
     "import urllib.request as u", "def f():\n    import http.client", "import requests.sessions"],
)  # fmt: skip
def test_a_way_out_would_be_found(text: str) -> None:
    assert _ways_out(text)


def test_what_only_reads_addresses_is_none() -> None:
    assert not _ways_out("from urllib.parse import urlencode\nimport sockets")
