"""A disk whose power can be cut, as a process: one file, served to the kernel over FUSE.

``python -m tests.faults.fuse_disk IMAGE FILE`` makes FILE show the content of IMAGE and says
``ready``.
A loop device upon FILE is then a disk with a volatile cache: the kernel's flushes arrive here, and
what was written since the last one is lost or kept as a loss of power would have it. The line
``cut KEPT SEED SURVIVOR`` on standard input cuts the power between two requests, for good, writes
what the disk then holds to SURVIVOR, and says ``cut FLUSHES``.
"""

import ctypes
import errno
import os
import select
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.faults.simulated_disk import SimulatedDisk

GETATTR, SETATTR, OPEN, READ, WRITE = 3, 4, 14, 15, 16
STATFS, RELEASE, FSYNC, FLUSH, INIT = 17, 18, 20, 25, 26
OPERATIONS_WITHOUT_REPLY: Final = {2, 36, 42}
"""Forget, interrupt, batch forget: the kernel waits for no answer."""

DIRECT_IO: Final = 1
"""The kernel keeps no copy of its own: what is written arrives here before it counts as written."""

MAX_TRANSFER_BYTES: Final = 1 << 17
_MAX_PAGES: Final = 1 << 22
_BIG_WRITES: Final = 1 << 5
_REGULAR_FILE_MODE: Final = 0o100600


class FuseServer:
    """Answers the kernel's requests for the one file; after the cut each of them fails."""

    def __init__(self, disk: SimulatedDisk) -> None:
        self.disk = disk
        self.has_lost_power = False
        self._answers: dict[int, Callable[[memoryview], bytes]] = {
            INIT: self._init,
            GETATTR: self._get_attributes,
            SETATTR: self._get_attributes,
            OPEN: lambda body: struct.pack("<QII", 1, DIRECT_IO, 0),
            READ: self._read,
            WRITE: self._write,
            STATFS: lambda body: bytes(80),
            FSYNC: self._flush,
            FLUSH: lambda body: b"",
            RELEASE: lambda body: b"",
        }

    def answer_request(self, request: memoryview) -> bytes | None:
        """Return what to write back to the kernel; None where it waits for nothing."""
        _, operation, unique = struct.unpack_from("<IIQ", request)
        if operation in OPERATIONS_WITHOUT_REPLY:
            return None
        error, body = 0, b""
        if operation not in self._answers:
            error = -errno.ENOSYS
        elif self.has_lost_power and operation in (READ, WRITE, FSYNC):
            error = -errno.EIO
        else:
            body = self._answers[operation](request[40:])
        return struct.pack("<IiQ", 16 + len(body), error, unique) + body

    def _init(self, body: memoryview) -> bytes:
        _, minor, ahead, flags = struct.unpack_from("<IIII", body)
        wanted = flags & (_BIG_WRITES | _MAX_PAGES)
        return struct.pack(
            "<IIIIHHIIHHI28x",
            7,
            min(minor, 31),
            ahead,
            wanted,
            16,
            12,
            MAX_TRANSFER_BYTES,
            1,
            32,
            0,
            0,
        )

    def _get_attributes(self, body: memoryview) -> bytes:
        size = len(self.disk)
        head = struct.pack("<QIIQQQ36x", 3600, 0, 0, 1, size, size // 512)
        return head + struct.pack("<IIIIIII", _REGULAR_FILE_MODE, 1, 0, 0, 0, 4096, 0)

    def _read(self, body: memoryview) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        return self.disk.read(offset, size)

    def _write(self, body: memoryview) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        self.disk.write(offset, bytes(body[40 : 40 + size]))
        return struct.pack("<II", size, 0)

    def _flush(self, body: memoryview) -> bytes:
        self.disk.flush()
        return b""


def mount(file: Path) -> int:
    """Return the descriptor over which the kernel requests the content of the file."""
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode={_REGULAR_FILE_MODE:o},user_id=0,group_id=0"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"disk", os.fsencode(file), b"fuse", 0, options.encode()) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount: {os.strerror(number)}")
    return device


def main(image: Path, file: Path) -> None:
    """Serve the image as the file until it is unmounted."""
    server = FuseServer(SimulatedDisk(image.read_bytes()))
    device = mount(file)
    print("ready", flush=True)
    watched = [device, sys.stdin.fileno()]
    while True:
        ready, _, _ = select.select(watched, [], [])
        if sys.stdin.fileno() in ready:
            line = sys.stdin.readline().split()
            if line:
                _, survival, seed, survivor = line
                server.has_lost_power = True
                Path(survivor).write_bytes(
                    server.disk.content_after_power_loss(survival, int(seed))
                )
                print("cut", server.disk.flushes, flush=True)
            else:
                watched.remove(sys.stdin.fileno())
        elif device in ready:
            try:
                request = os.read(device, MAX_TRANSFER_BYTES + 4096)
            except OSError as error:
                if error.errno == errno.ENODEV:  # Unmounted.
                    return
                if error.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                    continue
                raise
            answer = server.answer_request(memoryview(request))
            if answer is not None:
                os.write(device, answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
