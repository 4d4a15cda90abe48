"""Make service/web/charts/basemap/countries.json: the coasts and borders that maps show.

    npm pack world-atlas@2.0.2 && tar -xzf world-atlas-2.0.2.tgz
    PYTHONPATH=. .venv/bin/python scripts/make_basemap.py package/countries-50m.json

Only developers run this; its output is in the repository. Every line is written once, in the
"encoded polyline" format: steps of a thousandth of a degree, latitude first.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from service.web.charts.basemap.simplify import Point, simplify_line

TARGET = Path(__file__).parent.parent / "service/web/charts/basemap/countries.json"
STEPS_PER_DEGREE = 1000
TOLERANCE = 0.01  # degrees; the greatest error of a simplified line
MIN_EXTENT = 0.03  # degrees; smaller islands are left out


def main(source: Path) -> None:
    """Read the TopoJSON file and write the coasts and borders."""
    topology = json.loads(source.read_text(encoding="utf-8"))
    uses = Counter(_iterate_arcs(topology["objects"]["countries"]["geometries"]))
    lines: dict[str, list[str]] = {"coasts": [], "borders": []}
    for number, arc in enumerate(topology["arcs"]):
        kind = "coasts" if uses[number] < 2 else "borders"
        for line in _split_at_edges(_decode_arc(arc, topology["transform"])):
            if _measure_extent(line) >= MIN_EXTENT:
                lines[kind].append(_encode_line(simplify_line(line, TOLERANCE)))
    TARGET.write_text(json.dumps(lines, indent=0) + "\n", encoding="utf-8")
    print(f"{TARGET.stat().st_size:,} bytes, {sum(map(len, lines.values())):,} lines")


def _iterate_arcs(geometries: Any) -> Iterator[int]:
    """Yield the number of every arc once for each use by a country, in either direction."""
    for each in geometries:
        nested = [each.get("arcs", [])]
        while nested:
            arcs = nested.pop()
            if isinstance(arcs, int):
                yield arcs if arcs >= 0 else ~arcs
            else:
                nested.extend(arcs)


def _decode_arc(arc: list[list[int]], transform: dict[str, list[float]]) -> list[Point]:
    (x_scale, y_scale), (west, south) = transform["scale"], transform["translate"]
    xs = accumulate(step[0] for step in arc)
    ys = accumulate(step[1] for step in arc)
    return [(x * x_scale + west, y * y_scale + south) for x, y in zip(xs, ys, strict=True)]


def _split_at_edges(line: list[Point]) -> Iterator[list[Point]]:
    """Yield the parts of the line that do not follow the edge of the flat map."""
    part = [line[0]]
    for start, end in pairwise(line):
        is_edge = all(abs(x) > 179.99 or y < -89.9 for x, y in (start, end))
        if is_edge or abs(end[0] - start[0]) > 180:
            if len(part) > 1:
                yield part
            part = []
        part.append(end)
    if len(part) > 1:
        yield part


def _measure_extent(line: list[Point]) -> float:
    xs, ys = zip(*line, strict=True)
    return max(max(xs) - min(xs), max(ys) - min(ys))


def _encode_line(line: list[Point]) -> str:
    numbers, previous = [], (0, 0)
    for longitude, latitude in line:
        position = (round(latitude * STEPS_PER_DEGREE), round(longitude * STEPS_PER_DEGREE))
        numbers += [position[0] - previous[0], position[1] - previous[1]]
        previous = position
    return "".join(map(_encode_number, numbers))


def _encode_number(value: int) -> str:
    """Return the number in letters of five bits, the lowest first; the lowest bit is the sign."""
    rest = ~(value << 1) if value < 0 else value << 1
    letters = []
    while rest >= 0x20:
        letters.append(chr((0x20 | (rest & 0x1F)) + 63))
        rest >>= 5
    return "".join([*letters, chr(rest + 63)])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
