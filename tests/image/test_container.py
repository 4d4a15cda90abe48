"""The image runs without rights, serves, and ends without losing anything."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.image.containers import (
    SAFE_OPTIONS,
    Container,
    make_volume,
    run_container,
    run_docker,
    try_docker,
    wait_until,
)
from tests.support.paths import ROOT
from tests.support.prometheus_text import get_sample_value, scrape

STOP_SECONDS = 10
"""Seconds that an engine gives a container to end by itself by default."""

WRITABLE_PATHS_SCRIPT = """
import os
apart = {"/proc", "/sys", "/data", "/dev/shm"}
for folder, folders, files in os.walk("/"):
    folders[:] = [each for each in folders if os.path.join(folder, each) not in apart]
    path = os.path.join(folder, ".written")
    try:
        open(path, "x").close()
        os.remove(path)
        print(folder)
    except OSError:
        pass
    for each in () if folder.startswith("/dev") else files:
        path = os.path.join(folder, each)
        if not os.path.islink(path) and os.access(path, os.W_OK):
            print(path)
"""
"""Prints every folder where it could make a file, and every file that it could change; of devices
and of what a container always has in memory (/dev/shm) nothing."""

LIMITS_SCRIPT = """
from pathlib import Path
def first(*names):
    return next(p for each in names if (p := Path("/sys/fs/cgroup", each)).exists()).read_text()
print(first("memory.max", "memory/memory.limit_in_bytes"), first("pids.max", "pids/pids.max"))
"""

WORLD_WRITABLE_PATHS = {"/tmp", "/var/tmp", "/run/lock", "/dev/mqueue"}  # noqa: S108
"""Where everybody may write in any Debian, for as long as the root can be written."""

TOTALS_PATH = "/v1/totals?from=2024-12-14&to=2024-12-15&outcomes=killed,wounded&place="


def test_the_documents_run_the_image_with_the_tested_flags() -> None:
    for name in ("running.md", "upgrading.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        started = re.findall(r"docker run --detach .*", text.replace("\\\n", " "))
        assert started
        assert all(" ".join(SAFE_OPTIONS) in " ".join(command.split()) for command in started)


def test_the_container_becomes_healthy(container: Container) -> None:
    wait_until(container, lambda: container.inspect_state()["Health"]["Status"] == "healthy")


def test_the_container_becomes_unhealthy_where_nothing_answers(image: str) -> None:
    soon = ("--health-interval", "500ms", "--health-start-period", "1ms", "--health-retries", "1")
    idle = ("python", "-c", "import time; time.sleep(60)")
    name = run_docker("run", "--detach", *SAFE_OPTIONS, *soon, image, *idle)
    try:
        silent = Container(name)
        wait_until(silent, lambda: silent.inspect_state()["Health"]["Status"] == "unhealthy")
    finally:
        run_docker("rm", "--force", "--volumes", name)


def test_the_container_runs_as_an_unprivileged_user(container: Container) -> None:
    status_text = container.run_python("print(open('/proc/1/status').read())")
    status = dict(line.split(":\t", 1) for line in status_text.splitlines() if ":\t" in line)
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"10001"}
    assert status["Groups"].split() in ([], ["10001"])
    assert {int(status[f"Cap{each}"], 16) for each in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}
    assert status["NoNewPrivs"] == "1"


def test_memory_and_processes_of_the_container_are_limited(container: Container) -> None:
    assert container.run_python(LIMITS_SCRIPT).split() == [str(512 << 20), "128"]


def test_only_the_data_folder_is_writable(container: Container) -> None:
    run_docker("exec", container.name, "python", "-c", "open('/data/written', 'x')")
    assert set(container.run_python(WRITABLE_PATHS_SCRIPT).split()) <= {"/dev/mqueue"}


def test_the_application_is_read_only_even_with_a_writable_root(image: str) -> None:
    command = ("run", "--rm", "--interactive", "--network", "none", image, "python", "-")
    writable = set(run_docker(*command, stdin=WRITABLE_PATHS_SCRIPT).split())
    assert writable and writable <= WORLD_WRITABLE_PATHS


def test_what_is_posted_through_the_published_port_is_counted(container: Container) -> None:
    command = [sys.executable, "samples/load.py", "--url", container.url]
    command += ["--key", container.create_key(), "samples/kursk.json"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (total,) = container.get_json(f"{TOTALS_PATH}plekhovo,vorozhba,martynovka&group=dprk-forces")[
        "totals"
    ]
    assert total["text"] == "at least 30 killed or wounded"
    request_count = get_sample_value(
        scrape(container.url),
        "casualty_http_requests_total",
        route="/v1/reports",
        method="POST",
        status="201",
    )
    assert request_count == len(container.get_json("/v1/reports?limit=1000")["reports"]) > 10
    assert not container.inspect_state()["OOMKilled"] and "SIGKILL" not in container.read_logs()


def test_the_sample_and_an_export_work_inside(image: str) -> None:
    with make_volume() as volume_name, run_container(image, volume_name) as container:
        container.run_service_command("sample")
        total = container.run_service_command("totals", "--place", "ru-kursk", "--format", "json")
        assert json.loads(total)["totals"]
        table = ("--table", "figures", "--format", "ndjson")
        lines = container.run_service_command("export", "-", *table).splitlines()
        assert len(lines) > 10


def test_verify_runs_beside_the_server(container: Container) -> None:
    assert container.run_service_command("verify").startswith("Whole: ")


def test_a_backup_is_made_beside_the_server(container: Container, tmp_path: Path) -> None:
    assert "checked" in container.run_service_command("backup", "/data/backup.db")
    run_docker("cp", f"{container.name}:/data/backup.db", tmp_path / "backup.db")
    assert (tmp_path / "backup.db").read_bytes().startswith(b"SQLite format 3")


def test_sigterm_lets_a_request_in_flight_end_and_exits_with_0(image: str) -> None:
    with make_volume() as volume_name, run_container(image, volume_name) as container:
        pending_report = container.begin_report(container.create_key())
        stopped_at = time.monotonic()
        with subprocess.Popen(
            ["docker", "stop", container.name], stdout=subprocess.DEVNULL
        ) as stop:
            wait_until(container, lambda: not container.is_ready())
            time.sleep(max(0.0, stopped_at + 2.5 - time.monotonic()))  # It takes no more by now.
            assert pending_report.finish()[0] == 201
        assert stop.returncode == 0 and time.monotonic() < stopped_at + STOP_SECONDS
        state = container.inspect_state()
        assert (state["Status"], state["ExitCode"], state["OOMKilled"]) == ("exited", 0, False)
        assert "Traceback" not in container.read_logs()


def test_the_data_survives_a_new_container(image: str) -> None:
    with make_volume() as volume_name:
        with run_container(image, volume_name) as first:
            status, report = first.begin_report(first.create_key()).finish()
            before = first.get_json(f"{TOTALS_PATH}plekhovo")
        with run_container(image, volume_name) as second:
            assert second.name != first.name
            assert second.get_json(f"/v1/reports/{report['id']}") == report and status == 201
            assert second.get_json(f"{TOTALS_PATH}plekhovo") == before


def test_an_invalid_setting_stops_the_start_with_one_line(image: str) -> None:
    completed = try_docker("run", "--rm", *SAFE_OPTIONS, "--env", "CASUALTY_READING=ajar", image)
    assert completed.returncode == 3
    lines = (completed.stdout + completed.stderr).splitlines()
    messages = [line for line in lines if '"level": "info"' not in line]
    assert messages == ["CASUALTY_READING='ajar': use open or closed"]
