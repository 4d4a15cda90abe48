"""compose.sqlite.yaml: one container, and a volume that outlives it."""

import json

from tests import make
from tests.compose.stack import Stack


def test_what_was_acknowledged_is_there_in_a_new_container(single: Stack) -> None:
    answer, body = single.ask("POST", "/v1/reports", make.report(), key=single.new_key("report"))
    assert answer.status == 201
    report, old = json.loads(body), single.container("service").name
    single.compose("up", "--detach", "--force-recreate")
    single.wait()
    assert single.container("service").name != old
    assert single.get(f"/v1/reports/{report['id']}") == report
    assert single.container("service").service("verify").startswith("Whole: ")


def test_it_is_published_on_this_machine_alone(single: Stack) -> None:
    assert single.compose("port", "service", "8000") == f"127.0.0.1:{single.port}"
