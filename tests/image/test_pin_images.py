"""The release's images are named by digest; the files also work with tags alone."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.pin_images import PATTERNS
from tests.support.paths import ROOT

DIGEST = f"sha256:{'0123456789abcdef' * 4}"

ENGINE = f"""#!/bin/sh
# An engine whose registry has every image but those called missing.
case "$*" in
*missing*) echo "manifest unknown" >&2; exit 1 ;;
pull*) ;;
image*) for image; do :; done
    echo "elsewhere.example/other@sha256:{"f" * 64}"
    echo "docker.io/library/${{image%%:*}}@{DIGEST}" ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that name images, without digests, and an engine in bin."""
    for name in PATTERNS:
        text = (ROOT / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(re.sub("@sha256:[0-9a-f]{64}", "", text), encoding="utf-8")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(ENGINE)
    (tmp_path / "bin" / "docker").chmod(0o755)
    return tmp_path


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, str(ROOT / "scripts" / "pin_images.py"), "--root", str(folder)]
    return subprocess.run(
        [*command, *arguments], env={**os.environ, "PATH": path}, capture_output=True, text=True
    )


def _read_files(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text(encoding="utf-8") for name in PATTERNS}


def test_every_image_of_a_registry_gets_its_digest(folder: Path) -> None:
    before = _read_files(folder)
    assert _run(folder, "--check").returncode == 1
    assert _run(folder).returncode == 0
    after = _read_files(folder)
    assert {name: text.replace(f"@{DIGEST}", "") for name, text in after.items()} == before
    images = re.findall(r"([\w.]+):[\w.-]+@sha256", "".join(after.values()))
    assert images == ["python", "nginx", "postgres"]
    assert "${SERVICE_IMAGE:-casualty-figures}" in after["compose.yaml"]
    assert _run(folder, "--check").returncode == 0


def test_an_older_digest_is_replaced(folder: Path) -> None:
    file = folder / "Dockerfile"
    text = file.read_text(encoding="utf-8")
    older = re.sub(r"^(ARG BASE=\S+)$", rf"\1@sha256:{'0' * 64}", text, flags=re.MULTILINE)
    file.write_text(older, encoding="utf-8")
    assert _run(folder).returncode == 0
    assert older.replace("0" * 64, DIGEST.removeprefix("sha256:")) == file.read_text("utf-8")


def test_nothing_is_written_if_one_image_cannot_be_pulled(folder: Path) -> None:
    compose = (folder / "compose.yaml").read_text(encoding="utf-8")
    (folder / "compose.yaml").write_text(compose.replace("postgres:17", "missing:17"), "utf-8")
    before = _read_files(folder)
    done = _run(folder)
    assert done.returncode == 1 and "manifest unknown" in done.stderr
    assert _read_files(folder) == before


def test_an_image_that_was_built_here_is_not_pinned(folder: Path) -> None:
    (folder / "bin" / "docker").write_text("#!/bin/sh\n")
    done = _run(folder)
    assert done.returncode == 1 and "knows no digest of python:3.11-slim-bookworm" in done.stderr


def test_the_engine_is_not_needed_to_build_or_start_with_other_images() -> None:
    for name, pattern in PATTERNS.items():
        for match in pattern.finditer((ROOT / name).read_text(encoding="utf-8")):
            assert ":" in match["name"], match["name"]
    assert shutil.which("make")
    done = subprocess.run(
        ["make", "--dry-run", "image", "BASE=stand-in-base"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert "--build-arg BASE=stand-in-base" in done.stdout
