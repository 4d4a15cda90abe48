"""The service never asks anybody else: no part of it knows a way out of this machine.

Only the commands of an operator do, where they are told an address. The import contracts see to it
that nothing else imports what they use.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT

NETWORK_MODULES = (
    "urllib.request", "http.client", "socket", "ssl", "ftplib", "smtplib", "poplib", "imaplib",
    "telnetlib", "nntplib", "xmlrpc.client", "asyncio", "requests", "urllib3", "httpx", "aiohttp",
    "httpcore", "websockets", "pycurl", "paramiko", "boto3", "subprocess",
)  # fmt: skip

ALLOWED_IMPORTS: dict[str, tuple[str, ...]] = {
    "service/serving/gunicorn_worker.py": ("socket",),
    "service/serving/slow_readers.py": ("socket", "ssl"),
    "service/store/postgresql/engine.py": ("socket",),
    "service/imports/service_client.py": ("urllib3",),
}
"""What a file may import even so, and has a reason beside it that says why."""

FILES = sorted(
    path.relative_to(ROOT)
    for room in ("service", "schemas")
    for path in ROOT.glob(f"{room}/**/*.py")
)


def _iterate_imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _find_network_modules(text: str) -> set[str]:
    names = list(_iterate_imports(ast.parse(text)))
    return {way for way in NETWORK_MODULES for name in names if f"{name}.".startswith(f"{way}.")}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_module_imports_a_network_module(path: Path) -> None:
    imported = _find_network_modules((ROOT / path).read_text(encoding="utf-8"))
    assert imported <= set(ALLOWED_IMPORTS.get(str(path), ()))


@pytest.mark.parametrize(
    "text",
    ["import socket", "from urllib import request", "from urllib.request import urlopen",
     "import urllib.request as u", "def f():\n    import http.client", "import requests.sessions"],
)  # fmt: skip
def test_an_import_of_a_network_module_is_found(text: str) -> None:
    assert _find_network_modules(text)


def test_a_module_that_only_parses_addresses_is_no_network_module() -> None:
    assert not _find_network_modules("from urllib.parse import urlencode\nimport sockets")
