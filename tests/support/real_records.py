"""Published figures as reports: read from a folder beside the project, which may be absent.

The folder is ``../shared/data``. Without it the tests that need it are skipped, or fail where
REAL_DATA_REQUIRED is set. Sources: UCDP Georeferenced Event Dataset (CC BY 4.0), the daily figures
of the Ministry of Health in Gaza as collected by Tech for Palestine (public domain), and of the
General Staff of Ukraine as collected by PetroIvaniuk (MIT).
"""

import csv
import json
import os
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.support.paths import ROOT

FOLDER: Final = ROOT.parent / "shared" / "data"

UCDP: Final = {
    "id": "ucdp",
    "name": "Uppsala Conflict Data Program",
    "kind": "research_project",
}
MINISTRY: Final = {"id": "gaza-moh", "name": "Ministry of Health", "party": True}
GENERAL_STAFF: Final = {
    "id": "ua-general-staff",
    "name": "General Staff of the Armed Forces of Ukraine",
    "party": True,
}
CIVILIANS: Final = {"id": "civilians", "name": "Civilians", "facet": "status"}


def require_data() -> None:
    """Skip the test without the data, or fail where they are required."""
    if FOLDER.is_dir():
        return
    message = f"{FOLDER} does not exist"
    if os.environ.get("REAL_DATA_REQUIRED") == "1":
        pytest.fail(message)
    pytest.skip(message)


def read_ucdp(name: str) -> Iterator[dict[str, Any]]:
    """Yield a report for each event of a file of UCDP, such as ``ged_syria_2016``.

    An event is as precisely placed as UCDP codes it: a settlement, a district, a governorate or the
    country. Rows whose high is below their low are left out.
    """
    with (FOLDER / "ucdp_ged" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            low, best, high = (int(row[column]) for column in ("low", "best", "high"))
            if low <= high:
                yield _make_event(row, low, best, high)


def _make_event(row: dict[str, str], low: int, best: int, high: int) -> dict[str, Any]:
    figure = {"outcomes": ["killed"], "low": low, "high": high}
    figures = [figure | ({"best": best} if low <= best <= high else {})]
    civilians = min(int(row["deaths_civilians"]), low)
    if civilians:
        figures.append({"outcomes": ["killed"], "low": civilians, "groups": [CIVILIANS]})
    return {
        "reporter": UCDP,
        "ref": f"ged-{row['id']}",
        "incident": f"ucdp:{row['id']}",
        "period": {"from": row["date_start"][:10], "to": row["date_end"][:10]},
        "places": [_make_place(row)],
        "figures": figures,
    }


def _make_place(row: dict[str, str]) -> dict[str, Any]:
    country = {"id": slugify(row["country"]), "name": row["country"], "kind": "country"}
    if int(row["where_prec"]) >= 5 or not row["adm_1"]:
        return country
    governorate = {
        "id": f"{country['id']}-{slugify(row['adm_1'])}",
        "name": row["adm_1"].removesuffix(" Governorate"),
        "parent": country,
    }
    if int(row["where_prec"]) == 4 or not row["adm_2"]:
        return governorate
    district = {
        "id": f"{governorate['id']}-{slugify(row['adm_2'])}"[:100].strip("-_"),
        "name": row["adm_2"],
        "parent": governorate,
    }
    if int(row["where_prec"]) >= 2:
        return district
    name = re.sub(r" (town|village|city)$", "", row["where_coordinates"])
    return {
        "id": f"{district['id'][:60].strip('-_')}-{slugify(row['where_coordinates'])}"[:100].strip(
            "-_"
        ),
        "name": name,
        "parent": district,
        "latitude": round(float(row["latitude"]), 4),
        "longitude": round(float(row["longitude"]), 4),
    }


def read_gaza() -> Iterator[dict[str, Any]]:
    """Yield a running total of killed and wounded for each day of the ministry's reports."""
    path = FOLDER / "gaza_daily" / "casualties_daily_to_2024-06.json"
    previous: dict[str, int] = {}
    for row in json.loads(path.read_text(encoding="utf-8")):
        counts = {"killed": row.get("killed_cum"), "wounded": row.get("injured_cum")}
        rising = {
            outcome: count
            for outcome, count in counts.items()
            if count is not None and count >= previous.get(outcome, 0)
        }
        previous |= rising
        if rising:
            yield {
                "reporter": MINISTRY,
                "ref": f"moh-{row['report_date']}",
                "published_at": row["report_date"],
                "period": {"from": "2023-10-07", "to": row["report_date"]},
                "places": [{"id": "gaza-strip", "name": "Gaza Strip"}],
                "figures": [
                    {"outcomes": [outcome], "exactly": count} for outcome, count in rising.items()
                ],
            }


def read_general_staff(limit: int) -> Iterator[dict[str, Any]]:
    """Yield the running totals of Russian losses as the General Staff gives them, up to a limit."""
    path = FOLDER / "ukr_general_staff" / "petro_personnel.json"
    for row in json.loads(path.read_text(encoding="utf-8"))[:limit]:
        yield {
            "reporter": GENERAL_STAFF,
            "ref": f"gs-{row['date']}",
            "published_at": row["date"],
            "period": {"from": "2022-02-24", "to": row["date"]},
            "places": [{"id": "ukraine", "name": "Ukraine", "kind": "country"}],
            "groups": [{"id": "russian-forces", "name": "Russian forces", "facet": "side"}],
            "figures": [
                {
                    "outcomes": ["killed", "wounded"],
                    "wording": f"{_QUALIFIERS[row['personnel*']]} {row['personnel']}",
                }
            ],
        }


_QUALIFIERS: Final = {"about": "about", "more": "more than"}


def slugify(name: str) -> str:
    """Return an id made of the letters and digits of a name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "x"
