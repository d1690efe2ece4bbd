"""Pictures of textures are packed as the city file says: WebP, or KTX2 where its encoder is installed."""

import sys

import numpy as np
import pytest

from cim import city as cities
from cim.errors import BadSettings, MissingTool
from tests.glb import parse
from tests.textured_tile import textured
from tests.tileset_rules import pictures
from tests.tileset_rules.glb import read_glb
from tests.tileset_rules.report import Report
from tilesets.buildings.textures import packing, roofs

LEAST = """
[city]
name = "一"
crs = "EPSG:4547"
extent = [112.0, 39.0, 114.0, 40.0]
"""


def test_a_city_file_names_the_packing_and_a_name_that_is_none_is_refused() -> None:
    assert tuple(packing.PACKINGS) == cities.TEXTURES
    assert cities.parse(LEAST).textures == "webp"
    assert cities.parse(f'{LEAST}[tiles]\ntextures = "ktx2"').textures == "ktx2"
    with pytest.raises(BadSettings, match=r"tiles.textures = 'png': expected one of webp, ktx2"):
        cities.parse(f'{LEAST}[tiles]\ntextures = "png"')


def test_without_the_encoder_its_packing_is_refused_and_the_remedy_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "alktx2", None)
    assert packing.named("webp") is packing.webp
    with pytest.raises(MissingTool, match=r'textures = "ktx2" needs an encoder: .*pip install -e "\.\[ktx2\]"'):
        packing.named("ktx2")


def test_a_roof_crop_is_blocks_of_four_pixels_either_way() -> None:
    for wide, high in ((3.1, 7.9), (255.0, 1.0), (254.9, 255.1), (900.0, 20.0)):
        box, pixel = roofs.window(np.array([[0.3, 0.2], [0.3 + wide, 0.2 + high]]), 0.25)
        sides = (box.east - box.west) / pixel, (box.north - box.south) / pixel
        assert all(side % 4 == 0 and side <= roofs.LARGEST_PX for side in sides)
        assert box.west <= 0.3
        assert box.north >= 0.2 + high


@pytest.mark.long
def test_a_tile_with_ktx2_is_the_same_but_for_its_pictures_and_keeps_the_rules() -> None:
    """The encoder's other half unpacks them: each is close to the pixels that were packed."""
    encoder = pytest.importorskip("alktx2")
    plain, packed = parse(textured(packing.webp)), parse(textured(packing.ktx2))
    assert packed.document["extensionsRequired"].count("KHR_texture_basisu") == 1
    assert "EXT_texture_webp" not in packed.document["extensionsUsed"]
    for name in ("POSITION", "NORMAL", "_FEATURE_ID_0"):
        assert np.array_equal(plain.attribute(name), packed.attribute(name))
    assert textured(packing.ktx2) == textured(packing.ktx2)
    report = Report()
    gltf = read_glb(textured(packing.ktx2), "tile.glb", report)
    assert gltf is not None
    pictures.check(gltf)
    assert list(report.violations) == []
    noise = np.random.default_rng(1).normal(0.0, 4.0, (64, 96, 3))
    picture = np.clip(np.linspace(60, 200, 96)[None, :, None] + noise, 0, 255).astype(np.uint8)
    told = encoder.inspect_ktx2(packing.ktx2(picture, True))
    assert (told["width"], told["height"], told["levels"], told["is_etc1s"], told["is_srgb"]) == (96, 64, 7, True, True)


@pytest.mark.long
def test_a_side_that_is_no_multiple_of_four_is_refused() -> None:
    with pytest.raises(ValueError, match="6 x 8 pixels: expected multiples of four"):
        packing.ktx2(np.zeros((8, 6, 3), dtype=np.uint8), False)
