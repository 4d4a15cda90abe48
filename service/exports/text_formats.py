"""Text files of tables, a piece at a time: CSV, lines of JSON, and GeoJSON."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

_CHUNK_CHARACTERS: Final = 1 << 16

_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode


def iterate_ndjson(items: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a line of JSON for each item; days are ISO dates."""
    for item in items:
        yield f"{_encode(item)}\n"


def iterate_geojson(features: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a feature collection (RFC 7946), with each feature on a line of its own."""
    yield '{"type":"FeatureCollection","features":['
    separator = "\n"
    for feature in features:
        yield f"{separator}{_encode(feature)}"
        separator = ",\n"
    yield "\n]}\n"


def join_texts(texts: Iterable[str]) -> Iterator[str]:
    """Yield the texts joined to pieces: a call for each line would take most of the time."""
    joined: list[str] = []
    length = 0
    for text in texts:
        joined.append(text)
        length += len(text)
        if length >= _CHUNK_CHARACTERS:
            yield "".join(joined)
            joined, length = [], 0
    yield "".join(joined)
