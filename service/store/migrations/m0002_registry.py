"""Create the versions of places, groups and reporters, with the root of all groups.

The root exists before any event, hence its ``since_seq`` is 0, which is the seq of no event.
"""

from typing import Final

from service.store.migrations.connection import MigrationConnection, execute_all

STATEMENTS: Final = (
    """
    CREATE TABLE entries (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        since_seq INTEGER NOT NULL,
        until_seq INTEGER,
        name_folded TEXT NOT NULL,
        names_folded TEXT NOT NULL,
        parent TEXT,
        body TEXT NOT NULL,
        CONSTRAINT entries_pk PRIMARY KEY (kind, id, since_seq),
        CONSTRAINT kind_is_known CHECK (kind IN ('place', 'group', 'reporter')),
        CONSTRAINT until_is_after_since CHECK (until_seq > since_seq),
        CONSTRAINT parent_is_another CHECK (parent <> id),
        CONSTRAINT reporters_are_no_tree CHECK (kind <> 'reporter' OR parent IS NULL),
        CONSTRAINT groups_are_one_tree
            CHECK (kind <> 'group' OR (parent IS NULL) = (id = 'everyone'))
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE UNIQUE INDEX entries_now ON entries (kind, id) WHERE until_seq IS NULL",
    "CREATE INDEX entries_below ON entries (kind, parent) WHERE until_seq IS NULL",
    "CREATE INDEX entries_named ON entries (kind, name_folded) WHERE until_seq IS NULL",
    """
    INSERT INTO entries (kind, id, since_seq, name_folded, names_folded, body)
    VALUES ('group', 'everyone', 0, 'everyone', 'everyone',
            '{"id":"everyone","name":"Everyone"}')
    """,
)


def upgrade(db: MigrationConnection) -> None:
    """Run the statements."""
    execute_all(db, *STATEMENTS)
