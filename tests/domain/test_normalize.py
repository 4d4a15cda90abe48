"""Normalization turns a submission into a report without a look at the record."""

from datetime import date
from typing import Any

import pytest

from service.domain.entities import EntityMention
from service.domain.errors import InvalidInputError
from service.domain.normalize import find_wording_errors, normalize_submission
from service.domain.periods import Period
from service.domain.report import (
    Reclassification,
    Report,
    counted_figures,
    move_own_incident,
    without_shared_event,
)
from service.domain.submission import Submission, SubmittedFigure

DAYS = Period(date(2024, 12, 14), date(2024, 12, 15))
HERE = (EntityMention("plekhovo"),)


def _normalize(*figures: SubmittedFigure, **changes: Any) -> Report:
    fields = {"period": DAYS, "places": HERE, **changes}
    return normalize_submission(Submission(EntityMention("ua-hur"), figures, **fields), "r1")


def _figure(**changes: Any) -> SubmittedFigure:
    return SubmittedFigure(**{"outcomes": ("killed",), "wording": "at least 30", **changes})


def test_figures_are_numbered_below_their_report() -> None:
    assert [figure.id for figure in _normalize(_figure(), _figure()).figures] == ["r1-1", "r1-2"]


def test_outcomes_stand_in_the_order_of_the_vocabulary() -> None:
    (figure,) = _normalize(_figure(outcomes=("wounded", "killed"))).figures
    assert figure.outcomes == ("killed", "wounded")


def test_a_figure_without_groups_is_of_everyone() -> None:
    assert _normalize(_figure()).figures[0].groups == ("everyone",)


def test_an_own_incident_is_in_a_scheme_that_nobody_can_send() -> None:
    one, two, three = counted_figures(
        _normalize(
            _figure(incident="own", incident_given=True), _figure(), _figure(), incident="a:b"
        )
    )
    assert (one.scope.incident, two.scope.incident) == ("own/ua-hur:r1-1", "a:b")
    assert three.scope.incident == "a:b"


def test_an_own_incident_of_a_report_is_one_event() -> None:
    report = _normalize(
        _figure(), _figure(), _figure(incident=None, incident_given=True), incident="own"
    )
    assert [figure.scope.incident for figure in counted_figures(report)] == [
        "own/ua-hur:r1", "own/ua-hur:r1", None
    ]  # fmt: skip
    assert [figure.scope.incident for figure in counted_figures(without_shared_event(report))] == [
        "own/ua-hur:r1-1",
        "own/ua-hur:r1-2",
        None,
    ]


@pytest.mark.parametrize(
    ("incident", "expected"),
    [(None, None), ("ucdp:1", "ucdp:1"), ("own/old:r1-1", "own/new:r1-1")],
)
def test_an_own_incident_moves_with_its_reporter(
    incident: str | None, expected: str | None
) -> None:
    assert move_own_incident(incident, "new") == expected


def test_a_reclassifying_figure_names_the_parts_of_its_scope_that_were_not_sent() -> None:
    link = Reclassification("r0-1", "missing")
    (figure,) = _normalize(_figure(reclassifies=link), period=None, places=()).figures
    assert figure.inherited == ("places", "period", "groups", "incident")
    (figure,) = _normalize(_figure(reclassifies=link, groups=HERE), incident="own").figures
    assert (figure.inherited, figure.groups) == ((), ("plekhovo",))


def test_a_floor_may_be_of_more_outcomes_than_its_words_name() -> None:
    both = ("killed", "wounded")
    (figure,) = _normalize(_figure(wording="at least 30 killed", outcomes=both)).figures
    assert (figure.low, figure.high, figure.outcomes) == (30, None, both)
    with pytest.raises(InvalidInputError) as caught:
        _normalize(_figure(wording="30 killed", outcomes=both))
    assert [error.pointer for error in caught.value.errors] == ["/figures/0/outcomes"]


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"wording": "30 soldiers"}, ["/figures/0/groups"]),
        ({"wording": "30 soldiers", "groups": HERE}, []),
        ({"wording": "30 soldiers", "low": 3}, []),  # They are only kept.
        ({"wording": "heavy Russian losses"}, ["/figures/0/outcomes", "/figures/0/groups"]),
        ({"wording": "umpteen soldiers", "low": 3}, []),
        ({"wording": None, "low": 3}, []),
        ({"wording": "30 wounded", "low": 3}, []),
    ],
    ids=str,
)
def test_words_must_fit_their_figure(changes: dict[str, Any], pointers: list[str]) -> None:
    submission = Submission(
        EntityMention("ua-hur"), (_figure(**changes),), period=DAYS, places=HERE
    )
    report = normalize_submission(submission, "r1")
    assert [error.pointer for error in find_wording_errors(submission, report)] == pointers


def test_a_wording_without_a_number_is_not_disclosed() -> None:
    (figure,) = _normalize(_figure(wording="heavy losses", outcomes=None)).figures
    assert (figure.low, figure.high, figure.disclosed) == (1, None, False)


def test_errors_of_all_figures_are_raised_together() -> None:
    with pytest.raises(InvalidInputError) as caught:
        _normalize(_figure(wording=None), _figure(low=3, high=2), period=None)
    assert [error.pointer for error in caught.value.errors] == [
        "/figures/0", "/figures/0/period", "/figures/1/low", "/figures/1/period"
    ]  # fmt: skip
    assert caught.value.detail == "4 fields are wrong."


def test_a_best_estimate_beside_an_unreadable_wording_is_not_validated() -> None:
    with pytest.raises(InvalidInputError) as caught:
        _normalize(_figure(wording="umpteen", best=3))
    assert [error.pointer for error in caught.value.errors] == ["/figures/0/wording"]


def test_a_best_estimate_may_stand_at_either_end() -> None:
    figures = (_figure(low=3, high=5, best=3), _figure(low=3, high=5, best=5), _figure(best=30))
    assert [figure.best for figure in _normalize(*figures).figures] == [3, 5, 30]


def test_an_unreadable_wording_beside_numbers_names_no_outcomes() -> None:
    with pytest.raises(InvalidInputError) as caught:
        _normalize(_figure(outcomes=None, wording="umpteen killed", low=3))
    assert [error.pointer for error in caught.value.errors] == ["/figures/0/outcomes"]
