"""Vector tiles read by an independent decoder: where shapes lie, and what they say."""

import pyproj
import pytest
import shapely
from sqlalchemy import text

from cim.errors import Unknown
from cim.layers import LAYERS
from cim.store import vector_tiles
from cim.web_tiles import WebTile
from tests.model_rows import put_building, put_feature
from tests.mvt_reader import drawn, in_units, moved, read, tile_of

pytestmark = pytest.mark.db
L_SHAPE = shapely.Polygon([(0, 0), (30, 2), (29, 20), (15, 19), (14, 40), (-2, 39)], [[(3, 5), (3, 9), (9, 9), (9, 5)]])


@pytest.mark.parametrize("z", [14, 15, 16, 18, 20])
def test_a_footprint_lies_where_an_independent_projection_puts_it(database, z):
    footprint = moved(L_SHAPE, 3.7, 11.3)
    place = tile_of(footprint, z)
    with database.begin() as connection:
        put_building(connection, footprint)
        (feature,) = read(connection, ["buildings"], place)["buildings"]
    around = shapely.box(-64, -64, 4160, 4160)
    unclipped = in_units(footprint, place)
    expected = shapely.intersection(unclipped, around)
    # Half a unit each way for a vertex that stays; where a side is cut, a steep one moves the cut by more.
    assert shapely.hausdorff_distance(drawn(feature), expected) <= (0.71 if unclipped.within(around) else 2.0)
    assert drawn(feature).area == pytest.approx(expected.area, rel=0.02, abs=expected.length)


def test_a_building_says_what_it_is_with_names_for_codes(database):
    with database.begin() as connection:
        id = put_building(
            connection,
            moved(L_SHAPE),
            **{"name": "鼓楼", "use": 7, "roof_form": 4, "cim_level": 3, "lod": 2.0, "storeys": 3, "year": 1372},
            **{"height_m": 20.5, "eaves_m": 14.25, "accuracy_m": 0.25},
        )
        (feature,) = read(connection, ["buildings"], tile_of(moved(L_SHAPE), 16))["buildings"]
    assert feature["id"] == id
    assert feature["properties"] == {
        **{"id": id, "name": "鼓楼", "use": "heritage", "roof_form": "hip_and_gable", "cim_level": "L3", "lod": 2.0},
        **{"storeys": 3, "year": 1372, "height_m": 20.5, "height_basis": "source", "eaves_m": 14.25},
        **{"source": "test", "accuracy_m": 0.25, "is_synthetic": True},
    }
    assert feature["properties"].keys() <= vector_tiles.fields(vector_tiles.SERVED["buildings"]).keys()


def test_a_feature_says_its_layers_columns_typed_and_no_others(database):
    line = moved(shapely.LineString([(0, 0), (50, 10)]))
    given = {"class": "primary", "width_m": 12, "id": "R1", "lanes": 4, "note": {"a": 1}}
    with database.begin() as connection:
        good = put_feature(connection, "roads", line, given, name="大北街")
        put_feature(connection, "roads", line, {"width_m": "wide", "class": None})
        first, second = read(connection, ["roads"], tile_of(line, 16))["roads"]
    told = {"source": "test", "is_synthetic": True}
    assert first["properties"] == {"id": good, "name": "大北街", "class": "primary", "width_m": 12.0, **told}
    assert second["properties"] == {"id": second["id"], **told}


def test_every_layer_with_shapes_has_tiles_and_its_fields(database):
    placed = {name for name, layer in LAYERS.items() if layer.geometry in ("point", "line", "polygon")}
    assert set(vector_tiles.SERVED) == placed - {"stations", "vehicles"}
    square = moved(shapely.box(0, 0, 400, 400))
    with database.begin() as connection:
        for layer in vector_tiles.SERVED.values():
            shape = {"point": square.centroid, "line": shapely.LineString(square.exterior), "polygon": square}[
                layer.geometry
            ]
            numbers = {c.name: 7 if c.kind in ("integer", "real") else "七" for c in layer.columns}
            if layer.name == "buildings":
                put_building(connection, square)
            else:
                put_feature(connection, layer.name, shape, numbers, name="名")
        for z in (10, 16):
            for name, features in read(connection, list(vector_tiles.SERVED), tile_of(square, z)).items():
                kinds = {"Number": (int, float), "String": str, "Boolean": bool}
                for key, value in features[0]["properties"].items():
                    assert isinstance(value, kinds[vector_tiles.fields(vector_tiles.SERVED[name])[key]]), (name, key)
                assert len(features) == 1, name


def test_several_layers_lie_side_by_side_in_one_tile(database):
    place = tile_of(moved(L_SHAPE), 16)
    with database.begin() as connection:
        put_building(connection, moved(L_SHAPE))
        put_feature(connection, "landmarks", moved(shapely.Point(5, 5)), {"kind": "tower"}, name="钟楼")
        both = read(connection, ["landmarks", "roads", "buildings"], place)
        assert list(both) == ["landmarks", "buildings"]
        assert both["buildings"] == read(connection, ["buildings"], place)["buildings"]
        assert vector_tiles.tile(connection, ["roads"], place) == b""
        with pytest.raises(Unknown, match="no layer named 'dem' has vector tiles; known: divisions"):
            vector_tiles.tile(connection, ["dem"], place)


def test_what_lies_on_the_border_of_two_tiles_is_in_both(database):
    place = tile_of(moved(L_SHAPE), 16)
    border = place.box().east
    to_city = pyproj.Transformer.from_crs(3857, 4547, always_xy=True)
    x, y = to_city.transform(border, (place.box().south + place.box().north) / 2)
    across = shapely.box(x - 20, y - 8, x + 30, y + 8)
    east = WebTile(16, place.x + 1, place.y)
    with database.begin() as connection:
        id = put_building(connection, across)
        west_part, east_part = (read(connection, ["buildings"], one)["buildings"] for one in (place, east))
    assert [f["id"] for f in (*west_part, *east_part)] == [id, id]
    # Each holds its own side and 64 units beyond the border, so that no outline shows at the seam.
    assert drawn(west_part[0]).bounds[2] == 4096 + 64
    assert drawn(east_part[0]).bounds[0] == -64


def test_only_what_holds_now_is_shown_and_of_each_building_the_finest_level(database):
    place = tile_of(moved(L_SHAPE), 16)
    with database.begin() as connection:
        one = put_building(connection, moved(L_SHAPE), lod=1.0, name="coarse")
        put_building(connection, moved(L_SHAPE), of=one, lod=2.0, name="fine")
        put_building(connection, moved(L_SHAPE), role=1, name="one of several sources")
        put_building(connection, moved(L_SHAPE), valid_to="2020-01-01T00:00:00Z", name="gone")
        put_building(connection, moved(L_SHAPE), valid_from="2999-01-01T00:00:00Z", name="to come")
        other = put_building(connection, moved(L_SHAPE), name="no longer held")
        connection.execute(
            text("UPDATE cim.body SET record_to = now() + interval '1 s' WHERE building_id = :id"), {"id": other}
        )
        for z in (place, tile_of(moved(L_SHAPE), 12)):
            found = read(connection, ["buildings"], z)["buildings"]
            assert sum(f["properties"].get("count", 1) for f in found) == 1
        assert [f["properties"]["name"] for f in read(connection, ["buildings"], place)["buildings"]] == ["fine"]


def test_a_plain_update_moves_the_shape_in_the_tile_too(database):
    with database.begin() as connection:
        id = put_building(connection, moved(L_SHAPE))
        connection.execute(text("UPDATE cim.body SET footprint = ST_Translate(footprint, 5000, 0)"))
        there = moved(L_SHAPE, 5000)
        assert vector_tiles.tile(connection, ["buildings"], tile_of(moved(L_SHAPE), 16)) == b""
        (feature,) = read(connection, ["buildings"], tile_of(there, 16))["buildings"]
    assert feature["id"] == id
    assert shapely.hausdorff_distance(drawn(feature), in_units(there, tile_of(there, 16))) <= 1.0


def test_the_same_rows_give_the_same_bytes(database):
    place = tile_of(moved(L_SHAPE), 14)
    with database.begin() as connection:
        for n in range(40):
            put_building(connection, moved(L_SHAPE, n * 50 - 1000), name=f"{n}")
        before = vector_tiles.tile(connection, ["buildings"], place)
        connection.execute(
            text("UPDATE cim.body SET height_m = height_m WHERE id % 2 = 0")
        )  # other places in the table
        assert vector_tiles.tile(connection, ["buildings"], place) == before


def test_every_tile_query_finds_its_rows_by_the_index_whatever_the_values(database):
    with database.raw() as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute(
            """INSERT INTO cim.body (building_id, lod, cim_level, dataset_id, version_id, source_row, use, roof_form,
                   height_m, height_basis, footprint, is_synthetic, cell, record_from)
               SELECT n, 1, 2, 1, 1, n, 0, 0, 9, 'source', ST_Translate(ST_SetSRID('BOX(0 0,9 9)'::box2d::geometry, 4547),
                   430000 + mod(n, 100) * 22, 4430000 + n / 100 * 22), true, n, now() FROM generate_series(1, 20000) n"""
        )
        connection.execute(
            """INSERT INTO cim.feature (object_id, layer, dataset_id, version_id, source_row, geom, is_synthetic, cell,
                   record_from)
               SELECT n, (ARRAY['roads', 'water', 'addresses'])[1 + mod(n, 3)], 1, 1, n,
                   ST_SetSRID(ST_MakePoint(430000 + mod(n, 100) * 22, 4430000 + n / 100 * 22), 4547), true, n, now()
               FROM generate_series(1, 20000) n"""
        )
        connection.execute("ANALYZE cim.body, cim.feature")
        for layer in ("buildings", "roads", "water", "addresses"):
            for place in (WebTile(15, 26680, 12420), WebTile(12, 3335, 1552)):
                query = vector_tiles.statement(layer, place.z >= vector_tiles.WHOLE_ZOOM).as_string(connection)
                rows = connection.execute("EXPLAIN " + query, vector_tiles.values(layer, place), prepare=True)
                plan = "\n".join(row[0] for row in rows)
                assert f"{'body' if layer == 'buildings' else 'feature'}_current_mercator" in plan, plan
                assert "Seq Scan" not in plan, plan
