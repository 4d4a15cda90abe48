"""compose.sqlite.yaml: one container, and a volume that outlives it."""

import json

from tests.compose.stack import Stack
from tests.support import bodies


def test_what_was_acknowledged_is_there_in_a_new_container(single: Stack) -> None:
    answer, body = single.send_request(
        "POST", "/v1/reports", bodies.make_report(), key=single.create_key("report")
    )
    assert answer.status == 201
    report, old = json.loads(body), single.find_container("service").name
    single.run_compose("up", "--detach", "--force-recreate")
    single.wait_until_healthy()
    assert single.find_container("service").name != old
    assert single.get_json(f"/v1/reports/{report['id']}") == report
    assert single.find_container("service").run_service_command("verify").startswith("Whole: ")


def test_the_port_is_published_on_this_machine_alone(single: Stack) -> None:
    assert single.run_compose("port", "service", "8000") == f"127.0.0.1:{single.port}"
