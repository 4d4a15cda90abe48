"""Keep the incidents of reports and the codes of places in tables, and find reports by their ref.

A code is a text that two ids of one place may share, such as "geonames:12345".
"""

import json
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from service.store.migrations.connection import MigrationConnection, execute_all

SQLITE_STATEMENTS: Final = (
    """
    CREATE TABLE report_incidents (
        incident TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES reports (seq),
        CONSTRAINT report_incidents_pk PRIMARY KEY (incident, seq)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE place_codes (
        code TEXT NOT NULL,
        place TEXT NOT NULL,
        since_seq INTEGER NOT NULL REFERENCES events (seq),
        CONSTRAINT place_codes_pk PRIMARY KEY (code, place, since_seq)
    ) STRICT, WITHOUT ROWID
    """,
)

POSTGRESQL_STATEMENTS: Final = (
    """
    CREATE TABLE report_incidents (
        incident TEXT COLLATE "C" NOT NULL,
        seq BIGINT NOT NULL REFERENCES reports (seq),
        CONSTRAINT report_incidents_pk PRIMARY KEY (incident, seq)
    )
    """,
    """
    CREATE TABLE place_codes (
        code TEXT COLLATE "C" NOT NULL,
        place TEXT COLLATE "C" NOT NULL,
        since_seq BIGINT NOT NULL REFERENCES events (seq),
        CONSTRAINT place_codes_pk PRIMARY KEY (code, place, since_seq)
    )
    """,
)

SHARED_STATEMENTS: Final = (
    "CREATE INDEX reports_with_ref ON reports (ref, seq) WHERE ref IS NOT NULL",
)

_MAX_NAME_LENGTH: Final = 200


def upgrade(db: MigrationConnection) -> None:
    """Run the statements, and fill both tables from the bodies of reports and places."""
    tables = SQLITE_STATEMENTS if db.engine == "sqlite" else POSTGRESQL_STATEMENTS
    execute_all(db, *tables, *SHARED_STATEMENTS)
    for seq, body in db.fetch_all("SELECT seq, body FROM reports ORDER BY seq"):
        db.execute_many(
            "INSERT INTO report_incidents (incident, seq) VALUES (:incident, :seq)",
            [
                {"incident": incident, "seq": seq}
                for incident in _list_incidents(json.loads(body)["report"])
            ],
        )
    versions = db.fetch_all(
        "SELECT id, since_seq, name_folded, parent, body FROM entries WHERE kind = 'place'"
        " ORDER BY id, since_seq"
    )
    for place, since_seq, name, parent, body in versions:
        db.execute_many(
            "INSERT INTO place_codes (code, place, since_seq) VALUES (:code, :place, :since_seq)",
            [
                {"code": code, "place": place, "since_seq": since_seq}
                for code in _iterate_codes(name, parent, json.loads(body))
            ],
        )


def _list_incidents(report: dict[str, Any]) -> list[str]:
    """Return the ids of registered incidents of the figures, or of the report if it has none."""
    scopes = report.get("figures") or [report]
    incidents = {scope.get("incident") for scope in scopes}
    return sorted(incident for incident in incidents if incident not in (None, "own"))


def _iterate_codes(name: str, parent: str | None, place: dict[str, Any]) -> Iterator[str]:
    yield f"name:{parent or ''}:{name[:_MAX_NAME_LENGTH]}"
    if place.get("geonames_id") is not None:
        yield f"geonames_id:{place['geonames_id']}"
    if place.get("pcode") is not None:
        yield f"pcode:{unicodedata.normalize('NFKC', place['pcode']).casefold()}"
    if place.get("wikidata") is not None:
        yield f"wikidata:{place['wikidata']}"
    latitude, longitude = place.get("latitude"), place.get("longitude")
    if latitude is not None and longitude is not None:
        yield f"point:{round(latitude, 5) + 0.0:.5f},{round(longitude, 5) + 0.0:.5f}"
