"""Migrations: numbered steps that bring a database to the present schema.

A step that was released is frozen: it is never edited, and it imports nothing of the project
outside this package, so that it does the same in every later release. Code that it needs is copied
into it.

SQLite and PostgreSQL began with different steps, which end in the same tables. Every further step
runs on both: add a module ``m0018_…`` with a function ``upgrade``, and append it to SHARED_STEPS.
Where their SQL differs, ``db.engine`` is the name of the engine.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from service.store.migrations import (
    m0001_ledger,
    m0001_tables_postgresql,
    m0002_registry,
    m0003_reports,
    m0004_keys,
    m0005_content,
    m0006_chain,
    m0007_keys,
    m0008_answers,
    m0009_redactions,
    m0010_words,
    m0011_refs,
    m0012_moved_links,
    m0013_links,
    m0014_lean_tables,
    m0015_contradictions,
    m0016_imports,
    m0017_incidents,
)
from service.store.migrations.connection import MigrationConnection


@dataclass(frozen=True, slots=True)
class Step:
    """One migration; ``name`` is what a database records of it."""

    name: str
    upgrade: Callable[[MigrationConnection], None]


SQLITE_STEPS: Final = (
    Step("0001_ledger", m0001_ledger.upgrade),
    Step("0002_registry", m0002_registry.upgrade),
    Step("0003_reports", m0003_reports.upgrade),
    Step("0004_keys", m0004_keys.upgrade),
    Step("0005_content", m0005_content.upgrade),
    Step("0006_chain", m0006_chain.upgrade),
    Step("0007_keys", m0007_keys.upgrade),
    Step("0008_answers", m0008_answers.upgrade),
    Step("0009_redactions", m0009_redactions.upgrade),
    Step("0010_words", m0010_words.upgrade),
    Step("0011_refs", m0011_refs.upgrade),
)
"""The steps of SQLite up to release 0.1.0."""

POSTGRESQL_STEPS: Final = (Step("0001_tables", m0001_tables_postgresql.upgrade),)
"""The steps of PostgreSQL up to release 0.1.0."""

SHARED_STEPS: tuple[Step, ...] = (
    Step("0012_moved_links", m0012_moved_links.upgrade),
    Step("0013_links", m0013_links.upgrade),
    Step("0014_lean_tables", m0014_lean_tables.upgrade),
    Step("0015_contradictions", m0015_contradictions.upgrade),
    Step("0016_imports", m0016_imports.upgrade),
    Step("0017_incidents", m0017_incidents.upgrade),
)
"""The steps of both engines since release 0.1.0, in order."""


def steps_for(engine: str) -> tuple[Step, ...]:
    """Return all steps of the engine ("sqlite" or "postgresql"), in order."""
    return (*{"sqlite": SQLITE_STEPS, "postgresql": POSTGRESQL_STEPS}[engine], *SHARED_STEPS)
