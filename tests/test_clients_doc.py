"""What docs/clients.md tells is there: every address, every kind of entry, every number."""

import re

from flask import Flask

from schemas.changes import LONGEST_WAIT
from service.api.batches import MAX_BATCH
from service.api.waiting import WAITING
from service.store.answers import KEPT
from service.store.apply import KINDS
from service.usecases.batches import LARGEST
from tests.serving import ROOT

TEXT = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")


def test_every_address_exists(app: Flask) -> None:
    known = {
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    named = set(re.findall(r"`((?:GET|POST|PUT) /v1/[^`?]+)", TEXT))
    assert len(named) > 10
    assert named <= known


def test_every_kind_of_entry_is_told() -> None:
    told = set(re.findall(r"`([a-z]+(?:_[a-z]+)?)`", TEXT[TEXT.index("| kind") :]))
    spelled = {kind for kind in KINDS if not kind.startswith(("group_", "reporter_"))}
    assert spelled <= told


def test_every_limit_is_the_one_that_holds() -> None:
    assert f"up to {LARGEST:,} reports and {MAX_BATCH >> 20} MiB" in TEXT
    assert f"({LONGEST_WAIT} at most)" in TEXT
    assert WAITING == 4 and "Four may" in TEXT
    assert f"For {KEPT.total_seconds() / 3600:.0f} hours" in TEXT
