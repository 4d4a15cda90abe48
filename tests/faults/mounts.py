"""File systems of a test's own: mounted for it, gone after it, however it ends."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.serving import ROOT, TIMEOUT_SECONDS

DISK_MB: Final = 96


def run(*command: str | Path) -> str:
    """Return what the command says; raises where it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.strip()


def new_ext4(image: Path, megabytes: int = DISK_MB) -> None:
    """Make the file an empty ext4 file system."""
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    lazy = "lazy_itable_init=0,lazy_journal_init=0"
    run("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", lazy, image)


@contextmanager
def mounted(folder: Path, *source: str | Path) -> Iterator[Path]:
    """Yield the folder with the source mounted upon it, by what mount is told."""
    folder.mkdir(exist_ok=True)
    run("mount", *source, folder)
    try:
        yield folder
    finally:
        _end("umount", folder)


class Powered:
    """An ext4 file system on a disk whose power can be cut, by a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self.folder = folder
        self._process = process

    def cut(self, kept: str, seed: int, survivor: Path) -> None:
        """Cut the power for good; what the disk then holds is in the survivor."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"cut {kept} {seed} {survivor}\n")
        self._process.stdin.flush()
        assert self._said().startswith("cut")

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def powered(image: Path, folder: Path) -> Iterator[Powered]:
    """Yield the image's file system, mounted upon the folder by way of a disk with a cache."""
    file = folder.with_suffix(".disk")
    file.touch()
    with ExitStack() as undone:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.disk", image, file],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        undone.enter_context(process)
        undone.callback(process.kill)
        disk = Powered(process, folder)
        assert disk._said() == "ready\n"
        undone.callback(_end, "umount", file)
        device = run("losetup", "--show", "--find", file)
        undone.callback(_end, "losetup", "--detach", device)
        undone.enter_context(mounted(folder, device))
        yield disk


def _end(*command: str | Path) -> None:
    """Undo a mount; processes that were just killed may hold it for a moment longer."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS).returncode != 0:
        assert time.monotonic() < end, f"{command} fails"
        time.sleep(0.05)
