"""The files say what the service does: read alone, without an engine."""

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.api.batches import MAX_BATCH_BYTES
from service.http.request_parsing import MAX_BODY_BYTES
from service.settings import Settings
from tests.support.paths import ROOT

NGINX_CONFIGURATION = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text(encoding="utf-8")
COMPOSE_FILES = ("compose.yaml", "compose.sqlite.yaml")


def _read_services(file: str) -> dict[str, dict[str, Any]]:
    document: dict[str, Any] = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
    services: dict[str, dict[str, Any]] = document["services"]
    return services


def test_nginx_has_the_size_limits_of_the_service() -> None:
    sizes = [
        int(size) << 20 for size in re.findall(r"client_max_body_size (\d+)m;", NGINX_CONFIGURATION)
    ]
    assert sizes == [MAX_BODY_BYTES, MAX_BATCH_BYTES]
    assert "large_client_header_buffers 4 8k;" in NGINX_CONFIGURATION


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_every_setting_of_the_service_can_be_set(file: str) -> None:
    settings = {f"CASUALTY_{field.name.upper()}" for field in fields(Settings)}
    # Where the record is, is what the files are about.
    database_variables = {"CASUALTY_DATABASE", "CASUALTY_READ_DATABASE"}
    variables = set(_read_services(file)["service"]["environment"])
    assert settings - database_variables <= variables
    assert {name for name in variables if name.startswith("CASUALTY_")} <= settings


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_every_container_is_unprivileged_and_limited(file: str) -> None:
    for name, service in _read_services(file).items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
        assert service["mem_limit"] and service["pids_limit"] and service["stop_grace_period"], name
        image = r"\$\{[A-Z]+_IMAGE:-[\w.:-]+(@sha256:[0-9a-f]{64})?\}"
        assert re.fullmatch(image, service["image"]), name


@pytest.mark.parametrize("file", COMPOSE_FILES)
def test_ports_are_published_on_this_machine_alone_by_default(file: str) -> None:
    published = [port for each in _read_services(file).values() for port in each.get("ports", [])]
    assert len(published) == 1 and published[0].startswith("${PUBLISH:-127.0.0.1:")


CERTIFICATE_FILES = ("certificate.pem", "certificate-key.pem")


def _make_secrets(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "scripts" / "make-secrets", folder], capture_output=True, text=True
    )


@pytest.mark.parametrize(("there", "missing"), [CERTIFICATE_FILES, CERTIFICATE_FILES[::-1]])
def test_half_a_certificate_is_reported_and_nothing_is_made(
    tmp_path: Path, there: str, missing: str
) -> None:
    (tmp_path / there).write_text("mine")
    completed = _make_secrets(tmp_path)
    assert completed.returncode == 1 and completed.stdout == ""
    (line,) = completed.stderr.splitlines()
    assert f"{tmp_path} has {there} without {missing}" in line
    assert [each.name for each in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes them")
def test_only_missing_secrets_are_made(tmp_path: Path) -> None:
    for name in CERTIFICATE_FILES:
        (tmp_path / name).write_text("mine")
    (tmp_path / "database-password").touch()  # As a run that failed has left it.
    assert _make_secrets(tmp_path).returncode == 0
    assert [(tmp_path / name).read_text() for name in CERTIFICATE_FILES] == ["mine", "mine"]
    password = (tmp_path / "database-password").read_text()
    assert re.fullmatch(r"[0-9a-f]{64}\n", password)
    for name in CERTIFICATE_FILES:
        (tmp_path / name).unlink()
    assert _make_secrets(tmp_path).returncode == 0
    assert "BEGIN CERTIFICATE" in (tmp_path / CERTIFICATE_FILES[0]).read_text()
    assert (tmp_path / "database-password").read_text() == password
