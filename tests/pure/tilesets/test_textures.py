"""Textures: roofs lie where the photo shows them, walls carry whole bays, and a tile depends on nothing but its own rows."""

import io
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from PIL import Image

from cim.assembly import NO_PARTS, Parts
from cim.assembly.material import Material
from cim.mesh import join
from cim.types import Bodies, BoolArray, Box, CimLevel, RoofForm, Surface, Use
from tests.glb import Glb, parse
from tests.sample_city import CENTRE, CRS, Even, Slope, city
from tests.wall_mesh import wall
from tilesets.buildings import content as buildings
from tilesets.buildings.content import content
from tilesets.buildings.palette import colours
from tilesets.buildings.site import Photo, Site
from tilesets.buildings.standing import stand
from tilesets.buildings.textures import roofs, rules, runs
from tilesets.buildings.textures.dressing import ORTHOPHOTO_MISSING
from tilesets.buildings.textures.painting import PANELS, painted, picture
from tilesets.buildings.textures.rules import WallTexture
from tilesets.gltf.placement import frame_at

SITE = Site(CRS, Slope(), Even())
GRID_M = 6.0
UNTOLD = np.array([np.nan])


@dataclass
class Chequered:
    """A photo of squares of 6 m whose colour tells their place; nothing is known west of `west`. It notes what is asked."""

    pixel_m: float = 0.25
    west: float = -np.inf
    asked: list[tuple[Box, float]] = field(default_factory=list)

    def sharpest_m(self, box: Box) -> float:
        return self.pixel_m

    def crop(self, box: Box, pixel_m: float, coarsest_m: float) -> tuple[npt.NDArray[np.uint8], BoolArray]:
        self.asked.append((box, pixel_m))
        x = np.arange(round((box.east - box.west) / pixel_m)) * pixel_m + box.west + pixel_m / 2
        y = box.north - np.arange(round((box.north - box.south) / pixel_m)) * pixel_m - pixel_m / 2
        xy = np.stack(np.meshgrid(x, y), axis=-1)
        return colour_at(xy), xy[..., 0] >= self.west


def colour_at(xy: np.ndarray) -> npt.NDArray[np.uint8]:
    column, row = np.floor(xy[..., 0] / GRID_M), np.floor(xy[..., 1] / GRID_M)
    return np.stack([60 + 120 * (column % 2), 60 + 120 * (row % 2), 40 + 60 * ((column + row) % 3)], -1).astype(
        np.uint8
    )


@pytest.fixture(scope="module")
def rows() -> Bodies:
    """Twenty buildings of the old town within a tile."""
    some = city(30, width_m=150.0, old_share=0.7)
    return replace(some, use=np.where(np.arange(len(some)) % 2, Use.residential, Use.commercial).astype(np.uint8))


def tile(rows: Bodies, photo: Photo | None) -> buildings.Content:
    standing, _ = stand(rows, SITE)
    return content(standing, frame_at(*CENTRE, CRS), refined=True, photo=photo)


def named(glb: Glb, name: str) -> dict[str, object]:
    found = [p for p in glb.primitives() if glb.document["materials"][p["material"]].get("name") == name]
    return found[0]


def pixels(glb: Glb, primitive: dict[str, object]) -> np.ndarray:
    """The picture of a primitive's material, as a viewer unpacks it."""
    material = glb.document["materials"][primitive["material"]]
    texture = glb.document["textures"][material["pbrMetallicRoughness"]["baseColorTexture"]["index"]]
    image = glb.document["images"][texture["extensions"]["EXT_texture_webp"]["source"]]
    return np.asarray(Image.open(io.BytesIO(glb.view(image["bufferView"]))).convert("RGB")).astype(int)


def places(glb: Glb, primitive: dict[str, object]) -> np.ndarray:
    """The texture coordinates as a viewer has them: normalised, through the transform."""
    raw = glb.accessor(primitive["attributes"]["TEXCOORD_0"]) / 65535.0  # type: ignore[index]
    told = glb.document["materials"][primitive["material"]]["pbrMetallicRoughness"]["baseColorTexture"]
    transform = told.get("extensions", {}).get("KHR_texture_transform", {"offset": [0, 0], "scale": [1, 1]})
    return raw * transform["scale"] + transform["offset"]


def test_a_roof_shows_the_photo_where_it_stands(rows: Bodies) -> None:
    photo = Chequered()
    made = tile(rows, photo)
    glb = parse(made.data)
    roof = named(glb, "orthophoto")
    image, uv = pixels(glb, roof), places(glb, roof)
    box, pixel = photo.asked[0]
    assert image.shape[:2] == (round((box.north - box.south) / pixel), round((box.east - box.west) / pixel))
    corner = glb.accessor(roof["indices"]).reshape(-1, 3).astype(int)  # type: ignore[arg-type]
    position = glb.accessor(roof["attributes"]["POSITION"]) * glb.document["nodes"][1]["scale"]  # type: ignore[index]
    frame = frame_at(*CENTRE, CRS)
    plan = (position + glb.document["nodes"][1]["translation"])[:, :2] @ frame.turn + np.array(CENTRE)
    middle, at = plan[corner].mean(axis=1), uv[corner].mean(axis=1)
    inside = np.abs(middle % GRID_M - GRID_M / 2).max(axis=1) < GRID_M / 2 - 0.8  # WebP blends at the squares' edges
    row, column = (at[inside, 1] * image.shape[0]).astype(int), (at[inside, 0] * image.shape[1]).astype(int)
    assert inside.sum() > 12
    wrong = np.abs(image[row, column] - colour_at(middle[inside])).max(axis=1) > 30
    assert wrong.mean() < 0.05  # where roofs overlap nothing differs: both are seen from above
    assert made.flaws == tuple(flaw for flaw in made.flaws if flaw.code != ORTHOPHOTO_MISSING)


@pytest.mark.long
def test_a_roof_that_the_photo_does_not_show_whole_is_plain_and_told_of(rows: Bodies) -> None:
    west = CENTRE[0] - 20.0
    made = tile(rows, Chequered(west=west))
    told = {flaw.id for flaw in made.flaws if flaw.code == ORTHOPHOTO_MISSING}
    table = parse(made.data).table()
    shown = dict(zip(table["id"].tolist(), table["roof_photo"].tolist(), strict=True))
    edge = dict(zip(rows.id.tolist(), shapely.bounds(rows.geometry)[:, 0].tolist(), strict=True))
    detailed = table["id"][table["cim_level"] == CimLevel.L3].tolist()
    for building in detailed:
        if edge[building] > west + 0.8:
            assert shown[building]
        elif edge[building] < west - 0.6:
            assert not shown[building]
            assert building in told
    assert not any(shown[building] for building in set(shown) - set(detailed))
    assert told
    assert any(shown.values())
    assert all(flaw.repaired for flaw in made.flaws)


@pytest.mark.long
def test_without_a_photo_or_with_a_coarse_one_no_roof_has_a_picture(rows: Bodies) -> None:
    none, coarse = tile(rows, None), tile(rows, Chequered(pixel_m=roofs.COARSEST_M * 1.5))
    assert not [flaw for flaw in none.flaws if flaw.code == ORTHOPHOTO_MISSING]
    assert [flaw for flaw in coarse.flaws if flaw.code == ORTHOPHOTO_MISSING]
    assert none.data == coarse.data
    names = {m.get("name") for m in parse(none.data).document["materials"]}
    assert "orthophoto" not in names
    assert {"shopfront", "grey_brick"} & names


@pytest.mark.long
def test_the_same_rows_give_the_same_bytes_and_block_content_none_of_it(rows: Bodies) -> None:
    assert tile(rows, Chequered()).data == tile(rows, Chequered()).data
    standing, _ = stand(rows, SITE)
    coarse = content(standing, frame_at(*CENTRE, CRS), refined=False, photo=Chequered())
    assert "images" not in parse(coarse.data).document


@pytest.mark.long
def test_every_triangle_is_drawn_once_and_what_is_computed_says_so(rows: Bodies) -> None:
    standing, _ = stand(rows, SITE)
    mesh = buildings._bodies(standing, NO_PARTS, refined=True)[0]
    glb = parse(tile(rows, Chequered()).data)
    assert len(glb.triangles()) == len(mesh.triangles)
    for material in glb.document["materials"]:
        if "baseColorTexture" in material["pbrMetallicRoughness"]:
            assert material["extras"]["procedural"] == (material["name"] != "orthophoto")
    assert {"EXT_texture_webp", "KHR_texture_transform"} <= set(glb.document["extensionsRequired"])


@pytest.mark.parametrize(
    ("width", "height", "bays", "storeys"), [(9.0, 3.1, 1, 1), (21.0, 6.9, 2, 2), (3.0, 2.4, 1, 1)]
)
def test_bays_and_storeys_are_whole(width: float, height: float, bays: int, storeys: int) -> None:
    mesh = wall(width, 9.0, 10.0 + height)
    found = runs.walls(mesh, np.arange(2))
    assert found.face.tolist() == [0, 0]
    assert (found.length_m[0], found.north[0]) == (width, -1.0)
    uv = runs.places(mesh, found, np.array([10.0]), UNTOLD, WallTexture.timber_front, np.arange(2))
    assert uv[0, 0, 0] == pytest.approx(0.0)  # its left end, seen from outside
    assert np.ptp(uv[..., 0]) == pytest.approx(bays)
    assert uv[..., 1].min() == pytest.approx(-storeys)
    assert uv[0, 0, 1] == pytest.approx(storeys / height)  # the foot, a metre under the ground


def test_bricks_are_laid_by_the_metre() -> None:
    mesh = wall(7.0, 10.0, 14.0)
    found = runs.walls(mesh, np.arange(2))
    uv = runs.places(mesh, found, np.array([10.0]), UNTOLD, WallTexture.grey_brick, np.arange(2))
    panel = PANELS[WallTexture.grey_brick]
    assert np.ptp(uv[..., 0]) == pytest.approx(7.0 / panel.width_m)
    assert np.ptp(uv[..., 1]) == pytest.approx(4.0 / panel.height_m)


def test_the_first_rule_that_fits_wins_and_an_unknown_year_is_before_every_era(rows: Bodies) -> None:
    some = rows.take(slice(0, 5))
    some = replace(
        some,
        use=np.array([Use.residential, Use.religious, Use.commercial, Use.residential, Use.education], dtype=np.uint8),
        roof_form=np.array(
            [RoofForm.gable, RoofForm.hip, RoofForm.gable, RoofForm.flat, RoofForm.flat], dtype=np.uint8
        ),
        storeys=np.array([1, 1, 2, 6, 3], dtype=np.int16),
        year=np.array([0, 0, 0, 1995, 1990], dtype=np.int16),
        name=np.array([None, None, "城墙东段", None, None], dtype=object),
    )
    front, other, _ = rules.chosen(some)
    kinds = [(WallTexture(a).name, WallTexture(b).name) for a, b in zip(front, other, strict=True)]
    assert kinds == [
        ("timber_front", "grey_brick"), ("hall_front", "vermilion"), ("city_brick", "city_brick"),
        ("dwelling", "plaster"), ("band_windows", "plaster"),
    ]  # fmt: skip


@pytest.mark.long
def test_every_picture_can_be_laid_side_by_side_and_comes_out_the_same() -> None:
    for texture in PANELS:
        image = painted(texture).astype(float)
        inner = np.abs(np.diff(image, axis=1)).mean(axis=(0, 2))
        seam = np.abs(image[:, 0] - image[:, -1]).mean()
        assert seam <= inner.max() + 8.0, texture.name
        assert picture.__wrapped__(texture) == picture(texture)


def test_a_crop_stays_within_its_size_however_wide_the_roofs_lie() -> None:
    box, pixel = roofs.window(np.array([[0.0, 0.0], [3000.0, 10.0]]), 0.25)
    assert pixel == 4.0
    assert (box.east - box.west) / pixel <= roofs.LARGEST_PX
    assert (box.west / pixel) % 1.0 == 0.0


def test_a_part_shows_what_it_is_made_of_whatever_its_building_is() -> None:
    made_of = (Material.unknown, Material.brick, Material.stone, Material.plaster, Material.timber)
    alike = [replace(wall(9.0, 10.0, 14.0), material=np.full(4, one, dtype=np.uint8)) for one in made_of]
    mesh = join(*alike)
    found = runs.walls(mesh, np.arange(len(mesh.triangles)))
    front, other = (np.array([code], dtype=np.uint8) for code in (WallTexture.hall_front, WallTexture.vermilion))
    every = np.ones(len(found.feature), dtype=np.bool_)
    shown = runs.pictured(found, np.array([10.0]), np.array([14.0]), (front, other), every)
    assert dict(zip(found.material.tolist(), shown.tolist(), strict=True)) == {
        Material.unknown: WallTexture.hall_front,
        Material.brick: WallTexture.city_brick,
        Material.stone: WallTexture.none,
        Material.plaster: WallTexture.vermilion,
        Material.timber: WallTexture.hall_front,
    }


def test_a_gate_stands_on_bricks_and_nothing_of_it_goes_undrawn(rows: Bodies) -> None:
    table = [
        {"assembly": "gate", "part": "base", "kind": "block", "high": 0.5, "material": "brick"},
        {"assembly": "gate", "part": "step", "kind": "block", "low": 0.5, "high": 0.6, "material": "stone"},
        {"assembly": "gate", "part": "room", "kind": "block", "low": 0.6, "high": 1.0, "material": "timber"},
    ]
    one = rows.take(slice(0, 1))
    gate = replace(
        one,
        use=np.array([Use.heritage], dtype=np.uint8),
        cim_level=np.array([CimLevel.L3], dtype=np.uint8),
        roof_form=np.array([RoofForm.hip], dtype=np.uint8),
        geometry=np.array([shapely.box(CENTRE[0], CENTRE[1], CENTRE[0] + 20.0, CENTRE[1] + 12.0)], dtype=object),
        height_m=np.array([20.0]),
        assembly=np.array(["gate"], dtype=object),
    )
    standing, _ = stand(gate, SITE)
    parts = Parts.of(table)
    mesh = buildings._bodies(standing, parts, refined=True)[0]
    glb = parse(content(standing, frame_at(*CENTRE, CRS), refined=True, parts=parts).data)
    assert len(glb.triangles()) == len(mesh.triangles)
    names = {material.get("name", "") for material in glb.document["materials"]}
    assert {"city_brick", "hall_front", ""} <= names
    plain = next(p for p in glb.primitives() if "COLOR_0" in p["attributes"])
    seen = {tuple(colour) for colour in glb.accessor(plain["attributes"]["COLOR_0"])[:, :3].tolist()}
    told = np.array([Material.brick, Material.stone, Material.timber], dtype=np.uint8)
    zero = np.zeros(3, dtype=np.uint8)
    wanted = {tuple(one) for one in colours(zero, zero, zero + Surface.outer_floor, None, told).tolist()}
    assert wanted <= seen
    assert not seen & {tuple(one) for one in colours(zero + Use.heritage, zero, zero).tolist()}
