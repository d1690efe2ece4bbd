"""Tiles of buildings that came with their surfaces: drawn where they were surveyed, and told of where they cannot be."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
import shapely
from PIL import Image
from pyproj import Transformer

from cim.boundary import PICTURE, Boundary
from cim.geometry import anchors, cell_keys
from cim.solids import ROOF_SIMPLIFIED
from cim.types import Bodies, CimLevel, RoofForm
from tests import glb
from tests.mesh_files import FACES, gabled
from tests.sample_city import CENTRE, CRS, UNDULATION_M, Even, Slope, city
from tilesets.buildings import surfaces
from tilesets.buildings.content import content, refined_cost, roof_error
from tilesets.buildings.looks import MOST_PIXELS, Look, fitted, tinted
from tilesets.buildings.site import Site
from tilesets.buildings.standing import stand
from tilesets.gltf.placement import frame_at

SITE = Site(CRS, Slope(), Even())
TO_LONLAT = Transformer.from_crs(CRS, "EPSG:4490", always_xy=True)
TO_ECEF = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


def ecef(at: np.ndarray) -> np.ndarray:
    """Corners of the city frame with ellipsoidal heights, earth-centred, by PROJ."""
    lon, lat = TO_LONLAT.transform(at[:, 0], at[:, 1])
    return np.column_stack(TO_ECEF.transform(lon, lat, at[:, 2]))


def houses(*corners: np.ndarray, **stated: object) -> Bodies:
    """One row a house, with its surfaces, at L3."""
    rows = city(len(corners), old_share=1.0)
    bodies = []
    for at in corners:
        polygons = np.array([shapely.Polygon(at[list(face)]) for face in FACES], dtype=object)
        bodies.append(Boundary(polygons, np.array([2, 0, 0, 1, 1, 0, 0], dtype=np.uint8), **stated))
    shapes = np.array([shapely.box(*at[0, :2], *at[2, :2]) for at in corners], dtype=object)
    count = len(corners)
    rows = replace(
        rows,
        id=np.arange(count) + 7,
        geometry=shapes,
        base_m=np.array([at[0, 2] for at in corners]),
        height_m=np.full(count, 6.0),
        eaves_m=np.full(count, 4.0),
        roof_form=np.full(count, RoofForm.other, dtype=np.uint8),
        cim_level=np.full(count, CimLevel.L3, dtype=np.uint8),
        lod=np.full(count, 3.0, dtype=np.float32),
        cell=cell_keys(anchors(shapes)),
        boundary=np.array([*bodies, None], dtype=object)[:-1],
    )
    return rows.take(np.argsort(rows.cell, kind="stable"))


def refined(rows: Bodies):
    standing, flaws = stand(rows, SITE)
    made = content(standing, frame_at(*CENTRE, CRS), refined=True)
    return standing, glb.parse(made.data), made, flaws


def test_surfaces_are_drawn_where_they_were_surveyed_lifted_by_the_geoid_alone() -> None:
    corners = gabled(CENTRE[0], CENTRE[1], 1040.125)
    _, tile, made, flaws = refined(houses(corners))
    lifted = corners + [0.0, 0.0, UNDULATION_M]
    expected = ecef(np.round(lifted * 64) / 64)
    found = tile.ecef()
    step = 0.01  # what positions are rounded to in a tile of this size
    for corner in expected:
        assert np.linalg.norm(found - corner, axis=1).min() < step
    for vertex in found:
        assert np.linalg.norm(expected - vertex, axis=1).min() < step
    assert (len(tile.triangles()), made.level.tolist(), flaws, made.flaws) == (16, [CimLevel.L3], (), ())
    assert tile.table()["lod"].tolist() == [3.0]


def test_surfaces_above_their_base_stand_on_the_ground_that_is_served() -> None:
    rows = houses(gabled(CENTRE[0], CENTRE[1], 0.0), above_base=True)
    standing, tile, _, _ = refined(replace(rows, base_m=np.array([np.nan])))
    assert standing.base_m[0] == pytest.approx(1040.0 + UNDULATION_M, abs=0.01)
    low = ecef(np.array([[*CENTRE, standing.base_m[0]]]))[0]
    assert np.linalg.norm(tile.ecef() - low, axis=1).min() < 0.01


def test_a_building_beside_one_with_surfaces_gets_its_roof_as_ever() -> None:
    rows = houses(gabled(CENTRE[0], CENTRE[1], 1040.0), gabled(CENTRE[0] + 20, CENTRE[1], 1040.4))
    bare = rows.boundary.copy()
    bare[1] = None
    rows = replace(rows, boundary=bare, roof_form=np.array([RoofForm.other, RoofForm.gable], dtype=np.uint8))
    alone = refined(rows.take(np.array([1])))[1]
    both = refined(rows)[1]
    feature = both.attribute("_FEATURE_ID_0")
    mine = feature[both.triangles()[:, 0]] == 1
    assert mine.sum() == len(alone.triangles())
    assert (~mine).sum() == 16


def test_a_body_whose_surfaces_cannot_be_drawn_is_drawn_by_its_footprint_and_told_of() -> None:
    rows = houses(gabled(CENTRE[0], CENTRE[1], 1040.0))
    sliver = shapely.Polygon(
        [(CENTRE[0], CENTRE[1], 1040.0), (CENTRE[0] + 4, CENTRE[1], 1040.0), (CENTRE[0], CENTRE[1], 1040.0)]
    )
    rows = replace(
        rows, boundary=np.array([Boundary(np.array([sliver]), np.zeros(1, np.uint8)), None], dtype=object)[:1]
    )
    _, tile, made, _ = refined(rows)
    assert [flaw.code for flaw in made.flaws] == [surfaces.SURFACES_UNUSABLE, ROOF_SIMPLIFIED]
    assert made.level.tolist() == [CimLevel.L2]
    assert len(tile.triangles()) == 10


def test_surfaces_without_area_are_left_out_and_told_of() -> None:
    rows = houses(gabled(CENTRE[0], CENTRE[1], 1040.0))
    whole = rows.boundary[0]
    point = shapely.Polygon([(CENTRE[0], CENTRE[1], 1040.0)] * 4)
    more = Boundary(np.array([*whole.polygons, point], dtype=object), np.append(whole.surface, 0).astype(np.uint8))
    _, tile, made, _ = refined(replace(rows, boundary=np.array([more, None], dtype=object)[:1]))
    assert [(flaw.code, flaw.repaired) for flaw in made.flaws] == [(surfaces.SURFACES_SKIPPED, "drawn without them")]
    assert len(tile.triangles()) == 16


def test_a_body_off_the_served_ground_stands_as_surveyed_and_is_told_of() -> None:
    for z, told in ((1041.5, True), (1040.5, False), (1030.0, True), (1036.0, False)):
        _, _, _, flaws = refined(houses(gabled(CENTRE[0], CENTRE[1], z)))
        assert [flaw.code for flaw in flaws] == (["model_off_ground"] if told else []), z


def test_many_surfaces_cost_more_and_a_roof_that_nobody_told_of_may_be_anywhere() -> None:
    rows = houses(gabled(CENTRE[0], CENTRE[1], 1040.0))
    with_surfaces, _ = stand(rows, SITE)
    without, _ = stand(replace(rows, boundary=np.array([None], dtype=object)), SITE)
    assert refined_cost(with_surfaces)[0] > refined_cost(without)[0]
    assert roof_error(with_surfaces) == pytest.approx(2.0, abs=0.02)
    unknown, _ = stand(replace(rows, eaves_m=np.array([np.nan])), SITE)
    assert roof_error(unknown) == pytest.approx(6.0, abs=0.02)


def test_surfaces_show_the_colours_that_came_with_them_and_the_others_those_of_the_city() -> None:
    corners = gabled(CENTRE[0], CENTRE[1], 1040.0)
    look = {
        "materials": [{"name": "red", "diffuseColor": [1.0, 0.0, 0.5]}, {"name": "dark", "diffuseColor": [0, 0, 0]}],
        "material": {"night": [1] * 7, "day": [None, 0, None, 0, 0, None, None]},
        "default-theme-material": "day",
    }
    rows = houses(corners, appearance=look)
    assert [glb.parse(refined(rows)[2].data).triangles().shape, refined(rows)[2].flaws] == [(16, 3), ()]
    drawn = surfaces.draw(stand(rows, SITE)[0], np.ones(1, dtype=bool))
    assert drawn.looks == (Look((1.0, 0.0, 0.5)),)
    number = drawn.mesh.look[:, 0]
    of = np.unique(np.column_stack([drawn.mesh.surface, number])[number >= 0], axis=0).tolist()
    assert (of, (number >= 0).sum()) == ([[0.0, 0.0], [1.0, 0.0]], 12)
    colour = tinted(np.full((len(number), 3), 9, dtype=np.uint8), drawn.mesh, drawn.looks)
    assert np.unique(colour[number >= 0], axis=0).tolist() == [[255, 0, 55]]
    assert np.unique(colour[number < 0], axis=0).tolist() == [[9, 9, 9]]


@pytest.mark.parametrize(
    "told",
    [{"name": "none"}, {"diffuseColor": ["a", 1, 2]}, {"diffuseColor": [1]}, 7, {"diffuseColor": [10**400, 0, 0]}],
)
def test_a_material_that_says_no_colour_leaves_the_citys(told: object) -> None:
    look = {"materials": [told], "material": {"": [0] * 7}}
    rows = houses(gabled(CENTRE[0], CENTRE[1], 1040.0), appearance=look)
    drawn = surfaces.draw(stand(rows, SITE)[0], np.ones(1, dtype=bool))
    assert (drawn.looks, drawn.mesh.look) == ((), None)


def webp(colour: tuple[int, int, int], side: int = 8) -> bytes:
    packed = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(packed, "WEBP")
    return packed.getvalue()


def test_a_picture_that_came_with_a_surface_is_drawn_on_it_where_its_corners_lie() -> None:
    corners = gabled(CENTRE[0] + 0.3, CENTRE[1], 1040.0)
    uv = [[5.0, 7.0], [7.0, 7.0], [7.0, 8.0], [5.0, 8.0]]  # whole pictures away from the first
    look = {
        "textures": [
            {"type": "PNG", "image": "a.png", "wrapMode": "wrap", PICTURE: base64.b64encode(webp((9, 9, 9))).decode()}
        ],
        "texture": {"": [None, [[0, uv]], *[None] * 5]},
    }
    _, tile, made, _ = refined(houses(corners, appearance=look))
    (primitive,) = [
        p for p in tile.primitives() if tile.document["materials"][p["material"]].get("name") == "delivered"
    ]
    told = tile.document["materials"][primitive["material"]]["pbrMetallicRoughness"]["baseColorTexture"]
    moved = told["extensions"]["KHR_texture_transform"]
    place = tile.accessor(primitive["attributes"]["TEXCOORD_0"])[:, :2] / 65535.0 * moved["scale"] + moved["offset"]
    assert sorted(place.round(3).tolist()) == [[0.0, 0.0], [0.0, 1.0], [2.0, 0.0], [2.0, 1.0]]
    standing, _, again, _ = refined(houses(corners, appearance=look))
    assert (again.data, webp((9, 9, 9)) in made.data) == (made.data, True)
    mesh = surfaces.draw(standing, np.ones(1, dtype=bool)).mesh
    at = mesh.positions()[mesh.look[:, 0] >= 0]
    low = at[:, 2] == at[:, 2].min()
    assert (mesh.look[mesh.look[:, 0] >= 0, 2] == np.where(low, 0.0, 1.0)).all()


@pytest.mark.parametrize(
    ("mode", "sampler", "first"), [("wrap", 10497, 0.0), ("mirror", 33648, 1.0), ("none", 33071, 3.0)]
)
def test_a_picture_goes_on_beyond_its_edge_as_it_was_delivered(mode: str, sampler: int, first: float) -> None:
    """Mirrored, the copy from 3 to 4 is the one from 1 to 2, and not that from 0 to 1; of one alone nothing is moved."""
    picture = base64.b64encode(webp((9, 9, 9))).decode()
    uv = [[3.0, 0.0], [4.0, 0.0], [4.0, 1.0], [3.0, 1.0]]
    look = {"textures": [{"wrapMode": mode, PICTURE: picture}], "texture": {"": [None, [[0, uv]], *[None] * 5]}}
    standing, _ = stand(houses(gabled(CENTRE[0], CENTRE[1], 1040.0), appearance=look), SITE)
    drawn = surfaces.draw(standing, np.ones(1, dtype=bool))
    assert drawn.mesh.look[drawn.mesh.look[:, 0] >= 0, 1].min() == first
    document = glb.parse(content(standing, frame_at(*CENTRE, CRS), refined=True).data).document
    assert sampler in [one["wrapS"] for one in document["samplers"]]


@pytest.mark.parametrize("place", [[0.0, 0.0, 0.0], [0.5], 1, [10**400, 0], ["a", 1]])
def test_a_picture_whose_corners_lie_nowhere_is_not_drawn(place: object) -> None:
    picture = base64.b64encode(webp((9, 9, 9))).decode()
    look = {"textures": [{PICTURE: picture}], "texture": {"": [None, [[0, [place] * 4]], *[None] * 5]}}
    rows = houses(gabled(CENTRE[0], CENTRE[1], 1040.0), appearance=look)
    drawn = surfaces.draw(stand(rows, SITE)[0], np.ones(1, dtype=bool))
    assert (drawn.rows.all(), drawn.looks) == (True, ())


def test_a_default_theme_that_is_no_text_counts_as_none() -> None:
    look = {
        "materials": [{"diffuseColor": [1.0, 0.0, 0.5]}],
        "material": {"a": [0] * 7, "b": [None] * 7},
        "default-theme-material": ["b"],
    }
    rows = houses(gabled(CENTRE[0], CENTRE[1], 1040.0), appearance=look)
    assert surfaces.draw(stand(rows, SITE)[0], np.ones(1, dtype=bool)).looks == (Look((1.0, 0.0, 0.5)),)


def test_delivered_pictures_stay_webp_in_a_tile_whose_own_are_ktx2() -> None:
    picture = base64.b64encode(webp((9, 9, 9))).decode()
    look = {
        "textures": [{PICTURE: picture}],
        "texture": {"": [None, [[0, [[0, 0], [1, 0], [1, 1], [0, 1]]]], *[None] * 5]},
    }
    standing, _ = stand(houses(gabled(CENTRE[0], CENTRE[1], 1040.0), appearance=look), SITE)
    ktx2 = b"\xabKTX 20\xbb\r\n\x1a\n"
    made = content(standing, frame_at(*CENTRE, CRS), refined=True, pack=lambda pixels, repeats: ktx2)
    document = glb.parse(made.data).document
    assert {one["mimeType"] for one in document["images"]} == {"image/webp", "image/ktx2"}
    assert {"EXT_texture_webp", "KHR_texture_basisu"} <= set(document["extensionsRequired"])
    for one in document["textures"]:
        ((extension, told),) = one["extensions"].items()
        kind = {"EXT_texture_webp": "image/webp", "KHR_texture_basisu": "image/ktx2"}[extension]
        assert document["images"][told["source"]]["mimeType"] == kind


def test_the_pictures_of_a_tile_are_halved_until_they_fit() -> None:
    several = [webp((k, 0, 0), 512) for k in range(9)]
    found = fitted(several)
    sizes = [Image.open(io.BytesIO(one)).size for one in found]
    assert sum(w * h for w, h in sizes) <= MOST_PIXELS
    assert (fitted(several[:4]), fitted(several)) == (several[:4], found)
    assert min(sizes) == (256, 256)
