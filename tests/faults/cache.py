"""What a disk holds when the power fails: all that was flushed, and any part of what was not."""

import random
from typing import Final

SECTOR: Final = 512
"""A disk writes so many bytes whole or not at all, and promises no more than that."""

NOTHING, ANY, ALL = "nothing", "any", "all"
KEPT: Final = (NOTHING, ANY, ALL)
"""How much of what was not flushed is on the disk after all."""


class Disk:
    """Bytes, and the writes since the last flush, which a loss of power may take."""

    def __init__(self, content: bytes) -> None:
        """Begin with the content, which is safe."""
        self._safe = bytearray(content)
        self._seen = bytearray(content)
        self._loose: list[tuple[int, bytes]] = []
        self.flushes = 0

    def __len__(self) -> int:
        return len(self._safe)

    def read(self, at: int, size: int) -> bytes:
        """Return what was written last, as a running machine sees it."""
        return bytes(self._seen[at : at + size])

    def write(self, at: int, data: bytes) -> None:
        """Take the data into the cache; it is not safe yet."""
        self._seen[at : at + len(data)] = data
        self._loose.append((at, data))

    def flush(self) -> None:
        """Make all that was written safe."""
        for at, data in self._loose:
            self._safe[at : at + len(data)] = data
        self._loose.clear()
        self.flushes += 1

    def after_power_loss(self, kept: str, seed: int) -> bytes:
        """Return what the disk holds: of what was not flushed nothing, all, or any sectors."""
        if kept == ALL:
            return bytes(self._seen)
        held = bytearray(self._safe)
        if kept == ANY:
            chance = random.Random(seed)
            share = chance.random()
            for at, data in self._loose:
                for begin in range(0, len(data), SECTOR):
                    if chance.random() < share:
                        sector = data[begin : begin + SECTOR]
                        held[at + begin : at + begin + len(sector)] = sector
        return bytes(held)
