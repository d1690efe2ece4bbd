"""Addresses of a batch: parts where the source is silent, the division by text and by place, many readers alike."""

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from cim.layers.addresses import LAYER
from loaders.addressing.address_readers import MANY, Readers
from loaders.addressing.addresses import Reference, read
from loaders.judging.checks import Checked
from tests.bench.sayings import sayings
from tests.pure.cim.address.little import LITTLE

COUNTY, TOWN = shapely.box(0, 0, 100, 100), shapely.box(0, 0, 10, 10)
AGAINST = Reference(Readers(LITTLE, 1), ("140213", "140213051"), (COUNTY, TOWN))


def batch(*rows):
    """Checked records: (address, division, x, y, further columns)."""
    columns = {column.name: [None] * len(rows) for column in LAYER.columns}
    columns |= {"address": [row[0] for row in rows], "division": [row[1] for row in rows]}
    for name in rows[0][4] if len(rows[0]) > 4 else ():
        columns[name] = [row[4][name] for row in rows]
    shapes = [shapely.Point(row[2], row[3]) for row in rows]
    table = pd.DataFrame(columns, index=range(1, len(rows) + 1), dtype=object)
    return Checked(gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, index=table.index)), (), ())


def test_the_finest_outline_gives_the_division_where_the_text_says_none():
    found = read(batch(("和阳街5号", None, 5, 5), ("和阳街6号", None, 50, 50), ("和阳街7号", None, 500, 5)), AGAINST)
    assert found.frame["division"].tolist() == ["140213051", "140213", None]
    assert found.issues == ()


def test_a_text_that_its_place_or_its_code_denies_is_told_with_its_row():
    rows = [
        ("浑源县永安街5号", None, 5, 5),
        ("平城区和阳街6号", "140214", 5, 5),
        ("平城区和阳街7号", "140213051", 5, 5),
    ]
    found = read(batch(*rows), AGAINST)
    assert [(issue.code, issue.row) for issue in found.issues] == [("address_elsewhere", 1), ("address_division", 2)]
    assert found.frame["division"].tolist() == ["140225", "140214", "140213051"]


def test_what_the_source_says_of_a_part_stands():
    found = read(batch(("平城区和阳街5号", None, 5, 5, {"street": "古和阳街"})), AGAINST).frame
    assert found[["street", "number", "county", "quarter"]].iloc[0].tolist() == ["古和阳街", "5", "平城区", None]


@pytest.mark.long
def test_many_readers_read_as_one_does():
    texts = [said.text for said in sayings(LITTLE, MANY + 10)]
    with Readers(LITTLE, 2) as readers:
        assert readers.read(texts) == Readers(LITTLE, 1).read(texts)
