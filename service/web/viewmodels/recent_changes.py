"""What came in lately, in a few lines: how many reports of whom were added, replaced, withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from werkzeug.utils import cached_property

from service.columns.record_state import RecordState
from service.domain.timestamps import format_timestamp
from service.domain.vocabulary import ROOT_GROUP
from service.domain.wording.bidi import isolate_bidi
from service.domain.wording.range_text import join_words
from service.http.consistency import get_reader
from service.usecases.recent_changes import (
    ADDED,
    REPLACED,
    WITHDRAWN,
    ReportChanges,
    count_changed_figures,
    find_report_changes,
    make_subject_key,
)
from service.usecases.subjects import RecordSubject
from service.web import labels
from service.web.messages import plain_text
from service.web.query.page_query import find_root, link_to_page
from service.web.viewmodels.subject_changes import (
    AT_ONCE_SECONDS,
    find_newly_disputed,
    start_budget,
)

RECENT: Final = timedelta(days=7)
"""How far back "recently" is."""

MAX_NAMED_REPORTERS: Final = 2
"""How many reporters the lines name; those of all others are counted together."""

MAX_DISPUTED: Final = 5
"""Of how many disputed subjects it is looked up whether they were disputed before."""


@dataclass(frozen=True, slots=True)
class ReporterChanges:
    """The changes of one reporter's reports."""

    id: str
    name: str
    is_party: bool
    changes: ReportChanges

    @property
    def words(self) -> str:
        """How many were added, replaced and withdrawn: "12 reports added and 1 withdrawn"."""
        return write_counts(self.changes)


def group_by_reporter(state: RecordState, changes: ReportChanges) -> list[ReporterChanges]:
    """Return the changes of each reporter, the one with most changes first."""
    numbers = state.reporter_numbers[changes.rows]
    by_reporter = np.argsort(numbers, kind="stable")
    distinct, firsts, counts = np.unique(
        numbers[by_reporter], return_index=True, return_counts=True
    )
    grouped = []
    for each in np.lexsort((distinct, -counts)).tolist():
        reporter = state.reporters[state.reporter_ids[int(distinct[each])]]
        own = changes.select(by_reporter[firsts[each] : firsts[each] + counts[each]])
        grouped.append(ReporterChanges(reporter.id, reporter.name, reporter.party, own))
    return grouped


def write_counts(changes: ReportChanges) -> str:
    """Return how many reports were added, replaced and withdrawn, in words."""
    words: list[str] = []
    for kind, name in ((ADDED, "added"), (REPLACED, "replaced"), (WITHDRAWN, "withdrawn")):
        if count := changes.count(kind):
            key = f"new.{name}" if not words else f"new.{name}.more"
            words.append(plain_text(key, count=count))
    return join_words(words)


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One line about what changed, with the address of more about it."""

    text: str
    href: str


class RecentChanges:
    """What came in within the 7 days before a request and what it disputed, in a few lines."""

    def __init__(self, now: datetime, disputed_subjects: Sequence[RecordSubject] = ()) -> None:
        """Read the present record; ``now`` is the time of the request.

        ``disputed_subjects`` are those whose totals are disputed now: whether they were before is
        said of these alone.
        """
        reader = get_reader()
        self._snapshot = reader.load_snapshot(reader.seq)
        self._state = self._snapshot.state
        self._since = reader.resolve_as_of(format_timestamp(now - RECENT), now)
        self._disputed_subjects = disputed_subjects

    @cached_property
    def lines(self) -> Sequence[ChangeLine]:
        """What was added by whom, and what was replaced and withdrawn; empty if nothing was."""
        changes = find_report_changes(self._state, self._since)
        if not len(changes):
            return []
        added = changes.select(changes.kinds == ADDED)
        grouped = group_by_reporter(self._state, added)
        named = grouped[:MAX_NAMED_REPORTERS]
        lines = [self._make_reporter_line(each) for each in named]
        others = grouped[MAX_NAMED_REPORTERS:]
        if others:
            words = plain_text(
                "new.others",
                reporters=plain_text("new.more_reporters", count=len(others)),
                reports=plain_text("new.added", count=sum(len(each.changes) for each in others)),
            )
            lines.append(ChangeLine(words, self.link))
        for kind in (REPLACED, WITHDRAWN):
            ended = changes.select(changes.kinds == kind)
            if len(ended):
                names = [each.name for each in group_by_reporter(self._state, ended)]
                lines.append(ChangeLine(_write_ended(ended, names), self.link))
        return [*lines, *self._list_disputes(changes)]

    def _list_disputes(self, changes: ReportChanges) -> list[ChangeLine]:
        """Return a line for each total that is newly disputed, and one for those not yet known."""
        if not self._disputed_subjects:
            return []
        tree, changed = self._snapshot.places, count_changed_figures(self._snapshot, changes)
        touched = [
            each
            for each in self._disputed_subjects
            if make_subject_key(tree, each.places, each.groups) in changed
        ]
        lines, unknown, budget = [], [], start_budget(AT_ONCE_SECONDS)
        then = get_reader().load_snapshot(self._since) if touched else self._snapshot
        for subject in touched[:MAX_DISPUTED]:
            outcomes = find_newly_disputed(self._snapshot, then, subject, budget)
            name = self._name_subject(subject)
            if outcomes is None:
                unknown.append(name)
            elif outcomes:
                words = plain_text("new.disputed", where=name, outcomes=join_words([*outcomes]))
                lines.append(ChangeLine(words, self._link_to_comparison(subject)))
        if unknown:
            words = plain_text("new.disputed.unknown", where="; ".join(unknown))
            lines.append(ChangeLine(words, self.link))
        return lines

    def _name_subject(self, subject: RecordSubject) -> str:
        names = (
            labels.join_place_names(self._state, subject.places),
            labels.join_group_names(self._state, subject.groups),
        )
        return ", ".join(each for each in names if each)

    def _link_to_comparison(self, subject: RecordSubject) -> str:
        groups = [each for each in subject.groups if each != ROOT_GROUP]
        parameters = {"place": ",".join(subject.places), "group": ",".join(groups)}
        compare = {"compare": str(self._since)}
        return link_to_page("compare", {**parameters, **compare}, find_root())

    @property
    def link(self) -> str:
        """The address of the page about all of it."""
        return link_to_page("new", {}, find_root())

    def _make_reporter_line(self, reporter: ReporterChanges) -> ChangeLine:
        words = plain_text("new.by", name=reporter.name, counts=reporter.words)
        return ChangeLine(words, link_to_page("new", {"reporter": reporter.id}, find_root()))


def _write_ended(changes: ReportChanges, names: Sequence[str]) -> str:
    counts = write_counts(changes)
    shown = [isolate_bidi(each) for each in names[:MAX_NAMED_REPORTERS]]
    others = len(names) - len(shown)
    if others:
        shown.append(plain_text("new.more_reporters", count=others))
    return plain_text("new.ended", counts=counts, names=join_words(shown))
