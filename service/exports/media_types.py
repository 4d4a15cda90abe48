"""The media types of exported files."""

from typing import Final

MEDIA_TYPES: Final = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "geojson": "application/geo+json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "db": "application/vnd.sqlite3",
    "zip": "application/zip",
}
"""The media types by the extension of the file."""
