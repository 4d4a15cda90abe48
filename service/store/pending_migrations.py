"""Which migrations a database lacks, and whether this release may run them."""

from collections.abc import Collection

from service.domain.errors import StoreUnavailableError
from service.store.migrations import Step, steps_for


def find_unknown_steps(engine: str, applied: Collection[str]) -> list[str]:
    """Return the names of applied migrations that this release does not know, in order."""
    return sorted(set(applied) - {step.name for step in steps_for(engine)})


def find_pending_steps(engine: str, applied: Collection[str], has_events: bool) -> list[Step]:
    """Return the migrations that were not applied, in order.

    Raises StoreUnavailableError for a database of a later release, and for one that has a table of
    events but no record of a migration: running a step twice could destroy data.
    """
    if unknown := find_unknown_steps(engine, applied):
        raise StoreUnavailableError(
            f"The database was migrated by a later release: this one does not know {unknown[0]}."
            " Use that release, or restore a backup."
        )
    if has_events and not applied:
        raise StoreUnavailableError(
            "The database has tables but no record of its migrations: it is damaged."
            " An administrator must look at it."
        )
    return [step for step in steps_for(engine) if step.name not in applied]
