"""Gazetteers: places with parents, other names and points; two places are never made one."""

from collections.abc import Mapping as MappingABC
from pathlib import Path

import pytest

from service.domain.entities import Place
from service.imports.converted_rows import RefusedRow
from service.imports.errors import MappingError
from service.imports.gazetteer import Gazetteer
from service.imports.gazetteer_import import GazetteerImport
from service.imports.http_receiver import HttpReceiver
from service.imports.mapping_schema import parse_any_mapping, parse_mapping
from service.imports.receivers import PlaceEnd, Receiver
from service.imports.service_client import ServiceClient
from service.imports.shipped_maps import load_mapping
from service.imports.store_receiver import StoreReceiver
from service.report_id import make_report_id
from service.store.interface import Store
from service.usecases import entities
from tests.conftest import START_TIME
from tests.imports.tables import write_table
from tests.support.gunicorn_server import run_server
from tests.support.real_records import FOLDER, require_data

TOWN = {
    "id": "azaz", "name": "Azaz", "parent": "aleppo", "kind": "town", "latitude": "36.58",
    "longitude": "37.04", "pcode": "", "names": "اعزاز; A'zaz",
}  # fmt: skip
EMPTY = dict.fromkeys(TOWN, "")
PROVINCE = EMPTY | {"id": "aleppo", "name": "Aleppo", "parent": "syria"}
COUNTRY = EMPTY | {"id": "syria", "name": "Syria"}


def load_gazetteer(name: str) -> Gazetteer:
    mapping = load_mapping(name)
    assert isinstance(mapping, Gazetteer)
    return mapping


class PlaceImporter:
    """Imports gazetteers with one receiver."""

    def __init__(self, receiver: Receiver, folder: Path) -> None:
        self._receiver, self._folder = receiver, folder
        self.refused: list[RefusedRow] = []

    def run(
        self, rows: list[dict[str, str]], gazetteer: Gazetteer | None = None
    ) -> MappingABC[PlaceEnd, int]:
        return self.run_file(write_table(self._folder / "places.csv", rows), gazetteer)

    def run_file(self, path: Path, gazetteer: Gazetteer | None = None) -> MappingABC[PlaceEnd, int]:
        self.refused.clear()
        found = GazetteerImport(
            gazetteer or load_gazetteer("gazetteer"), self._receiver, self.refused.append
        )
        found.run(path)
        assert found.counts.refused == len(self.refused)
        return found.ends


@pytest.fixture
def importer(store: Store, tmp_path: Path) -> PlaceImporter:
    receiver = StoreReceiver(store, lambda: START_TIME, make_report_id)
    return PlaceImporter(receiver, tmp_path)


def get_place(store: Store, place_id: str) -> Place:
    place = entities.get_entity(store, "place", place_id)
    assert isinstance(place, Place)
    return place


def test_places_get_their_parents_in_whatever_order(store: Store, importer: PlaceImporter) -> None:
    assert importer.run([TOWN, PROVINCE, COUNTRY]) == {PlaceEnd.ADDED: 3}
    assert get_place(store, "azaz") == Place(
        "azaz", "Azaz", "aleppo", kind="town", aliases=("اعزاز", "A'zaz"), latitude=36.58,
        longitude=37.04,
    )  # fmt: skip
    assert get_place(store, "aleppo").parent == "syria"
    assert importer.run([TOWN, PROVINCE, COUNTRY]) == {PlaceEnd.KNOWN: 3}


def test_a_known_place_is_completed_and_nothing_of_it_is_lost(
    store: Store, importer: PlaceImporter
) -> None:
    known = {"name": "A'zaz", "kind": "city", "aliases": ["Aazaz"], "latitude": 1.0}
    entities.describe_entity(
        store, "place", "azaz", known, may_change=True, actor=None, now=START_TIME
    )
    assert importer.run([TOWN, PROVINCE, COUNTRY])[PlaceEnd.COMPLETED] == 1
    place = get_place(store, "azaz")
    assert (place.name, place.kind, place.parent) == ("A'zaz", "city", "aleppo")
    assert (place.latitude, place.longitude) == (1.0, 37.04)
    assert place.aliases == ("Aazaz", "Azaz", "اعزاز")


def test_two_places_are_never_made_one(store: Store, importer: PlaceImporter) -> None:
    importer.run([COUNTRY, PROVINCE])
    ends = importer.run([COUNTRY, PROVINCE | {"name": "Homs"}])
    assert ends[PlaceEnd.REFUSED] == 1
    assert "two places are never made one" in importer.refused[0].reason
    assert get_place(store, "aleppo").name == "Aleppo"
    # Nor two of one name, and not two rows with one id.
    rows = [COUNTRY, PROVINCE, PROVINCE | {"id": "other"}, PROVINCE | {"name": "Idlib"}]
    assert importer.run(rows)[PlaceEnd.ADDED] == 1
    (refused,) = importer.refused
    assert (refused.line, refused.column) == (5, "id")
    assert "aleppo is Aleppo in line 3, and Idlib here" in refused.reason


def test_what_cannot_be_placed_is_listed(store: Store, importer: PlaceImporter) -> None:
    around = [EMPTY | {"id": "a", "name": "A", "parent": "b"},
              EMPTY | {"id": "b", "name": "B", "parent": "a"}]  # fmt: skip
    assert importer.run([COUNTRY, TOWN, *around]) == {PlaceEnd.ADDED: 1}
    reasons = {row.cells["id"]: row.reason for row in importer.refused}
    assert "no place has the code aleppo of its parent" in reasons["azaz"]
    assert "places around it" in reasons["a"] and "places around it" in reasons["b"]


def test_a_row_without_an_id_or_a_name_is_skipped(importer: PlaceImporter) -> None:
    assert importer.run([COUNTRY, TOWN | {"id": ""}, TOWN | {"name": ""}]) == {PlaceEnd.ADDED: 1}


def test_a_bad_point_is_refused_with_its_column(importer: PlaceImporter) -> None:
    importer.run([COUNTRY, PROVINCE, TOWN | {"latitude": "north"}])
    assert [(row.line, row.column) for row in importer.refused] == [(4, "latitude")]
    importer.run([COUNTRY, PROVINCE, TOWN | {"latitude": "95"}])
    assert "latitude" in importer.refused[0].reason


def test_a_gazetteer_counts_nobody() -> None:
    text = 'title = "x"\ncounts = "places"\n[[places]]\nid = ["{a}"]\nname = "{b}"\n'
    assert isinstance(parse_any_mapping(text), Gazetteer)
    with pytest.raises(MappingError, match="places and no figures"):
        parse_mapping(text)
    with pytest.raises(MappingError, match="reporter"):
        parse_any_mapping(text + '[reporter]\nname = "x"\n')


# Shipped mappings ---------------------------------------------------------------------------

GEONAMES = [
    ("1", "Syria", "سوريا,Syrie", "PCLI", "A", "00", ""),
    ("2", "Aleppo Governorate", "Alep", "ADM1", "A", "09", ""),
    ("3", "A'zaz District", "", "ADM2", "A", "09", "0901"),
    ("4", 'Azaz "the old"', "اعزاز,Azaz", "PPLA2", "P", "09", "0901"),
    ("5", "Nowhere", "", "PPL", "P", "77", "7701"),
    ("6", "A river", "", "STM", "H", "09", ""),
    ("7", "A ruin", "", "PPLH", "P", "09", ""),
]


def write_geonames(folder: Path) -> Path:
    lines = []
    for number, name, names, code, feature_class, first, second in GEONAMES:
        cells = [number, name, name, names, "36.5", "37.0", feature_class, code, "SY", "", first,
                 second, "", "", "0", "", "0", "Asia/Damascus", "2024-01-01"]  # fmt: skip
        lines.append("\t".join(cells))
    path = folder / "SY.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_dump_of_geonames(store: Store, importer: PlaceImporter, tmp_path: Path) -> None:
    ends = importer.run_file(write_geonames(tmp_path), load_gazetteer("geonames"))
    assert ends == {PlaceEnd.ADDED: 5}
    parents = {n: get_place(store, f"geonames-{n}").parent for n in range(1, 6)}
    assert parents == {
        1: None, 2: "geonames-1", 3: "geonames-2", 4: "geonames-3", 5: "geonames-1",
    }  # fmt: skip
    town = get_place(store, "geonames-4")
    assert (town.name, town.aliases) == ('Azaz "the old"', ("اعزاز", "Azaz"))
    assert (town.geonames_id, town.country, town.latitude) == (4, "SY", 36.5)


def test_a_table_of_ocha(store: Store, importer: PlaceImporter) -> None:
    row = {
        "ADM0_EN": "Syria", "ADM0_PCODE": "SY", "ADM1_EN": "Aleppo", "ADM1_PCODE": "SY02",
        "ADM2_EN": "A'zaz", "ADM2_PCODE": "SY0204",
    }  # fmt: skip
    rows = [row, row | {"ADM2_EN": "Afrin", "ADM2_PCODE": "SY0203"}]
    assert importer.run(rows, load_gazetteer("cod-ab")) == {PlaceEnd.ADDED: 4}
    place = get_place(store, "sy0204")
    assert (place.name, place.parent, place.pcode) == ("A'zaz", "sy02", "SY0204")


def test_the_register_of_ukraine(store: Store, importer: PlaceImporter, tmp_path: Path) -> None:
    """A part of it: whole, it has 31,752 units."""
    require_data()
    lines = (FOLDER / "gazetteer" / "ua_katottg.csv").read_text(encoding="utf-8").splitlines()
    kept = [lines[0], *(line for line in lines if line.startswith(("UA80", "UA05020")))]
    path = tmp_path / "katottg.csv"
    path.write_text("\n".join([*kept, *lines[1:400]]) + "\n", encoding="utf-8")
    ends = importer.run_file(path, load_gazetteer("katottg"))
    assert importer.refused == [] and ends[PlaceEnd.ADDED] > 400
    kyiv = get_place(store, "ua80000000000093317")
    assert (kyiv.name, kyiv.parent, kyiv.kind) == ("Київ", None, "city with special status")
    district = get_place(store, "ua80000000000126643")
    assert (district.parent, district.kind) == (kyiv.id, "city district")


# Over HTTP ----------------------------------------------------------------------------------


def test_places_are_sent_to_a_service(tmp_path: Path) -> None:
    with run_server(tmp_path) as server:
        receiver = HttpReceiver(ServiceClient(server.url, server.key))
        importer = PlaceImporter(receiver, tmp_path)
        assert importer.run([TOWN, PROVINCE, COUNTRY]) == {PlaceEnd.ADDED: 3}
        assert importer.run([TOWN, PROVINCE, COUNTRY]) == {PlaceEnd.KNOWN: 3}
        # A key that may only report adds places, and changes none.
        ends = importer.run([TOWN | {"pcode": "SY0204"}, PROVINCE, COUNTRY])
        assert ends == {PlaceEnd.KNOWN: 2, PlaceEnd.REFUSED: 1}
        assert "admin" in importer.refused[0].reason
        ends = importer.run([TOWN, PROVINCE | {"name": "Homs"}, COUNTRY])
        assert ends[PlaceEnd.REFUSED] == 1
