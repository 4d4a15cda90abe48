"""A preview tells what sending would do, and does none of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from schemas.report_in import ReportIn
from service.domain.access import Principal
from service.domain.errors import ConflictError, ForbiddenError, InvalidInputError
from service.domain.record_state import RecordState
from service.domain.submission import Submission
from service.store import event_log
from service.store.interface import Store
from service.store.state_loader import load_state
from service.usecases import entities, lifecycle, preview, reports
from service.usecases.preview import (
    PLACEHOLDER_ID,
    Preview,
    make_query_for,
    try_report,
    with_previewed_report,
)
from service.usecases.state_cache import StateCache
from service.usecases.time_budget import TimeBudget
from service.usecases.totals import compute_totals
from tests import engines, make
from tests.conftest import START_TIME

OTHER = {"id": "us-dod", "name": "Department of Defense"}


def _sent(**changes: Any) -> Submission:
    loaded: Submission = ReportIn().load(make.report(**changes))
    return loaded


def _post(store: Store, id: str, sent: Submission) -> Any:
    return reports.submit_report(store, sent, actor="k", now=START_TIME, new_id=lambda: id).recorded


def _preview(store: Store, sent: Submission) -> Preview:
    return preview.preview_report(
        store, StateCache(), sent, now=START_TIME, time_budget=TimeBudget(5, 5), principal=None
    )


def _claims(store: Store) -> RecordState:
    with store.read_transaction() as db:
        return load_state(db, event_log.last_seq(db))


def _renamed(claims: RecordState, id: str) -> RecordState:
    """Return the claims with the report of that id under the placeholder's, and without moments."""

    def of(text: str | None) -> str | None:
        if text is None:
            return None
        head, dash, number = text.partition("-")
        return f"{PLACEHOLDER_ID}{dash}{number}" if head == id else text

    statements = {
        of(each.id): replace(each, id=of(each.id) or "", seq=0) for each in claims.reports.values()
    }
    figures = tuple(
        replace(
            each,
            id=of(each.id) or "",
            report=of(each.report) or "",
            scope=replace(
                each.scope,
                incident=each.scope.incident
                and each.scope.incident.replace(f":{id}-", ":preview-"),
            ),
        )
        for each in claims.figures
    )
    return replace(claims, seq=0, recorded_at=None, reports=statements, figures=figures)  # type: ignore[arg-type]


def _nothing(store: Store) -> None:
    """Prepare nothing."""


def _one(store: Store) -> None:
    _post(store, "r1", _sent(ref="a"))


def _relayed(store: Store) -> None:
    _one(store)
    _post(store, "r2", _sent(reporter=OTHER, relays="r1"))


def _replaced(store: Store) -> None:
    _one(store)
    _post(store, "r2", _sent(ref="a", note="n", supersedes="r1"))


def _retracted(store: Store) -> None:
    _one(store)
    lifecycle.retract_report(store, "r1", "wrong", actor="k", now=START_TIME)


def _merged(store: Store) -> None:
    _post(
        store,
        "r1",
        _sent(
            places=[make.place(), make.place("plyokhovo"), make.place("a-village")],
            groups=[{"id": "dprk", "name": "DPRK"}, {"id": "kpa", "name": "KPA"}],
        ),
    )
    _post(store, "r2", _sent(reporter=OTHER))
    _post(store, "r3", _sent(reporter={"id": "pentagon", "name": "Pentagon"}))
    for kind, id, into in (
        ("place", "plyokhovo", "a-village"),
        ("group", "kpa", "dprk"),
        ("reporter", "pentagon", "us-dod"),
    ):
        entities.merge_entities(store, kind, id, into, actor="k", now=START_TIME)


CASES: dict[str, tuple[Callable[[Store], None], dict[str, Any]]] = {
    "plain": (_nothing, {}),
    "beside another": (_one, {"figures": [make.figure(), make.figure(wording="about 30")]}),
    "relay": (_one, {"reporter": OTHER, "relays": "r1"}),
    "relay of a relay": (_relayed, {"reporter": {"id": "x", "name": "X"}, "relays": "r2"}),
    "superseding": (_one, {"ref": "a", "note": "n", "supersedes": "r1"}),
    "superseding a relay": (_relayed, {"reporter": OTHER, "supersedes": "r2", "relays": "r1"}),
    "superseding what was retracted": (_retracted, {"note": "n", "supersedes": "r1"}),
    "superseding what superseded": (_replaced, {"ref": "a", "note": "m", "supersedes": "r2"}),
    "reclassifying": (
        _one,
        {
            "figures": [
                make.figure(
                    outcomes=["missing"],
                    wording="two",
                    reclassifies={"figure": "r1-1", "from": "wounded"},
                )
            ]
        },
    ),
    "new places": (
        _one,
        {
            "places": [make.place("new"), make.place("below-new", parent="new"), "plekhovo"],
            "groups": [{"id": "g", "name": "G"}],
            "reporter": {"id": "zzz", "name": "Z", "kind": "news"},
        },
    ),
    "places of a figure's own": (
        _one,
        {
            "figures": [
                make.figure(places=["plekhovo", make.place("b"), make.place("a")]),
                make.figure(
                    outcomes=["missing"],
                    wording="three",
                    period={"from": None, "to": "2024-12-20"},
                ),
            ]
        },
    ),
    "merged ids": (
        _merged,
        {
            "reporter": "pentagon",
            "places": ["plyokhovo", "plekhovo", "a-village", make.place("new", parent="plyokhovo")],
            "groups": ["kpa", {"id": "kpa-1", "name": "First", "parent": "kpa"}],
        },
    ),
    "a stance of merged ids": (
        _merged,
        {"stance": "declines_to_say", "figures": ..., "places": ["plyokhovo"], "groups": ["kpa"]},
    ),
    "a stance": (_one, {"stance": "does_not_acknowledge", "figures": ..., "reporter": OTHER}),
    "an incident of its own": (_one, {"incident": "own", "caveats": ["not_verified"]}),
    "without a number": (
        _one,
        {"figures": [make.figure(wording="heavy losses", outcomes=["killed"])]},
    ),
    "numbers": (_one, {"figures": [make.figure(wording=..., low=3, high=9, best=4)]}),
    "known": (_one, {"ref": "a"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_claims_are_those_that_sending_would_make(store: Store, name: str) -> None:
    prepare, changes = CASES[name]
    prepare(store)
    sent = _sent(**changes)
    imagined = try_report(store, sent, START_TIME, None)
    previewed = with_previewed_report(_claims(store), imagined)
    _post(store, "sent", sent)
    assert _renamed(previewed, PLACEHOLDER_ID) == _renamed(_claims(store), "sent")
    assert list(previewed.places) == list(_claims(store).places)


@pytest.mark.parametrize("name", CASES)
def test_the_totals_are_those_that_sending_would_make(store: Store, name: str) -> None:
    prepare, changes = CASES[name]
    prepare(store)
    sent = _sent(**changes)
    found = _preview(store, sent)
    question = found.after.query
    assert found.before.query == question
    _post(store, "sent", sent)
    with store.read_transaction() as db:
        seq = event_log.last_seq(db)
    after = compute_totals(store, StateCache(), question, seq, TimeBudget(5, 5))
    told = [(each.outcomes, each.text, each.best) for each in found.after.totals]
    assert told == [(each.outcomes, each.text, each.best) for each in after.totals]
    assert [each.outcomes for each in found.before.totals] == [each[0] for each in told]
    assert [each.code for each in found.after.caveats] == [each.code for each in after.caveats]


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_recorded(store: Store, name: str) -> None:
    prepare, changes = CASES[name]
    prepare(store)
    before = _claims(store)
    _preview(store, _sent(**changes))
    assert _claims(store) == before
    with store.read_transaction() as db:
        assert event_log.last_seq(db) == before.seq


def test_not_even_the_text_is_left_in_a_file(store: Store) -> None:
    _one(store)
    _preview(store, _sent(quote="a name that nobody may keep"))
    assert b"a name that nobody may keep" not in engines.read_everything_stored(store)


def test_what_is_known_changes_nothing(store: Store) -> None:
    _one(store)
    found = _preview(store, _sent(ref="a"))
    assert found.outcome.is_known
    assert found.outcome.recorded.report.id == "r1"
    assert found.before.totals == found.after.totals


def test_what_is_new_is_told(store: Store) -> None:
    _one(store)
    found = _preview(
        store, _sent(places=[make.place("new"), make.place("in-new", parent="new"), "plekhovo"])
    )
    imagined = found.outcome
    assert [place.id for place in imagined.places] == ["new", "in-new"]
    assert [place.parent for place in imagined.places] == [None, "new"]
    assert (imagined.groups, imagined.reporters) == ((), ())
    assert found.before.name == "New, In-New, Plekhovo"


def test_before_and_after_differ_by_the_report(store: Store) -> None:
    _one(store)
    found = _preview(store, _sent(reporter=OTHER, figures=[make.figure(wording="at least 40")]))
    texts = {
        each.outcomes: (each.text, then.text)
        for each, then in zip(found.after.totals, found.before.totals, strict=True)
    }
    assert texts[frozenset({"killed", "wounded"})] == (
        "at least 40 killed or wounded",
        "at least 30 killed or wounded",
    )


def test_a_joint_set_stands_in_both_answers_though_one_of_them_does_not_use_it(
    store: Store,
) -> None:
    found = _preview(store, _sent())
    assert frozenset({"killed", "wounded"}) in [each.outcomes for each in found.before.totals]
    assert not any(each.total.is_reported for each in found.before.totals)


@pytest.mark.parametrize(
    ("figures", "first", "last"),
    [
        ([{}], "2024-12-14", "2024-12-15"),
        ([{"period": {"from": None, "to": "2024-12-01"}}, {}], None, "2024-12-15"),
        ([{"period": {"from": "2024-12-20", "to": "2024-12-31"}}, {}], "2024-12-14", "2024-12-31"),
    ],
)
def test_the_question_holds_all_days_of_the_report(
    store: Store, figures: list[dict[str, Any]], first: str | None, last: str
) -> None:
    sent = _sent(figures=[make.figure(**each) for each in figures])
    period = make_query_for(try_report(store, sent, START_TIME, None).recorded).period
    assert (period.first and period.first.isoformat()) == first
    assert period.last is not None and period.last.isoformat() == last


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"places": ["nowhere"]}, InvalidInputError),
        ({"relays": PLACEHOLDER_ID}, InvalidInputError),
        ({"supersedes": PLACEHOLDER_ID}, InvalidInputError),
        (
            {"figures": [make.figure(reclassifies={"figure": "preview-1", "from": "killed"})]},
            InvalidInputError,
        ),
        ({"ref": "a", "note": "other"}, ConflictError),
        ({"places": [make.place(name="Other")]}, ConflictError),
        ({"figures": [make.figure(wording="umpteen")]}, InvalidInputError),
    ],
)
def test_what_would_be_refused_is_refused(
    store: Store, changes: dict[str, Any], error: type[Exception]
) -> None:
    _one(store)
    before = _claims(store)
    with pytest.raises(error) as told:
        _preview(store, _sent(**changes))
    with pytest.raises(error) as really:
        _post(store, "r2", _sent(**changes))
    assert told.value.errors == really.value.errors  # type: ignore[attr-defined]
    assert _claims(store) == before


def test_a_key_that_may_not_report_for_the_reporter_may_not_try_to(store: Store) -> None:
    bound = Principal("k", "report", ("us-dod",))
    with pytest.raises(ForbiddenError):
        preview.preview_report(
            store,
            StateCache(),
            _sent(),
            now=START_TIME,
            time_budget=TimeBudget(5, 5),
            principal=bound,
        )
