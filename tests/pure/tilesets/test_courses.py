"""Courses: low walls stand on one plinth, and roofs say whether tiles lie on them."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import shapely

from cim.boundary import Boundary
from cim.types import BoolArray, Box, CimLevel, RoofForm
from tests.glb import parse
from tests.mesh_files import FACES, gabled
from tests.sample_city import CENTRE, CRS, Even, Slope, city
from tests.wall_mesh import wall
from tilesets.buildings.content import content
from tilesets.buildings.site import Site
from tilesets.buildings.standing import stand
from tilesets.buildings.textures import runs
from tilesets.buildings.textures.dressing import TILED
from tilesets.buildings.textures.painting import PANELS, PLINTH_M
from tilesets.buildings.textures.rules import WallTexture
from tilesets.gltf.placement import frame_at

UNTOLD = np.array([np.nan])


class Grey:
    """A photo of nothing but grey."""

    def sharpest_m(self, box: Box) -> float:
        return 0.5

    def crop(self, box: Box, pixel_m: float, coarsest_m: float) -> tuple[npt.NDArray[np.uint8], BoolArray]:
        shape = round((box.north - box.south) / pixel_m), round((box.east - box.west) / pixel_m)
        return np.full((*shape, 3), 120, dtype=np.uint8), np.ones(shape, dtype=np.bool_)


@pytest.mark.parametrize(
    ("low", "height", "rule", "shown"),
    [
        (9.5, 3.3, WallTexture.grey_brick, WallTexture.brick_plinth),
        (9.5, 3.3, WallTexture.plaster, WallTexture.plaster_plinth),
        (9.5, 5.5, WallTexture.grey_brick, WallTexture.brick_plinth),
        (9.5, 5.6, WallTexture.grey_brick, WallTexture.grey_brick),
        (13.3, 2.0, WallTexture.grey_brick, WallTexture.grey_brick),
        (9.5, 3.3, WallTexture.vermilion, WallTexture.vermilion),
    ],
)
def test_low_walls_on_the_ground_show_one_plinth_and_no_others_do(
    low: float, height: float, rule: WallTexture, shown: WallTexture
) -> None:
    mesh = wall(9.0, low, max(low, 10.0) + height)
    found = runs.walls(mesh, np.arange(2))
    pictures = (np.array([rule], dtype=np.uint8), np.array([rule], dtype=np.uint8))
    got = runs.pictured(found, np.array([10.0]), np.array([13.3]), pictures, np.zeros(1, dtype=np.bool_))
    assert got.tolist() == [shown]
    if PANELS[shown].mirrors:
        uv = runs.places(mesh, found, np.array([10.0]), UNTOLD, shown, np.arange(2))
        panel = PANELS[shown]
        assert uv[..., 1].min() == pytest.approx(1.0 - height / panel.height_m)  # 1 is its foot, below 0 it is mirrored
        mirrored = 2.0 * panel.height_m - (1.0 - uv[..., 1].min()) * panel.height_m
        assert mirrored >= PLINTH_M  # the highest place of the wall, as the picture has it, is above the plinth


@pytest.mark.long
def test_roofs_that_are_raised_from_a_form_with_tiles_say_so_and_no_other_surface_does() -> None:
    some = city(4, width_m=150.0, old_share=1.0)
    corners = gabled(*shapely.centroid(some.geometry[3]).coords[0], 1040.0)
    polygons = np.array([shapely.Polygon(corners[list(face)]) for face in FACES], dtype=object)
    delivered = Boundary(polygons, np.array([2, 0, 0, 1, 1, 0, 0], dtype=np.uint8))
    some = replace(
        some,
        geometry=np.array([shapely.box(*CENTRE, CENTRE[0] + 20.0, CENTRE[1] + 9.0)] * 4, dtype=object),
        roof_form=np.array([RoofForm.flat, RoofForm.hip, RoofForm.gable, RoofForm.gable], dtype=np.uint8),
        cim_level=np.full(4, CimLevel.L3, dtype=np.uint8),
        boundary=np.array([None, None, None, delivered], dtype=object),
    )
    standing, _ = stand(some, Site(CRS, Slope(), Even()))
    glb = parse(content(standing, frame_at(*CENTRE, CRS), refined=True, photo=Grey()).data)
    marked = set()
    for primitive in glb.primitives():
        at = primitive["attributes"]
        if "COLOR_0" in at and glb.document["accessors"][at["COLOR_0"]]["type"] == "VEC4":
            colour = glb.accessor(at["COLOR_0"])
            feature = glb.accessor(at["_FEATURE_ID_0"]).reshape(len(colour), -1)
            tiled = colour[:, 3] == TILED
            assert set(colour[:, 3].tolist()) <= {TILED, 255}
            assert (glb.accessor(at["NORMAL"])[tiled, 2] > 0).all()
            marked |= set(feature[tiled, 0].astype(int).tolist())
            if "TEXCOORD_0" in at:
                assert (colour[:, :3] == 255).all()  # the photo alone has the colour
    assert marked == {1, 2}
