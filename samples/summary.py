"""Print in a few lines what the Kursk sample says, and what it does not say.

Every number is an answer of the running service; nothing is computed here.
"""

import argparse
import os
import sys

from client import JSON, Client, RequestRefusedError, ServerUnreachableError

DAYS = [("from", "2024-12-14"), ("to", "2024-12-15"), ("group", "dprk-forces")]
VILLAGES = ("plekhovo", "vorozhba", "martynovka")
OBLAST = "ru-kursk"
LOSSES = "killed,wounded,missing,captured"
CASUALTIES = "killed,wounded"


def summary_lines(client: Client) -> list[str]:
    """Return the lines, none longer than 80 characters.

    Raises RequestRefusedError and ServerUnreachableError.
    """
    group = client.get("/v1/groups/dprk-forces")["name"]
    together = _totals(client, ",".join(VILLAGES), CASUALTIES)
    alone = {village: _totals(client, village, CASUALTIES) for village in VILLAGES}
    kurilovka = _totals(client, "kurilovka", "missing")
    oblast = _totals(client, OBLAST, LOSSES)
    same = {_text(answer) for answer in alone.values()}
    each = same.pop() if len(same) == 1 else "see the dashboard"
    rows = [
        (", ".join(_name(client, village) for village in VILLAGES), _text(together)),
        ("each of the three alone", each),
        (_name(client, "kurilovka"), _text(kurilovka)),
        (_name(client, OBLAST), _text(oblast)),
    ]
    width = max(len(place) for place, _ in rows)
    lines = [f"{group}, 14 and 15 December 2024:"]
    lines += [f"{place:<{width}}  {text}" for place, text in rows]
    # The sentence of a caveat is the service's own; it names who gave no number.
    texts = [c["text"] for c in oblast["caveats"] if c["code"] == "not_acknowledged"]
    return lines + texts


def _totals(client: Client, places: str, outcomes: str) -> JSON:
    query = [("place", places), *DAYS, ("outcomes", outcomes)]
    return client.get("/v1/totals", query)


def _text(answer: JSON) -> str:
    return str(answer["totals"][0]["text"])


def _name(client: Client, place: str) -> str:
    return str(client.get(f"/v1/places/{place}")["name"])


def main(arguments: list[str] | None = None) -> int:
    """Print the summary; returns the exit status."""
    parser = argparse.ArgumentParser(description="Print what a running service knows of Kursk.")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="default: %(default)s")
    parser.add_argument("--key", help="needed where reading is closed (default: $KEY)")
    options = parser.parse_args(arguments)
    try:
        with Client(options.url, options.key or os.environ.get("KEY")) as client:
            print("\n".join(summary_lines(client)))
    except (RequestRefusedError, ServerUnreachableError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
