"""Tiles with KTX2 pictures before Khronos' validator."""

from pathlib import Path

import pytest

from tests.textured_tile import textured
from tests.tile_readers import NEEDED, run
from tilesets.buildings.textures.packing import ktx2

pytestmark = NEEDED


def test_the_validator_finds_no_error_in_a_tile_with_ktx2(tmp_path: Path) -> None:
    """It knows EXT_texture_webp but not KHR_texture_basisu: it warns of pictures that are no PNG, and of nothing else."""
    pytest.importorskip("alktx2")
    file = tmp_path / "tile.glb"
    file.write_bytes(textured(ktx2))
    (report,) = run("validate_glb.mjs", str(file))
    assert report["errors"] == 0, report["told"]
    assert {told["code"] for told in report["told"]} <= {"VALUE_NOT_IN_LIST", "IMAGE_UNRECOGNIZED_FORMAT"}
    assert all(told["pointer"].startswith("/images/") for told in report["told"])
