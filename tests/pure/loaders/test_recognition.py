"""Recognition: tables of columns as offices and portals name them, and the layer each is; what is unclear is not guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cim.errors import BadInput
from cim.layers import LAYERS
from loaders.recognising.recognition import Table, choose, fits, place_columns

KNOWN = [
    # file name, geometry, columns with some values, layer, what is mapped
    ("export", "polygon", {"OBJECTID": "1", "层数": "6", "建筑高度(米)": "18.5", "地址": "和阳街1号"}, "buildings",
     {"id": "OBJECTID", "storeys": "层数", "height_m": "建筑高度(米)", "address": "地址"}),
    ("gis_osm_buildings", "polygon", {"osm_id": "1", "building:levels": "3", "height": "9", "type": "house"}, "buildings",
     {"id": "osm_id", "storeys": "building:levels", "height_m": "height"}),
    ("建筑轮廓", "polygon", {"BSM": "1"}, "buildings", {"id": "BSM"}),
    ("道路中线", "line", {"道路编号": "1", "道路名称": "和阳街", "道路等级": "主干路", "路宽": "22"}, "roads",
     {"id": "道路编号", "name": "道路名称", "class": "道路等级", "width_m": "路宽"}),
    ("layer1", "line", {"osm_id": "1", "name": "a", "highway": "primary"}, "roads", {"id": "osm_id", "class": "highway"}),
    ("county", "polygon", {"XZQDM": "140213", "XZQMC": "平城区"}, "divisions", {"code": "XZQDM", "name": "XZQMC"}),
    ("counties", "polygon", {"adcode": "140213", "name": "平城区", "level": "county"}, "divisions", {"code": "adcode"}),
    ("水系面", "polygon", {"编号": "1", "名称": "御河", "类型": "河流"}, "water",
     {"id": "编号", "name": "名称", "kind": "类型"}),
    ("门牌", "point", {"编号": "1", "详细地址": "和阳街1号", "名称": "鼓楼", "经度": "113.3", "纬度": "40.1"}, "addresses",
     {"id": "编号", "address": "详细地址", "name": "名称"}),
    ("sites", "point", {"site_code": "1", "site_name": "a", "kind": "air", "unit": "µg/m³"}, "stations",
     {"id": "site_code", "name": "site_name"}),
    ("fixes", "point", {"车牌号": "晋B1", "定位时间": "2026-03-02T08:00:00+08:00", "车速": "28"}, "vehicles",
     {"id": "车牌号", "time": "定位时间", "speed_kmh": "车速"}),
    ("list", "none", {"code": "140213", "name": "平城区", "parent_code": "140200"}, "division_codes",
     {"parent": "parent_code"}),
    ("grid", "polygon", {"网格编码": "140213051001001", "unit": "140213051", "sequence": "1"}, "unit_grids",
     {"code": "网格编码"}),
]  # fmt: skip


def table(name, geometry, columns, **stated) -> Table:
    return Table(name, geometry, {key: (value,) for key, value in columns.items()}, **stated)


@pytest.mark.parametrize(("name", "geometry", "columns", "layer", "mapped"), KNOWN)
def test_a_table_of_columns_is_a_layer(name, geometry, columns, layer, mapped):
    fit = choose(table(name, geometry, columns))
    assert (fit.layer, dict(fit.columns)) == (layer, mapped)
    assert not fit.missing
    assert fit.why
    placed = set(place_columns(list(columns)).values()) if geometry == "point" else set()
    assert {*fit.columns.values(), *fit.same, *fit.left, *placed} == set(columns)


def test_two_layers_that_fit_nearly_as_well_are_not_guessed_between():
    bare = table("polygons", "polygon", {"id": "1", "name": "a"})
    with pytest.raises(BadInput, match="it is not guessed at. Say --layer|no layer is known.*Say --layer"):
        choose(bare)
    both = table("x", "point", {"id": "1", "name": "a", "storage_m3": "5", "crest_m": "961.5"})
    with pytest.raises(BadInput, match=r"could be one of reservoirs \(.*, tailings_ponds .*--layer"):
        choose(both)
    assert choose(both, "reservoirs").layer == "reservoirs"
    few = table("x", "point", {"id": "1", "name": "a", "address": "b", "beds": "3"})
    with pytest.raises(BadInput, match="care_homes.*hospitals.*it is not guessed at. Say --layer"):
        choose(few)


def test_values_that_are_not_what_a_column_holds_are_left_as_properties_with_the_reason():
    fit = choose(table("建筑", "polygon", {"编号": "1", "用途": "住宅", "高度": "约20米", "层数": "6"}))
    assert set(fit.columns) == {"id", "storeys"}
    assert set(fit.left) == {"用途", "高度"} == set(fit.unlike)
    assert "not a number" in fit.unlike["高度"]


def test_a_unit_in_the_heading_that_is_another_one_is_not_taken_for_metres():
    fit = choose(table("建筑", "polygon", {"编号": "1", "层数": "6", "高度(英尺)": "60", "檐高（米）": "18"}))
    assert fit.columns["eaves_m"] == "檐高（米）"
    assert "height_m" not in fit.columns
    assert fit.unlike == {"高度(英尺)": "is in 英尺, height_m in m"}


def test_what_the_owner_states_of_columns_wins_and_constants_stand_for_columns():
    columns = {"编号": "1", "原编号": "2", "名称": "a", "经度": "1", "纬度": "2"}
    fit = choose(table("测站", "point", columns, stated={"id": "原编号"}, constants=("kind",)))
    assert (fit.layer, fit.columns["id"], fit.missing) == ("stations", "原编号", ())
    assert choose(table("测站", "point", columns), "stations").missing == ("kind",)


def test_every_layer_knows_its_own_columns_and_titles():
    for layer in LAYERS.values():
        if layer.geometry not in ("polygon", "line", "point", "none"):
            continue
        own = {c.name: c.choices[0] if c.choices else "1" for c in layer.columns}
        titled = {c.title: c.words[0][0] if c.words else c.choices[0] if c.choices else "1" for c in layer.columns}
        for columns in (own, titled):
            if layer.geometry == "none":
                continue
            fit = choose(table(layer.title, layer.geometry, columns))
            assert fit.layer == layer.name
            assert not fit.missing, (layer.name, fit)


@pytest.mark.long
@given(
    st.dictionaries(st.text(max_size=12), st.text(max_size=8), max_size=12),
    st.sampled_from(["polygon", "line", "point"]),
)
def test_any_columns_are_accounted_for_once(columns, geometry):
    for fit in fits(table("x", geometry, columns)):
        used = [*fit.columns.values(), *fit.same, *fit.left]
        assert len(used) == len(set(used))
        assert set(used) | set(place_columns(list(columns)).values()) == set(columns)
