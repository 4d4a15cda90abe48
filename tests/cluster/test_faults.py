"""Whatever befalls the leader, nothing acknowledged is lost or doubled, and writing goes on."""

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

import pytest

from tests.cluster.posting import posting
from tests.cluster.running import URL, Cluster, Node
from tests.faults.client import Client
from tests.faults.figures import Figures
from tests.faults.posting import Sent, await_more, compared, entries
from tests.faults.size import at, progress

TOTALS: Final = "/v1/totals?outcomes=killed&by_reporter=true"
PATIENCE: Final = 90.0
"""Seconds in which writing must go on, even on a machine that does other things too."""


def _lose(cluster: Cluster, leader: Node, round: int) -> None:
    leader.host.lose()


def _cut_off(cluster: Cluster, leader: Node, round: int) -> None:
    leader.host.cut_off()


def _kill(cluster: Cluster, leader: Node, round: int) -> None:
    """Kill PostgreSQL, PostgreSQL and Patroni, or Patroni alone, without which it goes on."""
    if round % 3 != 0:
        leader.kill_postgres()
    if round % 3 != 1:
        leader.kill("patroni")


def _switch_over(cluster: Cluster, leader: Node, round: int) -> None:
    cluster.switch_over(leader)


CUT_OFF: Final = "leader cut off under load"
FAULTS: Final[dict[str, Callable[[Cluster, Node, int], None]]] = {
    "leader's host lost under load": _lose,
    CUT_OFF: _cut_off,
    "leader's processes killed under load": _kill,
    "planned switchover under load": _switch_over,
}


@pytest.fixture(scope="module")
def sent() -> Sent:
    """What the clients know of all that they sent to the cluster, whatever befell it."""
    return Sent()


@pytest.fixture(scope="module")
def key(cluster: Cluster) -> str:
    """A key that may report."""
    return cluster.command("key", "create", "--name", "test", "--scope", "report")


@pytest.mark.parametrize("done", at(list(FAULTS)[:1], list(FAULTS)))
def test_a_leader_that_goes_takes_nothing_acknowledged_with_it(
    done: str, cluster: Cluster, sent: Sent, key: str, counting: Callable[[str], Figures]
) -> None:
    chance = random.Random(done)
    figures, before = counting(done), len(sent.acknowledged)
    sent.longest_gap, sent.doubts, sent.settled = 0.0, 0, 0
    for number in range(1, at(1, 3) + 1):
        leader = _leader_beside_a_service(cluster)
        with posting(URL, key, sent), ExitStack() as beside:
            if done == CUT_OFF:
                # Clients that are cut off with it try to have it acknowledge what others lack.
                with leader.host.room.entered():
                    beside.enter_context(posting(leader.service, key, sent))
            await_more(sent, 20, PATIENCE)
            time.sleep(chance.uniform(0.0, 1.0))
            FAULTS[done](cluster, leader, number)
            cluster.await_other_leader(leader)
            await_more(sent, 20, PATIENCE)
            if done == CUT_OFF:
                with leader.host.room.entered(), Client(leader.service) as client:
                    assert client.get("/readyz").status == 503
            leader.host.heal()
            cluster.await_healthy()
            await_more(sent, 20, PATIENCE)
        progress(
            f"{done}, {number}: {leader.host.name} to {cluster.leader().host.name},"
            f" {len(sent.acknowledged)} acknowledged, {sent.doubts} in doubt,"
            f" longest gap {sent.longest_gap:.1f} s"
        )
        figures.times = number
        _check(cluster, sent, figures)
    assert cluster.command("verify").startswith("Whole:")
    figures.take(sent)
    figures.acknowledged = len(sent.acknowledged) - before
    assert sent.refused == {} and sent.in_doubt == set()


def _leader_beside_a_service(cluster: Cluster) -> Node:
    """Return the leader; where no service is on its host, another one is made the leader first."""
    leader = cluster.leader()
    if not leader.serves:
        cluster.switch_over(leader)
        cluster.await_other_leader(leader)
        cluster.await_healthy()
    return cluster.leader()


def _check(cluster: Cluster, sent: Sent, figures: Figures) -> None:
    """See that both services know what the clients know, once, and tell the same of it."""
    answers, feeds = [], []
    for node in cluster.services:
        found = compared(node.service, sent)
        figures.lost += len(found.lost)
        figures.doubled += len(found.doubled)
        assert found.lost == found.doubled == found.strange == [], found
        feeds.append(entries(node.service))
        with Client(node.service) as client:
            answers.append(client.get(TOTALS).body)
    assert feeds[0] == feeds[1]
    assert [seq for seq, _, _ in feeds[0]] == list(range(1, len(feeds[0]) + 1))
    assert answers[0] == answers[1]
    (total,) = answers[0]["totals"]
    assert total["low"] == total["high"] == len(sent.acknowledged)
