"""Addresses in the store: read into parts, checked against divisions, and tied to buildings whichever comes later."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store import address_links as links
from cim.store import features
from cim.store.catalogue import dataset_id
from cim.types import silent
from loaders import pipeline
from loaders.addressing.address_links import renew
from loaders.rollback import rollback
from tests.houses import X, Y, load, write

pytestmark = pytest.mark.db

CODES = Path(__file__).resolve().parents[2] / "data_samples" / "datong" / "division_codes.csv"

# House h1 is 10 m wide and begins at X + 30: in it, 5 m beside it, and far from all.
INSIDE, BESIDE, FAR = (X + 35, Y + 5), (X + 35, Y + 15), (X + 35, Y + 500)


def deliver(database, city, path, rows):
    """Addresses (id, address, division, place) in the city's frame, in a table of divisions."""
    lines = [f"{key},{address},{division},{x},{y}" for key, address, division, (x, y) in rows]
    path.write_text("id,address,division,x,y\n" + "\n".join(lines) + "\n", encoding="utf-8")
    codes = NamedSource("codes", Source(str(CODES), "division_codes"))
    pipeline.load(database, codes, CODES, city, silent, itertools.count().__next__)
    named = NamedSource("addresses", Source(str(path), "addresses", crs="EPSG:4547", columns={"lon": "x", "lat": "y"}))
    return pipeline.load(database, named, path, city, silent, itertools.count().__next__)


def addresses(database):
    with database.begin() as connection:
        return {f["properties"]["id"]: f["properties"] for f in features.items(connection, "addresses")}


def ties(database):
    return {key: (one["matched_by"], one["matched_distance_m"]) for key, one in addresses(database).items()}


def houses(database):
    with database.begin() as connection:
        return {f["properties"]["id"]: f["id"] for f in features.items(connection, "buildings")}


def test_an_address_is_shown_in_its_parts_with_its_division(database, city, tmp_path):
    text = "大同县文昌街十二号(3幢)２单元"
    report = deliver(database, city, tmp_path / "a.csv", [("a", text, "", FAR)])
    shown = addresses(database)["a"]
    parts = ("county", "street", "number", "building", "unit", "division")
    assert [shown[part] for part in parts] == ["云州区", "文昌街", "12", "3", "2", "140215"]
    assert shown["standard"] == "山西省大同市云州区文昌街12号3号楼2单元"
    assert shown["address"] == text
    assert report.codes["address_old_unit"] == 1


def test_a_division_that_the_text_denies_is_told_and_stands(database, city, tmp_path):
    rows = [
        ("a", "平城区和阳街5号", "140225", FAR),
        ("b", "平城区和阳街6号", "140213", FAR),
        ("c", "和阳街7号", "12", FAR),
    ]
    report = deliver(database, city, tmp_path / "a.csv", rows)
    assert (report.codes["address_division"], report.codes["code_invalid"]) == (1, 1)
    assert [one["division"] for one in addresses(database).values()] == ["140225", "140213", "12"]


def test_an_address_belongs_to_the_building_it_stands_in_or_the_nearest(database, city, tmp_path):
    load(database, city, write(tmp_path / "h.gpkg", ["h0", "h1"]))
    rows = [("in", "和阳街1号", "", INSIDE), ("near", "和阳街2号", "", BESIDE), ("far", "和阳街3号", "", FAR)]
    report = deliver(database, city, tmp_path / "a.csv", rows)
    assert ties(database) == {"in": ("inside", 0.0), "near": ("near", 5.0), "far": (None, None)}
    assert addresses(database)["in"]["building_id"] == houses(database)["h1"]
    assert (report.codes["address_near_building"], report.codes["address_without_building"]) == (1, 1)


def test_ties_come_and_go_with_buildings_that_are_loaded_later(database, city, tmp_path):
    path = tmp_path / "h.gpkg"
    deliver(database, city, tmp_path / "a.csv", [("a", "和阳街1号", "", INSIDE)])
    assert ties(database) == {"a": (None, None)}
    load(database, city, write(path, ["h0", "h1"]))
    assert ties(database) == {"a": ("inside", 0.0)}
    load(database, city, write(path, ["h0", "h1"], side=2.0))  # now it ends 3 m west of the point
    assert ties(database) == {"a": ("near", 3.0)}
    load(database, city, write(path, ["h9"]))
    assert ties(database) == {"a": (None, None)}
    rollback(database, "houses")
    assert ties(database) == {"a": ("near", 3.0)}


def test_street_and_number_tie_what_lies_too_far_if_one_building_alone_has_them(database, city, tmp_path):
    said = {"keys": ["h0", "h1", "h2"], "address": ["平城区和阳街十二号", "平城区和阳街14号", "平城区和阳街14号"]}
    rows = [("one", "大同市平城区和阳街12号", "", FAR), ("two", "大同市平城区和阳街14号", "", FAR)]
    report = deliver(database, city, tmp_path / "a.csv", rows)
    load(database, city, write(tmp_path / "h.gpkg", **said))
    assert ties(database) == {"one": ("text", None), "two": (None, None)}
    assert report.codes["address_without_building"] == 2
    assert report.codes["address_said_by_none"] == 2
    assert {k: v["unmatched_because"] for k, v in addresses(database).items()} == {
        "one": None, "two": "several_buildings_say_it"
    }  # fmt: skip
    again = deliver(database, city, tmp_path / "a.csv", [*rows, ("three", "平城区和阳街12号", "", FAR)])
    assert again.codes["address_by_text"] == 1
    assert addresses(database)["three"]["building_id"] == houses(database)["h0"]


def test_an_address_without_a_building_says_why_until_one_comes(database, city, tmp_path):
    load(database, city, write(tmp_path / "h.gpkg", ["h1", "h2"], address=["平城区和阳街14号"] * 2))
    rows = [
        ("quarter", "大同市平城区", "", FAR),
        ("new", "平城区和阳街15号", "", FAR),
        ("two", "平城区和阳街14号", "", FAR),
    ]
    report = deliver(database, city, tmp_path / "a.csv", rows)
    reasons = {"quarter": "no_street_or_number", "new": "no_building_says_it", "two": "several_buildings_say_it"}
    assert {key: one["unmatched_because"] for key, one in addresses(database).items()} == reasons
    codes = ("address_says_too_little", "address_said_by_none", "address_said_by_several", "address_without_building")
    assert [report.codes[code] for code in codes] == [1, 1, 1, 3]
    load(database, city, write(tmp_path / "h.gpkg", ["h1", "h2"], address=["平城区和阳街14号", "平城区和阳街15号"]))
    assert {key: one["unmatched_because"] for key, one in addresses(database).items()} == {
        "quarter": "no_street_or_number", "new": None, "two": None
    }  # fmt: skip


def test_addresses_taken_back_are_tied_as_before(database, city, tmp_path):
    load(database, city, write(tmp_path / "h.gpkg", ["h1"]))
    deliver(database, city, tmp_path / "a.csv", [("a", "和阳街1号", "", INSIDE)])
    deliver(database, city, tmp_path / "a.csv", [("a", "和阳街1号", "", FAR)])
    assert ties(database) == {"a": (None, None)}
    rollback(database, "addresses")
    assert ties(database) == {"a": ("inside", 0.0)}


def test_many_are_tied_to_the_same_buildings_as_one_by_one(database, city, tmp_path):
    dice = np.random.default_rng(7)
    spots = np.round(np.column_stack([dice.uniform(X - 100, X + 4_000, 400), dice.uniform(Y - 60, Y + 60, 400)]), 2)
    load(database, city, write(tmp_path / "h.gpkg", [f"h{n}" for n in range(130)]))
    deliver(database, city, tmp_path / "a.csv", [(f"a{n}", "和阳街", "", tuple(spot)) for n, spot in enumerate(spots)])
    found = []
    for many in (1, 1_000):
        with database.begin() as connection:
            links.of_dataset(connection, dataset_id(connection, "addresses"))
            renew(connection, 30.0, many)
            rows = connection.execute(text("SELECT * FROM cim.address_link ORDER BY address_id"))
            found.append([tuple(row) for row in rows])
    assert found[0] == found[1]
    assert {how for _, _, how, _ in found[0]} == {"inside", "near"}
    assert 100 < len(found[0]) < 400
