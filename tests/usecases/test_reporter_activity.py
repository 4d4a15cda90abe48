"""What reporters have reported agrees with a count of reports and figures one by one."""

from datetime import date

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.columns.record_state import RecordState
from service.http.consistency import get_reader
from service.usecases.reporter_activity import (
    ReporterActivity,
    list_activities,
    list_latest_reports,
)
from service.usecases.subjects import list_subjects
from tests.conftest import SendRequest
from tests.support import bodies
from tests.support.assertions import assert_recorded

REPORTERS = ("a", "b", "c")


def count_one_by_one(state: RecordState, reporter: str) -> ReporterActivity:
    reports = [each for each in state.reports.values() if each.reporter == reporter]
    live = {each.id for each in reports if each.state == "live"}
    periods = [each.scope.period for each in state.figures if each.report in live]
    lasts = [each.last for each in periods if each.last is not None]
    firsts = [each.first for each in periods if each.first is not None]
    return ReporterActivity(
        reporter,
        len(reports),
        len(periods),
        min(firsts, default=None),
        max(lasts, default=None),
        max(reports, key=lambda each: each.seq).id if reports else None,
    )


REPORTS = st.lists(
    st.tuples(
        st.sampled_from(REPORTERS),
        st.none() | st.integers(1, 28),
        st.booleans(),
        st.sampled_from(("north", "south")),
    ),
    max_size=8,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(REPORTS)
def test_activities_agree_with_a_count_one_by_one(
    app: Flask, send: SendRequest, drawn: list[tuple[str, int | None, bool, str]]
) -> None:
    previous: str | None = None
    for reporter, first_day, is_relay, place in drawn:
        period = {"from": first_day and f"2024-12-{first_day:02}", "to": "2024-12-29"}
        changes = {"relays": previous} if is_relay and previous else {}
        body = bodies.make_report(
            reporter={"id": reporter, "name": reporter.upper()}, period=period,
            places=[bodies.make_place(place)], **changes,
        )  # fmt: skip
        previous = assert_recorded(send(body))["id"]
    with app.test_request_context("/"):
        reader = get_reader()
        snapshot = reader.load_snapshot(reader.seq)
        state = snapshot.state
        activities = {each.id: each for each in list_activities(state)}
        assert activities == {each: count_one_by_one(state, each) for each in state.reporters}
        for reporter in state.reporters:
            own = [each.id for each in state.reports.values() if each.reporter == reporter]
            assert list_latest_reports(state, reporter, 3) == own[::-1][:3]
            figure_count = activities[reporter].figure_count
            subjects = list_subjects(state, snapshot.places, reporter)
            assert sum(each.figure_count for each in subjects) == figure_count
            assert all(each.reporters == (reporter,) for each in subjects)


def test_those_with_most_reports_come_first(app: Flask, send: SendRequest) -> None:
    for reporter in ("b", "c", "c", "a"):
        assert_recorded(send(bodies.make_report(reporter={"id": reporter, "name": reporter})))
    with app.test_request_context("/"):
        reader = get_reader()
        activities = list_activities(reader.load_snapshot(reader.seq).state)
    assert [each.id for each in activities] == ["c", "a", "b"]
    assert activities[0].last_day == date(2024, 12, 15)
