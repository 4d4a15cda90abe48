"""Reports: take one in, show one, list many."""

from collections.abc import Callable
from datetime import datetime

from service.domain.completion import complete
from service.domain.errors import Conflict, Fault, Invalid, NotFound, invalid
from service.domain.listing import ReportsAsked
from service.domain.report import Recorded, Report
from service.domain.submission import Submission
from service.store import recording, registry, reports
from service.store.apply import record
from service.store.codec import content_hash
from service.store.ledger import Draft
from service.store.sqlite import Database, Store
from service.usecases.mentions import missing, resolve
from service.usecases.warnings import warnings


def submit(
    store: Store,
    sent: Submission,
    *,
    actor: str | None,
    now: datetime,
    new_id: Callable[[], str],
) -> tuple[Recorded, bool]:
    """Return the recorded report and whether it is new; writes.

    A ref that is known with the same content gives the report recorded then; what is said of its
    places, groups and reporter must be what is recorded even so. Raises Invalid or
    Conflict, and then nothing at all is recorded, no new place either.
    """
    report = complete(sent, new_id())

    def job(db: Database) -> tuple[Recorded, bool]:
        known = _known(db, report)
        named = resolve(db, sent)  # Before the known one is shown: an object in it may differ.
        if known is not None:
            return known, False
        replaced = _superseded(db, report)
        _check_links(db, report)
        body = recording.body_of(report, warnings(db, report, named))
        # All of it in one go, because what one request records is one moment.
        reported = Draft("reported", report.id, body)
        record(db, [*named.drafts(), *replaced, reported], actor, now)
        return _found(db, report.id), True

    return store.write(job)


def show(store: Store, id: str) -> Recorded:
    """Return the report in its current state; raises NotFound."""
    with store.reading() as db:
        return _found(db, id)


def find(store: Store, asked: ReportsAsked) -> list[Recorded]:
    """Return the reports asked for, oldest first.

    Raises Invalid for ids under which nothing is recorded.
    """
    with store.reading() as db:
        faults = []
        for kind, parameter, ids in (
            ("place", "place", asked.places),
            ("group", "group", asked.groups),
            ("reporter", "reporter", asked.reporters),
        ):
            for id in registry.unknown_ids(db, kind, ids or ())[:3]:
                faults.append(Fault(parameter, missing(db, kind, id)))
        if faults:
            raise Invalid(faults[0].detail, tuple(faults))
        return reports.page(db, asked)


def _found(db: Database, id: str) -> Recorded:
    found = reports.get(db, id)
    if found is None:
        raise NotFound("There is no such report.")
    return found


def _known(db: Database, report: Report) -> Recorded | None:
    """Return the report sent earlier under the same ref with the same content, if there is one.

    A ref with other content stands only on the report that supersedes its bearer.
    """
    if report.ref is None:
        return None
    bearers = reports.with_ref(db, report.reporter, report.ref)
    same = content_hash(report)
    for id, content in bearers:
        if content == same:
            return _found(db, id)
    if bearers and bearers[0][0] != report.supersedes:
        detail = (
            f"The reporter's report {bearers[0][0]} has this ref with other content;"
            f' to replace it, send "supersedes": "{bearers[0][0]}".'
        )
        raise Conflict(detail, (Fault("/ref", detail),))
    return None


def _superseded(db: Database, report: Report) -> list[Draft]:
    """Return what the ledger is to say of the report that this one replaces."""
    if report.supersedes is None:
        return []
    old = reports.get(db, report.supersedes)
    if old is None:
        raise invalid("/supersedes", "There is no such report to supersede.")
    detail = None
    if old.report.reporter != report.reporter:
        detail = f"Only {old.report.reporter} can supersede its own report {old.report.id}."
    elif old.superseded_by is not None:
        detail = f"The report is superseded already; supersede {old.superseded_by} instead."
    if detail:
        raise Conflict(detail, (Fault("/supersedes", detail),))
    return [Draft("superseded", old.report.id, {"by": report.id})]


def _check_links(db: Database, report: Report) -> None:
    faults = []
    if report.relays is not None and reports.get(db, report.relays) is None:
        faults.append(Fault("/relays", "There is no such report to relay."))
    for position, figure in enumerate(report.figures):
        link = figure.reclassifies
        if link is None:
            continue
        pointer = f"/figures/{position}/reclassifies"
        outcomes = reports.outcomes_of(db, link.figure)
        if outcomes is None:
            faults.append(Fault(f"{pointer}/figure", "There is no such figure."))
        elif link.source not in outcomes:
            detail = f"The figure {link.figure} does not speak of {link.source}."
            faults.append(Fault(f"{pointer}/from", detail))
    if faults:
        raise Invalid(faults[0].detail, tuple(faults))
