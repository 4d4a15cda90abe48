"""The bill of materials tells all that is in the image, and is CycloneDX."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from scripts import make_sbom
from service.version import __version__
from tests.image.engine import docker
from tests.serving import ROOT


@pytest.fixture(scope="module")
def file(image: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The document, written as ``make sbom`` does."""
    file = tmp_path_factory.mktemp("dist") / "sbom.json"
    make_sbom.main(image, file)
    return file


@pytest.fixture(scope="module")
def bom(file: Path) -> dict[str, Any]:
    """The document, read."""
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return told


def _versions(bom: dict[str, Any], kind: str) -> dict[str, str]:
    mark = f"pkg:{kind}/"
    return {
        unquote(each["purl"].removeprefix(mark).partition("@")[0]): each["version"]
        for each in bom["components"]
        if each.get("purl", "").startswith(mark)
    }


def test_it_fits_the_schema(file: Path, bom: dict[str, Any]) -> None:
    assert make_sbom.faults(file.read_text(encoding="utf-8")) is None
    assert bom["bomFormat"] == "CycloneDX"
    broken = json.dumps(bom | {"components": [{"name": "without a type"}]})
    assert "type" in (make_sbom.faults(broken) or "")


def test_it_is_of_this_image(image: str, bom: dict[str, Any]) -> None:
    whole = bom["metadata"]["component"]
    assert (whole["type"], whole["version"]) == ("container", __version__)
    assert whole["bom-ref"] == docker("image", "inspect", "--format", "{{.Id}}", image)


def test_the_same_image_gives_the_same_document(image: str, file: Path) -> None:
    assert make_sbom.document(image) == file.read_text(encoding="utf-8")


def test_it_tells_every_pinned_library_and_no_other(bom: dict[str, Any]) -> None:
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w.-]+)==([\w.]+)", pins, flags=re.MULTILINE))
    pinned = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pinned.items()}
    found = _versions(bom, "pypi")
    assert found == {name: pinned[name] for name in found}
    assert set(pinned) - set(found) <= {"pip", "setuptools"}
    graph = {each["ref"]: each.get("dependsOn", []) for each in bom["dependencies"]}
    flask = f"pkg:pypi/flask@{found['flask']}"
    assert f"pkg:pypi/werkzeug@{found['werkzeug']}" in graph[flask]


def test_it_tells_what_the_base_brings(image: str, bom: dict[str, Any]) -> None:
    installed = docker("run", "--rm", image, "dpkg-query", "-W", "-f", r"${Package}\n").split()
    assert set(_versions(bom, "deb/debian")) == set(installed)
    assert "libsqlite3-0" in installed and "libc6" in installed
    (system,) = [each for each in bom["components"] if each["type"] == "operating-system"]
    assert system["name"] == "debian"
