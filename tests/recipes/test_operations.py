"""nginx publishes the service below a path, and the units of systemd run it and back it up."""

import json
import os
import re
import shlex
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.recipes.recipes import Kitchen, fetch_when_up
from tests.support.capabilities import RECIPE_PATH, require_recipe_tools
from tests.support.gunicorn_server import TIMEOUT_SECONDS
from tests.support.paths import ROOT
from tests.support.ports import find_free_port

SITE: Final = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/unused;
    uwsgi_temp_path {folder}/unused;
    scgi_temp_path {folder}/unused;
    server {{
        listen 127.0.0.1:{port};
        include {include};
    }}
}}
"""
"""A site that has nothing but the service, in plain HTTP."""


@pytest.fixture
def site(kitchen: Kitchen) -> Iterator[str]:
    """The address of an nginx that publishes the service below /figures/."""
    require_recipe_tools("nginx")
    port = find_free_port()
    include = kitchen.folder / "examples" / "nginx" / "sub-path.conf"
    configuration = kitchen.folder / "site.conf"
    configuration.write_text(SITE.format(folder=kitchen.folder, port=port, include=include))
    command = ["nginx", "-p", str(kitchen.folder), "-c", str(configuration)]
    log = kitchen.folder / "start.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env={"PATH": RECIPE_PATH}, stderr=output) as nginx,
    ):
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            nginx.terminate()
            nginx.wait(timeout=TIMEOUT_SECONDS)


def test_the_api_and_the_pages_are_below_the_path(kitchen: Kitchen, site: str) -> None:
    path = "/v1/totals?place=example-country&outcomes=killed"
    answer = json.loads(fetch_when_up(f"{site}/figures{path}"))
    assert answer == kitchen.fetch_json(path)
    page = fetch_when_up(f"{site}/figures/place/example-coast")
    links = re.findall(r'(?:href|src)="(?!https?:|#|data:|mailto:)([^"]+)"', page)
    assert len(links) > 10
    for link in set(links):
        address = urllib.parse.urljoin(f"{site}/figures/place/example-coast", link)
        assert address.startswith(f"{site}/figures/"), link
        if link.endswith((".css", ".js")):
            fetch_when_up(address)


def test_the_path_without_a_slash_leads_to_it_and_metrics_stay_inside(site: str) -> None:
    fetch_when_up(f"{site}/figures/livez")
    with urllib.request.urlopen(f"{site}/figures") as response:
        assert response.url == f"{site}/figures/"
    for path in ("/figures/metrics", "/v1/totals"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(site + path)
        refused.value.close()
        assert refused.value.code == 404


def test_a_batch_above_a_mebibyte_passes(kitchen: Kitchen, site: str) -> None:
    fetch_when_up(f"{site}/figures/livez")
    body = b'{"reports": []}' + b" " * (2 << 20)
    headers = {"Authorization": f"Bearer {kitchen.server.key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{site}/figures/v1/reports/batch", body, headers)
    with urllib.request.urlopen(request) as response:
        assert response.status == 207


UNITS: Final = ROOT / "examples" / "systemd"


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    require_recipe_tools("systemd-analyze")
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    assert _verify_units(tmp_path, "Type=oneshot") == ""
    assert "Unknown key 'Tpye'" in _verify_units(tmp_path, "Tpye=oneshot")


def _verify_units(folder: Path, type_line: str) -> str:
    """Return what systemd says of the units, for a project in the folder."""
    units = []
    for unit in UNITS.glob("casualties*"):
        text = unit.read_text().replace("/opt/casualty-figures", str(folder))
        (folder / unit.name).write_text(text.replace("Type=oneshot", type_line))
        units.append(str(folder / unit.name))
    completed = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True
    )
    return completed.stdout + completed.stderr


@pytest.fixture
def backups(kitchen: Kitchen) -> Path:
    """The folder for backups, with an old and a recent one."""
    folder = kitchen.folder / "casualties-backups"
    folder.mkdir()
    for name, days in (("old.db", 40), ("recent.db", 3)):
        (folder / name).touch()
        then = time.time() - days * 86_400
        os.utime(folder / name, (then, then))
    return folder


def _run_command(kitchen: Kitchen, setting: str, database: str) -> int:
    """Run the command of the backup's unit as systemd does; return its exit status."""
    text = (UNITS / "casualties-backup.service").read_text()
    (command,) = re.findall(rf"^{setting}=(.+)$", text, re.MULTILINE)
    assert "Environment=CASUALTY_DATABASE=/var/lib/casualties/casualties.db\n" in text
    command = command.replace("%%", "%").replace("$$", "$").replace("/var/lib", str(kitchen.folder))
    environment = {"CASUALTY_DATABASE": database, "PATH": os.environ["PATH"]}
    completed = subprocess.run(
        shlex.split(command), cwd=ROOT, env=environment, capture_output=True, text=True
    )
    return completed.returncode


def test_the_backup_is_made_and_old_ones_are_removed(kitchen: Kitchen, backups: Path) -> None:
    database = kitchen.server.environment["CASUALTY_DATABASE"]
    assert _run_command(kitchen, "ExecStart", database) == 0
    (made,) = (each for each in backups.iterdir() if each.name.startswith("20"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d{6}Z\.db", made.name)
    assert _run_command(kitchen, "ExecStartPost", database) == 0
    assert {each.name for each in backups.iterdir()} == {made.name, "recent.db"}
    kitchen.run(f"CASUALTY_DATABASE=look.db .venv/bin/python -m service restore {made}")
    total = kitchen.run(
        "CASUALTY_DATABASE=look.db .venv/bin/python -m service totals --place example-coast"
        " --outcomes killed --from 2024-01-01 --to 2024-01-31"
    )
    assert "12 killed" in total


def test_a_backup_of_a_damaged_database_fails(kitchen: Kitchen, backups: Path) -> None:
    damaged = kitchen.folder / "damaged.db"
    damaged.write_bytes(b"no database" * 1000)
    assert _run_command(kitchen, "ExecStart", str(damaged)) != 0
    assert {each.name for each in backups.iterdir()} == {"old.db", "recent.db"}


def test_the_timer_starts_the_backup_every_night() -> None:
    require_recipe_tools("systemd-analyze")
    text = (UNITS / "casualties-backup.timer").read_text()
    (calendar,) = re.findall(r"^OnCalendar=(.+)$", text, re.MULTILINE)
    completed = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=2", "--base-time=2026-01-05 UTC", calendar],
        env=os.environ | {"TZ": "UTC"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "2026-01-05 03:10:00 UTC" in completed.stdout
    assert "2026-01-06 03:10:00 UTC" in completed.stdout
