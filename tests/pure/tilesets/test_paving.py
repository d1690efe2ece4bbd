"""What lies on the ground: which area has which cover, kerbs, pictures that go on over tiles, the old town's cells."""

import json
from dataclasses import replace

import numpy as np
import pytest
import shapely

from cim.geometry import cell_box, cell_keys
from cim.grounds import Grounds
from cim.types import Box
from tests.glb import parse
from tests.green_rows import Tiled, fixtures, grounds, words
from tests.sample_city import CENTRE, CRS, UNDULATION_M, Even
from tests.tileset_walk import Memory
from tilesets.gltf.instances import encode
from tilesets.gltf.placement import frame_at
from tilesets.greens import units
from tilesets.greens.areas import KERB_STONE_M, areas
from tilesets.greens.covers import ASPHALT, BRICK, PICTURES, RAISED, SLABS, Cover, Picture, encoded, painted
from tilesets.greens.kerbs import KERB_M
from tilesets.greens.paving import Laid, Paving, pave, sheet
from tilesets.greens.planting import plant
from tilesets.greens.ramps import LIFT_M, RAMP_M
from tilesets.tree import UNIT_DEPTH

BOX = Box(CENTRE[0] - 50.0, CENTRE[1] - 50.0, CENTRE[0] + 50.0, CENTRE[1] + 50.0)


def town() -> Grounds:
    """A main street of 22 m, one of 20 m across, a lane into it, a square over their crossing and a pond."""
    rows = grounds(
        (shapely.LineString([(-90, 3), (90, -4)]), 22.0), (shapely.LineString([(-20, -90), (-12, 90)]), 20.0),
        (shapely.LineString([(30, -2), (33, 90)]), 5.0), (shapely.box(-40, -30, 10, 30), np.nan),
        (shapely.Point(40, -40).buffer(15.0), np.nan), kind="primary",
    )  # fmt: skip
    return replace(rows, kind=words(["primary", "primary", "lane", None, None]),
                   layer=words(["roads", "roads", "roads", "squares", "water"]))  # fmt: skip


def laid(rows: Grounds, box: Box = BOX) -> Paving:
    paving = pave(rows, areas(rows), box, Tiled(), Even(), CRS)
    assert paving is not None
    return paving


def flat(paving: Paving, *covers: Cover) -> shapely.Geometry:
    """Where covers lie, seen from above."""
    first = paving.triangles[:, 0]
    mine = np.isin(paving.cover[first], covers) & (paving.normal[first, 2] > 0.5)
    return shapely.union_all(shapely.buffer(shapely.polygons(paving.xy[paving.triangles[mine]]), 1e-6))


def test_carriageways_go_first_then_squares_lanes_and_pavements_and_each_place_is_given_once() -> None:
    rows = town()
    paving = laid(rows)
    whole = shapely.box(*BOX.as_tuple())
    main, cross = shapely.buffer(rows.shape[:2], [22.0 / 2 - 3.3, 20.0 / 2 - 3.0], quad_segs=4)
    carriageway = shapely.intersection(main | cross, whole)
    square = shapely.difference(rows.shape[3], carriageway)
    assert flat(paving, Cover.carriageway).area == pytest.approx(carriageway.area, rel=1e-3)
    assert flat(paving, Cover.square).area == pytest.approx(square.area, rel=1e-3)
    streets = shapely.union_all(shapely.buffer(rows.shape[:3], [11.0, 10.0, 2.5], quad_segs=4))
    covered = shapely.intersection(streets | rows.shape[3] | rows.shape[4], whole)
    upward = paving.normal[paving.triangles[:, 0], 2] > 0.5
    corners = paving.xy[paving.triangles[upward]]
    assert shapely.area(shapely.polygons(corners)).sum() == pytest.approx(covered.area, rel=1e-3)
    assert (shapely.is_ccw(shapely.linearrings(corners))).all()
    kerb = flat(paving, Cover.kerb)
    beside = shapely.intersection(kerb, carriageway.buffer(0.01)).area / 0.01  # its length along the carriageway
    assert kerb.area == pytest.approx(KERB_STONE_M * beside, rel=0.05)


def test_what_is_raised_lies_a_kerb_higher_and_stands_on_faces_that_look_outward() -> None:
    paving = laid(town())
    upward = paving.normal[:, 2] > 0.5
    lift = paving.height_m - Tiled().heights(paving.xy) - UNDULATION_M
    raised = np.isin(paving.cover, RAISED)
    off = shapely.distance(mouth(), shapely.points(paving.xy))
    assert np.allclose(
        lift[upward & raised], (LIFT_M + KERB_M * np.minimum(off / RAMP_M, 1.0))[upward & raised], atol=5e-3
    )
    assert np.allclose(lift[upward & ~raised], LIFT_M, atol=5e-3)
    up = flat(paving, *RAISED).buffer(0.002).buffer(-0.002)
    edge = shapely.difference(up.boundary, shapely.buffer(shapely.box(*BOX.as_tuple()).boundary, 1e-4))
    edge = shapely.difference(edge, mouth().buffer(0.01))  # where it has come down
    faces = paving.triangles[paving.normal[paving.triangles[:, 0], 2] < 0.5]
    low, high, other = (paving.xy[faces[:, k]] for k in range(3))
    length = np.maximum(np.hypot(*(high - low).T), np.hypot(*(other - low).T))
    assert length.sum() / 2.0 == pytest.approx(edge.length, rel=0.01)  # two triangles a face
    middle = (np.minimum(np.minimum(low, high), other) + np.maximum(np.maximum(low, high), other)) / 2.0
    out = paving.normal[faces[:, 0], :2]
    assert not shapely.contains_xy(up, *(middle + 0.01 * out).T).any()
    assert shapely.contains_xy(up.buffer(1e-3), *(middle - 0.01 * out).T).mean() > 0.99
    a, b, c = (np.column_stack([paving.xy, paving.height_m])[faces[:, k]] for k in range(3))
    turned = (np.cross(b - a, c - a) * paving.normal[faces[:, 0]]).sum(axis=1)
    assert (turned > 0.0).all()
    assert np.allclose(lift[~upward & (lift < LIFT_M - 0.01)], 0.0, atol=5e-3)


def mouth() -> shapely.Geometry:
    """What pavements of the town come down to: its square and its lane, but for the carriageways across them."""
    rows = town()
    main, cross = shapely.buffer(rows.shape[:2], [22.0 / 2 - 3.3, 20.0 / 2 - 3.0], quad_segs=4)
    return shapely.difference(rows.shape[3] | rows.shape[2].buffer(2.5, quad_segs=4), main | cross)


def test_pavements_come_down_to_squares_and_lanes_by_ramps_one_in_twelve() -> None:
    paving = laid(town())
    first = paving.triangles[:, 0]
    lying = paving.triangles[np.isin(paving.cover[first], RAISED) & (paving.normal[first, 2] > 0.5)]
    lift = paving.height_m - Tiled().heights(paving.xy) - UNDULATION_M
    off = shapely.distance(mouth(), shapely.points(paving.xy))
    at_mouth = np.unique(lying)[off[np.unique(lying)] < 1e-3]
    assert len(at_mouth) > 20
    assert np.allclose(lift[at_mouth], LIFT_M, atol=5e-3)
    a, b, c = (np.column_stack([paving.xy, lift])[lying[:, k]] for k in range(3))
    across = np.cross(b - a, c - a)
    broad = np.abs(across[:, 2]) > 0.01
    steep = np.hypot(across[:, 0], across[:, 1])[broad] / np.abs(across[:, 2])[broad]
    assert steep.max() == pytest.approx(KERB_M / RAMP_M, rel=0.1)
    west, east = (
        laid(town(), replace(BOX, **side)) for side in ({"east": CENTRE[0] + 34.9}, {"west": CENTRE[0] + 34.9})
    )
    tops = [  # a ramp that the border of two tiles cuts, the lane that it comes down to in one of them
        {
            tuple(np.round(xy, 2)): round(z, 3)
            for xy, z, on in zip(one.xy, one.height_m, _shared(one), strict=True)
            if on
        }
        for one in (west, east)
    ]
    assert len(tops[0].keys() & tops[1].keys()) > 2
    assert all(tops[1][at] == pytest.approx(z, abs=0.002) for at, z in tops[0].items() if at in tops[1])


def _shared(paving: Paving) -> list[bool]:
    """What of it lies on the border between the two tiles, on a pavement's surface."""
    is_top = np.isin(paving.cover, RAISED) & (paving.normal[:, 2] > 0.5)
    return (is_top & (np.abs(paving.xy[:, 0] - CENTRE[0] - 34.9) < 1e-6)).tolist()


def test_what_stands_on_a_street_stands_on_its_surface() -> None:
    rows, paving = town(), laid(town())
    planted, _ = plant(fixtures(300, width_m=90.0), rows, Tiled(), Even(), CRS)
    first = paving.triangles[:, 0]
    lying = paving.triangles[paving.normal[first, 2] > 0.5]
    corner = np.column_stack([paving.xy, paving.height_m])[lying]
    under, on = shapely.STRtree(shapely.polygons(corner[:, :, :2])).query(
        shapely.points(planted.rows.xy), predicate="within"
    )
    a, b, c = (corner[on, k] for k in range(3))
    normal = np.cross(b - a, c - a)
    up = a[:, 2] - ((planted.rows.xy[under] - a[:, :2]) * normal[:, :2]).sum(axis=1) / normal[:, 2]
    assert np.abs(planted.ground_m[under] - up).max() < 0.02  # a ramp's triangles at its corners
    covers = paving.cover[lying[on, 0]]
    assert set(covers.tolist()) >= {Cover.pavement, Cover.square, Cover.carriageway}
    bare = np.setdiff1d(np.arange(len(planted)), under)
    assert np.allclose(planted.ground_m[bare], Tiled().heights(planted.rows.xy[bare]) + UNDULATION_M)


def test_lanes_highways_and_narrow_streets_have_no_pavement() -> None:
    line = shapely.LineString([(-90, 0), (90, 0)])
    for kind, width, expected in (("lane", 12.0, [Cover.lane]), ("trunk", 24.0, [Cover.carriageway]),
                                  ("secondary", 9.0, [Cover.carriageway]), ("secondary", np.nan, []),
                                  ("主干路", 30.0, [Cover.carriageway, Cover.kerb, Cover.pavement])):  # fmt: skip
        rows = replace(grounds((line, 1.0), kind=kind), width_m=np.array([width]))
        assert areas(rows).cover.tolist() == expected


def test_a_picture_goes_on_from_one_tile_into_the_next() -> None:
    rows = town()
    for box in (BOX, replace(BOX, west=BOX.west + 37.3, south=BOX.south + 11.7)):
        paving, frame = laid(rows, box), frame_at(*CENTRE, CRS)
        lying, table = sheet(paving, frame)
        glb = parse(encode((), None, frame.pose(), (lying, table)))
        assert glb.table()["id"].tolist() == paving.rows.id.tolist()
        seen = set()
        for primitive, patch in zip(glb.primitives(), lying.patches, strict=True):
            material = glb.document["materials"][primitive["material"]]
            if patch.side_m is None:
                assert "TEXCOORD_0" not in primitive["attributes"]
                continue
            transform = material["pbrMetallicRoughness"]["baseColorTexture"]["extensions"]["KHR_texture_transform"]
            place = glb.accessor(primitive["attributes"]["TEXCOORD_0"]) / 65535.0
            laid_at = (np.array(transform["offset"]) + np.array(transform["scale"]) * place)[patch.triangles.ravel()]
            off = laid_at - paving.xy[patch.triangles.ravel()] / patch.side_m
            assert np.abs(off - np.round(off)).max() * patch.side_m < 0.003  # metres
            assert material["extras"] == {"procedural": True}
            seen.add(material["name"])
        assert seen == {"brick paving", "slabs", "asphalt"}


@pytest.mark.parametrize("picture", [BRICK, SLABS, ASPHALT])
def test_pictures_are_small_and_have_no_seam(picture: Picture) -> None:
    assert len(encoded(picture)) < 512
    shades = painted(picture).astype(np.int64)
    for axis in (0, 1):
        steps = np.abs(np.diff(np.concatenate([shades, shades.take([0], axis=axis)], axis=axis), axis=axis))
        along = steps.mean(axis=1 - axis)
        assert along[-1] <= along[:-1].max()  # over the edge no harder than within


@pytest.mark.long
def test_a_cell_of_the_old_town_has_its_streets_where_nothing_stands() -> None:
    rows = grounds((shapely.LineString([(-600, 0), (600, 0)]), 8.0))
    planted, _ = plant(fixtures(12, width_m=40.0), rows, Tiled(), Even(), CRS)
    unit = int(cell_keys(np.array([CENTRE]))[0] >> (2 * UNIT_DEPTH))
    at = np.array(CENTRE) + np.column_stack([np.arange(-500.0, 501.0, 100.0), np.zeros(11)])
    keys = np.unique(cell_keys(np.vstack([at, np.array(CENTRE) + [0.0, 700.0]])) >> (2 * units.NEAR_DEPTH))
    keys = keys[keys >> (2 * (UNIT_DEPTH - units.NEAR_DEPTH)) == unit]

    def tables(town: np.ndarray, rows_: Grounds) -> list[dict[str, list[object]]]:
        sink = Memory()
        made = units.make(unit, planted, Laid(rows_, areas(rows_), Tiled(), Even()), town, CRS, sink, 256 * 1024)
        assert made.tiles == sum(name.endswith(".glb") for name in sink.contents)
        return [parse(data).document for name, data in sorted(sink.contents.items()) if name.endswith(".glb")]

    without, whole = tables(keys[:0], rows), tables(keys, rows)
    boxes = shapely.box(*np.array([cell_box(k, units.NEAR_DEPTH).as_tuple() for k in keys.tolist()]).T)
    reached = keys[shapely.intersects(boxes, rows.shape[0].buffer(4.0))].tolist()
    occupied = np.unique(cell_keys(planted.rows.xy) >> (2 * units.NEAR_DEPTH)).tolist()
    assert len(whole) - len(without) == len(set(reached) - set(occupied)) >= 2
    bare = [one for one in whole if "EXT_mesh_gpu_instancing" not in one["extensionsUsed"]]
    assert len(bare) == len(whole) - len(without)
    nothing = grounds((shapely.LineString([(4_000, 9_000), (4_100, 9_000)]), 8.0))
    assert len(tables(keys, nothing)) == len(without)


@pytest.mark.parametrize("height_m", [0.4, 12.0])
def test_no_tile_errs_by_more_than_the_one_that_leads_to_it(height_m: float) -> None:
    """As 3D Tiles asks, however low all that stands there is."""
    rows = grounds((shapely.LineString([(-600, 0), (600, 0)]), 8.0))
    low = replace(fixtures(12, width_m=40.0), height_m=np.full(12, height_m), crown_m=np.full(12, np.nan))
    planted, _ = plant(low, rows, Tiled(), Even(), CRS)
    unit = int(cell_keys(np.array([CENTRE]))[0] >> (2 * UNIT_DEPTH))
    town = np.unique(cell_keys(np.array(CENTRE) + np.array([[-300.0, 0.0], [300.0, 0.0]])) >> (2 * units.NEAR_DEPTH))
    sink = Memory()
    made = units.make(unit, planted, Laid(rows, areas(rows), Tiled(), Even()), town, CRS, sink, 256 * 1024)
    assert made.node is not None
    tileset = json.loads(sink.contents[made.node.uri])
    assert made.node.error == tileset["geometricError"] >= tileset["root"]["geometricError"]
    waiting, seen = [tileset["root"]], 0
    while waiting:
        tile = waiting.pop()
        for child in tile.get("children", []):
            assert child["geometricError"] <= tile["geometricError"]
            waiting.append(child)
            seen += 1
    assert seen > 3


def test_every_cover_with_a_picture_is_no_kerb_and_no_water() -> None:
    assert set(PICTURES) == set(Cover) - {Cover.kerb, Cover.water}
