"""The configuration of the cluster's programs; docs/cluster.md gives the reasons."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.cluster.hosts import SWITCH_ADDRESS, Host

POSTGRES_PROGRAMS: Final = Path("/usr/lib/postgresql/15/bin")
DATABASE_URL: Final = "postgresql://postgres@127.0.0.1:6432/postgres"
"""The database address of the services: the proxy on their own host, which finds the leader."""

SERVICE_PORT: Final = 8000

BOOTSTRAP_SETTINGS: Final = {
    "initdb": [{"encoding": "UTF8"}, "data-checksums"],
    "dcs": {
        "ttl": 7,
        "loop_wait": 1,
        "retry_timeout": 3,
        "maximum_lag_on_failover": 1 << 20,
        "primary_start_timeout": 0,
        "synchronous_mode": True,
        "synchronous_mode_strict": True,
        "postgresql": {
            "use_pg_rewind": True,
            "use_slots": True,
            "parameters": {
                "wal_log_hints": "on",
                "wal_retrieve_retry_interval": "500ms",
                "wal_sender_timeout": "5s",
                "wal_receiver_timeout": "5s",
                "tcp_keepalives_idle": 2,
                "tcp_keepalives_interval": 1,
                "tcp_keepalives_count": 3,
                "tcp_user_timeout": "5s",
            },
        },
    },
}
"""What Patroni begins the database with."""

DEFAULT_SERVER: Final = (
    "default-server inter 1s fastinter 500ms fall 2 rise 1 on-marked-down shutdown-sessions"
)

LEADER_PROXY_SETTINGS: Final = f"""defaults
    mode tcp
    timeout connect 2s
    timeout client 1h
    timeout server 1h
    timeout check 2s
listen leader
    bind 127.0.0.1:6432
    option httpchk OPTIONS /primary
    http-check expect status 200
    {DEFAULT_SERVER}
"""


def make_etcd_command(host: Host, hosts: Sequence[Host], folder: Path, is_new: bool) -> list[str]:
    """Return the command of a member of etcd."""
    peers = ",".join(f"{each.name}=http://{each.address}:2380" for each in hosts)
    base_url = f"http://{host.address}"
    return [
        "etcd", "--name", host.name, "--data-dir", str(folder / "etcd"), "--log-level", "warn",
        # By etcd's newer interface this Patroni lets a former leader take the lock back.
        "--enable-v2", "--pre-vote",
        "--listen-peer-urls", f"{base_url}:2380",
        "--initial-advertise-peer-urls", f"{base_url}:2380",
        "--listen-client-urls", f"{base_url}:2379", "--advertise-client-urls", f"{base_url}:2379",
        "--initial-cluster", peers, "--initial-cluster-state", "new" if is_new else "existing",
    ]  # fmt: skip


def make_patroni_configuration(host: Host, hosts: Sequence[Host], folder: Path) -> str:
    """Return the configuration of Patroni and of its PostgreSQL."""
    auth_method = "trust"  # Nobody else is on this network; docs/cluster.md has passwords.
    settings = {
        "scope": "casualties",
        "name": host.name,
        "restapi": {"listen": f"{host.address}:8008", "connect_address": f"{host.address}:8008"},
        "etcd": {"hosts": [f"{each.address}:2379" for each in hosts]},
        "bootstrap": BOOTSTRAP_SETTINGS,
        "postgresql": {
            "listen": f"{host.address}:5432",
            "connect_address": f"{host.address}:5432",
            "data_dir": str(folder / "data"),
            "bin_dir": str(POSTGRES_PROGRAMS),
            "pgpass": str(folder / "pgpass"),
            "authentication": {
                "superuser": {"username": "postgres"},
                "replication": {"username": "replicator"},
                "rewind": {"username": "rewinder"},
            },
            "remove_data_directory_on_rewind_failure": True,
            "pg_hba": [
                f"local all all {auth_method}",
                f"host all all 10.77.0.0/24 {auth_method}",
                f"host replication replicator 10.77.0.0/24 {auth_method}",
            ],
            "parameters": {"unix_socket_directories": str(folder)},
        },
        "watchdog": {"mode": "off"},
    }
    return json.dumps(settings, indent=1)  # YAML takes JSON.


def make_leader_proxy_configuration(hosts: Sequence[Host]) -> str:
    """Return the configuration of the HAProxy beside a service, which leads to the leader."""
    servers = "\n".join(
        f"    server {each.name} {each.address}:5432 check port 8008" for each in hosts
    )
    return f"global\n    maxconn 500\n{LEADER_PROXY_SETTINGS}{servers}\n"


def make_balancer_configuration(services: Sequence[Host]) -> str:
    """Return the configuration of the HAProxy in front of the services."""
    servers = "\n".join(
        f"    server {each.name} {each.address}:{SERVICE_PORT} check" for each in services
    )
    error_lines = "\n".join(
        f"    http-error status {status} content-type application/problem+json"
        f" string '{{\"status\":{status}}}'"
        for status in (502, 503, 504)
    )
    return f"""
global
    maxconn 500
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 20s
    timeout queue 5s
    timeout check 2s
{error_lines}
frontend clients
    bind {SWITCH_ADDRESS}:80
    default_backend services
backend services
    balance roundrobin
    option httpchk GET /readyz
    http-check expect status 200
    option redispatch
    {DEFAULT_SERVER}
{servers}
"""
