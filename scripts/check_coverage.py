"""Fail where tests run too few lines or branches of a folder of service/.

Reads coverage.json, which `coverage json` writes, and the percentages in pyproject.toml.
"""

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def sum_by_folder(files: Mapping[str, Any]) -> dict[str, Counter[str]]:
    """Return the counts of lines and branches of each folder of service/, by its name."""
    counts: dict[str, Counter[str]] = {}
    for name, file in files.items():
        parts = Path(name).parts
        numbers = {key: value for key, value in file["summary"].items() if isinstance(value, int)}
        counts.setdefault(parts[parts.index("service") + 1], Counter()).update(numbers)
    return counts


def percentages_of(counts: Mapping[str, int]) -> tuple[float, float]:
    """Return the percentages of lines and of branches that were run; 100 where there are none."""
    pairs = [
        (counts["covered_lines"], counts["num_statements"]),
        (counts["covered_branches"], counts["num_branches"]),
    ]
    lines, branches = (100 * covered / whole if whole else 100.0 for covered, whole in pairs)
    return lines, branches


def main() -> int:
    """Print a line for each folder and return 1 where one is below its percentage, else 0."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    measured = json.loads((ROOT / "coverage.json").read_text(encoding="utf-8"))
    counts = sum_by_folder(measured["files"])
    has_failed = False
    for folder, required in project["tool"]["coverage_gates"].items():
        lines, branches = percentages_of(counts[folder])
        is_below = min(lines, branches) < required
        has_failed |= is_below
        print(
            f"service/{folder:9} lines {lines:6.2f} %  branches {branches:6.2f} %"
            f"  required {required} %{'  BELOW' if is_below else ''}"
        )
    return int(has_failed)


if __name__ == "__main__":
    sys.exit(main())
