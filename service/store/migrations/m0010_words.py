"""Keep the words of reports in a plain table, and let each index hold the order of events.

The tables are then the same on every engine, and a search finds the same reports.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from service.store.migrations.connection import MigrationConnection, execute_all

STATEMENTS: Final = (
    "DROP TABLE report_texts",
    """
    CREATE TABLE report_words (
        word TEXT NOT NULL,
        seq INTEGER NOT NULL REFERENCES reports (seq),
        CONSTRAINT report_words_pk PRIMARY KEY (word, seq)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX report_words_of ON report_words (seq)",
    "DROP INDEX reports_by_quote",
    "DROP INDEX figures_by_scope",
    "CREATE INDEX figures_by_scope ON figures (last_day, substr(place_ids, 1, 200), seq)",
    "DROP INDEX figures_by_reporter",
    "CREATE INDEX figures_by_reporter ON figures (reporter, last_day, seq)",
)

_MAX_WORD_LENGTH: Final = 100
_WORD: Final = re.compile(r"[^\W_]+")


def upgrade(db: MigrationConnection) -> None:
    """Run the statements, and fill the table of words from each report's body."""
    execute_all(db, *STATEMENTS)
    for seq, body in db.fetch_all("SELECT seq, body FROM reports ORDER BY seq"):
        text = "\n".join(_list_texts(json.loads(body)["report"]))
        db.execute_many(
            "INSERT INTO report_words (word, seq) VALUES (:word, :seq)",
            [{"word": word, "seq": seq} for word in _extract_words(text)],
        )


def _list_texts(report: dict[str, Any]) -> Iterator[str]:
    """Yield every text of the report that a search covers."""
    source = report.get("source") or {}
    fields = [(report, name) for name in ("quote", "note", "ref")]
    fields += [(source, name) for name in ("title", "publisher")]
    for figure in report.get("figures") or ():
        fields += [(figure, name) for name in ("wording", "note")]
    yield from (fields_of[name] for fields_of, name in fields if fields_of.get(name))
    yield from (caveat for caveat in report.get("caveats") or () if caveat)


def _extract_words(text: str) -> list[str]:
    """Return the words without case and accents, each once, in alphabetical order."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    without_accents = "".join(each for each in decomposed if not unicodedata.combining(each))
    return sorted({word[:_MAX_WORD_LENGTH] for word in _WORD.findall(without_accents.casefold())})
