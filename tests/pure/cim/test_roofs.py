"""Roofs by form: closed bodies that reach from eaves to ridge, and stated simpler ones where a form does not fit."""

import numpy as np
import pytest
import shapely
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate, translate

from cim.geometry import LATTICE_M, Rings, clean, rings, snap, wind
from cim.mesh import Mesh, volumes
from cim.roofs import Bodied, raise_bodies
from cim.types import RoofForm, Surface

PITCHED = [
    RoofForm.shed, RoofForm.gable, RoofForm.flush_gable, RoofForm.round_ridge, RoofForm.hip, RoofForm.hip_and_gable,
    RoofForm.pyramidal,
]  # fmt: skip
L_SHAPE = shapely.Polygon([(0, 0), (24, 0), (24, 7), (6, 7), (6, 25), (0, 25)])
COURTYARD = shapely.box(0, 0, 30, 26).difference(shapely.box(7, 6, 23, 20))


def bodies(*polygons: shapely.Polygon, form: RoofForm, rise: float = 3.0, overhang: float = 0.0) -> Bodied:
    raw = rings(np.array(polygons, dtype=object))
    shape = wind(clean(Rings(snap(raw.xy), raw.start, raw.polygon, raw.feature)))
    count = len(polygons)
    eaves = np.full(count, 1004.0)
    return raise_bodies(
        shape, np.full(count, 1000.0), eaves, eaves + rise, np.full(count, form, dtype=np.uint8),
        np.full(count, overhang), ground=True,
    )  # fmt: skip


def assert_closed(mesh: Mesh, feature: int = 0) -> None:
    mine = mesh.triangles[mesh.feature[mesh.triangles[:, 0]] == feature]
    body = trimesh.Trimesh(**trimesh.triangles.to_kwargs(mesh.positions()[mine]), process=True)
    assert body.is_watertight
    assert body.is_winding_consistent
    assert body.volume > 0


@pytest.mark.parametrize("form", PITCHED)
@pytest.mark.parametrize("overhang", [0.0, 0.5])
def test_every_form_on_a_rectangle_is_closed_and_reaches_the_ridge(form: RoofForm, overhang: float) -> None:
    body = bodies(rotate(shapely.box(0, 0, 16, 9), 33), form=form, overhang=overhang)
    assert body.form.tolist() == [form]
    assert body.reasons == {}
    assert_closed(body.mesh)
    assert body.mesh.z.max() == 1007.0
    assert body.mesh.z.min() == 1000.0


def test_volumes_are_those_of_the_textbook() -> None:
    length, width, rise = 16.0, 8.0, 3.0
    block = length * width * 4.0
    above = {
        RoofForm.shed: length * width * rise / 2,
        RoofForm.gable: length * width * rise / 2,
        RoofForm.hip: width * rise * (3 * length - width) / 6,
        RoofForm.pyramidal: length * width * rise / 3,
    }
    for form, expected in above.items():
        body = bodies(shapely.box(0, 0, length, width), form=form, rise=rise)
        assert volumes(body.mesh, 1)[0] == pytest.approx(block + expected, rel=1e-9), form.name


def test_a_hip_and_gable_roof_lies_between_hip_and_gable() -> None:
    box = shapely.box(0, 0, 18, 9)
    hip, both, gable = (
        float(volumes(bodies(box, form=form).mesh, 1)[0])
        for form in (RoofForm.hip, RoofForm.hip_and_gable, RoofForm.gable)
    )
    assert hip < both < gable


def test_the_ridge_runs_along_the_long_side() -> None:
    mesh = bodies(shapely.box(0, 0, 9, 20), form=RoofForm.gable).mesh
    ridge = mesh.positions()[mesh.z == 1007.0]
    assert set(ridge[:, 0].tolist()) == {4.5}
    assert (ridge[:, 1].min(), ridge[:, 1].max()) == (0.0, 20.0)


def test_a_shed_falls_to_the_south() -> None:
    for turn in (0, 180):
        mesh = bodies(rotate(shapely.box(0, 0, 12, 6), turn), form=RoofForm.shed).mesh
        roof = mesh.positions()[mesh.surface == Surface.roof]
        assert roof[roof[:, 1].argmin(), 2] == 1004.0
        assert roof[roof[:, 1].argmax(), 2] == 1007.0


def test_the_hips_of_a_square_meet_in_one_point() -> None:
    body = bodies(shapely.box(0, 0, 10, 10), form=RoofForm.hip)
    top = body.mesh.positions()[body.mesh.z == 1007.0]
    assert np.unique(top, axis=0).tolist() == [[5.0, 5.0, 1007.0]]
    assert body.reasons == {}


def test_an_eight_sided_tower_gets_a_pointed_roof() -> None:
    body = bodies(shapely.Point(0, 0).buffer(8, quad_segs=2), form=RoofForm.pyramidal, overhang=0.5)
    assert body.form.tolist() == [RoofForm.pyramidal]
    assert_closed(body.mesh)


def test_a_roof_hangs_over_by_what_was_asked() -> None:
    mesh = bodies(shapely.box(0, 0, 16, 8), form=RoofForm.hip, overhang=0.5).mesh
    eaves = mesh.positions()[mesh.z == 1004.0]
    assert (eaves[:, 0].min(), eaves[:, 0].max()) == (-0.5, 16.5)


@pytest.mark.parametrize(
    ("outline", "form", "instead", "reason"),
    [
        (L_SHAPE, RoofForm.pyramidal, RoofForm.hip, "not convex"),
        (shapely.box(0, 0, 8, 8), RoofForm.conical, RoofForm.pyramidal, "too few corners for a cone"),
        (shapely.Polygon([(0, 0), (9, 0), (2, 7)]), RoofForm.gable, RoofForm.hip, "no wing of the footprint ends"),
        (COURTYARD, RoofForm.hip_and_gable, RoofForm.hip, "no wing of the footprint ends"),
        (L_SHAPE, RoofForm.round_ridge, RoofForm.flush_gable, "over rectangles only"),
        (shapely.box(0, 0, 20, 9), RoofForm.other, RoofForm.flat, "surfaces of its own"),
        (shapely.box(0, 0, 20, 1), RoofForm.gable, RoofForm.flat, "narrower than 1.5 m"),
    ],
)
def test_a_form_that_does_not_fit_gives_way_with_a_reason(
    outline: shapely.Polygon, form: RoofForm, instead: RoofForm, reason: str
) -> None:
    body = bodies(outline, form=form)
    assert body.form.tolist() == [instead]
    assert reason in body.reasons[0]
    assert_closed(body.mesh)


def test_a_roof_without_a_rise_is_flat_and_says_so() -> None:
    body = bodies(shapely.box(0, 0, 9, 9), form=RoofForm.gable, rise=0.0)
    assert body.form.tolist() == [RoofForm.flat]
    assert "no height between eaves and ridge" in body.reasons[0]


@pytest.mark.parametrize("turn", [0, 37, 90])
@pytest.mark.parametrize("form", [RoofForm.gable, RoofForm.flush_gable])
def test_the_wings_of_a_compound_footprint_end_in_gables(form: RoofForm, turn: float) -> None:
    body = bodies(rotate(L_SHAPE, turn), form=form, overhang=0.5)
    assert body.form.tolist() == [form]
    assert body.reasons == {}
    assert_closed(body.mesh)
    triangles = body.mesh.triangles[body.mesh.triangle_surface() == Surface.wall]
    corners = body.mesh.positions()[triangles]
    gables = corners[(corners[:, :, 2] > 1004.0).any(axis=1)]
    tops = np.unique(gables[gables[:, :, 2] > 1004.0], axis=0)
    assert len(tops) == 2
    assert body.mesh.z.max() == 1007.0


def test_a_ridge_round_a_courtyard_has_no_ends_and_is_a_gable_roof_all_the_same() -> None:
    body = bodies(COURTYARD, form=RoofForm.gable, overhang=0.5)
    assert (body.form.tolist(), body.reasons) == ([RoofForm.gable], {})
    assert_closed(body.mesh)
    assert volumes(body.mesh, 1)[0] == volumes(bodies(COURTYARD, form=RoofForm.hip, overhang=0.5).mesh, 1)[0]


@settings(deadline=None, max_examples=40)
@given(
    st.floats(2.0, 40.0), st.floats(2.0, 40.0), st.floats(0, 360), st.sampled_from(PITCHED), st.floats(0.0, 0.6),
    st.floats(0.3, 9.0),
)  # fmt: skip
def test_any_rectangle_carries_any_form(
    width: float, depth: float, turn: float, form: RoofForm, overhang: float, rise: float
) -> None:
    outline = translate(rotate(shapely.box(0, 0, width, depth), turn), 439876.0, 4439760.0)
    body = bodies(outline, form=form, rise=rise, overhang=overhang)
    too_small_to_bend = form is RoofForm.round_ridge and (min(width, depth) < 3.1 or rise < 1.1)
    assert body.form.tolist() == [form] or (too_small_to_bend and "is not rounded" in body.reasons[0])
    assert_closed(body.mesh)
    corner = body.mesh.positions()[body.mesh.triangles]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    twice = np.linalg.norm(normal, axis=1)
    normal /= twice[:, None]
    # A step of the lattice turns what is but a few steps high: the end of a low gable.
    high = twice / np.linalg.norm(corner - np.roll(corner, 1, axis=1), axis=2).max(axis=1)
    least = np.where(high > 8 * LATTICE_M, 0.9, 0.5)
    assert (np.sum(normal * body.mesh.normal[body.mesh.triangles[:, 0]], axis=1) > least).all()
