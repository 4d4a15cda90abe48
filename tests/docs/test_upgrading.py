"""docs/upgrading.md: every command runs, and has the effect that the document describes.

Git, make, the command line of the service, and the programs of PostgreSQL and OpenSSL are real.
``systemctl`` is a script that starts and stops a real server. ``docker`` is a script that runs the
commands of a container on this machine; tests/compose runs those of Compose in real containers.
"""

import gzip
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from psycopg.conninfo import conninfo_to_dict

from samples.client import Client
from service import create_app
from service.settings import Settings
from service.store.factory import open_store
from service.usecases import health
from tests.support import bodies, engines, postgres
from tests.support.gunicorn_server import create_key, run_server
from tests.support.markdown import read_shell_blocks
from tests.support.paths import ROOT
from tests.support.ports import find_free_port

PAGE = ROOT / "docs" / "upgrading.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = read_shell_blocks(PAGE)
RECORD = ROOT / "tests" / "upgrade" / "0.1.0"
RELEASE_PATHS = ("service", "schemas", "wsgi.py", "gunicorn.conf.py", "healthcheck.py", "Makefile")
RELEASE = "15"
"""Of PostgreSQL: Debian's, which has TLS."""

pytestmark = pytest.mark.engines

SYSTEMCTL = """#!/bin/sh
set -eu
cd "$SANDBOX/opt"
echo "systemctl $*" >> "$SANDBOX/calls"
if [ "$1" = stop ]; then
    kill "$(cat "$SANDBOX/pid")"
    while [ -e "$SANDBOX/pid" ]; do sleep 0.05; done
    exit
fi
export CASUALTY_DATABASE="$SERVED" DRAIN_SECONDS=0 WEB_CONCURRENCY=1
.venv/bin/gunicorn --pid "$SANDBOX/pid" wsgi:app >> "$SANDBOX/log" 2>&1 </dev/null &
for _ in $(seq 150); do
    .venv/bin/python healthcheck.py && exit
    sleep 0.2
done
cat "$SANDBOX/log" >&2
exit 1
"""

DOCKER = """
import os, shutil, subprocess, sys

def command(words):
    if words[:3] == ["python", "-m", "service"]:
        words = [sys.executable, *(word.replace("/data/", f"{volume}/") for word in words[1:])]
    sys.exit(subprocess.run(words, env=environment).returncode)

sandbox, words = os.environ["SANDBOX"], sys.argv[1:]
volume = f"{sandbox}/var"
environment = os.environ | {"CASUALTY_DATABASE": os.environ["SERVED"]}
with open(f"{sandbox}/calls", "a") as calls:
    print("docker", *words, file=calls)
match words:
    case ["compose", "exec", "-T", "service" | "database", *rest]:
        command(rest)
    case ["exec", "casualties", *rest]:
        command(rest)
    case ["run", "--rm", "--volume", "casualties:/data", "casualty-figures", *rest]:
        command(rest)
    case ["cp", source, target]:
        shutil.copy(source.replace("casualties:/data", volume), target)
    case ["compose", "up" | "stop" | "restart", *_] | ["build" | "stop" | "rm", *_]:
        pass
    case ["run", "--detach", *_]:
        pass
    case _:
        sys.exit(f"docker {words}: not expected")
"""


@dataclass(frozen=True)
class Sandbox:
    """A clone of the repository at v0.1.0, and folders in place of those of the document."""

    folder: Path
    port: int
    database_url: str
    """The address of the database that the service uses."""

    def run_script(self, script: str, **replacements: str) -> str:
        """Return what the script prints; fails the test if a command fails.

        It runs with the paths and addresses of this sandbox; ``changed`` replaces further words.
        """
        for word, replacement in {
            "/opt/casualty-figures": f"{self.folder}/opt",
            "/var/lib/casualties": f"{self.folder}/var",
            "/etc/casualties": f"{self.folder}/etc",
            "@db/": f"@127.0.0.1:{self.port}/",
            "db:5432": f"127.0.0.1:{self.port}",
            **replacements,
        }.items():
            script = script.replace(word, replacement)
        completed = subprocess.run(
            ["sh", "-ec", script],
            stdin=subprocess.DEVNULL,
            cwd=self.folder / "opt",
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert completed.returncode == 0, f"{script}\n{completed.stdout}{completed.stderr}"
        return completed.stdout

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the commands."""
        return {
            **{name: value for name, value in os.environ.items() if name[:8] != "CASUALTY"},
            "PATH": f"{self.folder}/bin:{postgres.find_binaries(RELEASE)}:{os.environ['PATH']}",
            "SANDBOX": str(self.folder),
            "SERVED": self.database_url,
            "CASUALTY_DATABASE": self.database_url,
            "PORT": str(self.port),
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
        }

    @property
    def calls(self) -> list[str]:
        """The calls of ``systemctl`` and ``docker``."""
        return (self.folder / "calls").read_text(encoding="utf-8").splitlines()

    @property
    def release(self) -> str:
        """The release that is checked out."""
        return (self.folder / "opt" / "RELEASE").read_text(encoding="utf-8")


def _run_git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)


def _commit_release(origin: Path, release: str) -> None:
    (origin / "RELEASE").write_text(release, encoding="utf-8")
    _run_git(origin, "add", "--all")
    _run_git(origin, "commit", "--message", release)
    _run_git(origin, "tag", release)


def _write_script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def _make_sandbox(folder: Path, port: int, served: str) -> Sandbox:
    for program in ("git", "make"):
        engines.require(program, shutil.which(program))
    origin = folder / "origin"
    ignore = shutil.ignore_patterns("__pycache__")
    for part in RELEASE_PATHS:
        source = ROOT / part
        origin.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, origin / part, ignore=ignore)
        else:
            shutil.copy(source, origin / part)
    (origin / "requirements.txt").touch()
    (origin / ".gitignore").write_text(".venv/\n__pycache__/\n", encoding="utf-8")
    _run_git(origin, "init", "--initial-branch=main")
    _commit_release(origin, "v0.1.0")
    _run_git(folder, "clone", "origin", "opt")
    _run_git(folder / "opt", "checkout", "v0.1.0")
    _commit_release(origin, "v0.3.0")
    for name in ("bin", "var", "etc", "opt/.venv/bin", "opt/deploy/secrets"):
        (folder / name).mkdir(parents=True)
    python_script = f'#!/bin/sh\nexec {sys.executable} "$@"\n'
    _write_script(folder / "opt/.venv/bin/python", python_script)
    _write_script(
        folder / "opt/.venv/bin/gunicorn", python_script.replace('"$@"', '-m gunicorn "$@"')
    )
    # The environment is up to date, so that make install has nothing to do.
    (folder / "opt/.venv/.installed").touch()
    _write_script(folder / "bin/systemctl", SYSTEMCTL)
    _write_script(folder / "bin/docker", f"#!{sys.executable}\n{DOCKER}")
    return Sandbox(folder, port, served)


def _stop_server(sandbox: Sandbox) -> None:
    with suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int((sandbox.folder / "pid").read_text()), 15)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Sandbox]:
    """An installation with SQLite and the record of release 0.1.0."""
    database = tmp_path / "var" / "casualties.db"
    sandbox = _make_sandbox(tmp_path, find_free_port(), str(database))
    database.write_bytes(gzip.decompress((RECORD / "casualties.db.gz").read_bytes()))
    yield sandbox
    _stop_server(sandbox)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server of its own, with the roles that the document names."""
    engines.require(f"PostgreSQL {RELEASE}", postgres.find_binaries(RELEASE))
    with postgres.run_server(RELEASE) as url:
        for role in ("postgres SUPERUSER LOGIN", "casualties LOGIN PASSWORD 'first'"):
            _run_sql(url, f"CREATE ROLE {role}")
        yield url


def _run_sql(url: str, *statements: str) -> Any:
    with psycopg.connect(url, autocommit=True) as db:
        for statement in statements:
            cursor = db.execute(statement.encode())
        return cursor.fetchone() if cursor.description else None


@pytest.fixture
def on_postgresql(tmp_path: Path, server: str) -> Iterator[Sandbox]:
    """An installation with PostgreSQL and the record of release 0.1.0."""
    _run_sql(server, "CREATE DATABASE casualties OWNER casualties")
    port = conninfo_to_dict(server)["port"]
    assert port is not None
    url = f"postgresql://casualties@127.0.0.1:{port}/casualties"
    _run_sql(url, gzip.decompress((RECORD / "casualties.sql.gz").read_bytes()).decode())
    sandbox = _make_sandbox(tmp_path, int(port), url)
    yield sandbox
    _stop_server(sandbox)
    for name in ("casualties", "casualties_0_2_0"):
        _run_sql(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


VERIFY_LINE = re.compile(r"^Whole: .*$", re.MULTILINE)


def test_every_command_is_run_by_a_test_below() -> None:
    assert set(BLOCKS) == {
        "Groups get facets",
        "Upgrade an installation with SQLite",
        "Upgrade an installation with PostgreSQL",
        "Upgrade a container",
        "Upgrade with Compose",
        "Rotate an API key",
        "Rotate the PostgreSQL password",
        "Certificate of nginx",
        "Certificate of PostgreSQL",
    }
    assert TEXT.count("```") == 2 * sum(map(len, BLOCKS.values()))
    assert not re.search(r"^    (?! )\S", TEXT, re.MULTILINE)


def test_groups_with_the_same_facet_are_added_again(tmp_path: Path) -> None:
    engines.require("curl", shutil.which("curl"))
    (script,) = BLOCKS["Groups get facets"]
    numbers = {"civilians": 10, "soldiers": 20}
    figures = [
        {"outcomes": ["killed"], "exactly": number, "groups": [group]}
        for group, number in numbers.items()
    ]
    groups = [{"id": group, "name": group.title()} for group in numbers]
    with (
        run_server(tmp_path, WEB_CONCURRENCY="1") as server,
        Client(server.url, server.key) as client,
    ):
        client.post("/v1/reports", bodies.make_report(groups=groups, figures=figures))
        totals = [_read_killed(client)]
        for group in numbers:
            subprocess.run(
                ["sh", "-ec", script.replace("civilians", group)],
                env=os.environ | {"URL": server.url, "KEY": create_key(server, "admin")},
                capture_output=True,
                check=True,
            )
        totals += [_read_killed(client), _read_killed(client, as_of=3)]
    assert totals == [(20, 30), (30, 30), (20, 30)]


def _read_killed(client: Client, as_of: int | None = None) -> tuple[int, int]:
    query = [("outcomes", "killed"), *([] if as_of is None else [("as_of", str(as_of))])]
    (total,) = client.get("/v1/totals", query)["totals"]
    return total["low"], total["high"]


def test_sqlite_is_upgraded_tried_and_rolled_back(installation: Sandbox) -> None:
    upgrade, trial, rollback = BLOCKS["Upgrade an installation with SQLite"]
    installation.run_script("systemctl start casualties")
    before, after = VERIFY_LINE.findall(installation.run_script(upgrade))
    assert (before, installation.release) == (after, "v0.3.0")
    assert VERIFY_LINE.findall(installation.run_script(trial)) == [before]
    with closing(sqlite3.connect(installation.database_url)) as db, db:
        db.execute("DELETE FROM keys")  # As a change after the backup.
    assert VERIFY_LINE.findall(installation.run_script(rollback)) == [before]
    assert installation.release == "v0.1.0"
    listing = installation.run_script(".venv/bin/python -m service key list")
    assert len(listing.splitlines()) > 2
    assert len(list((installation.folder / "var").glob("casualties.db.*Z"))) == 1
    calls = [call.split()[1] for call in installation.calls]
    assert calls == ["start", "stop", "start", "stop", "start"]


def test_postgresql_is_upgraded_and_rolled_back(on_postgresql: Sandbox, server: str) -> None:
    service_port = find_free_port()
    # The server's port is that of PostgreSQL here: the service needs another one.
    start = {"systemctl": f"PORT={service_port} systemctl"}
    upgrade, rollback = BLOCKS["Upgrade an installation with PostgreSQL"]
    on_postgresql.run_script("systemctl start casualties", **start)
    before, after = VERIFY_LINE.findall(on_postgresql.run_script(upgrade, **start))
    assert (before, on_postgresql.release) == (after, "v0.3.0")
    _run_sql(on_postgresql.database_url, "DELETE FROM keys")
    assert VERIFY_LINE.findall(on_postgresql.run_script(rollback, **start)) == [before]
    assert on_postgresql.release == "v0.1.0"
    assert _run_sql(on_postgresql.database_url, "SELECT count(*) FROM keys")[0] > 1
    _assert_owned_by_the_service(server)
    assert _run_sql(f"{on_postgresql.database_url}_0_2_0", "SELECT count(*) FROM keys") == (0,)


def _assert_owned_by_the_service(server: str) -> None:
    restored = server.replace("/postgres", "/casualties")
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert _run_sql(restored, owners) == ("casualties",)
    assert _run_sql(
        restored, "SELECT has_database_privilege('public', 'casualties', 'CONNECT')"
    ) == (False,)


def test_a_container_is_upgraded_and_rolled_back(installation: Sandbox) -> None:
    upgrade, rollback = BLOCKS["Upgrade a container"]
    before, after = VERIFY_LINE.findall(installation.run_script(upgrade))
    assert (before, installation.release) == (after, "v0.3.0")
    assert (installation.folder / "opt/backups/before-0.3.0.db").stat().st_size > 0
    assert VERIFY_LINE.findall(installation.run_script(rollback)) == [before]
    assert installation.release == "v0.1.0"
    started = [call for call in installation.calls if call.startswith("docker run --detach")]
    running = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    assert len(started) == 2
    assert all(call in " ".join(running.replace("\\\n", " ").split()) for call in started)


def test_compose_is_upgraded_and_rolled_back(on_postgresql: Sandbox, server: str) -> None:
    upgrade, rollback = BLOCKS["Upgrade with Compose"]
    before, after = VERIFY_LINE.findall(on_postgresql.run_script(upgrade))
    assert (before, on_postgresql.release) == (after, "v0.3.0")
    _run_sql(on_postgresql.database_url, "DELETE FROM keys")
    assert VERIFY_LINE.findall(on_postgresql.run_script(rollback)) == [before]
    assert on_postgresql.release == "v0.1.0"
    assert _run_sql(on_postgresql.database_url, "SELECT count(*) FROM keys")[0] > 1
    _assert_owned_by_the_service(server)


def test_a_key_is_replaced_and_its_use_can_be_watched(installation: Sandbox) -> None:
    create, watch, revoke = BLOCKS["Rotate an API key"]
    first = installation.run_script(
        ".venv/bin/python -m service key create --name Desk --scope report --reporter desk"
    ).strip()
    second = installation.run_script(create).splitlines()[-1]
    key_ids = [key.split("_")[1] for key in (first, second)]

    def list_keys() -> dict[str, list[str]]:
        head, *rows = (line.split("\t") for line in installation.run_script(watch).splitlines())
        assert head[6] == "last_used_at"
        return {row[0]: row for row in rows if row[0] in key_ids}

    assert [list_keys()[key_id][2:4] for key_id in key_ids] == [["report", "desk"]] * 2
    client = create_app(Settings(database=Path(installation.database_url))).test_client()
    report = bodies.make_report(ref="1", reporter={"id": "desk", "name": "Desk"})
    post = partial(_post_report, client, report)
    assert (post(first), list_keys()[key_ids[1]][6]) == (201, "")
    assert post(second) == 200  # The same report under its ref.
    assert all(row[6] for row in list_keys().values())
    installation.run_script(revoke, **{"revoke ID": f"revoke {key_ids[0]}"})
    assert (post(first), post(second)) == (401, 200)


def _post_report(client: FlaskClient, report: Any, key: str) -> int:
    response = client.post("/v1/reports", json=report, headers={"Authorization": f"Bearer {key}"})
    return response.status_code


def test_an_idempotency_key_belongs_to_the_api_key(
    client: FlaskClient, key: Callable[[str], dict[str, str]]
) -> None:
    report = bodies.make_report()
    assert "ref" not in report
    ids = {
        client.post(
            "/v1/reports", json=report, headers={**key("report"), "Idempotency-Key": "one"}
        ).get_json()["id"]
        for _ in range(2)
    }
    assert len(ids) == 2


@pytest.fixture
def passwords(server: str) -> Iterator[None]:
    """Make the server ask the service's role for its password."""
    hba = Path(_run_sql(server, "SHOW hba_file")[0])
    former_text = hba.read_text(encoding="utf-8")
    hba.write_text(
        f"host all casualties 127.0.0.1/32 scram-sha-256\n{former_text}", encoding="utf-8"
    )
    _run_sql(server, "ALTER ROLE casualties PASSWORD 'first'", "SELECT pg_reload_conf()")
    yield
    hba.write_text(former_text, encoding="utf-8")
    _run_sql(server, "SELECT pg_reload_conf()")


def test_the_password_is_replaced_without_a_restart(
    on_postgresql: Sandbox, server: str, passwords: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines.require("openssl", shutil.which("openssl"))
    plain, _ = BLOCKS["Rotate the PostgreSQL password"]
    file = on_postgresql.folder / "etc" / "pgpass"
    file.write_text(f"127.0.0.1:{on_postgresql.port}:casualties:casualties:first\n")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    store = open_store(on_postgresql.database_url, busy_seconds=10)
    health.check_readable(store)
    assert "(1 row)" in on_postgresql.run_script(plain)
    assert file.stat().st_mode & 0o077 == 0 and "first" not in file.read_text()
    health.check_readable(store)  # On the connection that was open.
    _run_sql(
        server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> 'tests'"
    )
    health.check_readable(store)  # On a new one.
    store.close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(on_postgresql.database_url, password="first")  # noqa: S106 - that of the test


def test_the_password_is_replaced_with_compose(
    on_postgresql: Sandbox, server: str, passwords: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines.require("openssl", shutil.which("openssl"))
    _, compose = BLOCKS["Rotate the PostgreSQL password"]
    *before, last = compose.splitlines()
    assert last.startswith("docker compose exec -T service")
    on_postgresql.run_script("\n".join(before))
    secret = on_postgresql.folder / "opt" / "deploy" / "secrets" / "database-password"
    # The container's start does this, see compose.yaml.
    monkeypatch.setenv("PGPASSWORD", secret.read_text().strip())
    assert "last_used_at" in on_postgresql.run_script(last)
    assert any("--force-recreate --no-deps service" in call for call in on_postgresql.calls)


def _make_certificate(folder: Path, name: str, days: int) -> None:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    files = ("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt")
    command = ("openssl", "req", "-x509", *curve, "-days", str(days), "-subj", "/CN=db", *files)
    subprocess.run(command, check=True, capture_output=True)


def _read_end_date(certificate: Path) -> str:
    command = ["openssl", "x509", "-noout", "-enddate", "-in", certificate]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_certificate_of_postgresql_is_replaced_without_a_restart(
    on_postgresql: Sandbox, server: str, tmp_path: Path
) -> None:
    engines.require("openssl", shutil.which("openssl"))
    data = Path(_run_sql(server, "SHOW data_directory")[0])

    def install(name: str) -> None:
        for extension in ("key", "crt"):
            target = data / f"server.{extension}"
            shutil.copy(tmp_path / f"{name}.{extension}", target)
            target.chmod(0o600)
            shutil.chown(target, data.stat().st_uid, data.stat().st_gid)

    (block,) = BLOCKS["Certificate of PostgreSQL"]
    for name, days in (("first", 30), ("second", 60)):
        _make_certificate(tmp_path, name, days)
    install("first")
    _run_sql(server, "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
    try:
        with psycopg.connect(f"{server}?sslmode=require") as open_connection:
            install("second")
            assert on_postgresql.run_script(block).endswith(_read_end_date(tmp_path / "second.crt"))
            open_connection.execute("SELECT 1")
    finally:
        _run_sql(server, "ALTER SYSTEM RESET ssl")
        _run_sql(server, "SELECT pg_reload_conf()")


def test_the_certificate_of_nginx_is_replaced(installation: Sandbox) -> None:
    opt = installation.folder / "opt"
    for name in ("certificate.pem", "certificate-key.pem"):
        (opt / f"new-{name}").write_text(name)
    (block,) = BLOCKS["Certificate of nginx"]
    installation.run_script(block)
    for name in ("certificate.pem", "certificate-key.pem"):
        assert (opt / "deploy" / "secrets" / name).read_text() == name
    assert installation.calls == ["docker compose restart nginx"]
