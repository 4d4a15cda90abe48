"""Print in a few lines what is reported in the Kursk sample, and what is not.

Every number comes from the running service; this script computes none.
"""

import argparse
import os
import sys
import textwrap

from client import JSON, Client, RequestRefusedError, ServerUnreachableError

DAYS = [("from", "2024-12-14"), ("to", "2024-12-15"), ("group", "dprk-forces")]
VILLAGES = ("plekhovo", "vorozhba", "martynovka")
OBLAST = "ru-kursk"
LOSSES = "killed,wounded,missing,captured"
CASUALTIES = "killed,wounded"
LINE_LENGTH = 80


def build_summary(client: Client) -> list[str]:
    """Return the lines, each of at most ``LINE_LENGTH`` characters.

    Raises RequestRefusedError and ServerUnreachableError.
    """
    group = client.get("/v1/groups/dprk-forces")["name"]
    villages_together = _fetch_totals(client, ",".join(VILLAGES), CASUALTIES)
    by_village = {village: _fetch_totals(client, village, CASUALTIES) for village in VILLAGES}
    kurilovka = _fetch_totals(client, "kurilovka", "missing")
    oblast = _fetch_totals(client, OBLAST, LOSSES)
    distinct_texts = {_text_of(answer) for answer in by_village.values()}
    text_of_each = distinct_texts.pop() if len(distinct_texts) == 1 else "see the dashboard"
    rows = [
        (
            ", ".join(_fetch_place_name(client, village) for village in VILLAGES),
            _text_of(villages_together),
        ),
        ("each of the three alone", text_of_each),
        (_fetch_place_name(client, "kurilovka"), _text_of(kurilovka)),
        (_fetch_place_name(client, OBLAST), _text_of(oblast)),
    ]
    width = max(len(place) for place, _ in rows)
    lines = [f"{group}, 14 and 15 December 2024:"]
    for place, text in rows:
        lines += textwrap.wrap(
            f"{place:<{width}}  {text}", LINE_LENGTH, subsequent_indent=" " * (width + 2)
        )
    # The sentence of this caveat is the service's own; it names the reporters without a number.
    return lines + [
        caveat["text"] for caveat in oblast["caveats"] if caveat["code"] == "not_acknowledged"
    ]


def _fetch_totals(client: Client, places: str, outcomes: str) -> JSON:
    query = [("place", places), *DAYS, ("outcomes", outcomes)]
    return client.get("/v1/totals", query)


def _text_of(answer: JSON) -> str:
    return str(answer["totals"][0]["text"])


def _fetch_place_name(client: Client, place: str) -> str:
    return str(client.get(f"/v1/places/{place}")["name"])


def main(arguments: list[str] | None = None) -> int:
    """Print the summary; return the exit status."""
    parser = argparse.ArgumentParser(description="Print what is reported in the Kursk sample.")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="default: %(default)s")
    parser.add_argument("--key", help="needed where reading is closed (default: $KEY)")
    options = parser.parse_args(arguments)
    try:
        with Client(options.url, options.key or os.environ.get("KEY")) as client:
            print("\n".join(build_summary(client)))
    except (RequestRefusedError, ServerUnreachableError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
