"""Models with colours and pictures, from the file through the store to the tile."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from cim.plugins import Source
from cim.source_entry import NamedSource
from cim.store.bodies import reading
from cim.types import silent
from loaders import pipeline
from tests import glb
from tests.mesh_files import gabled, obj
from tests.sample_city import Even, Slope
from tilesets.buildings.content import content
from tilesets.buildings.site import Site
from tilesets.buildings.standing import stand
from tilesets.gltf.placement import frame_at

pytestmark = pytest.mark.db
X, Y = 439_000.0, 4_440_000.0


def test_a_model_is_drawn_in_the_colours_and_pictures_it_was_delivered_with(database, city, tmp_path):
    path = obj(tmp_path / "m.obj", {"h": gabled(X, Y, 1040.25)})
    Image.new("RGB", (40, 20), (9, 200, 9)).save(tmp_path / "wall.png")
    (tmp_path / "m.mtl").write_text("newmtl tile\nKd 0 1 0\nnewmtl wall\nKd 1 1 1\nmap_Kd wall.png\n")
    wall = "usemtl wall\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nf 1/1 2/2 6/3 5/4\nusemtl tile"
    path.write_text("mtllib m.mtl\nusemtl tile\n" + path.read_text().replace("f 1 2 6 5", wall))
    source = NamedSource("model", Source(str(path), "buildings", crs="EPSG:4547", up="z"))
    assert pipeline.load(database, source, path, city, silent, itertools.count().__next__).changes == {"added": 1}
    with reading(database) as found:
        rows = found.within(0, 1 << 48)
    standing, _ = stand(rows, Site("EPSG:4547", Slope(), Even()))
    made = content(standing, frame_at(X, Y, "EPSG:4547"), refined=True)
    tile = glb.parse(made.data)
    names = [tile.document["materials"][one["material"]].get("name") for one in tile.primitives()]
    assert names == [None, "delivered"]
    assert np.unique(tile.attribute("COLOR_0")[:, :3], axis=0).tolist() == [[0, 255, 0]]
    assert len(tile.document["images"]) == 1
    view = tile.view(tile.document["images"][0]["bufferView"])
    assert np.abs(np.asarray(Image.open(io.BytesIO(view)), dtype=int) - [9, 200, 9]).max() < 8
