"""compose.yaml: nginx, the service and PostgreSQL together; slow clients delay no others."""

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
from tests.compose.slow_clients import measure_requests, run_slow_clients
from tests.compose.stack import Stack, make_secrets
from tests.image.containers import run_docker, try_docker
from tests.support import bodies
from tests.support.gunicorn_server import TIMEOUT_SECONDS
from tests.support.markdown import read_shell_blocks
from tests.support.paths import ROOT
from tests.support.prometheus_text import get_sample_value, parse_samples

SERVICES = ("nginx", "service", "database")
REQUEST_ID = re.compile(r"[0-9a-f]{32}")
TOTALS_PATH = (
    "/v1/totals?place=plekhovo,vorozhba,martynovka&group=dprk-forces&outcomes=killed,wounded"
    "&from=2024-12-14&to=2024-12-15"
)
METRICS_SCRIPT = (
    "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/metrics').read().decode())"
)
"""Read beside the server, as Prometheus does from the same network."""

TEMPORARY_SPACE_SCRIPT = """
import tempfile
with tempfile.NamedTemporaryFile() as file:
    file.write(bytes(64 << 20))
print(tempfile.gettempdir())
"""
"""Prints where there is room for what is needed for a while, and for more than fits into /tmp."""


@pytest.fixture(scope="module")
def key(stack: Stack) -> str:
    return stack.create_key("admin")


@pytest.fixture(scope="module", autouse=True)
def load_samples(stack: Stack, key: str) -> None:
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


def _run_sql(stack: Stack, query: str) -> str:
    name = stack.find_container("database").name
    return run_docker("exec", name, "psql", "-U", "postgres", "-d", "casualties", "-Atc", query)


def _count_busy_threads(stack: Stack) -> float:
    """Return how many threads of the service have a request, without the one that answers this."""
    return (
        get_sample_value(
            parse_samples(stack.find_container("service").run_python(METRICS_SCRIPT)),
            "casualty_threads_busy",
        )
        - 1
    )


def _make_report(number: int) -> dict[str, Any]:
    return bodies.make_report(ref=f"compose-{number}", places=[bodies.make_place("elsewhere")])


def _send_raw(stack: Stack, data: bytes) -> bytes:
    """Return the response to the bytes, until nginx closes the connection or sends no more."""
    received = b""
    with (
        socket.create_connection(("127.0.0.1", stack.port), timeout=2) as plain,
        stack.ssl_context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(data)
        try:
            while chunk := connection.recv(1 << 16):
                received += chunk
        except OSError:
            pass
    return received


def test_what_is_posted_over_tls_is_counted(stack: Stack) -> None:
    (total,) = stack.get_json(TOTALS_PATH)["totals"]
    assert total["text"] == "at least 30 killed or wounded"
    assert int(_run_sql(stack, "SELECT count(*) FROM reports")) > 10


@pytest.mark.parametrize("body", [None, _make_report(1)], ids=["read", "posted"])
def test_one_id_finds_a_request_in_every_log(stack: Stack, key: str, body: Any) -> None:
    method, path = ("GET", TOTALS_PATH) if body is None else ("POST", "/v1/reports")
    answer, _ = stack.send_request(method, path, body, {"X-Request-ID": "of-the-client"}, key)
    request_id = answer.headers["X-Request-ID"]
    assert answer.headers.get_all("X-Request-ID") == [request_id] and REQUEST_ID.fullmatch(
        request_id
    )
    (nginx_line,) = _wait_for(lambda: stack.find_log_lines("nginx", request_id))
    (service_line,) = stack.find_log_lines("service", request_id)
    for line in (nginx_line, service_line):
        assert (line["method"], line["path"]) == (method, path.partition("?")[0])
        assert line["status"] == answer.status in (200, 201)
    queries = [
        line
        for line in stack.find_container("database").read_logs().splitlines()
        if request_id in line
    ]
    statement = "SELECT" if body is None else "INSERT"
    assert any(
        re.search(rf"duration: .*/\* {request_id} \*/\s+{statement}", line) for line in queries
    ), queries


def _wait_for(look_up: Callable[[], Any], timeout_seconds: float = 5) -> Any:
    """Return what is found as soon as it is anything, or when the patience is over."""
    deadline = time.monotonic() + timeout_seconds
    while not (result := look_up()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return result


def test_no_log_has_a_key_a_password_or_a_query(stack: Stack, key: str) -> None:
    stack.send_request("GET", f"/v1/places/{key}/totals?place=looked-for", key=key)
    stack.send_request("GET", "/v1/reports/batch%ff?place=looked-for", key=key)
    with open(f"{stack.environment['SECRETS_FOLDER']}/database-password") as file:
        password = file.read().strip()
    logged = "".join(stack.find_container(each).read_logs() for each in SERVICES)
    assert "(holds a key)" in logged
    assert not [each for each in (key, password, "looked-for") if each in logged]


def test_the_password_stands_in_files_alone(stack: Stack) -> None:
    with open(f"{stack.environment['SECRETS_FOLDER']}/database-password") as file:
        password = file.read().strip()
    for each in SERVICES:
        container = stack.find_container(each)
        assert password not in run_docker("inspect", container.name)
        for process in ("1", "self"):
            assert password not in run_docker(
                "exec", container.name, "cat", f"/proc/{process}/environ"
            )
    assert "0o600" in stack.find_container("service").run_python(
        "import os; print(oct(os.stat('/tmp/pgpass').st_mode & 0o777))"
    )
    rights = "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname='casualties'"
    assert _run_sql(stack, rights) == "f|f|f"
    assert _run_sql(stack, "SHOW data_checksums") == "on"
    assert (
        _run_sql(stack, "SELECT rolpassword IS NULL FROM pg_authid WHERE rolname='postgres'") == "t"
    )


@pytest.mark.parametrize("service", SERVICES)
def test_each_container_is_unprivileged_and_limited(stack: Stack, service: str) -> None:
    name = stack.find_container(service).name
    host = json.loads(run_docker("inspect", "--format", "{{json .HostConfig}}", name))
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Memory"] > 0 and 0 < host["PidsLimit"] <= 128
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    status = run_docker("exec", name, "cat", "/proc/1/status")
    assert "0" not in re.search(r"^Uid:\s+(.*)$", status, re.M)[1].split()  # type: ignore[index]
    assert re.search(r"^CapEff:\s+0+$", status, re.M)


def test_only_nginx_can_be_reached_from_outside(stack: Stack) -> None:
    for service, names in {
        "nginx": {"outside", "between"},
        "service": {"between", "record"},
        "database": {"record"},
    }.items():
        inspected = run_docker(
            "inspect", "--format", "{{json .NetworkSettings}}", stack.find_container(service).name
        )
        settings = json.loads(inspected)
        assert set(settings["Networks"]) == {f"{stack.name}_{name}" for name in names}
        published = {port for port, here in settings["Ports"].items() if here}
        assert published == ({"8443/tcp"} if service == "nginx" else set())
    for name in ("between", "record"):
        is_internal = run_docker(
            "network", "inspect", "--format", "{{.Internal}}", f"{stack.name}_{name}"
        )
        assert is_internal == "true"


@pytest.mark.parametrize(
    "path",
    ["/metrics", "//metrics", "/metrics/", "/%6detrics", "/v1/../metrics", "/x/%2e%2e/metrics",
     "/%2fmetrics", "/metrics?x", "/./metrics", "http://x/metrics"],
)  # fmt: skip
def test_metrics_are_for_the_inner_network_alone(stack: Stack, path: str) -> None:
    received = _send_raw(
        stack, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    )
    assert received.startswith(b"HTTP/1.1 404") and b"casualty_" not in received
    assert "casualty_threads" in stack.find_container("service").run_python(METRICS_SCRIPT)


def test_the_service_takes_client_addresses_from_nginx_alone(stack: Stack) -> None:
    forged = {"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.8", "X-Real-IP": "::7"}
    answer, _ = stack.send_request("GET", TOTALS_PATH, headers=forged)
    (line,) = _wait_for(lambda: stack.find_log_lines("nginx", answer.headers["X-Request-ID"]))
    counted_clients = set(
        _run_sql(stack, "SELECT who FROM counts WHERE who LIKE 'from %'").splitlines()
    )
    local_clients = {"from 127.0.0.1"}  # Who asks beside the server, and not through nginx.
    assert counted_clients - local_clients == {f"from {line['address']}"}


def test_a_body_beyond_the_limit_is_refused_with_a_problem(stack: Stack, key: str) -> None:
    answer, body = stack.send_request("POST", "/v1/reports", b" " * ((1 << 20) + 1), key=key)
    assert answer.status == 413 and answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["status"] == 413
    assert REQUEST_ID.fullmatch(answer.headers["X-Request-ID"]) and "nginx/" not in str(
        answer.headers
    )
    full, full_body = stack.send_request("POST", "/v1/reports", b" " * (1 << 20), key=key)
    assert full.status in (400, 422) and b"Not passed on" not in full_body


def test_a_batch_may_be_larger(stack: Stack, key: str) -> None:
    whole = json.dumps({"reports": [_make_report(2)]}).encode()
    answer, _ = stack.send_request("POST", "/v1/reports/batch", whole + b" " * (3 << 20), key=key)
    assert answer.status == 207
    answer, _ = stack.send_request("POST", "/v1/reports/batch", b" " * ((32 << 20) + 1), key=key)
    assert answer.status == 413


def test_a_head_beyond_the_limit_is_refused(stack: Stack) -> None:
    answer, body = stack.send_request("GET", "/v1/totals", headers={"X-Long": "x" * 9000})
    assert answer.status == 431 and json.loads(body)["status"] == 431
    assert stack.send_request("GET", f"/v1/totals?place={'x' * 9000}")[0].status == 414


INNER_REQUEST = b"GET /v1/vocabulary HTTP/1.1\r\nHost: inner\r\n\r\n"
POST_HEAD = b"POST /v1/wording HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "framing",
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
def test_no_request_is_read_out_of_another(stack: Stack, framing: bytes) -> None:
    received = _send_raw(stack, POST_HEAD + framing + INNER_REQUEST)
    assert re.match(rb"HTTP/1\.1 (400|411|501) ", received) and b'"stances"' not in received, (
        received
    )


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
    description = {"name": "Long", "aliases": [f"also called {number:04}" for number in range(100)]}
    assert stack.send_request("PUT", "/v1/places/long", description, key=key)[0].status == 201
    answer, _ = stack.send_request("GET", "/v1/places/long", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    tag = answer.headers["ETag"]
    put, put_body = stack.send_request(
        "PUT", "/v1/places/long", description, {"If-Match": tag}, key
    )
    assert put.status == 200, put_body
    not_modified, _ = stack.send_request(
        "GET", "/v1/places/long", headers={"If-None-Match": tag, "Accept-Encoding": "gzip"}
    )
    assert not_modified.status == 304


def test_a_stream_of_changes_comes_as_it_happens(stack: Stack, key: str) -> None:
    since = stack.get_json("/v1/changes?limit=1000")["last_seq"]
    connection = stack.open_connection()
    connection.request("GET", f"/v1/changes?since={since}", headers={"Accept": "text/event-stream"})
    stream = connection.getresponse()
    assert stream.readline() == b"retry: 2000\n" and stream.readline() == b"\n"
    started_at = time.monotonic()
    stack.send_request("POST", "/v1/reports", _make_report(3), key=key)
    while not stream.readline().startswith(b"event: reported"):
        assert time.monotonic() < started_at + 5
    assert time.monotonic() < started_at + 3
    connection.close()
    # nginx lets go of the service at once, which learns of it by its second sign of life that
    # nobody takes: what comes before that is lost without a word.
    assert _wait_for(lambda: _count_busy_threads(stack) == 0, 2 * HEARTBEAT_SECONDS + 5)


def test_the_dashboard_comes_with_all_that_it_loads(stack: Stack) -> None:
    answer, body = stack.send_request("GET", "/", headers={"Accept": "text/html"})
    page = body.decode()
    assert answer.status == 200 and 'class="index"' in page
    files = re.findall(r'(?:src|href)="(assets/[^"]+)"', page)
    assert len(files) > 4
    for file in files:
        loaded, _ = stack.send_request("GET", f"/{file}")
        assert loaded.status == 200 and "immutable" in loaded.headers["Cache-Control"], file


def test_a_compressed_page_is_streamed(stack: Stack) -> None:
    answer, _ = stack.send_request("GET", "/place/plekhovo", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Transfer-Encoding"] == "chunked"


@pytest.mark.parametrize("kind", ["heads", "bodies", "answers", "pages", "plain pages"])
def test_64_slow_clients_do_not_delay_the_others(
    stack: Stack, key: str, kind: str, summary_lines: list[str]
) -> None:
    alone = measure_requests(stack, TOTALS_PATH)
    with run_slow_clients(stack, kind, key) as clients:
        beside = measure_requests(stack, TOTALS_PATH)
        # None of them has a thread; a health check may have one for a moment.
        assert len(clients) == 64 and _wait_for(lambda: _count_busy_threads(stack) == 0)
    summary_lines.append(f"64 slow {kind}: {beside}; without them {alone}")
    assert alone.statuses == beside.statuses == {200}
    assert beside.quantile(0.99) < 1000


def test_the_whole_record_is_checked_where_there_is_room(stack: Stack) -> None:
    service = stack.find_container("service")
    assert service.run_service_command("verify").startswith("Whole: ")
    assert service.run_python(TEMPORARY_SPACE_SCRIPT) == "/data"


def test_a_client_over_the_rate_limit_is_refused_and_then_served_again(stack: Stack) -> None:
    def send(_: int) -> tuple[int, str | None]:
        answer, body = stack.send_request("GET", "/livez")
        return answer.status, body.decode()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(400)))
    assert {status for status, _ in answers} == {200, 429}
    assert {json.loads(body or "")["status"] for status, body in answers if status == 429} == {429}
    time.sleep(0.5)
    assert stack.send_request("GET", "/livez")[0].status == 200


def test_a_stopping_service_finishes_its_requests_and_nginx_reports_it_unavailable(
    stack: Stack,
) -> None:
    before, container = stack.get_json(TOTALS_PATH), stack.find_container("service")
    since = stack.get_json("/v1/changes?limit=1000")["last_seq"]
    statuses: list[int] = []

    def wait() -> None:
        statuses.append(stack.send_request("GET", f"/v1/changes?since={since}&wait=30")[0].status)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(1)
    stack.run_compose("stop", "service")
    thread.join(TIMEOUT_SECONDS)
    assert statuses == [200]
    state = container.inspect_state()
    assert (state["Status"], state["ExitCode"], state["OOMKilled"]) == ("exited", 0, False)
    answer, body = stack.send_request("GET", TOTALS_PATH)
    assert answer.status in (502, 504) and json.loads(body)["status"] == answer.status
    stack.run_compose("start", "service")
    stack.wait_until_healthy()
    assert stack.get_json(TOTALS_PATH) == before


def test_new_containers_have_all_that_was_acknowledged(stack: Stack, key: str) -> None:
    answer, body = stack.send_request("POST", "/v1/reports", _make_report(4), key=key)
    assert answer.status == 201
    before = stack.get_json(TOTALS_PATH)
    old = {each: stack.find_container(each).name for each in SERVICES}
    stack.find_container("service").run_python(
        "import tempfile; tempfile.mkdtemp()"
    )  # As a killed check.
    stack.run_compose("up", "--detach", "--force-recreate")
    stack.wait_until_healthy()
    assert not set(old.values()) & {stack.find_container(each).name for each in SERVICES}
    assert stack.get_json(f"/v1/reports/{json.loads(body)['id']}")["id"] == json.loads(body)["id"]
    assert stack.get_json(TOTALS_PATH) == before
    assert try_docker("inspect", old["service"]).returncode != 0
    assert (
        stack.find_container("service").run_python("import os; print(os.listdir('/data'))") == "[]"
    )
    assert stack.find_container("service").run_service_command("verify").startswith("Whole: ")


def test_new_service_containers_are_found_by_nginx(stack: Stack) -> None:
    stack.run_compose("up", "--detach", "--force-recreate", "--no-deps", "service")
    stack.wait_until_healthy()
    assert _wait_for(lambda: stack.send_request("GET", TOTALS_PATH)[0].status == 200)
    assert (
        get_sample_value(
            parse_samples(stack.find_container("service").run_python(METRICS_SCRIPT)),
            "casualty_draining",
        )
        == 0
    )


UPGRADING_BLOCKS = read_shell_blocks(ROOT / "docs" / "upgrading.md")


def test_compose_is_upgraded_and_rolled_back_as_documented(stack: Stack, tmp_path: Path) -> None:
    before = stack.get_json(TOTALS_PATH)
    upgrade, rollback = (
        # The release and its image stay the same here.
        re.sub(r"^(git|make) .*\n", "", block, flags=re.MULTILINE)
        for block in UPGRADING_BLOCKS["Upgrade with Compose"]
    )
    whole, again = re.findall(r"^Whole: .*$", stack.run_script(upgrade, tmp_path), re.MULTILINE)
    assert whole == again
    stack.wait_until_healthy()
    assert stack.get_json(TOTALS_PATH) == before
    assert stack.run_script(rollback, tmp_path).rstrip().endswith(whole)
    stack.wait_until_healthy()
    assert stack.get_json(TOTALS_PATH) == before
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert _run_sql(stack, owners) == "casualties"


def test_the_password_of_the_database_is_rotated_as_documented(
    stack: Stack, tmp_path: Path
) -> None:
    folder = Path(stack.environment["SECRETS_FOLDER"])
    former = (folder / "database-password").read_text()
    _, block = UPGRADING_BLOCKS["Rotate the PostgreSQL password"]
    output = stack.run_script(block.replace("deploy/secrets", str(folder)), tmp_path)
    assert "last_used_at" in output
    password = (folder / "database-password").read_text().strip()
    assert password != former.strip()
    assert password not in "".join(stack.find_container(each).read_logs() for each in SERVICES)
    stack.wait_until_healthy()
    assert stack.get_json(TOTALS_PATH)["totals"]


def test_the_certificate_of_nginx_is_replaced_as_documented(stack: Stack, tmp_path: Path) -> None:
    with make_secrets(tmp_path / "new") as secrets_folder:
        for name in ("certificate.pem", "certificate-key.pem"):
            shutil.copy(secrets_folder / name, tmp_path / f"new-{name}")
    (block,) = UPGRADING_BLOCKS["Certificate of nginx"]
    stack.run_script(block.replace("deploy/secrets", stack.environment["SECRETS_FOLDER"]), tmp_path)
    vars(stack).pop("ssl_context", None)  # The former certificate is not trusted any more.
    stack.wait_until_healthy()
    assert stack.get_json(TOTALS_PATH)["totals"]
    new = (tmp_path / "new-certificate.pem").read_text()
    assert ssl.get_server_certificate(("127.0.0.1", stack.port)).strip() == new.strip()
