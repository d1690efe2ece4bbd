"""Rows become solids in one way: parts, else a roof, else a block; what is not valid gives way, with its reason."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cim.assembly import NO_PARTS, Parts
from cim.mesh import Mesh, volumes
from cim.roofs import Roofs
from cim.solids import SOLID_INVALID, Solids, Stood, faults, raise_solids
from cim.types import ObjectArray, RoofForm, Surface, Use
from tests.pure.cim.test_roof_laws import FORMS, footprint

# On a building that is turned, the lattice makes the corners of so narrow a vault one point.
NARROW = {"assembly": "gate", "part": "arch", "kind": "gateway", "high_m": 9.0, "piece_m": 0.4, "rise_m": 0.6}
GATE = shapely.Polygon(
    [
        (439880.71242847206, 4439761.664061211),
        (439877.96712404897, 4439765.066539757),
        (439875.04380120157, 4439762.707844165),
        (439877.7891056247, 4439759.30536562),
    ]
)


def raised(shapes: list[shapely.Polygon], form: RoofForm, parts: Parts = NO_PARTS, **told: object) -> Solids:
    every = np.ones(len(shapes), dtype=np.bool_)
    return raise_solids(stood(shapes, form, **told), every, every, parts)  # type: ignore[arg-type]


def stood(
    shapes: list[shapely.Polygon],
    form: RoofForm,
    *,
    assembly: str | None = None,
    use: Use = Use.unknown,
    tiers: int = 0,
) -> Stood:
    count = len(shapes)
    footprints: ObjectArray = np.array([*shapes, None], dtype=object)[:-1]
    codes = (np.full(count, code, dtype=np.uint8) for code in (form, use))
    eaves, pitch = np.full(count, 4.0), np.full(count, np.nan)
    told = Roofs(footprints, *codes, eaves, pitch, np.full(count, tiers, dtype=np.uint8))
    return Stood.on(told, np.full(count, assembly, dtype=object), np.full(count, 1000.0), np.full(count, 9.0))


def test_an_assembly_that_is_no_valid_solid_gives_way_to_the_roof_and_says_so() -> None:
    made = raised([GATE, GATE], RoofForm.hip, Parts.of([NARROW]), assembly="gate")
    assert made.is_built.tolist() == [False, False]
    assert [(note.row, note.code, note.instead) for note in made.notes] == [
        (row, SOLID_INVALID, "drawn by its roof form") for row in (0, 1)
    ]
    assert "as 'gate': is no valid solid: " in made.notes[0].message
    assert made.roofed.form.tolist() == [RoofForm.hip] * 2
    assert faults(made, np.ones(2, dtype=np.bool_)) == ()


def test_a_sound_assembly_stays_beside_one_that_gives_way() -> None:
    wall = NARROW | {"assembly": "wall", "kind": "block", "lean_m": 0.5}
    both = stood([GATE, GATE], RoofForm.hip)
    both.assembly[:] = ["gate", "wall"]
    every = np.ones(2, dtype=np.bool_)
    made = raise_solids(both, every, every, Parts.of([NARROW, wall]))
    assert made.is_built.tolist() == [False, True]
    assert set(made.built.feature.tolist()) == {1}
    assert set(made.roofed.mesh.feature.tolist()) == {0}


def test_what_is_not_wanted_in_detail_is_a_block_and_what_is_not_wanted_is_nothing() -> None:
    shapes = [shapely.box(x, 0, x + 12, 8) for x in (0, 20, 40)]
    made = raise_solids(
        stood(shapes, RoofForm.gable), np.array([True, True, False]), np.array([True, False, True]), NO_PARTS
    )
    assert made.roofed.form[:2].tolist() == [RoofForm.gable, RoofForm.flat]
    assert set(made.roofed.mesh.feature.tolist()) == {0, 1}


def test_a_footprint_without_a_solid_is_told_of() -> None:
    made = raised([shapely.box(0, 0, 12, 8), shapely.box(20, 0, 20.001, 8)], RoofForm.flat)
    assert [(found.body, found.code) for found in faults(made, np.ones(2, dtype=np.bool_))] == [(1, 902)]


@pytest.mark.long
@settings(deadline=None, max_examples=60)
@given(
    st.lists(footprint(), min_size=4, max_size=4),
    st.sampled_from(FORMS),
    st.sampled_from([0, 2, 3]),
    st.sampled_from(Use),
)
def test_any_footprint_comes_to_a_valid_solid_between_its_boxes_or_says_why_not(
    outlines: list[shapely.Polygon], form: RoofForm, tiers: int, use: Use
) -> None:
    made = raised(outlines, form, use=use, tiers=tiers)
    shape = stood(outlines, form).shape
    fit = np.zeros(len(outlines), dtype=np.bool_)
    fit[shape.feature] = True
    sound = [shapely.Polygon(shape.xy[a:b]).is_valid for a, b in zip(shape.start[:-1], shape.start[1:], strict=True)]
    fit[shape.feature[shape.polygon[~np.array(sound, dtype=np.bool_)]]] = False
    fit[made.roofed.failed] = False
    assert faults(made, fit) == ()
    noted = {note.row for note in made.notes}
    volume, mesh = volumes(made.roofed.mesh, len(outlines)), made.roofed.mesh
    for row in np.flatnonzero(fit).tolist():
        assert made.roofed.form[row] == form or row in noted
        area = _plan(mesh, row, Surface.ground)
        under = _plan(mesh, row, Surface.overhang)
        assert 4.0 * area - 0.1 <= volume[row] <= 9.0 * area + 5.0 * under + 0.1
        assert _plan(mesh, row, Surface.roof) >= area - 0.1


def _plan(mesh: Mesh, row: int, surface: Surface) -> float:
    """The area in plan of one kind of surface."""
    corner = mesh.positions()[mesh.triangles]
    first = mesh.triangles[:, 0]
    mine = corner[(mesh.feature[first] == row) & (mesh.surface[first] == surface)]
    step, across = mine[:, 1] - mine[:, 0], mine[:, 2] - mine[:, 0]
    return float(np.abs(step[:, 0] * across[:, 1] - step[:, 1] * across[:, 0]).sum() / 2.0)


@pytest.mark.parametrize("form", [RoofForm.shed, RoofForm.hip, RoofForm.flush_gable, RoofForm.pyramidal])
def test_a_roof_that_comes_down_to_the_ground_has_no_walls_and_closes(form: RoofForm) -> None:
    low = stood([shapely.box(0, 0, 12, 8)], form)
    tent = replace(low, eaves_m=low.foot_m)
    one = np.ones(1, dtype=np.bool_)
    made = raise_solids(tent, one, one, NO_PARTS)
    assert made.notes == ()
    assert made.roofed.form.tolist() == [form]
    assert faults(made, one) == ()
