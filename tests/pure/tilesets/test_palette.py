"""The colours of walls and roofs: nothing glares, and what is to be told apart is."""

import numpy as np

from cim.types import RoofForm, Surface, Use
from tilesets.buildings.palette import colours

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear RGB, ITU-R BT.709


def reflected(use: Use, form: RoofForm, surface: Surface) -> float:
    """The share of light that a surface of such a building throws back."""
    one = (np.array([value], dtype=np.uint8) for value in (use, form, surface))
    return float(colours(*one)[0] @ LUMINANCE / 255.0)


def test_no_wall_or_roof_reflects_more_than_worn_concrete_does() -> None:
    for use in Use:
        assert 0.1 < reflected(use, RoofForm.flat, Surface.wall) < 0.5
    for form in RoofForm:
        assert 0.1 < reflected(Use.unknown, form, Surface.roof) < 0.5


def test_walls_are_told_from_the_flat_roof_above_them() -> None:
    slab = reflected(Use.unknown, RoofForm.flat, Surface.roof)
    assert all(slab - reflected(use, RoofForm.flat, Surface.wall) > 0.1 for use in Use)


def test_every_use_has_a_colour_of_its_own() -> None:
    use = np.array(list(Use), dtype=np.uint8)
    walls = colours(use, np.zeros_like(use), np.full_like(use, Surface.wall))
    assert len(np.unique(walls, axis=0)) == len(Use)
