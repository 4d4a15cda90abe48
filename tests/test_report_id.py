"""Ids of reports are distinct, readable and in the order of time."""

from itertools import pairwise

import pytest

from service import report_id
from service.report_id import make_report_id


def test_ids_of_one_moment_are_distinct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_id.time, "time", lambda: 1_800_000_000.5)
    ids = [make_report_id() for _ in range(2_000)]
    assert len(set(ids)) == len(ids)
    assert {len(each) for each in ids} == {16}
    assert set("".join(ids)) == set("0123456789abcdefghjkmnpqrstvwxyz")


def test_later_ids_are_greater(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0, 1, 31, 32, 33, 1_023, 1_024, 2**31 - 1, 2**31, 2**32 - 1]
    ids = []
    for second in seconds:
        monkeypatch.setattr(report_id.time, "time", lambda now=second: now + 0.999)
        ids.append(make_report_id())
    assert all(earlier < later for earlier, later in pairwise(ids))
