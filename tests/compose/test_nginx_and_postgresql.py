"""compose.yaml: what is posted through nginx is kept by PostgreSQL, and nobody holds others up."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from service.api.changes import HEARTBEAT_SECONDS
from tests import make
from tests.compose.slow import measured, slow_clients
from tests.compose.stack import Stack, secrets
from tests.image.engine import attempt, docker
from tests.metered import samples, value
from tests.serving import ROOT, TIMEOUT_SECONDS
from tests.shell_blocks import shell_blocks

SERVICES = ("nginx", "service", "database")
ID = re.compile(r"[0-9a-f]{32}")
TOTAL = (
    "/v1/totals?place=plekhovo,vorozhba,martynovka&group=dprk-forces&outcomes=killed,wounded"
    "&from=2024-12-14&to=2024-12-15"
)
METRICS = (
    "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/metrics').read().decode())"
)
"""Read beside the server, as Prometheus does from the same network."""

ROOM = """
import tempfile
with tempfile.NamedTemporaryFile() as file:
    file.write(bytes(64 << 20))
print(tempfile.gettempdir())
"""
"""Prints where there is room for what is needed for a while, and for more than fits into /tmp."""


@pytest.fixture(scope="module")
def key(stack: Stack) -> str:
    return stack.new_key("admin")


@pytest.fixture(scope="module", autouse=True)
def loaded(stack: Stack, key: str) -> None:
    """Post the samples as anybody would, over TLS."""
    certificate = f"{stack.environment['SECRETS_FOLDER']}/certificate.pem"
    command = [sys.executable, "samples/load.py", "--url", f"https://127.0.0.1:{stack.port}"]
    subprocess.run(
        [*command, "--key", key, "samples/kursk.json"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        env=os.environ | {"SSL_CERT_FILE": certificate},
    )


def _psql(stack: Stack, query: str) -> str:
    name = stack.container("database").name
    return docker("exec", name, "psql", "-U", "postgres", "-d", "casualties", "-Atc", query)


def _busy(stack: Stack) -> float:
    """Return how many of the service's threads have a request, but for the one that is asked."""
    return value(samples(stack.container("service").python(METRICS)), "casualty_threads_busy") - 1


def _report(number: int) -> dict[str, Any]:
    return make.report(ref=f"compose-{number}", places=[make.place("elsewhere")])


def _raw(stack: Stack, sent: bytes) -> bytes:
    """Return all that is said to the bytes until nginx closes or has been silent."""
    said = b""
    with (
        socket.create_connection(("127.0.0.1", stack.port), timeout=2) as plain,
        stack.context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(sent)
        try:
            while more := connection.recv(1 << 16):
                said += more
        except OSError:
            pass
    return said


def test_what_is_posted_over_tls_is_counted(stack: Stack) -> None:
    (total,) = stack.get(TOTAL)["totals"]
    assert total["text"] == "at least 30 killed or wounded"
    assert int(_psql(stack, "SELECT count(*) FROM reports")) > 10


@pytest.mark.parametrize("body", [None, _report(1)], ids=["read", "posted"])
def test_one_id_finds_a_request_in_every_log(stack: Stack, key: str, body: Any) -> None:
    method, path = ("GET", TOTAL) if body is None else ("POST", "/v1/reports")
    answer, _ = stack.ask(method, path, body, {"X-Request-ID": "of-the-client"}, key)
    id = answer.headers["X-Request-ID"]
    assert answer.headers.get_all("X-Request-ID") == [id] and ID.fullmatch(id)
    (passed,) = _soon(lambda: stack.lines("nginx", id))
    (served,) = stack.lines("service", id)
    for line in (passed, served):
        assert (line["method"], line["path"]) == (method, path.partition("?")[0])
        assert line["status"] == answer.status in (200, 201)
    queries = [line for line in stack.container("database").logged().splitlines() if id in line]
    made = "SELECT" if body is None else "INSERT"
    assert any(re.search(rf"duration: .*/\* {id} \*/\s+{made}", line) for line in queries), queries


def _soon(found: Callable[[], Any], patience: float = 5) -> Any:
    """Return what is found as soon as it is anything, or when the patience is over."""
    end = time.monotonic() + patience
    while not (what := found()) and time.monotonic() < end:
        time.sleep(0.1)
    return what


def test_no_log_tells_a_key_a_password_or_what_somebody_looked_for(stack: Stack, key: str) -> None:
    stack.ask("GET", f"/v1/places/{key}/totals?place=looked-for", key=key)
    stack.ask("GET", "/v1/reports/batch%ff?place=looked-for", key=key)
    with open(f"{stack.environment['SECRETS_FOLDER']}/database-password") as file:
        password = file.read().strip()
    logged = "".join(stack.container(each).logged() for each in SERVICES)
    assert "(holds a key)" in logged
    assert not [each for each in (key, password, "looked-for") if each in logged]


def test_the_password_stands_in_files_alone(stack: Stack) -> None:
    with open(f"{stack.environment['SECRETS_FOLDER']}/database-password") as file:
        password = file.read().strip()
    for each in SERVICES:
        container = stack.container(each)
        assert password not in docker("inspect", container.name)
        for process in ("1", "self"):
            assert password not in docker("exec", container.name, "cat", f"/proc/{process}/environ")
    assert "0o600" in stack.container("service").python(
        "import os; print(oct(os.stat('/tmp/pgpass').st_mode & 0o777))"
    )
    rights = "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname='casualties'"
    assert _psql(stack, rights) == "f|f|f"
    assert _psql(stack, "SHOW data_checksums") == "on"
    assert _psql(stack, "SELECT rolpassword IS NULL FROM pg_authid WHERE rolname='postgres'") == "t"


@pytest.mark.parametrize("service", SERVICES)
def test_each_runs_without_rights_and_within_limits(stack: Stack, service: str) -> None:
    name = stack.container(service).name
    host = json.loads(docker("inspect", "--format", "{{json .HostConfig}}", name))
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Memory"] > 0 and 0 < host["PidsLimit"] <= 128
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    status = docker("exec", name, "cat", "/proc/1/status")
    assert "0" not in re.search(r"^Uid:\s+(.*)$", status, re.M)[1].split()  # type: ignore[index]
    assert re.search(r"^CapEff:\s+0+$", status, re.M)


def test_only_nginx_can_be_reached_from_outside(stack: Stack) -> None:
    for service, names in {
        "nginx": {"outside", "between"},
        "service": {"between", "record"},
        "database": {"record"},
    }.items():
        of = docker(
            "inspect", "--format", "{{json .NetworkSettings}}", stack.container(service).name
        )
        settings = json.loads(of)
        assert set(settings["Networks"]) == {f"{stack.name}_{name}" for name in names}
        published = {port for port, here in settings["Ports"].items() if here}
        assert published == ({"8443/tcp"} if service == "nginx" else set())
    for name in ("between", "record"):
        inner = docker("network", "inspect", "--format", "{{.Internal}}", f"{stack.name}_{name}")
        assert inner == "true"


@pytest.mark.parametrize(
    "path",
    ["/metrics", "//metrics", "/metrics/", "/%6detrics", "/v1/../metrics", "/x/%2e%2e/metrics",
     "/%2fmetrics", "/metrics?x", "/./metrics", "http://x/metrics"],
)  # fmt: skip
def test_metrics_are_for_the_inner_network_alone(stack: Stack, path: str) -> None:
    said = _raw(stack, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert said.startswith(b"HTTP/1.1 404") and b"casualty_" not in said
    assert "casualty_threads" in stack.container("service").python(METRICS)


def test_the_service_believes_nginx_alone_whose_address_it_is(stack: Stack) -> None:
    forged = {"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.8", "X-Real-IP": "::7"}
    answer, _ = stack.ask("GET", TOTAL, headers=forged)
    (line,) = _soon(lambda: stack.lines("nginx", answer.headers["X-Request-ID"]))
    counted = set(_psql(stack, "SELECT who FROM counts WHERE who LIKE 'from %'").splitlines())
    beside = {"from 127.0.0.1"}  # Who asks beside the server, and not through nginx.
    assert counted - beside == {f"from {line['address']}"}


def test_a_body_beyond_the_limit_is_refused_in_the_services_manner(stack: Stack, key: str) -> None:
    answer, body = stack.ask("POST", "/v1/reports", b" " * ((1 << 20) + 1), key=key)
    assert answer.status == 413 and answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["status"] == 413
    assert ID.fullmatch(answer.headers["X-Request-ID"]) and "nginx/" not in str(answer.headers)
    full, told = stack.ask("POST", "/v1/reports", b" " * (1 << 20), key=key)
    assert full.status in (400, 422) and b"Not passed on" not in told


def test_a_batch_may_be_larger(stack: Stack, key: str) -> None:
    whole = json.dumps({"reports": [_report(2)]}).encode()
    answer, _ = stack.ask("POST", "/v1/reports/batch", whole + b" " * (3 << 20), key=key)
    assert answer.status == 207
    answer, _ = stack.ask("POST", "/v1/reports/batch", b" " * ((32 << 20) + 1), key=key)
    assert answer.status == 413


def test_a_head_beyond_the_limit_is_refused(stack: Stack) -> None:
    answer, body = stack.ask("GET", "/v1/totals", headers={"X-Long": "x" * 9000})
    assert answer.status == 431 and json.loads(body)["status"] == 431
    assert stack.ask("GET", f"/v1/totals?place={'x' * 9000}")[0].status == 414


INNER = b"GET /v1/vocabulary HTTP/1.1\r\nHost: inner\r\n\r\n"
POST = b"POST /v1/wording HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "told",
    [
        b"Content-Length: 23\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
        b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
        b"Content-Length: +0\r\n\r\n",
    ],
)
def test_no_request_is_read_out_of_another(stack: Stack, told: bytes) -> None:
    said = _raw(stack, POST + told + INNER)
    assert re.match(rb"HTTP/1\.1 (400|411|501) ", said) and b'"stances"' not in said, said


def test_plain_http_is_not_spoken(stack: Stack) -> None:
    with socket.create_connection(("127.0.0.1", stack.port), timeout=5) as plain:
        plain.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert plain.recv(100).startswith(b"HTTP/1.1 400")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", stack.port), timeout=5) as plain,
        pytest.raises(OSError),
    ):
        old.wrap_socket(plain)


def test_an_etag_of_a_compressed_answer_is_good_for_if_match(stack: Stack, key: str) -> None:
    entry = {"name": "Long", "aliases": [f"also called {number:04}" for number in range(100)]}
    assert stack.ask("PUT", "/v1/places/long", entry, key=key)[0].status == 201
    answer, _ = stack.ask("GET", "/v1/places/long", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    tag = answer.headers["ETag"]
    put, told = stack.ask("PUT", "/v1/places/long", entry, {"If-Match": tag}, key)
    assert put.status == 200, told
    known, _ = stack.ask(
        "GET", "/v1/places/long", headers={"If-None-Match": tag, "Accept-Encoding": "gzip"}
    )
    assert known.status == 304


def test_a_stream_of_changes_comes_as_it_happens(stack: Stack, key: str) -> None:
    since = stack.get("/v1/changes?limit=1000")["last_seq"]
    connection = stack.connection()
    connection.request("GET", f"/v1/changes?since={since}", headers={"Accept": "text/event-stream"})
    stream = connection.getresponse()
    assert stream.readline() == b"retry: 2000\n" and stream.readline() == b"\n"
    began = time.monotonic()
    stack.ask("POST", "/v1/reports", _report(3), key=key)
    while not stream.readline().startswith(b"event: reported"):
        assert time.monotonic() < began + 5
    assert time.monotonic() < began + 3
    connection.close()
    # nginx lets go of the service at once, which learns of it by its second sign of life that
    # nobody takes: what comes before that is lost without a word.
    assert _soon(lambda: _busy(stack) == 0, 2 * HEARTBEAT_SECONDS + 5)


def test_the_dashboard_comes_with_all_that_it_loads(stack: Stack) -> None:
    answer, body = stack.ask("GET", "/", headers={"Accept": "text/html"})
    page = body.decode()
    assert answer.status == 200 and 'id="headline">At least ' in page
    files = re.findall(r'(?:src|href)="(assets/[^"]+)"', page)
    assert len(files) > 4
    for file in files:
        loaded, _ = stack.ask("GET", f"/{file}")
        assert loaded.status == 200 and "immutable" in loaded.headers["Cache-Control"], file


def test_a_page_comes_as_it_is_made_where_it_is_small(stack: Stack) -> None:
    answer, _ = stack.ask("GET", "/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Transfer-Encoding"] == "chunked"


@pytest.mark.parametrize("kind", ["heads", "bodies", "answers", "pages", "plain pages"])
def test_64_slow_clients_leave_the_others_served(
    stack: Stack, key: str, kind: str, figures: list[str]
) -> None:
    alone = measured(stack, TOTAL)
    with slow_clients(stack, kind, key) as clients:
        beside = measured(stack, TOTAL)
        # None of them has a thread; a health check may have one for a moment.
        assert len(clients) == 64 and _soon(lambda: _busy(stack) == 0)
    figures.append(f"64 slow {kind}: {beside}; without them {alone}")
    assert alone.statuses == beside.statuses == {200}
    assert beside.quantile(0.99) < 1000


def test_the_whole_record_is_checked_where_there_is_room(stack: Stack) -> None:
    service = stack.container("service")
    assert service.service("verify").startswith("Whole: ")
    assert service.python(ROOM) == "/data"


def test_whoever_asks_too_often_is_told_so_and_served_again(stack: Stack) -> None:
    def ask(_: int) -> tuple[int, str | None]:
        answer, body = stack.ask("GET", "/livez")
        return answer.status, body.decode()

    with ThreadPoolExecutor(16) as pool:
        told = list(pool.map(ask, range(400)))
    assert {status for status, _ in told} == {200, 429}
    assert {json.loads(body or "")["status"] for status, body in told if status == 429} == {429}
    time.sleep(0.5)
    assert stack.ask("GET", "/livez")[0].status == 200


def test_a_stopped_service_ends_what_it_began_and_nginx_says_that_it_is_away(stack: Stack) -> None:
    before, container = stack.get(TOTAL), stack.container("service")
    since = stack.get("/v1/changes?limit=1000")["last_seq"]
    waited: list[int] = []

    def wait() -> None:
        waited.append(stack.ask("GET", f"/v1/changes?since={since}&wait=30")[0].status)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(1)
    stack.compose("stop", "service")
    waiting.join(TIMEOUT_SECONDS)
    assert waited == [200]
    state = container.state()
    assert (state["Status"], state["ExitCode"], state["OOMKilled"]) == ("exited", 0, False)
    answer, body = stack.ask("GET", TOTAL)
    assert answer.status in (502, 504) and json.loads(body)["status"] == answer.status
    stack.compose("start", "service")
    stack.wait()
    assert stack.get(TOTAL) == before


def test_new_containers_have_all_that_was_acknowledged(stack: Stack, key: str) -> None:
    answer, body = stack.ask("POST", "/v1/reports", _report(4), key=key)
    assert answer.status == 201
    before = stack.get(TOTAL)
    old = {each: stack.container(each).name for each in SERVICES}
    stack.container("service").python("import tempfile; tempfile.mkdtemp()")  # As a killed check.
    stack.compose("up", "--detach", "--force-recreate")
    stack.wait()
    assert not set(old.values()) & {stack.container(each).name for each in SERVICES}
    assert stack.get(f"/v1/reports/{json.loads(body)['id']}")["id"] == json.loads(body)["id"]
    assert stack.get(TOTAL) == before
    assert attempt("inspect", old["service"]).returncode != 0
    assert stack.container("service").python("import os; print(os.listdir('/data'))") == "[]"
    assert stack.container("service").service("verify").startswith("Whole: ")


def test_new_service_containers_are_found_by_nginx(stack: Stack) -> None:
    stack.compose("up", "--detach", "--force-recreate", "--no-deps", "service")
    stack.wait()
    assert _soon(lambda: stack.ask("GET", TOTAL)[0].status == 200)
    assert value(samples(stack.container("service").python(METRICS)), "casualty_draining") == 0


UPGRADING = shell_blocks(ROOT / "docs" / "upgrading.md")


def test_it_is_upgraded_and_rolled_back_as_documented(stack: Stack, tmp_path: Path) -> None:
    before = stack.get(TOTAL)
    upgrade, rollback = (
        # The release and its image stay the same here.
        re.sub(r"^(git|make) .*\n", "", block, flags=re.MULTILINE)
        for block in UPGRADING["Upgrade with Compose"]
    )
    whole, again = re.findall(r"^Whole: .*$", stack.shell(upgrade, tmp_path), re.MULTILINE)
    assert whole == again
    stack.wait()
    assert stack.get(TOTAL) == before
    assert stack.shell(rollback, tmp_path).rstrip().endswith(whole)
    stack.wait()
    assert stack.get(TOTAL) == before
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert _psql(stack, owners) == "casualties"


def test_the_password_of_the_database_is_rotated_as_documented(
    stack: Stack, tmp_path: Path
) -> None:
    folder = Path(stack.environment["SECRETS_FOLDER"])
    former = (folder / "database-password").read_text()
    _, block = UPGRADING["Rotate the PostgreSQL password"]
    listed = stack.shell(block.replace("deploy/secrets", str(folder)), tmp_path)
    assert "last_used_at" in listed
    password = (folder / "database-password").read_text().strip()
    assert password != former.strip()
    assert password not in "".join(stack.container(each).logged() for each in SERVICES)
    stack.wait()
    assert stack.get(TOTAL)["totals"]


def test_the_certificate_of_nginx_is_replaced_as_documented(stack: Stack, tmp_path: Path) -> None:
    with secrets(tmp_path / "new") as made:
        for name in ("certificate.pem", "certificate-key.pem"):
            shutil.copy(made / name, tmp_path / f"new-{name}")
    (block,) = UPGRADING["Certificate of nginx"]
    stack.shell(block.replace("deploy/secrets", stack.environment["SECRETS_FOLDER"]), tmp_path)
    vars(stack).pop("context", None)  # The former certificate is not trusted any more.
    stack.wait()
    assert stack.get(TOTAL)["totals"]
    new = (tmp_path / "new-certificate.pem").read_text()
    assert ssl.get_server_certificate(("127.0.0.1", stack.port)).strip() == new.strip()
