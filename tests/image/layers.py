"""A saved image as it is, layer by layer: what a later layer hides is still in an earlier one."""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

FIRST_OWN_STEP: Final = "LABEL org.opencontainers.image.title="
"""With this the last stage of the Dockerfile begins; what comes before is the base's."""


@dataclass(frozen=True)
class Layer:
    """What one step of a build has added, and whether the step is the Dockerfile's own."""

    is_own: bool
    members: dict[str, tarfile.TarInfo]
    archive: tarfile.TarFile

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes of its files, each counted once however many names it has."""
        return {path: each.size for path, each in self.members.items() if each.isfile()}

    def read_file(self, path: str) -> bytes:
        """Return what is in a file."""
        file = self.archive.extractfile(self.members[path])
        assert file is not None
        return file.read()


class SavedImage:
    """The file that ``docker save`` writes; closed at the end of a ``with``."""

    def __init__(self, file: Path) -> None:
        self._archive = tarfile.open(file)
        manifest = json.loads(self._read_member("manifest.json"))[0]
        self.configuration: dict[str, Any] = json.loads(self._read_member(manifest["Config"]))
        self.layers = [
            self._read_layer(name, own)
            for name, own in zip(manifest["Layers"], self._are_layers_own(), strict=True)
        ]

    @property
    def own_layers(self) -> list[Layer]:
        """The layers that the Dockerfile adds to its base."""
        return [layer for layer in self.layers if layer.is_own]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for layer in self.layers:
            layer.archive.close()
        self._archive.close()

    @property
    def own_steps(self) -> list[str]:
        """What the Dockerfile's last stage did to its base, as anybody can read it in the image."""
        return [step.get("created_by", "") for own, step in self._iterate_history() if own]

    def _are_layers_own(self) -> list[bool]:
        return [own for own, step in self._iterate_history() if not step.get("empty_layer")]

    def _iterate_history(self) -> Iterator[tuple[bool, dict[str, Any]]]:
        own = False
        for step in self.configuration["history"]:
            own = own or FIRST_OWN_STEP in step.get("created_by", "")
            yield own, step

    def _read_layer(self, name: str, own: bool) -> Layer:
        archive = tarfile.open(fileobj=self._archive.extractfile(name))
        members = {each.name.removeprefix("./"): each for each in archive}
        return Layer(own, members, archive)

    def _read_member(self, name: str) -> bytes:
        file = self._archive.extractfile(name)
        assert file is not None
        return file.read()
