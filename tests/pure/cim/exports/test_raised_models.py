"""What is built of parts or has a roof of several tiers goes out as valid solids, the same ones that tiles draw."""

import numpy as np
import pytest
import shapely

from cim.assembly import NO_PARTS, Parts
from cim.exports import solids
from cim.exports.solids import SURFACES
from cim.types import Surface
from cim.validity import check, of_boundaries
from tests import landmark_picture
from tests.pure.cim.exports.test_models import _page

WALL = {"assembly": "wall", "part": "body", "kind": "block", "high_m": 14, "lean_m": 3, "edges": "front back"}
WALK = {"assembly": "wall", "part": "walk", "kind": "parapet", "low_m": 14, "high_m": 15.5, "thick_m": 0.5}
MERLONS = WALK | {"part": "merlons", "low_m": 15.5, "high_m": 17, "piece_m": 1.5, "gap_m": 0.7, "edges": "front"}
HALL = shapely.affinity.rotate(shapely.box(439876, 4439760, 439906, 4439780), 7)
BAY = shapely.affinity.rotate(shapely.box(439976, 4439760, 440036, 4439778), 31)


def exported(shapes, parts=NO_PARTS, **told):
    page = _page(shapes, **told)
    (out,) = solids.with_bodies(iter([page]), {}, "EPSG:4547", "EPSG:4547", parts)
    bodies = [solids._delivered(out, row) for row in range(len(shapes))]
    return bodies, out[SURFACES]


def test_a_wall_bay_goes_out_as_the_closed_solids_of_its_parts():
    (body,), whence = exported(
        [BAY], Parts.of([WALL, WALK, MERLONS]), assembly=["wall@180"], height_m=[17.0], eaves_m=[None]
    )
    assert whence == ["assembly"]
    assert body.kind == "MultiSolid"
    assert len(body.shells) == 1 + 4 + 27  # the body, the walk on four edges, and (60 + 0.7) / 2.2 merlons
    assert check(of_boundaries([body])) == ()
    assert {Surface.ground, Surface.wall} <= set(body.surface.tolist())
    z = shapely.get_coordinates(body.polygons, include_z=True)[:, 2]
    assert (z.min(), z.max()) == (1043.25, 1043.25 + 17.0)


def test_a_double_eaved_hall_goes_out_with_both_its_eaves_and_what_hangs_over():
    told = {
        "roof_form": ["hip_and_gable"],
        "eaves_tiers": [2],
        "use": ["religious"],
        "height_m": [14.0],
        "eaves_m": [5.0],
    }
    (body,), whence = exported([HALL], **told)
    assert whence == ["form"]
    assert body.kind == "Solid"
    assert check(of_boundaries([body])) == ()
    under = shapely.get_coordinates(body.polygons[body.surface == Surface.overhang], include_z=True)[:, 2]
    assert np.sum(np.diff(np.sort(under)) > 2.0) == 1  # two tiers, each a little higher at its corners
    plan = shapely.union_all(shapely.force_2d(body.polygons[body.surface == Surface.roof]))
    assert plan.convex_hull.contains(HALL.buffer(0.4, join_style="mitre"))


def test_eaves_that_nobody_tells_hang_on_the_pitch():
    told = {"roof_form": ["gable"] * 2, "pitch_deg": [45.0, None], "height_m": [20.0] * 2, "eaves_m": [None, None]}
    (steep, flat), _ = exported([HALL] * 2, **told)
    low = [
        shapely.get_coordinates(b.polygons[b.surface == Surface.roof], include_z=True)[:, 2].min()
        for b in (steep, flat)
    ]
    assert low[0] == pytest.approx(1043.25 + 20.0 - 10.5, abs=0.1)  # half the depth and the overhang
    assert low[1] == 1043.25 + 20.0


def test_what_no_parts_fit_keeps_its_roof():
    bodies, whence = exported([BAY, BAY], Parts.of([WALL]), assembly=["unheard of", "wall"], roof_form=["gable"] * 2)
    assert whence == ["form", "assembly"]
    assert check(of_boundaries(bodies)) == ()


@pytest.mark.long
def test_every_assembly_of_the_sample_goes_out_valid():
    table = landmark_picture.parts()
    names = sorted(set(table.assembly.tolist()))
    count = len(names)
    bodies, whence = exported([BAY] * count, table, assembly=names, height_m=[30.0] * count, eaves_m=[None] * count)
    assert whence.count("assembly") > count / 2
    assert check(of_boundaries(bodies)) == ()


@pytest.mark.parametrize("form", ["flush_gable", "round_ridge", "hip_and_gable"])
def test_what_the_lattice_bends_goes_out_valid(form):
    """At any turn a wall below a gable has corners not quite in line, and a curved roof faces not quite flat."""
    number = np.random.default_rng(7).random((60, 3))
    shapes = [
        shapely.affinity.rotate(shapely.box(x, 4439760, x + 6 + 20 * wide, 4439766 + 9 * deep), 360 * turn)
        for x, (wide, deep, turn) in zip(439876.0 + 40.0 * np.arange(60), number, strict=True)
    ]
    bodies, _ = exported(shapes, roof_form=[form] * 60, height_m=[8.0] * 60, eaves_m=[5.0] * 60)
    assert {body.kind for body in bodies} == {"Solid"}
    assert check(of_boundaries(bodies)) == ()
    assert any(len(polygon.exterior.coords) > 4 for body in bodies for polygon in body.polygons)


def test_parts_of_a_footprint_that_touch_in_a_corner_go_out_as_two_solids():
    touching = shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(10, 10, 20, 20)])
    apart = shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(12, 10, 20, 20)])
    placed = [shapely.affinity.translate(one, 439876, 4439760) for one in (touching, apart)]
    bodies, _ = exported(placed, roof_form=["flat"] * 2, height_m=[9.0] * 2, eaves_m=[None] * 2)
    assert [(body.kind, len(body.shells)) for body in bodies] == [("MultiSolid", 2)] * 2
    assert check(of_boundaries(bodies)) == ()
