"""The files say what the service does: read alone, without an engine."""

import re
from dataclasses import fields
from typing import Any

import pytest
import yaml

from service.api.batches import MAX_BATCH
from service.api.parser import MAX_BODY
from service.settings import Settings
from tests.serving import ROOT

NGINX = (ROOT / "deploy" / "nginx" / "nginx.conf").read_text(encoding="utf-8")
FILES = ("compose.yaml", "compose.sqlite.yaml")


def _services(file: str) -> dict[str, dict[str, Any]]:
    read: dict[str, Any] = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
    services: dict[str, dict[str, Any]] = read["services"]
    return services


def test_nginx_takes_as_much_as_the_service_does() -> None:
    sizes = [int(size) << 20 for size in re.findall(r"client_max_body_size (\d+)m;", NGINX)]
    assert sizes == [MAX_BODY, MAX_BATCH]
    assert "large_client_header_buffers 4 8k;" in NGINX


@pytest.mark.parametrize("file", FILES)
def test_every_setting_of_the_service_can_be_set(file: str) -> None:
    settings = {f"CASUALTY_{field.name.upper()}" for field in fields(Settings)}
    # Where the record is, is what the files are about.
    elsewhere = {"CASUALTY_DATABASE", "CASUALTY_READ_DATABASE"}
    given = set(_services(file)["service"]["environment"])
    assert settings - elsewhere <= given
    assert {name for name in given if name.startswith("CASUALTY_")} <= settings


@pytest.mark.parametrize("file", FILES)
def test_every_container_is_without_rights_and_limited(file: str) -> None:
    for name, service in _services(file).items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
        assert service["mem_limit"] and service["pids_limit"] and service["stop_grace_period"], name
        assert re.fullmatch(r"\$\{[A-Z]+_IMAGE:-[\w.:-]+\}", service["image"]), name


@pytest.mark.parametrize("file", FILES)
def test_what_is_published_is_for_this_machine_alone_unless_said_otherwise(file: str) -> None:
    published = [port for each in _services(file).values() for port in each.get("ports", [])]
    assert len(published) == 1 and published[0].startswith("${PUBLISH:-127.0.0.1:")
