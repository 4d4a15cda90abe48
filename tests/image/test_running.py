"""The image runs without rights, serves, and ends without losing anything."""

import re
import subprocess
import sys
import time
from pathlib import Path

from tests.image.engine import SAFELY, Container, attempt, docker, running, volume, wait
from tests.metered import scraped, value
from tests.serving import ROOT

GRACE = 10
"""Seconds that an engine gives a container to end by itself unless told otherwise."""

WRITING = """
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

LIMITS = """
from pathlib import Path
def first(*names):
    return next(p for each in names if (p := Path("/sys/fs/cgroup", each)).exists()).read_text()
print(first("memory.max", "memory/memory.limit_in_bytes"), first("pids.max", "pids/pids.max"))
"""

FOR_ALL = {"/tmp", "/var/tmp", "/run/lock", "/dev/mqueue"}  # noqa: S108
"""Where everybody may write in any Debian, for as long as the root can be written."""

TOTAL = "/v1/totals?from=2024-12-14&to=2024-12-15&outcomes=killed,wounded&place="


def test_the_documents_run_it_with_the_flags_that_are_tested_here() -> None:
    for name in ("running.md", "upgrading.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        started = re.findall(r"docker run --detach .*", text.replace("\\\n", " "))
        assert started
        assert all(" ".join(SAFELY) in " ".join(command.split()) for command in started)


def test_it_becomes_healthy(container: Container) -> None:
    wait(container, lambda: container.state()["Health"]["Status"] == "healthy")


def test_it_becomes_unhealthy_where_nothing_answers(image: str) -> None:
    soon = ("--health-interval", "500ms", "--health-start-period", "1ms", "--health-retries", "1")
    idle = ("python", "-c", "import time; time.sleep(60)")
    name = docker("run", "--detach", *SAFELY, *soon, image, *idle)
    try:
        silent = Container(name)
        wait(silent, lambda: silent.state()["Health"]["Status"] == "unhealthy")
    finally:
        docker("rm", "--force", "--volumes", name)


def test_it_runs_as_a_user_without_rights(container: Container) -> None:
    told = container.python("print(open('/proc/1/status').read())")
    status = dict(line.split(":\t", 1) for line in told.splitlines() if ":\t" in line)
    assert set(status["Uid"].split()) == set(status["Gid"].split()) == {"10001"}
    assert status["Groups"].split() in ([], ["10001"])
    assert {int(status[f"Cap{each}"], 16) for each in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}
    assert status["NoNewPrivs"] == "1"


def test_its_memory_and_its_processes_are_limited(container: Container) -> None:
    assert container.python(LIMITS).split() == [str(512 << 20), "128"]


def test_it_can_write_its_data_and_nothing_else(container: Container) -> None:
    docker("exec", container.name, "python", "-c", "open('/data/written', 'x')")
    assert set(container.python(WRITING).split()) <= {"/dev/mqueue"}


def test_it_cannot_change_itself_even_where_its_root_can_be_written(image: str) -> None:
    run = ("run", "--rm", "--interactive", "--network", "none", image, "python", "-")
    found = set(docker(*run, given=WRITING).split())
    assert found and found <= FOR_ALL


def test_what_is_posted_through_the_published_port_is_counted(container: Container) -> None:
    command = [sys.executable, "samples/load.py", "--url", container.url]
    command += ["--key", container.new_key(), "samples/kursk.json"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (total,) = container.get(f"{TOTAL}plekhovo,vorozhba,martynovka&group=dprk-forces")["totals"]
    assert total["text"] == "at least 30 killed or wounded"
    posted = value(
        scraped(container.url),
        "casualty_http_requests_total",
        route="/v1/reports",
        method="POST",
        status="201",
    )
    assert posted == len(container.get("/v1/reports?limit=1000")["reports"]) > 10
    assert not container.state()["OOMKilled"] and "SIGKILL" not in container.logged()


def test_the_whole_record_is_checked_beside_it(container: Container) -> None:
    assert container.service("verify").startswith("Whole: ")


def test_a_backup_is_made_beside_it(container: Container, tmp_path: Path) -> None:
    assert "checked" in container.service("backup", "/data/backup.db")
    docker("cp", f"{container.name}:/data/backup.db", tmp_path / "backup.db")
    assert (tmp_path / "backup.db").read_bytes().startswith(b"SQLite format 3")


def test_sigterm_lets_a_request_in_flight_end_and_exits_with_0(image: str) -> None:
    with volume() as kept, running(image, kept) as container:
        begun = container.begin(container.new_key())
        asked = time.monotonic()
        with subprocess.Popen(
            ["docker", "stop", container.name], stdout=subprocess.DEVNULL
        ) as stop:
            wait(container, lambda: not container.ready())
            time.sleep(max(0.0, asked + 2.5 - time.monotonic()))  # It takes no more by now.
            assert begun.end()[0] == 201
        assert stop.returncode == 0 and time.monotonic() < asked + GRACE
        state = container.state()
        assert (state["Status"], state["ExitCode"], state["OOMKilled"]) == ("exited", 0, False)
        assert "Traceback" not in container.logged()


def test_the_data_survives_a_new_container(image: str) -> None:
    with volume() as kept:
        with running(image, kept) as first:
            status, report = first.begin(first.new_key()).end()
            before = first.get(f"{TOTAL}plekhovo")
        with running(image, kept) as second:
            assert second.name != first.name
            assert second.get(f"/v1/reports/{report['id']}") == report and status == 201
            assert second.get(f"{TOTAL}plekhovo") == before


def test_a_setting_that_cannot_be_used_stops_the_start_with_one_line(image: str) -> None:
    done = attempt("run", "--rm", *SAFELY, "--env", "CASUALTY_READING=ajar", image)
    assert done.returncode == 3
    lines = (done.stdout + done.stderr).splitlines()
    told = [line for line in lines if '"level": "info"' not in line]
    assert told == ["CASUALTY_READING='ajar': use open or closed"]
