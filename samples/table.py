"""Print what was reported about the Kursk villages as a table, with the caveats in plain sentences.

Every figure is asked of a running service; nothing is computed here. At 80 columns nothing wraps
but the caveats.
"""

import argparse
import os
import sys
from dataclasses import dataclass, field
from string import ascii_lowercase, ascii_uppercase
from textwrap import fill, wrap

from client import JSON, Client, Refused, Unreachable

WIDTH = 80
FROM, TO, GROUP = "2024-12-14", "2024-12-15", "dprk-forces"
REGION = "ru-kursk"
STATED_TOGETHER = ("plekhovo", "vorozhba", "martynovka")
VILLAGES = (*STATED_TOGETHER, "kurilovka")
LOSSES = "killed,wounded,missing,captured"
LETTERS = ascii_lowercase + ascii_uppercase
OUTCOMES = {
    "killed,wounded": "killed or wounded",
    "killed": "killed",
    "missing": "missing",
    LOSSES: "all losses*",
}


@dataclass(slots=True)
class Row:
    """One total under the name of its place, with the codes of the caveats that concern it."""

    place: str
    outcomes: str
    text: str
    codes: list[str]


@dataclass(slots=True)
class Caveats:
    """Every caveat that the answers carry: by its code, the sentences that were said of it."""

    said: dict[str, set[str]] = field(default_factory=dict)

    def concerning(self, answer: JSON, total: JSON) -> list[str]:
        """Return the codes of the caveats on the total, and keep their sentences."""
        codes = []
        for caveat in answer["caveats"]:
            if not caveat["outcomes"] or set(caveat["outcomes"]) == set(total["outcomes"]):
                self.said.setdefault(caveat["code"], set()).add(caveat["text"])
                codes.append(caveat["code"])
        return codes

    def sentence(self, code: str, meanings: dict[str, str]) -> str:
        """Return one sentence for the code: what was said, in general words where that varies.

        A caveat in a reporter's own words is its own code.
        """
        texts = self.said[code]
        return next(iter(texts)) if len(texts) == 1 else meanings.get(code, code)


def page(client: Client) -> str:
    """Return the whole page as text; raises Refused and Unreachable."""
    caveats = Caveats()
    group = client.get(f"/v1/groups/{GROUP}")["name"]
    rows = _region(client, caveats) + _together(client, caveats)
    for village in VILLAGES:
        rows += _village(client, caveats, village)
    everywhere = [code for code in caveats.said if all(code in row.codes for row in rows)]
    letters = dict(zip([c for c in caveats.said if c not in everywhere], LETTERS, strict=False))
    meanings = client.get("/v1/vocabulary")["caveats"]
    lines = [f"{group}, 14 to 15 December 2024, as reported", ""]
    lines += [f"{'Place':<16}{'Outcome':<19}{'Total':<29}Caveats", "-" * WIDTH]
    lines += _table(rows, letters)
    lines += ["* killed, wounded, missing or captured", "", "Of every total above:"]
    lines += [_item("-", caveats.sentence(code, meanings)) for code in everywhere]
    lines += ["", "Of the totals marked with the letter:"]
    lines += [_item(mark, caveats.sentence(code, meanings)) for code, mark in letters.items()]
    return "\n".join(lines)


def _region(client: Client, caveats: Caveats) -> list[Row]:
    answer = client.get("/v1/totals", [("place", REGION), *_query()])
    return _rows(client.get(f"/v1/places/{REGION}")["name"], answer, caveats)


def _together(client: Client, caveats: Caveats) -> list[Row]:
    answer = client.get("/v1/totals", [("place", ",".join(STATED_TOGETHER)), *_query()])
    names = [client.get(f"/v1/places/{village}")["name"] for village in STATED_TOGETHER]
    return _rows(f"{', '.join(names[:-1])} and {names[-1]}, all three together", answer, caveats)


def _village(client: Client, caveats: Caveats, village: str) -> list[Row]:
    answer = client.get(f"/v1/places/{village}/totals", _query())
    return _rows(client.get(f"/v1/places/{village}")["name"], answer, caveats)


def _query() -> list[tuple[str, str]]:
    asked = [("from", FROM), ("to", TO), ("group", GROUP)]
    return asked + [("outcomes", outcomes) for outcomes in OUTCOMES]


def _rows(place: str, answer: JSON, caveats: Caveats) -> list[Row]:
    return [
        Row(
            place,
            OUTCOMES[",".join(total["outcomes"])],
            _short(total),
            caveats.concerning(answer, total),
        )
        for total in answer["totals"]
    ]


def _short(total: JSON) -> str:
    """Return the service's words without the outcomes' names, which have a column of their own."""
    named = total["outcomes"]
    words = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"
    return str(total["text"]).replace(f" {words}", "")


def _table(rows: list[Row], letters: dict[str, str]) -> list[str]:
    """Return the rows as lines, each place's name once; a long one stands on a line of its own."""
    lines = []
    last = ""
    for row in rows:
        name = row.place if row.place != last else ""
        if name and last:
            lines.append("")
        if len(name) > 15:
            lines.append(name)
            name = ""
        marks = " ".join(letters[code] for code in letters if code in row.codes)
        said = wrap(row.text, 28) or [""]
        lines.append(f"{name:<16}{row.outcomes:<19}{said[0]:<29}{marks}".rstrip())
        lines += [f"{'':<35}{more}" for more in said[1:]]
        last = row.place
    return [*lines, ""]


def _item(mark: str, text: str) -> str:
    return fill(text, WIDTH, initial_indent=f"  {mark} ", subsequent_indent="    ")


def main(arguments: list[str] | None = None) -> int:
    """Print the table; returns the exit status."""
    parser = argparse.ArgumentParser(description="Print the Kursk totals of a running service.")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="default: %(default)s")
    parser.add_argument("--key", help="needed where reading is closed (default: $KEY)")
    asked = parser.parse_args(arguments)
    try:
        with Client(asked.url, asked.key or os.environ.get("KEY")) as client:
            print(page(client))
    except (Refused, Unreachable) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
