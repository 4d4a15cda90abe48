"""Lint /v1/openapi.json with Redocly CLI and Spectral, as pinned in scripts/openapi_lint.

    python scripts/check_openapi.py        or: make openapi-check

Exits with 0 if neither linter has an error or a warning. A linter that cannot be installed or run
is a failure too. Node.js and npm come with the Python packages; npm fetches the linters once.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from service import create_app
from service.settings import Settings

FOLDER: Final = Path(__file__).parent / "openapi_lint"
MODULES: Final = FOLDER / "node_modules"
BIN: Final = Path(sys.executable).parent

LINTERS: Final = {
    "Redocly CLI": (
        *("@redocly/cli/bin/cli.js", "lint"),
        *("--config", str(FOLDER / "redocly.yaml")),
    ),
    "Spectral": (
        *("@stoplight/spectral-cli/dist/index.js", "lint"),
        *("--ruleset", str(FOLDER / "spectral.yaml"), "--fail-severity", "hint"),
    ),
}
"""The commands; the file to lint is appended."""

ENVIRONMENT: Final = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def main() -> int:
    """Lint the document of the service; return the exit status."""
    if not _is_installed():
        _run(str(BIN / "npm"), "ci")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "openapi.json"
        file.write_bytes(_get_document(Path(folder)))
        for name, command in LINTERS.items():
            print(f"== {name}", flush=True)
            _run(str(BIN / "node"), str(MODULES / command[0]), *command[1:], str(file))
    return 0


def _is_installed() -> bool:
    """Whether npm has installed what the lock file pins now."""
    installed = MODULES / ".package-lock.json"
    lock = FOLDER / "package-lock.json"
    return installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime


def _get_document(folder: Path) -> bytes:
    app = create_app(Settings(database=folder / "document.db", log_level="error"))
    response = app.test_client().get("/v1/openapi.json")
    data: bytes = response.get_data()
    return data


def _run(*command: str) -> None:
    """Run the command; exit with its status if it fails."""
    status = subprocess.run(command, cwd=FOLDER, env={**os.environ, **ENVIRONMENT}).returncode
    if status != 0:
        sys.exit(status)


if __name__ == "__main__":
    sys.exit(main())
