"""What a test needs of the machine: without it the test is skipped, or fails if it is required."""

import os
import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support import postgres
from tests.support.paths import ROOT

ARE_FAULTS_REQUIRED: Final = os.environ.get("FAULTS_REQUIRED") == "1"
"""Set where the machine is known to allow everything: a test that cannot run there has failed."""
ARE_RECIPES_REQUIRED: Final = os.environ.get("RECIPES_REQUIRED") == "1"
"""Set where all that the recipes use is installed: a test that cannot run there has failed."""

RECIPE_PATH: Final = os.pathsep.join(
    [
        str(ROOT / ".venv-recipes" / "bin"),
        str(ROOT / "examples" / "node_modules" / ".bin"),
        str(Path(sys.executable).parent),  # Node.js comes with the Python packages.
        os.environ["PATH"],
        "/usr/sbin",
    ]
)
"""Where the recipes find their programs: in the folders of `make recipe-tools` first."""

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
    _skip_or_fail_faults(reason)


def require_cluster() -> None:
    """Skip the test where no cluster can be made; fail instead where it must be possible."""
    if not (_has_capability(_SYS_ADMIN) and _has_capability(_NET_ADMIN)):
        reason = "needs the right to make networks (root)"
    else:
        missing = [tool for tool in _CLUSTER_PROGRAMS if not shutil.which(tool)]
        missing += [] if postgres.find_binaries("15") else ["PostgreSQL 15"]
        reason = f"needs {', '.join(missing)}" if missing else None
    _skip_or_fail_faults(reason)


def require_recipe_tools(*programs: str) -> None:
    """Skip the test where a program is missing; fail instead where the recipes must run.

    ``python`` stands for all Python packages of the recipes.
    """
    missing = [each for each in programs if not _has_recipe_tool(each)]
    if missing:
        reason = f"needs {', '.join(missing)} (of make recipe-tools, or of the system)"
        _skip_or_fail(reason, ARE_RECIPES_REQUIRED, "RECIPES_REQUIRED")


def _has_recipe_tool(program: str) -> bool:
    if program == "python":
        return (ROOT / ".venv-recipes" / ".installed").exists()
    return shutil.which(program, path=RECIPE_PATH) is not None


def _skip_or_fail_faults(reason: str | None) -> None:
    if reason is not None:
        _skip_or_fail(reason, ARE_FAULTS_REQUIRED, "FAULTS_REQUIRED")


def _skip_or_fail(reason: str, is_required: bool, variable: str) -> None:
    if is_required:
        pytest.fail(f"{reason}, and {variable}=1 says that it is there")
    pytest.skip(reason)


def _has_capability(capability: int) -> bool:
    status = Path("/proc/self/status")
    if not status.exists():
        return False
    line = next(line for line in status.read_text().splitlines() if line.startswith("CapEff:"))
    return bool(int(line.split()[1], 16) >> capability & 1)
