"""The latest changes of reports as entries of a feed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from werkzeug.utils import cached_property

from service.domain.totals_query import TotalsQuery
from service.http.consistency import get_reader
from service.usecases import totals
from service.usecases.recent_changes import find_latest_changes, flag_reports, load_marks
from service.web.messages import plain_text
from service.web.query.addresses import make_absolute
from service.web.query.page_query import link_to_page
from service.web.viewmodels.report_changes import make_report_changes

MAX_ENTRIES: Final = 50

NO_EVENT_AT: Final = "1970-01-01T00:00:00Z"
"""When the feed of an empty record was updated."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A report that was added, replaced or withdrawn; ``id`` and ``address`` are absolute."""

    id: str
    title: str
    reporter: str
    updated: str
    address: str
    summary: str


class ChangeFeed:
    """The view model of the feed.

    An id depends on the hash of the event alone: it stays the same behind another address, and two
    records never have the same.
    """

    def __init__(self, places: Sequence[str] = (), reporters: Sequence[str] = ()) -> None:
        """Take filters; raises InvalidInputError for unknown ids."""
        reader = get_reader()
        snapshot = reader.load_snapshot(reader.seq)
        self._state = snapshot.state
        query = totals.resolve_merged_ids(
            snapshot, TotalsQuery(places=tuple(places), reporters=tuple(reporters))
        )
        self.places, self.reporters = query.places, query.reporters

    @cached_property
    def entries(self) -> Sequence[FeedEntry]:
        """The latest changes, the latest first."""
        state = self._state
        is_wanted = flag_reports(state, self.places, self.reporters)
        lines = make_report_changes(state, find_latest_changes(state, MAX_ENTRIES, is_wanted))
        with get_reader().read_transaction() as db:
            marks = load_marks(db, [each.seq for each in lines])
        return [
            FeedEntry(
                _make_id(mark.hash),
                plain_text(f"feed.{each.kind}", name=each.reporter, text=each.text),
                each.reporter,
                mark.recorded_at,
                make_absolute(link_to_page(f"report/{each.report_id}", {})),
                each.text,
            )
            for each, mark in zip(lines, marks, strict=True)
        ]

    @property
    def id(self) -> str:
        """The id of the feed: of the record by its first event, and of the filters."""
        with get_reader().read_transaction() as db:
            (first,) = load_marks(db, [1])
        return _make_id(f"{first.hash}{','.join(self.places)};{','.join(self.reporters)}")

    @property
    def title(self) -> str:
        """The title of the feed, with its filters."""
        state = self._state
        names = [state.places[each].name for each in self.places]
        names += [state.reporters[each].name for each in self.reporters]
        title = plain_text("feed.title")
        return f"{title}: {', '.join(names)}" if names else title

    @property
    def updated(self) -> str:
        """When the latest entry was recorded."""
        return self.entries[0].updated if self.entries else NO_EVENT_AT

    @property
    def address(self) -> str:
        """The absolute address of the feed."""
        return make_absolute(link_to_page("new.atom", self._filters))

    @property
    def page_address(self) -> str:
        """The absolute address of the page with the same filters."""
        return make_absolute(link_to_page("new", self._filters))

    @property
    def _filters(self) -> dict[str, str | None]:
        return {"place": ",".join(self.places), "reporter": ",".join(self.reporters)}


def _make_id(text: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'casualty-figures:{text}')}"
