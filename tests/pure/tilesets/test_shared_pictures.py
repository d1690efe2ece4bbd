"""Pictures that several buildings show: they split no cell by being many times in it, and lie in a tile once."""

import base64
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cim.boundary import PICTURE, Boundary
from cim.types import Bodies
from tests import glb
from tests.mesh_files import FACES, gabled
from tests.pure.tilesets.test_surfaces import CENTRE, CRS, SITE, houses, webp
from tilesets.buildings import surfaces
from tilesets.buildings.content import content
from tilesets.buildings.standing import stand
from tilesets.buildings.units import make
from tilesets.gltf.materials import Material, Materials
from tilesets.gltf.placement import frame_at
from tilesets.gltf.views import Views
from tilesets.tree import UNIT_DEPTH

COUNT = 8


def noise(seed: int, side: int = 128) -> str:
    """A picture that is not small for its size."""
    packed = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(packed, "WEBP", quality=82)
    return base64.b64encode(packed.getvalue()).decode()


def street(*pictures: str) -> Bodies:
    """Houses 12 m from each other, each with the next of these pictures on a wall."""
    rows = houses(*(gabled(CENTRE[0] + 12.0 * k, CENTRE[1], 1040.0) for k in range(COUNT)))
    places = [[0, 0], [1, 0], [1, 1], [0, 1]]
    drawn = {"texture": {"": [None, [[0, places]], *[None] * 5]}}
    bodies: list[Boundary] = rows.boundary.tolist()
    told = [
        replace(body, appearance={**drawn, "textures": [{PICTURE: pictures[k % len(pictures)]}]})
        for k, body in enumerate(bodies)
    ]
    return replace(rows, boundary=np.array([*told, None], dtype=object)[:-1])


class Held:
    """Rows in memory, and the files that are made of them."""

    def __init__(self, rows: Bodies) -> None:
        self.rows, self.files = rows, dict[str, bytes]()

    def within(self, low: int, high: int) -> Bodies:
        return self.rows.take(slice(*np.searchsorted(self.rows.cell, [low, high])))

    def of(self, cells: Any) -> Bodies:
        return self.rows.take(np.isin(self.rows.cell, cells))

    def put(self, kind: str, data: bytes) -> str:
        self.files[str(len(self.files))] = data
        return str(len(self.files) - 1)


def refined(rows: Bodies) -> list[glb.Glb]:
    """The tiles that draw them in detail, where a tile is meant to weigh little more than two of the pictures."""
    held = Held(rows)
    unit = make(int(rows.cell[0]) >> 2 * UNIT_DEPTH, held, replace(SITE, target_bytes=60_000), held)
    return [glb.parse(held.files[child.uri or ""]) for leaf in unit.leaves for child in leaf.node.children]


@pytest.mark.long  # walls are painted for the other sides
def test_houses_with_one_picture_lie_in_one_tile_which_has_it_once() -> None:
    several = [noise(seed) for seed in range(COUNT)]
    (tile,) = refined(street(several[0]))
    assert tile.chunk.count(base64.b64decode(several[0])) == 1
    apart = refined(street(*several))
    assert len(apart) > 1
    assert [sum(one.chunk.count(base64.b64decode(p)) for one in apart) for p in several] == [1] * COUNT


@pytest.mark.parametrize("count", [1, 3])
def test_pictures_cost_what_they_weigh_together_once(count: int) -> None:
    told = [noise(seed, 8) for seed in range(count)]
    found = surfaces.Pictures.of(street(*told))
    sizes = [len(one) * 3 // 4 for one in told]
    for start in range(COUNT + 1):
        for stop in range(start, COUNT + 1):
            assert found.cost(start, stop) == sum(sizes[k] for k in {row % count for row in range(start, stop)})


def test_a_picture_that_is_laid_in_two_ways_takes_a_tile_s_room_once() -> None:
    kept = [base64.b64encode(webp((60 * k, 0, 0), 512)).decode() for k in range(4)]  # together what a tile may have
    textures = [{PICTURE: one} for one in kept] + [{PICTURE: kept[0], "wrapMode": "none"}]
    shown = [[[k, [[0.5, 0.5]] * len(face)]] if k < len(textures) else None for k, face in enumerate(FACES)]
    rows = houses(gabled(*CENTRE, 1040.0), appearance={"textures": textures, "texture": {"": shown}})
    tile = glb.parse(content(stand(rows, SITE)[0], frame_at(*CENTRE, CRS), refined=True).data)
    delivered = [one["name"] for one in tile.document["materials"] if one.get("name") == "delivered"]
    assert len(delivered) == 5
    assert all(tile.chunk.count(base64.b64decode(one)) == 1 for one in kept)


def test_a_picture_that_is_laid_in_two_ways_is_in_the_file_once() -> None:
    made = Materials(Views(compress=False))
    for repeats in (True, False):
        made.number(Material("delivered", b"RIFF", repeats))
    document = made.document()
    assert [len(document[name]) for name in ("images", "textures", "samplers")] == [1, 2, 2]
