"""What a disk holds when the power fails: all that was flushed, and any part of what was not."""

import random
from typing import Final

SECTOR_BYTES: Final = 512
"""A disk writes so many bytes whole or not at all, and promises no more than that."""

NOTHING, ANY, ALL = "nothing", "any", "all"
SURVIVALS: Final = (NOTHING, ANY, ALL)
"""How much of what was not flushed is on the disk after all."""


class SimulatedDisk:
    """Bytes, and the writes since the last flush, which a loss of power may take."""

    def __init__(self, content: bytes) -> None:
        """Begin with the content, which is safe."""
        self._flushed = bytearray(content)
        self._current = bytearray(content)
        self._unflushed_writes: list[tuple[int, bytes]] = []
        self.flushes = 0

    def __len__(self) -> int:
        return len(self._flushed)

    def read(self, offset: int, size: int) -> bytes:
        """Return what was written last, as a running machine sees it."""
        return bytes(self._current[offset : offset + size])

    def write(self, offset: int, data: bytes) -> None:
        """Take the data into the cache; it is not safe yet."""
        self._current[offset : offset + len(data)] = data
        self._unflushed_writes.append((offset, data))

    def flush(self) -> None:
        """Make all that was written safe."""
        for offset, data in self._unflushed_writes:
            self._flushed[offset : offset + len(data)] = data
        self._unflushed_writes.clear()
        self.flushes += 1

    def content_after_power_loss(self, survival: str, seed: int) -> bytes:
        """Return what the disk holds: of what was not flushed nothing, all, or any sectors."""
        if survival == ALL:
            return bytes(self._current)
        content = bytearray(self._flushed)
        if survival == ANY:
            chance = random.Random(seed)
            share = chance.random()
            for offset, data in self._unflushed_writes:
                for begin in range(0, len(data), SECTOR_BYTES):
                    if chance.random() < share:
                        sector = data[begin : begin + SECTOR_BYTES]
                        content[offset + begin : offset + begin + len(sector)] = sector
        return bytes(content)
