"""The pictures of docs/pictures, made anew from the running sample city: CIM_BLESS=1 and a look at each of them."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(os.environ.get("CIM_BLESS") != "1", reason="the pictures are made with CIM_BLESS=1"),
]

FOLDER = Path(__file__).resolve().parents[2] / "docs/pictures"
NAMES = ("from-30km", "from-3km", "from-300m", "gate", "street")
HEAVIEST = 600_000
BLACK = 12
"""A level of 255 below which a pixel shows nothing at all: the ground's own dark colour is twice as bright."""


def test_the_city_from_afar_from_near_at_the_gate_and_from_the_street(play: Any, base_url: str, tmp_path: Path) -> None:
    noted = play("pictures", base_url, str(tmp_path))
    assert tuple(noted["seen"]) == NAMES
    FOLDER.mkdir(exist_ok=True)
    for name in NAMES:
        taken = Image.open(tmp_path / f"{name}.png").convert("RGB")
        assert taken.size == (1280, 720)
        assert (np.asarray(taken).max(axis=2) < BLACK).mean() < 0.01, f"{name}: something black"
        keep(taken, FOLDER / f"{name}.png")
        assert (FOLDER / f"{name}.png").stat().st_size < HEAVIEST


def test_the_tree_of_layers_with_pipes_under_the_streets(play: Any, base_url: str, tmp_path: Path) -> None:
    noted = play("layers", base_url, str(tmp_path / "layers.png"))
    assert noted["card"].startswith("theme-cameras-")
    keep(Image.open(tmp_path / "layers.png").convert("RGB"), FOLDER / "layers.png")
    assert (FOLDER / "layers.png").stat().st_size < HEAVIEST


def keep(taken: Image.Image, file: Path) -> None:
    """As it was taken; where that is too heavy, in 256 colours chosen for cover: rare ones, as of a temple, stay."""
    taken.save(file, optimize=True)
    if file.stat().st_size >= HEAVIEST:
        taken.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE).save(file, optimize=True)
