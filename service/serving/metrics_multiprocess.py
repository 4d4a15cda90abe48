"""Prometheus metrics of several processes: files of running and ended processes, added up.

Import it only after the server's runtime directory was created, or in a process that serves alone.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector, CollectorRegistry

from service.serving import runtime_dir

_METRIC_KINDS: Final = ("counter", "histogram")
_ENDED: Final = "ended"
"""Replaces the process id in the names of the files with the sums of all ended processes."""

_unmerged_pids: Final[set[int]] = set()
"""Processes that ended during a scrape; used only in the process that starts the others."""


@contextmanager
def collect_all_processes(own: CollectorRegistry) -> Iterator[Collector]:
    """Yield the metrics of all processes of this server, or ``own`` if it serves alone."""
    folder = runtime_dir.get_dir()
    if folder is None:
        yield own
        return
    with _hold_lock(folder, fcntl.LOCK_SH):
        yield MultiProcessCollector(None, str(folder))


def merge_ended_process(pid: int) -> None:
    """Add the metrics of an ended process to the sums of all ended processes; none is lost.

    Otherwise each process would leave its own files, and a scrape would take longer and longer.
    During a scrape the files stay as they are, and are merged when the next process ends.
    """
    folder = runtime_dir.get_dir()
    if folder is None:
        return
    mark_process_dead(pid, str(folder))
    _unmerged_pids.add(pid)
    with suppress(BlockingIOError), _hold_lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
        while _unmerged_pids:
            ended_pid = _unmerged_pids.pop()
            for kind in _METRIC_KINDS:
                _merge_file(folder / f"{kind}_{ended_pid}.db", folder / f"{kind}_{_ENDED}.db")


@contextmanager
def _hold_lock(folder: Path, lock_mode: int) -> Iterator[None]:
    lock = os.open(folder / "lock", os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, lock_mode)
        yield
    finally:
        os.close(lock)


def _merge_file(source: Path, target: Path) -> None:
    if not source.exists() or not source.stat().st_size:
        return
    merged = MmapedDict(str(target))
    for key, value, _, _ in MmapedDict.read_all_values_from_file(str(source)):
        merged.write_value(key, merged.read_value(key)[0] + value, 0.0)
    merged.close()
    source.unlink()
