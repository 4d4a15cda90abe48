"""The conversion of a file in a process of its own, while what it converted before is recorded.

The pipe holds hardly anything, so the process is one batch ahead and takes the same memory for a
file of any size.
"""

import gc
import signal
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice, repeat
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from service.imports.errors import FileError
from service.imports.mapping import Mapping
from service.imports.receivers import Prepare, leave_unprepared
from service.imports.row_converter import Conversion, FileConversion

BATCH_ROWS: Final = 500
"""How many rows are sent at once."""

FIRST_ROWS: Final = 50
"""How many are sent at first, so that recording begins at once."""


class ConversionAhead:
    """The conversions that FileConversion gives, by another process; iterating reads it once."""

    def __init__(self, path: Path, mapping: Mapping, prepare: Prepare = leave_unprepared) -> None:
        """Raise FileError if the format is not known; iterating raises it as RowFile does.

        ``prepare`` is the receiver's preparation of each report, done by the other process, too.
        """
        self._conversion = FileConversion(path, mapping, prepare)
        self._path = path
        self.fraction: float | None = None
        """How much of the file has been read, from 0 to 1; None where that is not known."""

    def __iter__(self) -> Iterator[Conversion]:
        # No fork: this process may have threads, and connections to the database.
        context = get_context("spawn")
        receiving, sending = context.Pipe(duplex=False)
        process = context.Process(
            target=_send_conversions,
            args=(self._conversion, sending, gc.get_threshold()),
            daemon=True,
        )
        # Ctrl-C ends this process, which then ends the other one; that says nothing of its own.
        # The tracker is started first: its start unblocks the signal.
        resource_tracker.ensure_running()
        former_mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, former_mask)
            sending.close()
        try:
            while (batch := self._receive(receiving)) is not None:
                yield from batch
        finally:
            receiving.close()
            process.kill()
            process.join()

    def _receive(self, receiving: "Connection[None, _Message]") -> list[Conversion] | None:
        """Return the next conversions; None at the end of the file."""
        try:
            message = receiving.recv()
        except (EOFError, OSError):  # It ended between two messages, or within one.
            raise FileError(
                f"The process that reads {self._path.name} was ended. Import the file again: that"
                " continues."
            ) from None
        if isinstance(message, BaseException):
            raise message
        batch, self.fraction = message
        return batch


_Message = tuple[list[Conversion] | None, float | None] | BaseException
"""Some conversions and the fraction, or an error. None in place of conversions ends the file."""


def _send_conversions(
    conversion: FileConversion,
    sending: "Connection[_Message, None]",
    gc_threshold: tuple[int, int, int],
) -> None:
    """Send all conversions in batches, and at the end None, or the error."""
    gc.set_threshold(*gc_threshold)  # As in the process that started this one.
    rows = iter(conversion)
    with suppress(BrokenPipeError):
        for row_count in chain((FIRST_ROWS,), repeat(BATCH_ROWS)):
            batch: list[Conversion] = []
            try:
                # Not by list(): what comes before an error is sent, too.
                for each in islice(rows, row_count):
                    batch.append(each)
            except Exception as error:
                sending.send((batch, conversion.fraction))
                sending.send(error)
                return
            sending.send((batch or None, conversion.fraction))
            if not batch:
                return
