"""Each shipped mapping on rows by the public codebook, and on published files where there are any.

The rows here are made up; the columns are those of the publishers.
"""

import csv
import json
from pathlib import Path
from typing import Any, Final

import pytest

from service.imports.conversion import convert_row
from service.imports.errors import FileError, MappingError
from service.imports.file_import import FileImport
from service.imports.mapping import Mapping
from service.imports.row_files import RowFile
from service.imports.shipped_maps import describe_import, list_map_names, load_mapping
from service.imports.store_receiver import StoreReceiver
from service.report_id import make_report_id
from service.store.interface import Store
from tests.conftest import START_TIME
from tests.imports.tables import write_table
from tests.imports.test_file_import import Importer
from tests.support.real_records import FOLDER, require_data

PLACES: Final = {"country": "Yemen", "latitude": "15.35", "longitude": "44.2"}
UCDP: Final = {
    **PLACES, "id": "1", "date_start": "2016-01-05", "date_end": "2016-01-05", "date_prec": "1",
    "adm_1": "Sanaa governorate", "adm_2": "Old City district",
    "where_coordinates": "Sanaa town", "where_prec": "1", "side_a": "Side A", "side_b": "Side B",
    "type_of_violence": "1", "low": "4", "best": "5", "high": "9", "deaths_a": "1",
    "deaths_b": "2", "deaths_civilians": "2",
}  # fmt: skip
ACLED: Final = {
    **PLACES, "event_id_cnty": "YEM1", "event_date": "05 January 2016", "time_precision": "1",
    "admin1": "Sanaa", "admin2": "Old City", "admin3": "", "location": "Sanaa",
    "geo_precision": "1", "fatalities": "4", "source": "A newspaper",
}  # fmt: skip
STRIKE: Final = {
    "Strike ID": "YEM1", "Country": "Yemen", "Date (MM-DD-YYYY)": "01-05-2016",
    "Most Specific Location": "Sanaa", "Latitude": "15.35", "Longitude": "44.2",
    "Minimum total people killed": "4", "Maximum total people killed": "9",
    "Minimum civilians reported killed": "0", "Maximum civilians reported killed": "2",
    "Minimum children reported killed": "0", "Maximum children reported killed": "1",
    "Minimum reported injured": "1", "Maximum reported injured": "1",
}  # fmt: skip
MIGRANTS: Final = {
    "Main ID": "2016.MMP1", "Incident Date": "2016-01-05", "Region of Incident": "Mediterranean",
    "Location of Incident": "Off the coast of Libya", "Coordinates": "33.1, 12.5",
    "Number of Dead": "4", "Minimum Estimated Number of Missing": "5", "Number of Females": "2",
    "Number of Males": "", "Number of Children": "0", "Information Source": "A newspaper",
    "URL": "https://example.org/1",
}  # fmt: skip
INCIDENT: Final = {
    "Incident ID": "1", "Incident Date": "January 5, 2016", "State": "Ohio",
    "City Or County": "Dayton", "Victims Killed": "4", "Victims Injured": "2",
    "Suspects Killed": "1", "Suspects Injured": "0",
}  # fmt: skip
CLAIM: Final = {
    "id": "1", "reporter": "A Ministry", "from": "", "to": "2016-01-05", "country": "Yemen",
    "place": "Sanaa", "side": "", "words": "100+ killed", "url": "",
}  # fmt: skip
GAZA: Final = {"report_date": "2023-11-01", "killed_cum": 9, "injured_cum": 12}
STAFF: Final = {"date": "2022-03-01", "personnel": 900, "personnel*": "about"}


def load_figure_mapping(name: str) -> Mapping:
    mapping = load_mapping(name)
    assert isinstance(mapping, Mapping)
    return mapping


def import_rows(store: Store, folder: Path, name: str, rows: list[dict[str, Any]]) -> Importer:
    """Import the rows by the shipped mapping; none may be refused."""
    importer = Importer(store, folder)
    importer.mapping = load_figure_mapping(name)
    if importer.mapping.file.format == "json":
        path = folder / "rows.json"
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        path = write_table(folder / "rows.csv", rows)
    file_import = FileImport(
        importer.mapping,
        StoreReceiver(store, lambda: START_TIME, make_report_id),
        importer.refused.append,
    )
    file_import.run(path)
    assert importer.refused == []
    return importer


def test_every_shipped_mapping_is_tried() -> None:
    """Those of figures here, those of gazetteers in test_gazetteers.py."""
    assert list_map_names() == [
        "acled", "cod-ab", "dronewars", "gaza-daily", "gazetteer", "general-staff", "geonames",
        "gva", "infobox", "iom-missing-migrants", "katottg", "ucdp-ged",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "rows", "totals"),
    [
        ("ucdp-ged", [UCDP], {"yemen": (4, 9), "yemen-sanaa-governorate": (4, 9)}),
        # Where only the province is known, the town and the district have from none to all.
        (
            "ucdp-ged",
            [UCDP | {"where_prec": "4"}, UCDP | {"id": "2", "where_prec": "2"}],
            {
                "yemen-sanaa-governorate": (8, 18),
                "yemen-sanaa-governorate-old-city-district": (4, 18),
            },
        ),
        ("acled", [ACLED, ACLED | {"event_id_cnty": "YEM2"}], {"yemen": (8, None)}),
        ("acled", [ACLED | {"fatalities": "0"}], {"yemen": (0, None)}),
        ("acled", [ACLED | {"geo_precision": "3"}], {"yemen-sanaa": (4, None)}),
        ("dronewars", [STRIKE], {"yemen-sanaa": (4, 9)}),
        ("iom-missing-migrants", [MIGRANTS], {"mediterranean": (4, 4)}),
        ("gva", [INCIDENT], {"united-states-ohio-dayton": (5, 5)}),
        ("infobox", [CLAIM], {"yemen-sanaa": (100, None)}),
        ("gaza-daily", [GAZA], {"gaza-strip": (9, 9)}),
        (
            "gaza-daily",
            [GAZA, GAZA | {"report_date": "2023-11-02", "killed_cum": 7}],
            {"gaza-strip": (7, 7)},
        ),
    ],
)
def test_rows_give_the_totals_that_they_say(
    store: Store,
    tmp_path: Path,
    name: str,
    rows: list[dict[str, Any]],
    totals: dict[str, tuple[int, int | None]],
) -> None:
    importer = import_rows(store, tmp_path, name, rows)
    assert {place: importer.total(place) for place in totals} == totals


def test_codes_of_acled_are_noted(store: Store, tmp_path: Path) -> None:
    for number, (fatalities, words) in enumerate(
        [("0", "where the number of deaths is unknown"), ("12", "dozens as 12"), ("4", None)]
    ):
        row = ACLED | {"event_id_cnty": f"YEM{number}", "fatalities": fatalities}
        importer = import_rows(store, tmp_path, "acled", [row])
        (source,) = RowFile(tmp_path / "rows.csv", importer.mapping)
        assert source.cells["fatalities"] == fatalities
        report = convert_row(importer.mapping, source.cells)
        assert isinstance(report, dict)
        (figure,) = report["figures"]
        assert (words is None and "note" not in figure) or words in figure["note"]


def test_the_general_staff_counts_killed_and_wounded_together(store: Store, tmp_path: Path) -> None:
    importer = import_rows(
        store, tmp_path, "general-staff",
        [STAFF, STAFF | {"date": "2022-03-02", "personnel": 1000, "personnel*": "more"}],
    )  # fmt: skip
    low, high = importer.total("ukraine")
    assert (low, high) == (0, None)  # Of the killed alone nothing is known.


# Published files ----------------------------------------------------------------------------


def import_published(store: Store, name: str, path: str) -> tuple[FileImport, Importer]:
    require_data()
    importer = Importer(store, Path())
    importer.mapping = load_figure_mapping(name)
    file_import = FileImport(
        importer.mapping,
        StoreReceiver(store, lambda: START_TIME, make_report_id),
        importer.refused.append,
    )
    file_import.run(FOLDER / path)
    return file_import, importer


@pytest.mark.parametrize(
    ("file", "country"), [("ged_ukraine_to2019", "Ukraine"), ("ged_syria_2016", "Syria")]
)
def test_events_of_ucdp_add_up_to_the_plain_sums_of_valid_rows(
    store: Store, file: str, country: str
) -> None:
    path = f"ucdp_ged/{file}.csv"
    file_import, importer = import_published(store, "ucdp-ged", path)
    with (FOLDER / path).open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    valid = [row for row in rows if int(row["low"]) <= int(row["best"]) <= int(row["high"])]
    assert file_import.counts.recorded == len(valid)
    assert file_import.counts.refused == len(rows) - len(valid)
    # Where an event was in international airspace, it was in no country.
    there = [row for row in valid if row["country"] == country and row["where_prec"] != "7"]
    sums = tuple(sum(int(row[column]) for row in there) for column in ("low", "high"))
    assert importer.total(country.lower()) == sums


def test_daily_totals_of_gaza_are_those_of_the_last_day(store: Store) -> None:
    file_import, importer = import_published(
        store, "gaza-daily", "gaza_daily/casualties_daily_to_2024-06.json"
    )
    counts = file_import.counts
    # Of seven days there is no number.
    assert (counts.rows, counts.recorded, counts.refused) == (268, 261, 0)
    assert dict(counts.skipped) == {"no number in it": 7}
    assert importer.total("gaza-strip") == (37_877, 37_877)


def test_daily_totals_of_the_general_staff_are_read(store: Store) -> None:
    file_import, _ = import_published(
        store, "general-staff", "ukr_general_staff/petro_personnel.json"
    )
    counts = file_import.counts
    assert (counts.rows, counts.refused) == (1_626, 0)


def test_no_mapping_reads_columns_that_can_name_victims() -> None:
    for name in list_map_names():
        mapping = load_mapping(name)
        if isinstance(mapping, Mapping):
            columns = {each.lower() for each in mapping.list_columns()}
            assert columns.isdisjoint({"notes", "address", "participant name", "victims", "names"})


def test_a_mapping_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"title = '\xff'")
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(str(path))
    with pytest.raises(FileError, match="cannot be read"):
        describe_import(tmp_path / "absent.csv", "ucdp-ged")
