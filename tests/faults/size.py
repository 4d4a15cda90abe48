"""How much is done to the service: a little with every test run, all of it by ``make faults``."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final, TypeVar

import pytest

from tests import postgres

FULL: Final = os.environ.get("FAULTS_SIZE") == "full"
REQUIRED: Final = os.environ.get("FAULTS_REQUIRED") == "1"
"""Set where the machine is known to allow everything: a test that cannot run there has failed."""

_SYS_ADMIN: Final = 21
_NET_ADMIN: Final = 12
_CLUSTER: Final = ("patroni", "etcd", "haproxy", "ip", "bridge", "unshare", "nsenter", "setpriv")

Amount = TypeVar("Amount")


def at(small: Amount, full: Amount) -> Amount:
    """Return the amount of the size that is run."""
    return full if FULL else small


def progress(text: str) -> None:
    """Tell how far a full run has come."""
    if FULL:
        print(f"  {text}", file=sys.stderr, flush=True)


def needs_mounting() -> None:
    """Skip the test where this process may not mount; fail instead where it must be able to."""
    if not _may(_SYS_ADMIN):
        lacking = "needs the right to mount (root)"
    else:
        absent = [file for file in ("/dev/loop-control", "/dev/fuse") if not Path(file).exists()]
        absent += [tool for tool in ("losetup", "mkfs.ext4", "mount") if not shutil.which(tool)]
        lacking = f"needs {', '.join(absent)}" if absent else None
    _leave_out(lacking)


def needs_cluster() -> None:
    """Skip the test where no cluster can be made; fail instead where it must be possible."""
    if not (_may(_SYS_ADMIN) and _may(_NET_ADMIN)):
        lacking = "needs the right to make networks (root)"
    else:
        absent = [tool for tool in _CLUSTER if not shutil.which(tool)]
        absent += [] if postgres.find_binaries("15") else ["PostgreSQL 15"]
        lacking = f"needs {', '.join(absent)}" if absent else None
    _leave_out(lacking)


def _leave_out(lacking: str | None) -> None:
    if lacking is None:
        return
    if REQUIRED:
        pytest.fail(f"{lacking}, and FAULTS_REQUIRED=1 says that it is there")
    pytest.skip(lacking)


def _may(capability: int) -> bool:
    status = Path("/proc/self/status")
    if not status.exists():
        return False
    line = next(line for line in status.read_text().splitlines() if line.startswith("CapEff:"))
    return bool(int(line.split()[1], 16) >> capability & 1)
