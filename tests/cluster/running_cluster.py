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

from tests.cluster import configurations
from tests.cluster.hosts import (
    NOBODY_UID,
    SWITCH_ADDRESS,
    Host,
    Namespace,
    find_descendants,
    run_command,
    run_switch,
)

HOST_COUNT: Final = 3
TIMEOUT_SECONDS: Final = 120.0
"""Seconds in which a member comes back, even on a machine that does other things too."""

URL: Final = f"http://{SWITCH_ADDRESS}"


@dataclass(frozen=True)
class PatroniMember:
    """One PostgreSQL server as Patroni describes it."""

    name: str
    role: str
    state: str
    timeline: int | None


class Node:
    """What runs on one host, and the files that outlive it."""

    def __init__(self, host: Host, folder: Path, has_service: bool) -> None:
        """Remember where; nothing is started yet."""
        self.host, self.folder, self.has_service = host, folder, has_service
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def service_url(self) -> str:
        """The address of its service, past the balancer."""
        return f"http://{self.host.address}:{configurations.SERVICE_PORT}"

    @property
    def database_url(self) -> str:
        """The address of its PostgreSQL."""
        return f"postgresql://postgres@{self.host.address}:5432/postgres"

    def start(self, name: str, *command: str, user: int = 0, **variables: str) -> None:
        """Start a program unless it runs."""
        if name not in self._running or self._running[name].poll() is not None:
            log = self.folder / f"{name}.log"
            self._running[name] = self.host.namespace.start(
                log, *command, user=user, variables=variables
            )

    def kill(self, name: str) -> None:
        """End the program as kill -9 does; what it has started lives on."""
        # The first one is the program itself, behind what brought it into its room.
        os.kill(find_descendants(self._running[name].pid)[0], signal.SIGKILL)
        self._running[name].wait(TIMEOUT_SECONDS)

    def kill_postgres(self) -> None:
        """End the first process of PostgreSQL as kill -9 does; the others follow by themselves."""
        pid = (self.folder / "data" / "postmaster.pid").read_text().split()[0]
        run_command(*self.host.namespace.enter_command(), "kill", "-9", pid)

    def fetch_json(self, path: str, port: int = 8008) -> Any:
        """Return what its Patroni answers; None where it does not."""
        try:
            url = f"http://{self.host.address}:{port}{path}"
            with urllib.request.urlopen(url, timeout=2) as response:
                return json.load(response)
        except (OSError, ValueError):
            return None

    def is_leader(self) -> bool:
        """Whether its Patroni reports that it holds the leader's lock."""
        return self.fetch_json("/primary") is not None

    def read_logs(self) -> str:
        """Return the ends of its logs."""
        return "\n".join(
            f"== {self.host.name} {log.name}\n{log.read_text(errors='replace')[-3000:]}"
            for log in sorted(self.folder.glob("*.log"))
        )


class Cluster:
    """Three hosts with etcd and Patroni, a service on the first two, and a balancer."""

    def __init__(self, switch_namespace: Namespace, folder: Path) -> None:
        """Boot the hosts; nothing runs on them yet."""
        self.folder = folder
        self._switch_namespace = switch_namespace
        self.nodes: list[Node] = []
        for number in range(1, HOST_COUNT + 1):
            node_folder = folder / str(number)
            node_folder.mkdir()
            os.chown(node_folder, NOBODY_UID, NOBODY_UID)
            self.nodes.append(
                Node(Host(switch_namespace, number), node_folder, has_service=number <= 2)
            )
        self.hosts = [node.host for node in self.nodes]
        self.services = [node for node in self.nodes if node.has_service]

    def start(self) -> None:
        """Start everything and return when all of it is well."""
        for node in self.nodes:
            self.start_database(node)
        self._wait_until(
            lambda: len(self._find_members_of_role("sync_standby")) == 1, "no synchronous standby"
        )
        for node in self.services:
            self.start_service(node)
        file = self.folder / "balancer.cfg"
        file.write_text(
            configurations.make_balancer_configuration([node.host for node in self.services])
        )
        self._switch_namespace.start(
            self.folder / "balancer.log", "haproxy", "-db", "-f", str(file)
        )
        self.wait_until_healthy()

    def start_database(self, node: Node) -> None:
        """Start what keeps the record on the host, unless it runs."""
        is_new = not (node.folder / "etcd").exists()
        command = configurations.make_etcd_command(node.host, self.hosts, node.folder, is_new)
        node.start("etcd", *command, user=NOBODY_UID)
        file = node.folder / "patroni.json"
        file.write_text(
            configurations.make_patroni_configuration(node.host, self.hosts, node.folder)
        )
        node.start("patroni", "/usr/bin/patroni", str(file), user=NOBODY_UID)

    def start_service(self, node: Node) -> None:
        """Start the service on the host and its way to the leader, unless they run."""
        file = node.folder / "leader.cfg"
        file.write_text(configurations.make_leader_proxy_configuration(self.hosts))
        node.start("haproxy", "haproxy", "-db", "-f", str(file))
        address = f"{node.host.address}:{configurations.SERVICE_PORT}"
        node.start(
            "service", sys.executable, "-m", "gunicorn", "--bind", address, "wsgi:app",
            CASUALTY_DATABASE=configurations.DATABASE_URL, CASUALTY_LOG_LEVEL="error",
            WEB_CONCURRENCY="2", DRAIN_SECONDS="0",
        )  # fmt: skip

    def restart_ended(self) -> None:
        """Start again what has ended, as the keeper of a host does."""
        for node in self.nodes:
            self.start_database(node)
            if node.has_service:
                self.start_service(node)

    def find_leader(self) -> Node:
        """Return the host of the leader."""
        self._wait_until(lambda: len(self._find_leaders()) == 1, "no leader")
        return self._find_leaders()[0]

    def wait_for_other_leader(self, former_leader: Node) -> None:
        """Return when another host leads."""
        self._wait_until(
            lambda: any(node is not former_leader for node in self._find_leaders()),
            "no other leader",
        )

    def wait_until_healthy(self) -> None:
        """Return when three members run, one of them a synchronous standby, and both services do.

        Starts what has ended meanwhile.
        """

        def is_healthy() -> bool:
            self.restart_ended()
            return self._are_databases_healthy() and all(
                node.fetch_json("/readyz", configurations.SERVICE_PORT) is not None
                for node in self.services
            )

        self._wait_until(is_healthy, "the cluster is not well again")

    def run_service_command(self, *arguments: str) -> str:
        """Return the output of ``python -m service`` on the leader's database."""
        completed = subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            env={**os.environ, "CASUALTY_DATABASE": self.find_leader().database_url},
            capture_output=True,
            text=True,
            timeout=10 * TIMEOUT_SECONDS,
        )
        assert completed.returncode == 0, completed.stdout + completed.stderr
        return completed.stdout.strip()

    def switch_over(self, leader: Node) -> None:
        """Ask Patroni for another leader, as its keeper does: to the synchronous standby."""
        (standby,) = self._find_members_of_role("sync_standby")
        file = leader.folder / "patroni.json"
        run_command(
            "patronictl", "-c", str(file), "switchover", "casualties", "--master", leader.host.name,
            "--candidate", standby.name, "--force",
        )  # fmt: skip

    def _are_databases_healthy(self) -> bool:
        views = [node.fetch_json("/cluster") for node in self.nodes]
        members = [_parse_members(view) for view in views]
        return (
            members[0] == members[1] == members[2]
            and len(members[0]) == HOST_COUNT
            and all(each.state in ("running", "streaming") for each in members[0])
            and len({each.timeline for each in members[0]}) == 1
            and sorted(each.role for each in members[0]) == ["leader", "replica", "sync_standby"]
        )

    def _find_members_of_role(self, role: str) -> list[PatroniMember]:
        views = filter(None, (node.fetch_json("/cluster") for node in self.nodes))
        return [each for each in _parse_members(next(views, None)) if each.role == role]

    def _find_leaders(self) -> list[Node]:
        return [node for node in self.nodes if node.is_leader()]

    def _wait_until(self, condition: Callable[[], bool], message: str) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"{message}\n" + "\n".join(
                node.read_logs() for node in self.nodes
            )
            time.sleep(0.2)


def describe_releases() -> str:
    """Return the releases of what the cluster is made of."""
    outputs = [
        run_command(str(configurations.POSTGRES_PROGRAMS / "postgres"), "--version"),
        run_command("/usr/bin/patroni", "--version"),
        run_command("etcd", "--version"),
        run_command("haproxy", "-v"),
    ]
    names = ("PostgreSQL", "Patroni", "etcd", "HAProxy")
    numbers = [re.search(r"[0-9]+(\.[0-9]+)+", each) for each in outputs]
    each = [
        f"{name} {match[0] if match else '?'}" for name, match in zip(names, numbers, strict=True)
    ]
    return f"{', '.join(each[:-1])} and {each[-1]}"


def _parse_members(view: Any) -> list[PatroniMember]:
    members = view["members"] if view else []
    return [
        PatroniMember(each["name"], each["role"], each["state"], each.get("timeline"))
        for each in members
    ]


@contextmanager
def run_cluster() -> Iterator[Cluster]:
    """Yield a cluster in which all is well; it ends with everything that it ran and wrote."""
    with tempfile.TemporaryDirectory(prefix="cluster-") as name, run_switch() as switch_namespace:
        folder = Path(name)
        folder.chmod(0o755)
        cluster = Cluster(switch_namespace, folder)
        cluster.start()
        yield cluster
