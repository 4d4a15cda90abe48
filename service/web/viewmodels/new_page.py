"""What came in since a moment, by day and reporter, and what it did to totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from werkzeug.utils import cached_property

from service.domain.errors import invalid_field
from service.domain.timestamps import format_timestamp
from service.domain.totals_query import TotalsQuery
from service.http.consistency import get_reader
from service.http.costly_work import take_slot
from service.usecases import totals
from service.usecases.recent_changes import (
    ReportChanges,
    find_report_changes,
    flag_reports,
    split_by_day,
)
from service.usecases.state_cache import Snapshot
from service.web import day_words
from service.web.messages import plain_text
from service.web.query.csv_parameters import CSV_LINK
from service.web.query.page_query import find_root, link_to_page
from service.web.query.place_field import write_place_field
from service.web.query.reporters import ReporterChoices, list_reporters
from service.web.viewmodels.recent_changes import RECENT, group_by_reporter, write_counts
from service.web.viewmodels.report_changes import ReportChange, make_report_changes
from service.web.viewmodels.subject_changes import SubjectChange, list_subject_changes

MAX_DAYS: Final = 14
"""How many days with changes are on one page; a link leads to earlier ones."""

MAX_REPORTERS: Final = 10
"""How many reporters of a day are listed; those of all others are counted together."""

MAX_LINES: Final = 3
"""How many reports of one reporter on one day are listed."""


@dataclass(frozen=True, slots=True)
class ReporterGroup:
    """The changes of one reporter's reports on one day, with the latest few in a line each."""

    id: str
    name: str
    is_party: bool
    words: str
    lines: Sequence[ReportChange]
    omitted_count: int
    href: str


@dataclass(frozen=True, slots=True)
class DayGroup:
    """The changes of one day; ``others`` says what reporters did who are not listed."""

    day: date
    words: str
    reporters: Sequence[ReporterGroup]
    others: str


class NewPage:
    """The view model of the page about what is new."""

    def __init__(self, parameters: dict[str, Any], now: datetime) -> None:
        """Resolve the parameters; raises InvalidInputError for a moment that is still to come."""
        reader = get_reader()
        self._now = now
        self.since: int | str | None = parameters.get("since")
        self.until: int | str | None = parameters.get("until")
        self._until_seq = self._resolve("until", self.until, reader.seq)
        self.since_seq = self._resolve_since()
        self.now_state: Snapshot = reader.load_snapshot(self._until_seq)
        query = totals.resolve_merged_ids(
            self.now_state,
            TotalsQuery(
                places=parameters.get("places", ()), reporters=parameters.get("reporters", ())
            ),
        )
        self.places, self.reporters = query.places, query.reporters
        state = self.now_state.state
        is_wanted = flag_reports(state, self.places, self.reporters)
        self.changes: ReportChanges = find_report_changes(state, self.since_seq, is_wanted)
        if len(self.changes):
            take_slot()  # Before anything is sent: totals are computed while the page is.
            self._then = reader.load_snapshot(self.since_seq)
        with reader.read_transaction() as db:
            self._split = split_by_day(db, self.changes, MAX_DAYS)

    def _resolve_since(self) -> int:
        if self.since is None:
            return min(
                self._resolve("since", format_timestamp(self._now - RECENT), 0), self._until_seq
            )
        seq = self._resolve("since", self.since, 0)
        if seq > self._until_seq:
            raise invalid_field("since", plain_text("new.since_after_until"))
        return seq

    def _resolve(self, name: str, moment: int | str | None, default: int) -> int:
        """Return the event after which, or up to which, changes are shown."""
        if moment is None:
            return default
        if isinstance(moment, str) and not moment.endswith("Z"):
            moment = self._find_edge(name, moment)
            if moment is None:
                return default
        return get_reader().resolve_as_of(moment, self._now, name)

    def _find_edge(self, name: str, words: str) -> str | None:
        """Return the timestamp of the edge of a day in words; None for the end of this day."""
        try:
            day = day_words.parse_day(words, "first" if name == "since" else "last")
        except ValueError:
            raise invalid_field(name, plain_text("new.no_day")) from None
        if name == "until":
            is_present = day >= self._now.date()
            return None if is_present else f"{day.isoformat()}T23:59:59.999999Z"
        if day == date.min:
            return None
        return f"{(day - timedelta(1)).isoformat()}T23:59:59.999999Z"

    # What changed ---------------------------------------------------------------------------

    @property
    def words(self) -> str:
        """How many reports were added, replaced and withdrawn; empty if none was."""
        return write_counts(self.changes)

    @property
    def title(self) -> str:
        """What the page is about, in words."""
        title = plain_text("new.title", since=self.since_words)
        return f"{title}: {self.filter_words}" if self.filter_words else title

    @property
    def pinned_parameters(self) -> dict[str, str | None]:
        """The parameters of the address that shows the same again, whatever is recorded later."""
        return {"since": str(self.since_seq), "until": str(self._until_seq), **self._filters}

    @property
    def csv_link(self) -> str:
        """The address of these changes as CSV."""
        parameters = {**self.pinned_parameters, **CSV_LINK}
        return link_to_page("new.csv", parameters, find_root())

    @cached_property
    def days(self) -> list[DayGroup]:
        """The latest days on which anything changed, the latest first."""
        return [self._make_day(day, changes) for day, changes in self._split[0]]

    @property
    def earlier_link(self) -> str | None:
        """The address of the days before those of this page; None if there are none."""
        _, left = self._split
        if not left:
            return None
        last_left = int(self.changes.seqs[left - 1])
        return self._link(since=str(self.since_seq), until=str(last_left))

    @property
    def earlier_count(self) -> int:
        """How many changes are on earlier pages."""
        return self._split[1]

    def _make_day(self, day: date, changes: ReportChanges) -> DayGroup:
        state = self.now_state.state
        grouped = group_by_reporter(state, changes)
        shown, others = grouped[:MAX_REPORTERS], grouped[MAX_REPORTERS:]
        groups = []
        for each in shown:
            latest = each.changes.cut(max(len(each.changes) - MAX_LINES, 0), len(each.changes))
            groups.append(
                ReporterGroup(
                    each.id, each.name, each.is_party, each.words,
                    make_report_changes(state, latest), len(each.changes) - len(latest),
                    link_to_page("reporter/" + each.id, {}, find_root()),
                )
            )  # fmt: skip
        words = (
            plain_text(
                "new.others",
                reporters=plain_text("new.more_reporters", count=len(others)),
                reports=plain_text(
                    "new.change_count", count=sum(len(each.changes) for each in others)
                ),
            )
            if others
            else ""
        )
        return DayGroup(day, write_counts(changes), groups, words)

    @cached_property
    def subjects(self) -> list[SubjectChange]:
        """What happened to the totals that were touched most."""
        if not len(self.changes):
            return []
        return list_subject_changes(self.now_state, self._then, self.changes)

    # The form -------------------------------------------------------------------------------

    @cached_property
    def since_words(self) -> str:
        """From when on changes are shown, in words."""
        if self.since is None:
            return day_words.format_day((self._now - RECENT).date())
        if isinstance(self.since, int):
            return plain_text("new.event", seq=str(self.since))
        return day_words.format_day(day_words.parse_day(self.since, "first"))

    @property
    def since_field(self) -> str:
        """What the field shows: a day in words, or the number of an event."""
        return str(self.since) if isinstance(self.since, int) else self.since_words

    @property
    def until_words(self) -> str:
        """Until when changes are shown, in words; empty if that is now."""
        if self.until is None:
            return ""
        return day_words.format_moment(self.now_state.state.recorded_at)

    @property
    def place_field(self) -> str:
        """What the field of the place shows."""
        return write_place_field(self.places)

    @property
    def reporter_choices(self) -> ReporterChoices:
        """The reporters of the form."""
        return list_reporters(self.now_state.state, self.reporters)

    @property
    def filter_words(self) -> str:
        """The places and reporters to which the page is restricted, in words."""
        state = self.now_state.state
        names = [state.places[each].name for each in self.places]
        names += [state.reporters[each].name for each in self.reporters]
        return ", ".join(names)

    @property
    def last_added(self) -> str:
        """When the last event was recorded, in words."""
        return day_words.format_moment(self.now_state.state.recorded_at)

    @property
    def feed_link(self) -> str:
        """The address of the feed with the same filters."""
        return link_to_page("new.atom", self._filters, find_root())

    @property
    def _filters(self) -> dict[str, str | None]:
        return {"place": ",".join(self.places), "reporter": ",".join(self.reporters)}

    def _link(self, **parameters: str) -> str:
        return link_to_page("new", {**parameters, **self._filters}, find_root())
