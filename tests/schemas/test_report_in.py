"""Reports on the wire become what the domain takes, and nothing is added on the way."""

from datetime import date

import pytest
from marshmallow import ValidationError

from schemas.list_queries import ReportListParameters
from schemas.report_in import ReportIn
from service.domain.entities import EntityMention
from service.domain.periods import Period
from service.domain.submission import Submission
from tests.support import bodies


def _load(**changes: object) -> Submission:
    loaded: Submission = ReportIn().load(bodies.make_report(**changes))
    return loaded


def test_missing_fields_are_not_filled_in() -> None:
    submission = _load(reporter="ua-hur", places=["plekhovo"])
    assert submission.reporter == EntityMention("ua-hur")
    assert submission.places == (EntityMention("plekhovo"),)
    assert (submission.ref, submission.groups, submission.caveats, submission.stance) == (
        None,
        (),
        (),
        "asserts",
    )


def test_an_object_keeps_the_given_fields_alone() -> None:
    (place,) = _load(places=[bodies.make_place(latitude=51)]).places
    assert place == EntityMention("plekhovo", {"name": "Plekhovo", "latitude": 51.0})


def test_a_null_incident_of_a_figure_is_not_a_missing_one() -> None:
    figures = [
        bodies.make_figure(),
        bodies.make_figure(incident=None),
        bodies.make_figure(incident="own"),
    ]
    submitted_figures = _load(figures=figures).figures
    assert [figure.incident_given for figure in submitted_figures] == [False, True, True]


def test_null_is_absent_where_a_field_may_be_left_out() -> None:
    nothing = dict.fromkeys(["ref", "quote", "source", "relays", "supersedes", "stance", "groups"])
    assert _load(**nothing, caveats=None) == _load()


def test_a_period_may_begin_with_null() -> None:
    assert _load(period={"from": None, "to": "2024-12-15"}).period == Period(
        None, date(2024, 12, 15)
    )


@pytest.mark.parametrize("value", ["2024-12-16", "2024-12-16T08:30:00Z", "2024-12-16T08:30:00.5Z"])
def test_published_at_is_a_day_or_a_timestamp(value: str) -> None:
    assert _load(published_at=value).published_at == value


def test_a_query_without_parameters_has_its_defaults() -> None:
    query, _ = ReportListParameters().load({})
    assert (query.limit, query.after, query.places) == (100, None, None)


def test_unknown_fields_are_refused_at_every_depth() -> None:
    body = bodies.make_report(
        x=1, period={**bodies.PERIOD, "y": 1}, figures=[bodies.make_figure(z=1)]
    )
    with pytest.raises(ValidationError) as caught:
        ReportIn().load(body)
    messages = caught.value.messages_dict
    assert set(messages) == {"x", "period", "figures"}


def test_an_unknown_field_is_refused_with_the_names_of_the_known_ones() -> None:
    with pytest.raises(ValidationError) as error_info:
        _load(places=[bodies.make_place(lat=51)])
    (message,) = error_info.value.messages_dict["places"][0]["lat"]
    assert message == (
        "There is no such field."
        " Known here: aliases, country, division, geonames_id, id, kind, latitude, longitude,"
        " name, parent, pcode, wikidata."
    )
