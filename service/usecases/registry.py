"""Places, groups and reporters: describe one, show one, list many."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service.domain.errors import NotAllowed, NotFound, invalid
from service.domain.listing import EntriesAsked
from service.domain.registry import Entry, entry, parent_of
from service.domain.vocabulary import ROOT_GROUP
from service.store import registry
from service.store.apply import record
from service.store.sqlite import Database, Store
from service.usecases.mentions import missing


def describe(
    store: Store,
    kind: str,
    id: str,
    given: Mapping[str, Any],
    *,
    may_change: bool,
    actor: str | None,
    now: datetime,
) -> tuple[Entry, bool]:
    """Return the entry, now as given, and whether it is new; fields left out are cleared; writes.

    Saying what is already recorded changes nothing and needs no right to. Raises NotAllowed where
    it would change something, and Invalid for a parent that is unknown or lies below.
    """
    what = entry(kind, id, given)

    def job(db: Database) -> tuple[Entry, bool]:
        known = registry.get(db, kind, id)
        if known == what:
            return what, False
        if known is not None and not may_change:
            raise NotAllowed(f"The {kind} {id} exists; changing it needs a key of scope admin.")
        _check_parent(db, kind, what)
        record(db, [registry.draft(kind, what, known=known is not None)], actor, now)
        return what, known is None

    return store.write(job)


def show(store: Store, kind: str, id: str) -> Entry:
    """Return the entry as it is now; raises NotFound."""
    with store.reading() as db:
        found = registry.get(db, kind, id)
    if found is None:
        raise NotFound(f"There is no such {kind}.")
    return found


def find(store: Store, kind: str, asked: EntriesAsked) -> list[Entry]:
    """Return the entries asked for, by id."""
    with store.reading() as db:
        return registry.page(db, kind, asked)


def _check_parent(db: Database, kind: str, what: Entry) -> None:
    parent = parent_of(what)
    if what.id == ROOT_GROUP and kind == "group" and parent is not None:
        raise invalid("/parent", f"{ROOT_GROUP} is the root of all groups and has no parent.")
    if parent is None:
        return
    if registry.lies_below(db, kind, parent, what.id):
        detail = f"{parent} is {what.id} or lies below it, and cannot be its parent."
        raise invalid("/parent", detail)
    if registry.get(db, kind, parent) is None:
        raise invalid("/parent", missing(db, kind, parent))
