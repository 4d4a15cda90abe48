"""Hosts without machines: namespaces joined by a switch, gone with all they ran when one ends.

A host has a network, processes and a /proc of its own. It lives as long as its first process, and
the kernel ends everything else in it at once when that one ends: this is how a host is lost, and
how the whole network goes at the end, even where the tests themselves are killed.
"""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.support.gunicorn_server import TIMEOUT_SECONDS
from tests.support.paths import ROOT

NOBODY_UID: Final = 65534
"""PostgreSQL refuses to be run by root; this user is on every Linux."""

SWITCH_ADDRESS: Final = "10.77.0.254"
"""The address of the host on the switch: the balancer and the clients."""

_NAMESPACE_COMMAND: Final = (
    "unshare", "--net", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child",
    # The first process must reap orphans that end, or they would seem to run.
    "env", "--ignore-signal=CHLD", "sleep", "infinity",
)  # fmt: skip
_CLONE_NEWNET: Final = 0x40000000


def run_command(*command: str) -> str:
    """Return the output of the command; raises AssertionError if it fails."""
    completed = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    assert completed.returncode == 0, f"{command}: {completed.stderr}"
    return completed.stdout.strip()


class Namespace:
    """Namespaces of its own for network, processes and mounts; within another room, or not."""

    def __init__(self, outer_namespace: "Namespace | None" = None) -> None:
        """Make it, with nothing in it but a first process that sleeps."""
        # Whoever kills the tests has killed what they started as well.
        prefix = (
            outer_namespace.enter_command()
            if outer_namespace
            else ("setpriv", "--pdeathsig", "KILL")
        )
        self._started: list[subprocess.Popen[bytes]] = []
        self._inner: list[Namespace] = []
        if outer_namespace:
            outer_namespace._inner.append(self)
        self._process = subprocess.Popen(
            [*prefix, *_NAMESPACE_COMMAND], stderr=subprocess.DEVNULL, start_new_session=True
        )
        self.first_pid = self._wait_for_first_process()
        run_command(*self.enter_command(), "ip", "link", "set", "lo", "up")

    def enter_command(self) -> tuple[str, ...]:
        """Return what is written before a command that shall run in here."""
        return ("nsenter", f"--target={self.first_pid}", "--net", "--pid", "--mount")

    def start(
        self, log: Path, *command: str, user: int = 0, variables: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Return the command as it runs in here, by the user and with more in its environment."""
        inherited = {
            name: text for name, text in os.environ.items() if not name.startswith("CASUALTY_")
        }
        as_user = (f"--setuid={user}", f"--setgid={user}") if user else ()
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*self.enter_command(), *as_user, f"--wd={ROOT}", *command],
                env={**inherited, **(variables or {})},
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._started.append(process)
        return process

    @contextmanager
    def use_network(self) -> Iterator[None]:
        """Have this thread, and what it starts inside, use the network of the room."""
        with Path("/proc/thread-self/ns/net").open() as own_namespace:
            with Path(f"/proc/{self.first_pid}/ns/net").open() as room_namespace:
                _use_network(room_namespace.fileno())
            try:
                yield
            finally:
                _use_network(own_namespace.fileno())

    def kill_all(self) -> None:
        """End every process in here at once, and with them the room."""
        if self._process.poll() is None:  # Its number may be another's by now.
            os.kill(self.first_pid, signal.SIGKILL)
        for each in self._inner:
            each.kill_all()
        for process in (*self._started, self._process):
            process.wait(TIMEOUT_SECONDS)

    def _wait_for_first_process(self) -> int:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            assert self._process.poll() is None, "no room can be made"
            for pid in find_descendants(self._process.pid):
                with suppress(OSError):
                    if Path(f"/proc/{pid}/comm").read_text() == "sleep\n":
                        return pid
            time.sleep(0.01)
        raise AssertionError("no room was made in time")


def find_descendants(pid: int) -> list[int]:
    """Return the processes that the process has started, and those that these have."""
    pids: list[int] = []
    with suppress(OSError):
        for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            pids += [int(each), *find_descendants(int(each))]
    return pids


def _use_network(file: int) -> None:
    # Python has a function for it from 3.12 on.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(file, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def run_switch() -> Iterator[Namespace]:
    """Yield the room of the switch, whose network this thread uses inside; all ends with it."""
    namespace = Namespace()
    try:
        with namespace.use_network():
            run_command("ip", "link", "add", "name", "switch", "type", "bridge")
            run_command("ip", "address", "add", f"{SWITCH_ADDRESS}/24", "dev", "switch")
            run_command("ip", "link", "set", "switch", "up")
            yield namespace
    finally:
        namespace.kill_all()


class Host:
    """A host on the switch; may be lost, cut off and healed.

    To be used by a thread that uses the network of the switch.
    """

    def __init__(self, switch_namespace: Namespace, number: int) -> None:
        """Boot it for the first time."""
        self.name = f"host-{number}"
        self.address = f"10.77.0.{number}"
        self._switch_namespace = switch_namespace
        self.boot()

    def boot(self) -> None:
        """Begin anew with no process, as after a power cut; the files are those of before."""
        self.namespace, self._lost = Namespace(self._switch_namespace), False
        run_command(
            "ip", "link", "add", self.name, "type", "veth",
            "peer", "name", "eth0", "netns", str(self.namespace.first_pid),
        )  # fmt: skip
        enter_command = self.namespace.enter_command()
        run_command(*enter_command, "ip", "address", "add", f"{self.address}/24", "dev", "eth0")
        run_command(*enter_command, "ip", "link", "set", "eth0", "up")
        run_command("ip", "link", "set", self.name, "up", "master", "switch")

    def cut_off(self) -> None:
        """Let nothing through to it or from it; its processes live on, and are told nothing."""
        run_command("bridge", "link", "set", "dev", self.name, "state", "0")

    def lose(self) -> None:
        """Lose it at once: nobody is told by a closed connection, since it is cut off first."""
        self.cut_off()
        self.namespace.kill_all()
        # It goes with the other end, but when the kernel comes to it.
        subprocess.run(
            ["ip", "link", "delete", self.name], capture_output=True, timeout=TIMEOUT_SECONDS
        )
        self._lost = True

    def heal(self) -> None:
        """Boot it where it was lost; otherwise let everything through again."""
        if self._lost:
            self.boot()
        else:
            run_command("bridge", "link", "set", "dev", self.name, "state", "3")
