"""File systems of a test's own: mounted for it, gone after it, however it ends."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tests.support.gunicorn_server import TIMEOUT_SECONDS
from tests.support.paths import ROOT

DISK_MIB: Final = 96


def run_command(*command: str | Path) -> str:
    """Return the output of the command; raises if it fails."""
    completed = subprocess.run(command, capture_output=True, text=True)
    assert completed.returncode == 0, f"{command}: {completed.stderr}"
    return completed.stdout.strip()


def make_ext4(image: Path, megabytes: int = DISK_MIB) -> None:
    """Make the file an empty ext4 file system."""
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    lazy = "lazy_itable_init=0,lazy_journal_init=0"
    run_command("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", lazy, image)


@contextmanager
def mount(folder: Path, *source: str | Path) -> Iterator[Path]:
    """Yield the folder with the source mounted on it, with the given options of mount."""
    folder.mkdir(exist_ok=True)
    run_command("mount", *source, folder)
    try:
        yield folder
    finally:
        _retry_until_done("umount", folder)


class PoweredDisk:
    """An ext4 file system on a disk whose power can be cut, by a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self.folder = folder
        self._process = process

    def cut_power(self, survival: str, seed: int, survivor: Path) -> None:
        """Cut the power for good; what the disk then holds is in the survivor."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"cut {survival} {seed} {survivor}\n")
        self._process.stdin.flush()
        assert self._read_line().startswith("cut")

    def _read_line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def mount_powered_disk(image: Path, folder: Path) -> Iterator[PoweredDisk]:
    """Yield the image's file system, mounted upon the folder by way of a disk with a cache."""
    disk_file = folder.with_suffix(".disk")
    disk_file.touch()
    with ExitStack() as cleanup:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.fuse_disk", image, disk_file],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        cleanup.enter_context(process)
        cleanup.callback(process.kill)
        disk = PoweredDisk(process, folder)
        assert disk._read_line() == "ready\n"
        cleanup.callback(_retry_until_done, "umount", disk_file)
        device = run_command("losetup", "--show", "--find", disk_file)
        cleanup.callback(_retry_until_done, "losetup", "--detach", device)
        cleanup.enter_context(mount(folder, device))
        yield disk


def _retry_until_done(*command: str | Path) -> None:
    """Undo a mount; retry while processes that were just killed still hold it."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS).returncode != 0:
        assert time.monotonic() < deadline, f"{command} fails"
        time.sleep(0.05)
