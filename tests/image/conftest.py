"""The image that is tried: the one that ``make image-check`` names, and none otherwise."""

import os
from collections.abc import Iterator

import pytest

from tests.image.containers import Container, make_volume, run_container, run_docker
from tests.image.layers import Layer, SavedImage

IMAGE = os.environ.get("CHECKED_IMAGE")

_sizes: list[str] = []


@pytest.fixture(scope="session")
def image() -> str:
    """The name of the image. Where it is given the tests run; they fail where they cannot."""
    if not IMAGE:
        pytest.skip("make image-check builds an image and tries it")
    return IMAGE


@pytest.fixture(scope="session")
def saved_image(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SavedImage]:
    """The image as a file that others would get."""
    file = tmp_path_factory.mktemp("image") / "image.tar"
    run_docker("save", "--output", file, image)
    with SavedImage(file) as saved_image:
        yield saved_image
        _sizes.append(_describe_sizes(saved_image.layers))
    file.unlink()


@pytest.fixture(scope="module")
def container(image: str) -> Iterator[Container]:
    """One container for all tests of a module that change nothing about it."""
    with make_volume() as volume_name, run_container(image, volume_name) as running_container:
        yield running_container


def _describe_sizes(layers: list[Layer]) -> str:
    parts = {"base": 0, "environment": 0, "application": 0}
    for layer in layers:
        for path, size in layer.sizes.items():
            venv = path.startswith("opt/venv/")
            parts["environment" if venv else "application" if layer.is_own else "base"] += size
    sizes_text = ", ".join(f"{name} {size / 1e6:.1f}" for name, size in parts.items())
    return f"{IMAGE}: {sum(parts.values()) / 1e6:.1f} MB ({sizes_text})"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how large the image is, and what of that is whose."""
    for line in _sizes:
        terminalreporter.write_line(line)
