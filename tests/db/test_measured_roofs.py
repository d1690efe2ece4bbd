"""`cim roofs` from scanned points to bodies in the store: whatever class, unit or ground they come with, and why not."""

import argparse
import itertools
import json

import geopandas as gpd
import numpy as np
import pytest
import shapely

from api.commands import roofs as command
from api.terminal import Terminal
from cim.errors import BadInput, MissingCrs
from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store.bodies import reading
from cim.types import Surface, silent
from cim.validity import check, of_boundaries
from loaders import pipeline
from tests.las_files import X, Y, write_las
from tests.raster_files import heights, plane
from tests.scanned_roofs import EAVES, roof

pytestmark = pytest.mark.db

GROUND = 1042.0
FORMS = ("gable", "hip", "shed", "flat")
US_FOOT = 1200.0 / 3937.0


def load(database, city, settings, path, layer, name=None, **stated):
    clock = itertools.count().__next__
    named = NamedSource(name or layer, Source(str(path), layer, **stated))
    return pipeline.load(database, named, path, city, silent, clock, data=settings.data)


def houses():
    return [roof(form, turn_deg=17.0, at=(X + 100.0 + 40.0 * n, Y + 100.0)) for n, form in enumerate(FORMS)]


def scan(path, *, crs="EPSG:4547", unit_m=1.0, thin=(), half=(), classified=True):
    """All houses scanned, with the ground about them; some with three points only, some over their western half."""
    parts = []
    for n, house in enumerate(houses()):
        points = house.scanned(seed=n) + [0.0, 0.0, GROUND]
        if n in half:
            points = points[points[:, 0] < house.footprint.centroid.x]
        parts.append(points[:3] if n in thin else points)
    roofs = np.concatenate(parts)
    west, south, east, north = shapely.total_bounds([house.footprint for house in houses()])
    ground = np.random.default_rng(9).uniform([west - 20, south - 20], [east + 20, north + 20], (6000, 2))
    ground = ground[~shapely.contains_xy(shapely.union_all([house.footprint for house in houses()]), ground)]
    xyz = np.concatenate([roofs, np.column_stack([ground, np.full(len(ground), GROUND)])])
    classes = np.repeat(np.array([6 if classified else 1, 2], dtype=np.uint8), [len(roofs), len(ground)])
    return write_las(path, xyz * [1.0, 1.0, 1.0 / unit_m], classes, crs=crs)


@pytest.fixture
def plots(database, city, settings, tmp_path):
    """The footprints as a plan has them, with heights that nobody measured."""
    frame = gpd.GeoDataFrame(
        {"id": [f"h{n}" for n in range(len(FORMS))], "name": FORMS, "storeys": 2},
        geometry=[house.footprint for house in houses()],
        crs="EPSG:4547",
    )
    frame.to_file(tmp_path / "plan.gpkg")
    load(database, city, settings, tmp_path / "plan.gpkg", "buildings", name="plan")
    return database


def run(settings):
    return command.run(settings, argparse.Namespace(), Terminal())


def shown(database):
    with reading(database) as reader:
        rows = reader.within(0, 1 << 62)
    return {name: n for n, name in enumerate(rows.name.tolist())}, rows


def notes(settings):
    return json.loads((settings.data / "derived/roofs_measured.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("classified", [True, False])
def test_scanned_houses_get_the_roofs_they_have(plots, city, settings, tmp_path, classified):
    load(plots, city, settings, scan(tmp_path / "a.laz", classified=classified), "point_clouds", name="scan")
    assert run(settings) == 0
    with plots.begin() as connection:
        told = connection.exec_driver_sql(
            "SELECT properties, roof_form, source FROM cim.current_body WHERE lod > 2 ORDER BY building_id"
        ).all()
    assert len(told) == len(FORMS)
    for properties, _, source in told:
        assert properties["fit_rmse_best95_m"] < 0.08
        assert properties["fit_within_20cm"] > 0.9
        assert properties["roof_basis"] == "measured"
        assert "scan version" in source
    places, rows = shown(plots)
    for form, house in zip(FORMS, houses(), strict=True):
        body = rows.boundary[places[form]] if form in places else None
        assert body is not None
        assert check(of_boundaries([body])) == ()
        roofs = shapely.force_2d(body.polygons[body.surface == Surface.roof])
        assert shapely.union_all(roofs).symmetric_difference(house.footprint).area < 0.5
        z = shapely.get_coordinates(body.polygons[body.surface == Surface.roof], include_z=True)[:, 2]
        assert z.min() - (0.0 if body.above_base else GROUND) == pytest.approx(EAVES, abs=0.15)
    before = (settings.data / "derived/roofs_measured.city.jsonl").read_bytes()
    assert run(settings) == 0
    assert (settings.data / "derived/roofs_measured.city.jsonl").read_bytes() == before


def test_heights_in_feet_are_brought_to_metres_before_any_plane_is_fitted(plots, city, settings, tmp_path):
    path = scan(tmp_path / "feet.las", crs="EPSG:4547+6360", unit_m=US_FOOT)
    load(plots, city, settings, path, "point_clouds", name="scan")
    assert run(settings) == 0
    with plots.begin() as connection:
        found = connection.exec_driver_sql("SELECT eaves_m, base_m FROM cim.current_body WHERE lod > 2").all()
    assert len(found) == len(FORMS)
    for eaves, base in found:
        assert eaves == pytest.approx(EAVES, abs=0.15)
        assert base == pytest.approx(GROUND, abs=0.1)


def test_three_points_and_half_a_footprint_have_their_reasons_and_the_rest_goes_on(plots, city, settings, tmp_path):
    load(plots, city, settings, scan(tmp_path / "a.laz", thin=(0,), half=(1,)), "point_clouds", name="scan")
    assert run(settings) == 0
    assert sorted(note["code"] for note in notes(settings)) == ["roof_few_points", "roof_part_covered"]
    with plots.begin() as connection:
        found = connection.exec_driver_sql(
            "SELECT properties ->> 'roof_reason' FROM cim.current_body WHERE lod > 2 ORDER BY building_id"
        ).scalars()
        assert sorted(found.all(), key=str) == [None, None, "roof_part_covered"]


def test_a_surface_model_measures_roofs_where_no_cloud_is(plots, city, settings, tmp_path):
    pixel, west, north = 0.5, X + 80.0, Y + 140.0
    surface = plane(160, 440, pixel) * np.float32(0.0) + np.float32(GROUND)
    x, y = west + (np.arange(440) + 0.5) * pixel, north - (np.arange(160) + 0.5) * pixel
    grid = np.stack(np.meshgrid(x, y), axis=2)
    for house in houses():
        inside = shapely.contains_xy(house.footprint, grid[..., 0], grid[..., 1])
        surface[inside] = (house.height(grid[inside]) + GROUND).astype(np.float32)
    path = heights(tmp_path / "dsm.tif", surface, pixel, west, north)
    load(plots, city, settings, path, "dsm")
    load(
        plots,
        city,
        settings,
        heights(tmp_path / "dem.tif", np.full((40, 60), GROUND, "f4"), 10.0, X, Y + 300.0),
        "dem",
    )
    assert run(settings) == 0
    with plots.begin() as connection:
        found = connection.exec_driver_sql("SELECT eaves_m FROM cim.current_body WHERE lod > 2").scalars().all()
    assert found == pytest.approx([EAVES] * len(FORMS), abs=0.2)


def test_clouds_that_each_cover_a_part_are_put_together(plots, city, settings, tmp_path):
    whole = np.concatenate([house.scanned(seed=n) + [0.0, 0.0, GROUND] for n, house in enumerate(houses())])
    middle = {name: house.footprint.centroid.x for name, house in zip(FORMS, houses(), strict=True)}
    nearest = np.array(list(middle.values()))[
        np.argmin(np.abs(whole[:, :1] - np.array(list(middle.values()))[None]), axis=1)
    ]
    classes = np.full(len(whole), 6, dtype=np.uint8)
    beyond = {"west": whole[:, 0] < nearest + 1.0, "east": whole[:, 0] > nearest - 0.5}
    for name, mine in beyond.items():
        path = write_las(tmp_path / f"{name}.laz", whole[mine], classes[mine], crs="EPSG:4547")
        load(plots, city, settings, path, "point_clouds", name=name)
    dem = heights(tmp_path / "dem.tif", np.full((40, 60), GROUND, "f4"), 10.0, X, Y + 300.0)
    load(plots, city, settings, dem, "dem")
    assert run(settings) == 0
    assert notes(settings) == []
    with plots.begin() as connection:
        told = connection.exec_driver_sql("SELECT properties, source FROM cim.current_body WHERE lod > 2").all()
    assert len(told) == len(FORMS)
    for properties, source in told:
        assert properties["fit_covered"] > 0.95
        assert properties["fit_within_20cm"] > 0.9
        assert "west version" in source
        assert "east version" in source


def test_the_real_cloud_that_states_no_crs_is_refused_by_name(shared, database, city, settings):
    with pytest.raises(MissingCrs, match=r"ahn3_cropped_2\.laz: states no CRS; write `crs ="):
        load(database, city, settings, shared / "lod2_delft_east" / "ahn3_cropped_2.laz", "point_clouds", name="scan")


def test_without_points_or_a_surface_there_is_nothing_to_measure(plots, settings):
    with pytest.raises(BadInput, match="no source of layer point_clouds or dsm is loaded"):
        run(settings)
