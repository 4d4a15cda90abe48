"""The subjects of the index, or of one reporter, as a table with their totals."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from service.domain.periods import ALWAYS
from service.domain.totals_query import TotalsQuery
from service.domain.vocabulary import ROOT_GROUP
from service.exports.table_cells import PLACE_COLUMNS
from service.usecases.state_cache import Snapshot
from service.usecases.subjects import RecordSubject
from service.usecases.time_budget import TimeBudget
from service.web.messages import plain_text
from service.web.viewmodels.base import MAX_OUTCOME_SETS
from service.web.viewmodels.outcome_numbers import compute_spoken_totals
from service.web.viewmodels.scope_cells import (
    SCOPE_COLUMNS,
    STATED_COLUMNS,
    make_scope_cells,
    make_stated_cells,
)

COLUMNS: Final = (*SCOPE_COLUMNS, "reported_by", *STATED_COLUMNS, *PLACE_COLUMNS)


def iterate_subject_rows(
    snapshot: Snapshot,
    subjects: Sequence[RecordSubject],
    budget: TimeBudget,
    reporter: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield a row for each subject and set of outcomes, with the days that its figures cover.

    With ``reporter`` the totals are of that reporter's figures alone. A subject for which there was
    no time has one row without numbers, which says so.
    """
    for subject in subjects:
        groups = subject.groups or (ROOT_GROUP,)
        query = TotalsQuery(subject.places, groups=groups)
        if reporter is None:  # As the index: only what the subject's own figures are about.
            query = replace(query, outcomes=subject.outcome_sets[:MAX_OUTCOME_SETS])
        else:
            query = replace(query, reporters=(reporter,))
        cells = {
            **make_scope_cells(snapshot.state, subject.places, groups, ALWAYS),
            "from": subject.first_day,
            "to": subject.last_day,
            "reported_by": ",".join(subject.reporters),
        }
        totals = compute_spoken_totals(snapshot, query, budget)
        if totals is None:
            yield {**cells, "text": plain_text("index.no_time")}
        for each in totals or ():
            yield {**cells, **make_stated_cells(each)}
