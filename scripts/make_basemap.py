"""Make service/web/charts/basemap/countries.json: the coasts and borders that maps show.

    npm pack world-atlas@2.0.2 && tar -xzf world-atlas-2.0.2.tgz
    python scripts/make_basemap.py package/countries-50m.json

Only developers run this; what it writes is kept with the code. Every line is written once, its
points as in the "encoded polyline" format: steps of a thousandth of a degree, latitude first.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "service/web/charts/basemap/countries.json"
GRAIN = 1000  # steps in a degree
TOLERANCE = 0.01  # degrees: a line may be moved so far when points are left out
SMALLEST = 0.03  # degrees: an island smaller than this is left out

Point = tuple[float, float]


def main(source: Path) -> None:
    """Read the TopoJSON file and write the outline."""
    topology = json.loads(source.read_text(encoding="utf-8"))
    uses = Counter(_arcs(topology["objects"]["countries"]["geometries"]))
    lines: dict[str, list[str]] = {"coasts": [], "borders": []}
    for number, arc in enumerate(topology["arcs"]):
        kind = "coasts" if uses[number] < 2 else "borders"
        for line in _without_edges(_points(arc, topology["transform"])):
            if _extent(line) >= SMALLEST:
                lines[kind].append(_encoded(_simplified(line)))
    TARGET.write_text(json.dumps(lines, indent=0) + "\n", encoding="utf-8")
    print(f"{TARGET.stat().st_size:,} bytes, {sum(map(len, lines.values())):,} lines")


def _arcs(geometries: Any) -> Iterator[int]:
    """Return the number of every arc, as often as a country uses it, whichever way round."""
    for each in geometries:
        nested = [each.get("arcs", [])]
        while nested:
            found = nested.pop()
            if isinstance(found, int):
                yield found if found >= 0 else ~found
            else:
                nested.extend(found)


def _points(arc: list[list[int]], transform: dict[str, list[float]]) -> list[Point]:
    (wide, tall), (west, south) = transform["scale"], transform["translate"]
    across = accumulate(step[0] for step in arc)
    up = accumulate(step[1] for step in arc)
    return [(x * wide + west, y * tall + south) for x, y in zip(across, up, strict=True)]


def _without_edges(line: list[Point]) -> Iterator[list[Point]]:
    """Return the line without what only runs along the edge of the flat map, where no coast is."""
    part = [line[0]]
    for one, other in pairwise(line):
        edge = all(abs(x) > 179.99 or y < -89.9 for x, y in (one, other))
        if edge or abs(other[0] - one[0]) > 180:
            if len(part) > 1:
                yield part
            part = []
        part.append(other)
    if len(part) > 1:
        yield part


def _extent(line: list[Point]) -> float:
    xs, ys = zip(*line, strict=True)
    return max(max(xs) - min(xs), max(ys) - min(ys))


def _simplified(line: list[Point]) -> list[Point]:
    """Leave out points that lie within the tolerance of the line without them."""
    kept = {0, len(line) - 1}
    open_parts = [(0, len(line) - 1)]
    while open_parts:
        first, last = open_parts.pop()
        far, where = max(
            ((_distance(line[i], line[first], line[last]), i) for i in range(first + 1, last)),
            default=(0.0, first),
        )
        if far > TOLERANCE:
            kept.add(where)
            open_parts += [(first, where), (where, last)]
    return [line[i] for i in sorted(kept)]


def _distance(point: Point, one: Point, other: Point) -> float:
    """Return how far the point is from the straight line between the two."""
    wide, tall = other[0] - one[0], other[1] - one[1]
    square = wide * wide + tall * tall
    along = 0.0
    if square:
        along = ((point[0] - one[0]) * wide + (point[1] - one[1]) * tall) / square
        along = min(1.0, max(0.0, along))
    across, up = point[0] - one[0] - along * wide, point[1] - one[1] - along * tall
    return float((across * across + up * up) ** 0.5)


def _encoded(line: list[Point]) -> str:
    written, before = [], (0, 0)
    for x, y in line:
        here = (round(y * GRAIN), round(x * GRAIN))
        written += [_number(here[0] - before[0]), _number(here[1] - before[1])]
        before = here
    return "".join(written)


def _number(value: int) -> str:
    """Write a number in letters: five bits each, the lowest first, the sign in the very lowest."""
    rest = ~(value << 1) if value < 0 else value << 1
    letters = []
    while rest >= 0x20:
        letters.append(chr((0x20 | (rest & 0x1F)) + 63))
        rest >>= 5
    return "".join([*letters, chr(rest + 63)])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
