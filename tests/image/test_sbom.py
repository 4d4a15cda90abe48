"""The bill of materials lists all contents of the image, and is valid CycloneDX."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from scripts import make_sbom
from service.version import __version__
from tests.image.containers import run_docker
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def file(image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document, written as ``make sbom`` does."""
    file = tmp_path_factory.mktemp("dist") / "sbom.json"
    make_sbom.main(image, file)
    return file


@pytest.fixture(scope="module")
def bom(file: Path) -> dict[str, Any]:
    """The document, read."""
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def _versions_by_name(bom: dict[str, Any], kind: str) -> dict[str, str]:
    prefix = f"pkg:{kind}/"
    return {
        unquote(each["purl"].removeprefix(prefix).partition("@")[0]): each["version"]
        for each in bom["components"]
        if each.get("purl", "").startswith(prefix)
    }


def test_the_document_is_valid_cyclonedx(file: Path, bom: dict[str, Any]) -> None:
    assert make_sbom.find_errors(file.read_text(encoding="utf-8")) is None
    assert bom["bomFormat"] == "CycloneDX"
    broken = json.dumps(bom | {"components": [{"name": "without a type"}]})
    assert "type" in (make_sbom.find_errors(broken) or "")


def test_the_document_describes_this_image(image: str, bom: dict[str, Any]) -> None:
    whole = bom["metadata"]["component"]
    assert (whole["type"], whole["version"]) == ("container", __version__)
    assert whole["bom-ref"] == run_docker("image", "inspect", "--format", "{{.Id}}", image)


def test_the_same_image_gives_the_same_document(image: str, file: Path) -> None:
    assert make_sbom.make_document(image) == file.read_text(encoding="utf-8")


def test_the_document_lists_every_pinned_library_and_no_other(bom: dict[str, Any]) -> None:
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)", pins, flags=re.MULTILINE))
    pinned = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pinned.items()}
    versions = _versions_by_name(bom, "pypi")
    assert versions == {name: pinned[name] for name in versions}
    assert set(pinned) - set(versions) <= {"pip", "setuptools"}
    graph = {each["ref"]: each.get("dependsOn", []) for each in bom["dependencies"]}
    flask = f"pkg:pypi/flask@{versions['flask']}"
    assert f"pkg:pypi/werkzeug@{versions['werkzeug']}" in graph[flask]


def test_the_document_lists_the_packages_of_the_base(image: str, bom: dict[str, Any]) -> None:
    installed = run_docker("run", "--rm", image, "dpkg-query", "-W", "-f", r"${Package}\n").split()
    assert set(_versions_by_name(bom, "deb/debian")) == set(installed)
    assert "libsqlite3-0" in installed and "libc6" in installed
    (system,) = [each for each in bom["components"] if each["type"] == "operating-system"]
    assert system["name"] == "debian"
