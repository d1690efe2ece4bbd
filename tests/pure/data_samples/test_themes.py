"""Samples of the thematic layers: all come in whole, are marked, and say of sourced things what the sources say."""

from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from cim.city import parse
from cim.layers import LAYERS
from data_samples.generate import facts, files, frame
from data_samples.generate.themes import culture, flood, pipes, safety, streets, survey
from data_samples.generate.themes.samples import SAMPLES
from loaders.delivery.files import recognise
from loaders.judging.checks import check

CHECKOUT = Path(__file__).resolve().parents[3]
COMMITTED = CHECKOUT / "data_samples" / "datong"
SEED = files.SEED
pytestmark = pytest.mark.long  # the rivers


def test_every_sample_comes_in_whole_and_is_marked() -> None:
    city = parse((CHECKOUT / "city.toml").read_text(encoding="utf-8"))
    real = 0
    for named in (s for s in city.sources if s.source.location.rsplit("/", 1)[-1] in SAMPLES):
        layer, count = LAYERS[named.source.layer], 0
        path = CHECKOUT / named.source.location
        source = type(named.source)(**{**_fields(named.source), "location": str(path)})
        for batch in recognise(path).read(source):
            found = check(batch, source, layer, city, ground=lambda lonlat: np.full(len(lonlat), 1045.0))
            assert not found.rejected, named.name
            assert {i.code for i in found.issues} <= {"height_unknown"}, named.name
            assert found.frame["extra"].map(len).max() == 0, f"{named.name}: a column that the layer has not"
            synthetic = found.frame["is_synthetic"]
            assert (found.frame["source"][synthetic] == "generator").all(), named.name
            count, real = count + len(found.frame), real + int((~synthetic).sum())
        assert 3 <= count <= 300, named.name
    assert real == len(facts.QUAKES_1989)


def _fields(source):
    return {name: getattr(source, name) for name in source.__dataclass_fields__}


def test_every_layer_beside_the_model_has_a_sample() -> None:
    ours = {"divisions", "division_codes", "dem", "orthophoto", "roads", "water", "landmarks", "buildings", "addresses"}
    ours |= {"protected_buildings", "assembly_parts", "trees"}  # tables of the model; too many for a sample
    derived = {"stations", "vehicles", "unit_grids", "contours", "dsm", "point_clouds"}  # live, derived, or measured
    assert {sample.layer for sample in SAMPLES.values()} == set(LAYERS) - ours - derived


def test_cetian_has_its_sourced_ladder_and_nothing_else_does() -> None:
    cetian, *others = [item.properties for item in flood.reservoirs(SEED)]
    assert (cetian["name"], cetian["flood_limit_m"], cetian["crest_m"]) == ("册田水库", 956.0, 961.5)
    assert cetian["ladder"] == {"emergency_spillway": 956.31, "open_everything": 957.57}
    assert cetian["storage_m3"] == 580e6
    assert "dead_m" not in cetian
    assert all(row["name"].startswith("示例") for row in others)
    assert not any("warning_m" in item.properties for item in flood.river_reaches(SEED) if item.properties["river"])


def test_the_zones_at_yungang_have_the_sourced_areas_and_do_not_overlap() -> None:
    property_, buffer, temple = culture.heritage_zones(SEED)
    assert property_.shape.area / 1e4 == pytest.approx(348.75, rel=1e-3)
    assert buffer.shape.area / 1e4 == pytest.approx(846.81, rel=1e-3)
    assert shapely.intersection(property_.shape, buffer.shape).area < 1.0
    assert temple.shape.area == pytest.approx(14_000, rel=1e-3)
    at = frame.to_city(np.array([facts.YUNGANG_GROTTOES]))[0]
    assert property_.shape.covers(shapely.Point(at))


def test_drains_are_lines_with_heights_that_fall_and_their_wells_reach_them() -> None:
    drains, wells = pipes.drains(SEED), pipes.wells(SEED)
    for drain, (first, last) in zip(drains, _pairs(wells), strict=True):
        z = shapely.get_coordinates(drain.shape, include_z=True)[:, 2]
        assert (np.diff(z) <= 0.0).all()
        assert z[-1] < z[0]
        for well, bottom in ((first, z[0]), (last, z[-1])):
            assert well.properties["ground_m"] - well.properties["depth_m"] == pytest.approx(bottom, abs=0.011)
            assert well.properties["depth_m"] > 1.0
    meta, _, _, columns = pyogrio.raw.read(COMMITTED / "pipes_drainage.gpkg")
    assert (meta["crs"], meta["geometry_type"]) == ("EPSG:4547", "LineString Z")
    assert len(columns[0]) == len(drains)


def _pairs(found):
    return [(found[k], found[k + 1]) for k in range(0, len(found), 2)]


def test_the_committed_drains_are_what_the_generator_makes_now(tmp_path) -> None:
    SAMPLES["pipes_drainage.gpkg"].write(tmp_path / "new.gpkg", SEED)
    new, old = (pyogrio.raw.read(path) for path in (tmp_path / "new.gpkg", COMMITTED / "pipes_drainage.gpkg"))
    assert list(new[0]["fields"]) == list(old[0]["fields"])
    assert new[2].tolist() == old[2].tolist()
    assert all(a.tolist() == b.tolist() for a, b in zip(new[3], old[3], strict=True) if a.dtype != np.float64)


def test_hidden_dangers_and_hazard_sources_name_enterprises_that_are_there() -> None:
    known = {item.properties["id"] for item in safety.enterprises(SEED)}
    named = [item.properties["enterprise"] for item in (*safety.hidden_dangers(SEED), *safety.major_hazards(SEED))]
    assert set(named) <= known
    assert safety.ROLL_UP == {"blue_to_yellow": 4, "yellow_to_orange": 3, "orange_to_red": 2}


def test_no_zone_of_the_survey_is_of_the_sea_and_the_two_shocks_lie_where_they_are_sourced() -> None:
    assert {item.properties["hazard"] for item in survey.hazard_factors(SEED)} == set(survey.HAZARDS)
    main, after, *_ = survey.disasters(SEED)
    places = frame.to_lonlat(np.array([(main.shape.x, main.shape.y), (after.shape.x, after.shape.y)]))
    assert np.allclose(places, [q.place for q in facts.QUAKES_1989], atol=1e-6)
    assert [(i.properties["magnitude"], i.properties["is_synthetic"]) for i in (main, after)] == [
        (6.1, False),
        (5.0, False),
    ]


def test_cameras_stand_beside_streets_and_bridges_on_water() -> None:
    lines = shapely.union_all([road.line for road in streets.places.streets(SEED)])
    assert all(shapely.distance(item.shape, lines) < 60.0 for item in streets.cameras(SEED))
    assert {item.properties["crosses"] for item in streets.bridges(SEED)} >= {"御河"}
