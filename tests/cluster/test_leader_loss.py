"""Whatever befalls the leader, nothing acknowledged is lost or doubled, and writing goes on."""

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

import pytest

from tests.cluster.posting_clients import keep_posting
from tests.cluster.running_cluster import URL, Cluster, Node
from tests.faults.client import Client
from tests.faults.posting_clients import (
    SentReports,
    compare_with_record,
    fetch_events,
    wait_for_acknowledged,
)
from tests.faults.results import FaultResults
from tests.faults.run_size import choose_size, print_progress

TOTALS_PATH: Final = "/v1/totals?outcomes=killed&by_reporter=true"
TIMEOUT_SECONDS: Final = 90.0
"""Seconds in which writing must go on, even on a machine that does other things too."""


def _lose_host(cluster: Cluster, leader: Node, number: int) -> None:
    leader.host.lose()


def _cut_off_host(cluster: Cluster, leader: Node, number: int) -> None:
    leader.host.cut_off()


def _kill_processes(cluster: Cluster, leader: Node, number: int) -> None:
    """Kill PostgreSQL, PostgreSQL and Patroni, or Patroni alone, without which it goes on."""
    if number % 3 != 0:
        leader.kill_postgres()
    if number % 3 != 1:
        leader.kill("patroni")


def _switch_over(cluster: Cluster, leader: Node, number: int) -> None:
    cluster.switch_over(leader)


CUT_OFF: Final = "leader cut off under load"
FAULTS: Final[dict[str, Callable[[Cluster, Node, int], None]]] = {
    "leader's host lost under load": _lose_host,
    CUT_OFF: _cut_off_host,
    "leader's processes killed under load": _kill_processes,
    "planned switchover under load": _switch_over,
}


@pytest.fixture(scope="module")
def sent_reports() -> SentReports:
    """What the clients know of all that they sent to the cluster, whatever befell it."""
    return SentReports()


@pytest.fixture(scope="module")
def key(cluster: Cluster) -> str:
    """A key that may report."""
    return cluster.run_service_command("key", "create", "--name", "test", "--scope", "report")


@pytest.mark.parametrize("fault", choose_size(list(FAULTS)[:1], list(FAULTS)))
def test_the_loss_of_a_leader_loses_nothing_acknowledged(
    fault: str,
    cluster: Cluster,
    sent_reports: SentReports,
    key: str,
    begin_results: Callable[[str], FaultResults],
) -> None:
    chance = random.Random(fault)
    results, count_before = begin_results(fault), len(sent_reports.acknowledged)
    sent_reports.longest_gap, sent_reports.doubts, sent_reports.settled = 0.0, 0, 0
    for number in range(1, choose_size(1, 3) + 1):
        leader = _find_leader_beside_service(cluster)
        with keep_posting(URL, key, sent_reports), ExitStack() as stack:
            if fault == CUT_OFF:
                # Clients that are cut off with it try to have it acknowledge what others lack.
                with leader.host.namespace.use_network():
                    stack.enter_context(keep_posting(leader.service_url, key, sent_reports))
            wait_for_acknowledged(sent_reports, 20, TIMEOUT_SECONDS)
            time.sleep(chance.uniform(0.0, 1.0))
            FAULTS[fault](cluster, leader, number)
            cluster.wait_for_other_leader(leader)
            wait_for_acknowledged(sent_reports, 20, TIMEOUT_SECONDS)
            if fault == CUT_OFF:
                with leader.host.namespace.use_network(), Client(leader.service_url) as client:
                    assert client.get("/readyz").status == 503
            leader.host.heal()
            cluster.wait_until_healthy()
            wait_for_acknowledged(sent_reports, 20, TIMEOUT_SECONDS)
        print_progress(
            f"{fault}, {number}: {leader.host.name} to {cluster.find_leader().host.name},"
            f" {len(sent_reports.acknowledged)} acknowledged, {sent_reports.doubts} in doubt,"
            f" longest gap {sent_reports.longest_gap:.1f} s"
        )
        results.times = number
        _assert_nothing_lost(cluster, sent_reports, results)
    assert cluster.run_service_command("verify").startswith("Whole:")
    results.add_sent_reports(sent_reports)
    results.acknowledged = len(sent_reports.acknowledged) - count_before
    assert sent_reports.refused == {} and sent_reports.in_doubt == set()


def _find_leader_beside_service(cluster: Cluster) -> Node:
    """Return the leader; where no service is on its host, another one is made the leader first."""
    leader = cluster.find_leader()
    if not leader.has_service:
        cluster.switch_over(leader)
        cluster.wait_for_other_leader(leader)
        cluster.wait_until_healthy()
    return cluster.find_leader()


def _assert_nothing_lost(
    cluster: Cluster, sent_reports: SentReports, results: FaultResults
) -> None:
    """See that both services know what the clients know, once, and tell the same of it."""
    answers, feeds = [], []
    for node in cluster.services:
        differences = compare_with_record(node.service_url, sent_reports)
        results.lost += len(differences.lost)
        results.doubled += len(differences.doubled)
        assert differences.lost == differences.doubled == differences.unknown == [], differences
        feeds.append(fetch_events(node.service_url))
        with Client(node.service_url) as client:
            answers.append(client.get(TOTALS_PATH).body)
    assert feeds[0] == feeds[1]
    assert [seq for seq, _, _ in feeds[0]] == list(range(1, len(feeds[0]) + 1))
    assert answers[0] == answers[1]
    (total,) = answers[0]["totals"]
    assert total["low"] == total["high"] == len(sent_reports.acknowledged)
