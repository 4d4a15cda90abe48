"""What a test needs of the machine: without it the test is skipped, or fails if it is required."""

import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.support import postgres

ARE_FAULTS_REQUIRED: Final = os.environ.get("FAULTS_REQUIRED") == "1"
"""Set where the machine is known to allow everything: a test that cannot run there has failed."""
_SYS_ADMIN: Final = 21
_NET_ADMIN: Final = 12
_CLUSTER_PROGRAMS: Final = (
    "patroni",
    "etcd",
    "haproxy",
    "ip",
    "bridge",
    "unshare",
    "nsenter",
    "setpriv",
)


def require_mounting() -> None:
    """Skip the test where this process may not mount; fail instead where it must be able to."""
    if not _has_capability(_SYS_ADMIN):
        reason = "needs the right to mount (root)"
    else:
        missing = [file for file in ("/dev/loop-control", "/dev/fuse") if not Path(file).exists()]
        missing += [tool for tool in ("losetup", "mkfs.ext4", "mount") if not shutil.which(tool)]
        reason = f"needs {', '.join(missing)}" if missing else None
    _skip_or_fail(reason)


def require_cluster() -> None:
    """Skip the test where no cluster can be made; fail instead where it must be possible."""
    if not (_has_capability(_SYS_ADMIN) and _has_capability(_NET_ADMIN)):
        reason = "needs the right to make networks (root)"
    else:
        missing = [tool for tool in _CLUSTER_PROGRAMS if not shutil.which(tool)]
        missing += [] if postgres.find_binaries("15") else ["PostgreSQL 15"]
        reason = f"needs {', '.join(missing)}" if missing else None
    _skip_or_fail(reason)


def _skip_or_fail(reason: str | None) -> None:
    if reason is None:
        return
    if ARE_FAULTS_REQUIRED:
        pytest.fail(f"{reason}, and FAULTS_REQUIRED=1 says that it is there")
    pytest.skip(reason)


def _has_capability(capability: int) -> bool:
    status = Path("/proc/self/status")
    if not status.exists():
        return False
    line = next(line for line in status.read_text().splitlines() if line.startswith("CapEff:"))
    return bool(int(line.split()[1], 16) >> capability & 1)
