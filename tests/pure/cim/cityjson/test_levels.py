"""Levels of detail of what is written: what CityJSON knows stays, the rest becomes coarser, what nobody says is seen."""

import numpy as np
import pytest
import shapely

from cim.cityjson.levels import KNOWN, level_of
from cim.cityjson.record import Piece

FLAT, WALL, SLOPE = (
    shapely.Polygon(ring)
    for ring in (
        [(0, 0, 3), (4, 0, 3), (4, 4, 3)],
        [(0, 0, 0), (4, 0, 0), (4, 0, 3)],
        [(0, 0, 3), (4, 0, 3), (4, 4, 5)],
    )
)


def piece(*polygons: shapely.Polygon, lod: str = "", kinds: tuple[str, ...] = ()) -> Piece:
    semantics = {"surfaces": [{"type": kind} for kind in kinds], "values": [None] * len(polygons)} if kinds else None
    return Piece("MultiSurface", np.array(polygons, dtype=object), semantics=semantics, lod=lod)


@pytest.mark.parametrize("lod", KNOWN)
def test_a_level_that_cityjson_knows_stays_as_it_came(lod: str) -> None:
    assert level_of(piece(FLAT, lod=lod), 3.0) == lod


@pytest.mark.parametrize(
    ("told", "level", "written"),
    [
        ("4", None, "3.3"),
        ("", 4.0, "3.3"),
        ("", 2.5, "2.3"),
        ("2.25", None, "2.2"),
        ("", 2.0, "2"),
        ("inf", None, "3.3"),
    ],
)
def test_a_level_that_cityjson_does_not_know_becomes_the_next_coarser_one(
    told: str, level: float | None, written: str
) -> None:
    assert level_of(piece(SLOPE, lod=told), level) == written


@pytest.mark.parametrize(
    ("told", "level"), [("", None), ("fine", None), ("-1", None), ("nan", 2.0), ("", float("nan"))]
)
def test_surfaces_tell_a_level_that_nobody_says(told: str, level: float | None) -> None:
    assert level_of(piece(FLAT, WALL, lod=told), level) == "1"
    assert level_of(piece(FLAT, WALL, SLOPE, lod=told), level) == "2"
    assert level_of(piece(FLAT, WALL, lod=told, kinds=("WallSurface", "Window")), level) == "3"
