"""Reports on the wire become what the domain takes, and nothing is added on the way."""

from datetime import date

import pytest
from marshmallow import ValidationError

from schemas.list_queries import ReportListParameters
from schemas.report_in import ReportIn
from service.domain.entities import EntityMention
from service.domain.periods import Period
from service.domain.submission import Submission
from tests import make


def _load(**changes: object) -> Submission:
    loaded: Submission = ReportIn().load(make.report(**changes))
    return loaded


def test_what_is_left_out_stays_out() -> None:
    sent = _load(reporter="ua-hur", places=["plekhovo"])
    assert sent.reporter == EntityMention("ua-hur")
    assert sent.places == (EntityMention("plekhovo"),)
    assert (sent.ref, sent.groups, sent.caveats, sent.stance) == (None, (), (), "asserts")


def test_an_object_keeps_what_was_given_and_no_more() -> None:
    (place,) = _load(places=[make.place(latitude=51)]).places
    assert place == EntityMention("plekhovo", {"name": "Plekhovo", "latitude": 51.0})


def test_a_figure_tells_null_from_absent_for_its_incident() -> None:
    figures = [make.figure(), make.figure(incident=None), make.figure(incident="own")]
    sent = _load(figures=figures).figures
    assert [figure.incident_given for figure in sent] == [False, True, True]


def test_null_is_absent_where_a_field_may_be_left_out() -> None:
    nothing = dict.fromkeys(["ref", "quote", "source", "relays", "supersedes", "stance", "groups"])
    assert _load(**nothing, caveats=None) == _load()


def test_an_open_beginning_is_said_with_null() -> None:
    assert _load(period={"from": None, "to": "2024-12-15"}).period == Period(
        None, date(2024, 12, 15)
    )


@pytest.mark.parametrize("value", ["2024-12-16", "2024-12-16T08:30:00Z", "2024-12-16T08:30:00.5Z"])
def test_a_publication_has_a_day_or_an_instant(value: str) -> None:
    assert _load(published_at=value).published_at == value


def test_a_query_is_whole_without_parameters() -> None:
    query, _ = ReportListParameters().load({})
    assert (query.limit, query.after, query.places) == (100, 0, None)


def test_unknown_fields_are_refused_at_every_depth() -> None:
    body = make.report(x=1, period={**make.PERIOD, "y": 1}, figures=[make.figure(z=1)])
    with pytest.raises(ValidationError) as caught:
        ReportIn().load(body)
    messages = caught.value.messages_dict
    assert set(messages) == {"x", "period", "figures"}


def test_an_unknown_field_is_refused_with_the_names_of_the_known_ones() -> None:
    with pytest.raises(ValidationError) as refused:
        _load(places=[make.place(lat=51)])
    (said,) = refused.value.messages_dict["places"][0]["lat"]
    assert said == (
        "There is no such field."
        " Known here: aliases, country, geonames_id, id, kind, latitude, longitude, name, parent,"
        " pcode, wikidata."
    )
