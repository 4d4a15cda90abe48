"""Print what was reported about the Kursk villages as a table, with the caveats in plain sentences.

Every figure is asked of a running service; nothing is computed here. At 80 columns nothing wraps
but the caveats.
"""

import argparse
import os
import sys
from dataclasses import dataclass, field
from textwrap import fill, wrap

from client import JSON, Client, Refused, Unreachable

WIDTH = 80
FROM, TO, GROUP = "2024-12-14", "2024-12-15", "dprk-forces"
REGION = "ru-kursk"
STATED_TOGETHER = ("plekhovo", "vorozhba", "martynovka")
VILLAGES = (*STATED_TOGETHER, "kurilovka")
LOSSES = "killed,wounded,missing,captured"
OUTCOMES = {
    "killed,wounded": "killed or wounded",
    "killed": "killed",
    "missing": "missing",
    LOSSES: "all losses*",
}


@dataclass(slots=True)
class Caveats:
    """The sentences under the table, each once, numbered in the order in which they are met."""

    numbers: dict[str, int] = field(default_factory=dict)

    def note(self, text: str) -> int:
        """Return the number of the sentence, a new one where it was not met before."""
        return self.numbers.setdefault(text, len(self.numbers) + 1)

    def marks(self, answer: JSON, outcomes: list[str]) -> str:
        """Return the numbers of the answer's caveats that concern the total, like "1 2 5"."""
        texts = [
            caveat["text"]
            for caveat in answer["caveats"]
            if not caveat.get("outcomes") or set(caveat["outcomes"]) == set(outcomes)
        ]
        return " ".join(str(number) for number in sorted({self.note(text) for text in texts}))


def table(client: Client) -> str:
    """Return the whole page as text; raises Refused and Unreachable."""
    caveats = Caveats()
    group = client.get(f"/v1/groups/{GROUP}")["name"]
    blocks = [_region(client, caveats), _together(client, caveats)]
    blocks += [_village(client, caveats, village) for village in VILLAGES]
    head = [
        f"{group}, 14 to 15 December 2024, as reported",
        "",
        f"{'Place':<16}{'Outcome':<19}{'Total':<29}Caveats",
        "-" * WIDTH,
    ]
    foot = ["", "* killed, wounded, missing or captured", "", "Caveats:"]
    foot += [
        fill(text, WIDTH, initial_indent=f"{number:>3}  ", subsequent_indent="     ")
        for text, number in caveats.numbers.items()
    ]
    return "\n".join([*head, *("\n".join(block) for block in blocks), *foot])


def _region(client: Client, caveats: Caveats) -> list[str]:
    answer = client.get("/v1/totals", [("place", REGION), *_query()])
    return _rows(client.get(f"/v1/places/{REGION}")["name"], answer, caveats)


def _together(client: Client, caveats: Caveats) -> list[str]:
    answer = client.get("/v1/totals", [("place", ",".join(STATED_TOGETHER)), *_query()])
    names = [client.get(f"/v1/places/{village}")["name"] for village in STATED_TOGETHER]
    return _rows(f"{', '.join(names[:-1])} and {names[-1]}, all three together", answer, caveats)


def _village(client: Client, caveats: Caveats, village: str) -> list[str]:
    answer = client.get(f"/v1/places/{village}/totals", _query())
    return _rows(client.get(f"/v1/places/{village}")["name"], answer, caveats)


def _query() -> list[tuple[str, str]]:
    asked = [("from", FROM), ("to", TO), ("group", GROUP)]
    return asked + [("outcomes", outcomes) for outcomes in OUTCOMES]


def _rows(name: str, answer: JSON, caveats: Caveats) -> list[str]:
    """Return the lines of one place, one total each; a long name stands on a line of its own."""
    rows = [name] if len(name) > 15 else []
    for total in answer["totals"]:
        outcomes = OUTCOMES.get(",".join(total["outcomes"]), " or ".join(total["outcomes"]))
        said = wrap(_short(total), 28) or [""]
        first = "" if rows else name
        marks = wrap(caveats.marks(answer, total["outcomes"]), WIDTH - 64) or [""]
        for line in range(max(len(said), len(marks))):
            cells = [
                (first, 16),
                (outcomes if line == 0 else "", 19),
                (said[line] if line < len(said) else "", 29),
                (marks[line] if line < len(marks) else "", 0),
            ]
            rows.append("".join(f"{text:<{width}}" for text, width in cells).rstrip())
            first = ""
    return [*rows, ""]


def _short(total: JSON) -> str:
    """Return the service's words without the outcome's name, which has a column of its own."""
    text = str(total["text"])
    listed = total["outcomes"]
    named = listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} or {listed[-1]}"
    return text.replace(f" {named}", "")


def main(arguments: list[str] | None = None) -> int:
    """Print the table; returns the exit status."""
    parser = argparse.ArgumentParser(description="Print the Kursk totals of a running service.")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="default: %(default)s")
    parser.add_argument("--key", help="needed where reading is closed (default: $KEY)")
    asked = parser.parse_args(arguments)
    try:
        with Client(asked.url, asked.key or os.environ.get("KEY")) as client:
            print(table(client))
    except (Refused, Unreachable) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
