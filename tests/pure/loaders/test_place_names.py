"""Places of a batch: what a record is found as, by its name or by the parts that were read of its address."""

import geopandas as gpd
import shapely

from cim.layers import LAYERS
from loaders.addressing.place_names import places


def batch(**columns: list[object]) -> gpd.GeoDataFrame:
    count = len(columns["source_key"])
    return gpd.GeoDataFrame(
        columns, geometry=[shapely.Point(440_000.0, 4_440_000.0)] * count, index=range(1, count + 1)
    )


def test_named_features_of_findable_layers_are_places_and_those_of_others_are_not() -> None:
    frame = batch(source_key=["h1", "h2"], name=["示例医院", None])
    assert [(p.source_key, p.kind, p.rank) for p in places(LAYERS["hospitals"], frame)] == [("h1", "hospitals", 0)]
    assert places(LAYERS["hidden_dangers"], frame) == []
    findable = {name for name, layer in LAYERS.items() if layer.is_findable}
    assert all(any(c.name == "name" for c in LAYERS[name].columns) for name in findable)


def test_a_road_is_one_place_however_many_pieces_it_has() -> None:
    frame = batch(source_key=["r1", "r2", "r3"], name=["和阳街", "和阳街", "永泰街"])
    assert [p.source_key for p in places(LAYERS["roads"], frame)] == ["r1", "r3"]


def test_numbers_hang_on_a_village_that_no_table_knows() -> None:
    frame = batch(source_key=["a1"], address=["光岭窑村94号"], name=[None], place_name=["光岭窑村"], number=["94"])
    (place,) = places(LAYERS["addresses"], frame)
    assert (place.folded_name, place.community, place.number) == ("光岭窑村", "光岭窑村", "94")


def test_a_number_behind_a_quarter_is_kept_among_its_buildings_and_absence_is_nothing() -> None:
    frame = batch(
        source_key=["a1", "a2", "a3"],
        address=["永安里2号", "和阳街12号", "御河花园无单元501室"],
        name=[None, None, None],
        quarter=["永安里", None, "御河花园"],
        street=[None, "和阳街", None],
        number=["2", "12", None],
        unit=[None, None, "无"],
        room=[None, None, "501"],
    )
    found = places(LAYERS["addresses"], frame)
    assert [(p.street, p.quarter, p.number, p.building, p.unit, p.room) for p in found] == [
        ("", "永安里", "", "2", "", ""),
        ("和阳街", "", "12", "", "", ""),
        ("", "御河花园", "", "", "", "501"),
    ]
