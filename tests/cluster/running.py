"""The whole cluster: three hosts, two with a service, a balancer, and what can befall them."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.cluster import configurations as configured
from tests.cluster.hosts import NOBODY, SWITCH, Host, Room, descendants, run, switch

HOSTS: Final = 3
PATIENCE: Final = 120.0
"""Seconds in which a member comes back, even on a machine that does other things too."""

URL: Final = f"http://{SWITCH}"


@dataclass(frozen=True)
class Member:
    """One PostgreSQL as Patroni tells of it."""

    name: str
    role: str
    state: str
    timeline: int | None


class Node:
    """What runs on one host, and the files that outlive it."""

    def __init__(self, host: Host, folder: Path, serves: bool) -> None:
        """Remember where; nothing is started yet."""
        self.host, self.folder, self.serves = host, folder, serves
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def service(self) -> str:
        """The address of its service, past the balancer."""
        return f"http://{self.host.address}:{configured.SERVICE_PORT}"

    @property
    def database(self) -> str:
        """The address of its PostgreSQL."""
        return f"postgresql://postgres@{self.host.address}:5432/postgres"

    def start(self, name: str, *command: str, user: int = 0, **more: str) -> None:
        """Start a program unless it runs."""
        if name not in self._running or self._running[name].poll() is not None:
            log = self.folder / f"{name}.log"
            self._running[name] = self.host.room.start(log, *command, user=user, more=more)

    def kill(self, name: str) -> None:
        """End the program as kill -9 does; what it has started lives on."""
        # The first one is the program itself, behind what brought it into its room.
        os.kill(descendants(self._running[name].pid)[0], signal.SIGKILL)
        self._running[name].wait(PATIENCE)

    def kill_postgres(self) -> None:
        """End the first process of PostgreSQL as kill -9 does; the others follow by themselves."""
        id = (self.folder / "data" / "postmaster.pid").read_text().split()[0]
        run(*self.host.room.way_in(), "kill", "-9", id)

    def ask(self, path: str, port: int = 8008) -> Any:
        """Return what its Patroni answers; None where it does not."""
        try:
            url = f"http://{self.host.address}:{port}{path}"
            with urllib.request.urlopen(url, timeout=2) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def is_leader(self) -> bool:
        """Whether its Patroni says that it holds the lock of the leader."""
        return self.ask("/primary") is not None

    def said(self) -> str:
        """Return the ends of its logs."""
        return "\n".join(
            f"== {self.host.name} {log.name}\n{log.read_text(errors='replace')[-3000:]}"
            for log in sorted(self.folder.glob("*.log"))
        )


class Cluster:
    """Three hosts with etcd and Patroni, a service on the first two, and a balancer."""

    def __init__(self, around: Room, folder: Path) -> None:
        """Boot the hosts; nothing runs on them yet."""
        self.folder = folder
        self._around = around
        self.nodes = []
        for number in range(1, HOSTS + 1):
            own = folder / str(number)
            own.mkdir()
            os.chown(own, NOBODY, NOBODY)
            self.nodes.append(Node(Host(around, number), own, serves=number <= 2))
        self.hosts = [node.host for node in self.nodes]
        self.services = [node for node in self.nodes if node.serves]

    def start(self) -> None:
        """Start everything and return when all of it is well."""
        for node in self.nodes:
            self.start_database(node)
        self._await(lambda: len(self._of_role("sync_standby")) == 1, "no synchronous standby")
        for node in self.services:
            self.start_service(node)
        file = self.folder / "balancer.cfg"
        file.write_text(configured.balancer([node.host for node in self.services]))
        self._around.start(self.folder / "balancer.log", "haproxy", "-db", "-f", str(file))
        self.await_healthy()

    def start_database(self, node: Node) -> None:
        """Start what keeps the record on the host, unless it runs."""
        new = not (node.folder / "etcd").exists()
        command = configured.etcd(node.host, self.hosts, node.folder, new)
        node.start("etcd", *command, user=NOBODY)
        file = node.folder / "patroni.json"
        file.write_text(configured.patroni(node.host, self.hosts, node.folder))
        node.start("patroni", "/usr/bin/patroni", str(file), user=NOBODY)

    def start_service(self, node: Node) -> None:
        """Start the service on the host and its way to the leader, unless they run."""
        file = node.folder / "leader.cfg"
        file.write_text(configured.leader_proxy(self.hosts))
        node.start("haproxy", "haproxy", "-db", "-f", str(file))
        at = f"{node.host.address}:{configured.SERVICE_PORT}"
        node.start(
            "service", sys.executable, "-m", "gunicorn", "--bind", at, "wsgi:app",
            CASUALTY_DATABASE=configured.DATABASE, CASUALTY_LOG_LEVEL="error",
            WEB_CONCURRENCY="2", DRAIN_SECONDS="0",
        )  # fmt: skip

    def keep(self) -> None:
        """Start again what has ended, as the keeper of a host does."""
        for node in self.nodes:
            self.start_database(node)
            if node.serves:
                self.start_service(node)

    def leader(self) -> Node:
        """Return the host of the leader."""
        self._await(lambda: len(self._leaders()) == 1, "no leader")
        return self._leaders()[0]

    def await_other_leader(self, than: Node) -> None:
        """Return when another host leads."""
        self._await(lambda: any(node is not than for node in self._leaders()), "no other leader")

    def await_healthy(self) -> None:
        """Return when three members run, one of them a synchronous standby, and both services do.

        Starts what has ended meanwhile.
        """

        def well() -> bool:
            self.keep()
            return self._databases_are_well() and all(
                node.ask("/readyz", configured.SERVICE_PORT) is not None for node in self.services
            )

        self._await(well, "the cluster is not well again")

    def command(self, *arguments: str) -> str:
        """Return what ``python -m service`` says of the leader's database."""
        done = subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            env={**os.environ, "CASUALTY_DATABASE": self.leader().database},
            capture_output=True,
            text=True,
            timeout=10 * PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def switch_over(self, leader: Node) -> None:
        """Ask Patroni for another leader, as its keeper does: to the synchronous standby."""
        (standby,) = self._of_role("sync_standby")
        file = leader.folder / "patroni.json"
        run(
            "patronictl", "-c", str(file), "switchover", "casualties", "--master", leader.host.name,
            "--candidate", standby.name, "--force",
        )  # fmt: skip

    def _databases_are_well(self) -> bool:
        views = [node.ask("/cluster") for node in self.nodes]
        members = [_members(view) for view in views]
        return (
            members[0] == members[1] == members[2]
            and len(members[0]) == HOSTS
            and all(each.state in ("running", "streaming") for each in members[0])
            and len({each.timeline for each in members[0]}) == 1
            and sorted(each.role for each in members[0]) == ["leader", "replica", "sync_standby"]
        )

    def _of_role(self, role: str) -> list[Member]:
        views = filter(None, (node.ask("/cluster") for node in self.nodes))
        return [each for each in _members(next(views, None)) if each.role == role]

    def _leaders(self) -> list[Node]:
        return [node for node in self.nodes if node.is_leader()]

    def _await(self, holds: Callable[[], bool], lacking: str) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, f"{lacking}\n" + "\n".join(
                node.said() for node in self.nodes
            )
            time.sleep(0.2)


def releases() -> str:
    """Return the releases of what the cluster is made of."""
    told = [
        run(str(configured.PROGRAMS / "postgres"), "--version"),
        run("/usr/bin/patroni", "--version"),
        run("etcd", "--version"),
        run("haproxy", "-v"),
    ]
    names = ("PostgreSQL", "Patroni", "etcd", "HAProxy")
    numbers = [re.search(r"[0-9]+(\.[0-9]+)+", each) for each in told]
    each = [
        f"{name} {found[0] if found else '?'}" for name, found in zip(names, numbers, strict=True)
    ]
    return f"{', '.join(each[:-1])} and {each[-1]}"


def _members(view: Any) -> list[Member]:
    told = view["members"] if view else []
    return [
        Member(each["name"], each["role"], each["state"], each.get("timeline")) for each in told
    ]


@contextmanager
def running() -> Iterator[Cluster]:
    """Yield a cluster in which all is well; it ends with everything that it ran and wrote."""
    with tempfile.TemporaryDirectory(prefix="cluster-") as name, switch() as around:
        folder = Path(name)
        folder.chmod(0o755)
        cluster = Cluster(around, folder)
        cluster.start()
        yield cluster
