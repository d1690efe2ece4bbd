"""A file of others measured by a plain walk over its XML: the same surfaces, areas and volumes as the bodies read of it."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from lxml import etree

from cim.plugins import Source
from loaders.delivery.files import recognise


def _measure(rings: list[np.ndarray]) -> tuple[float, float]:
    """The volume that rings (n, 3) enclose, cones from the first corner of all, and the area of all of them."""
    origin, volume, area = rings[0][0], 0.0, 0.0
    for ring in rings:
        at = ring - origin
        normal = np.cross(at - at[0], np.roll(at - at[0], -1, axis=0)).sum(axis=0) / 2.0
        volume += at[0] @ normal / 3.0
        area += float(np.linalg.norm(normal))
    return float(volume), area


def _walked(path: Path) -> dict[str, list[np.ndarray]]:
    """Of every building its rings, without the closing point, in the order of the file."""
    gml = "{http://www.opengis.net/gml/3.2}"
    found = {}
    for building in etree.parse(path).iterfind(".//{http://www.opengis.net/citygml/building/3.0}Building"):
        texts = [one.text for one in building.iter(f"{gml}posList")]
        found[building.get(f"{gml}id")] = [np.array(t.split(), dtype=np.float64).reshape(-1, 3)[:-1] for t in texts]
    return found


@pytest.mark.long
def test_every_building_has_the_volume_and_the_surfaces_of_its_xml(shared: Path) -> None:
    path = shared / "city_models/citygml4j_lod2_buildings_v3.gml"
    (batch,) = recognise(path).read(Source(str(path), "buildings"))
    walked = _walked(path)
    assert set(batch.frame["id"]) == set(walked)
    assert len(walked) == 100
    for id, body in zip(batch.frame["id"], batch.frame["boundary"], strict=True):
        ours = [shapely.get_coordinates(one, include_z=True)[:-1] for one in body.polygons]
        assert len(ours) == len(walked[id])
        assert _measure(ours) == pytest.approx(_measure(walked[id]), rel=1e-9)
        assert _measure(ours)[0] > 1.0
