"""Unit grids from outlines: which units are divided, the table they become, the file, what is refused."""

import geopandas as gpd
import pytest
import shapely

from cim.errors import BadInput, Unknown
from cim.layers import LAYERS
from cim.store.divisions import Outline
from cim.types import silent
from loaders.derived.unit_grids import chosen, derive, source, write

X, Y = 439_800.0, 4_439_700.0


def outline(code, west, east, is_synthetic=False, dataset="divisions", version=3):
    return Outline(code, shapely.box(X + west, Y, X + east, Y + 100), is_synthetic, dataset, version)


COUNTIES = [outline("140213", 0, 500), outline("140214", 500, 700)]
TOWNS = [outline("140213051", 0, 300, is_synthetic=True, dataset="towns", version=7)]


def test_the_finest_level_there_is_is_divided_unless_units_are_named():
    assert [o.code for o in chosen(COUNTIES)] == ["140213", "140214"]
    assert [o.code for o in chosen([*COUNTIES, *TOWNS])] == ["140213051"]
    assert [o.code for o in chosen([*COUNTIES, *TOWNS], ["140214", "140213051000"])] == ["140213051", "140214"]


@pytest.mark.parametrize(
    ("outlines", "codes", "error", "said"),
    [
        ([], [], BadInput, "holds no county, town or community"),
        ([outline("140200", 0, 9)], [], BadInput, "holds no county, town or community"),
        (COUNTIES, ["140299"], Unknown, "no division with an outline has the code 140299"),
        (COUNTIES, ["14"], BadInput, "expected 6 digits"),
        ([*COUNTIES, *TOWNS], ["140213", "140213051"], BadInput, "140213051 lies in 140213"),
    ],
)
def test_what_cannot_be_chosen_is_refused(outlines, codes, error, said):
    with pytest.raises(error, match=said):
        chosen(outlines, codes)


def test_the_table_has_every_column_of_the_layer_and_says_what_is_synthetic():
    frame = derive([*TOWNS, outline("140214", 300, 500)], "EPSG:4547", 100.0, silent)
    assert {c.name for c in LAYERS["unit_grids"].columns} <= set(frame.columns)
    assert frame["code"].tolist() == [
        *("140213051000001", "140213051000002", "140213051000003"),
        *("140214000000001", "140214000000002"),
    ]
    assert frame["sequence"].tolist() == [1, 2, 3, 1, 2]
    assert frame["area_m2"].tolist() == [10_000.0] * 5
    assert frame["is_synthetic"].tolist() == [True] * 3 + [False] * 2


def test_the_file_repeats_byte_for_byte_and_keeps_nothing_half_written(tmp_path):
    frame = derive(TOWNS, "EPSG:4547", 100.0, silent)
    for name in ("a", "b"):
        write(frame, tmp_path / name / "unit_grids.gpkg")
    first, second = (tmp_path / name / "unit_grids.gpkg" for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    assert [p.name for p in first.parent.iterdir()] == ["unit_grids.gpkg"]
    back = gpd.read_file(first)
    assert back.crs.to_epsg() == 4547
    assert back["code"].tolist() == frame["code"].tolist()


def test_the_source_says_from_which_versions_it_was_derived(tmp_path):
    told = source(tmp_path / "x.gpkg", [*COUNTIES, *TOWNS], "EPSG:4547", 100.0)
    assert told.constants == {"source": "derived from divisions version 3, towns version 7 at 100 m"}
    assert (told.layer, told.crs) == ("unit_grids", "EPSG:4547")
