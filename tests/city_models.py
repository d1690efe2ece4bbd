"""Little city models, made up: documents with every feature of the format, and bodies for laws to be held against."""

from typing import Any

import numpy as np
import orjson
import shapely
from hypothesis import strategies as st

from cim.boundary import Boundary
from cim.cityjson.exactness import Steps, whole_numbers
from cim.cityjson.nesting import DEPTH
from cim.cityjson.reading import header, read
from cim.cityjson.record import CityRecord, Part, Piece
from cim.cityjson.writing import Paints, write

CUBE = [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]
CORNERS = [[x, y, z] for z in (0, 3000) for x, y in ((0, 0), (9000, 0), (9000, 5000), (0, 5000))]
KINDS = ["GroundSurface", "RoofSurface", "WallSurface"]


def cube(**told: Any) -> dict[str, Any]:
    """A solid with semantics."""
    solid = {"type": "Solid", "lod": "2.0", "boundaries": [[[ring] for ring in CUBE]]}
    semantics = {"surfaces": [{"type": kind} for kind in KINDS], "values": [[0, 1, 2, 2, 2, 2]]}
    return {**solid, "semantics": semantics, **told}


def document(**told: Any) -> dict[str, Any]:
    """A document with one building, a cube of 9 m x 5 m x 3 m near Datong's old town."""
    plain: dict[str, Any] = {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [0.001, 0.001, 0.001], "translate": [439876.0, 4439760.0, 1040.0]},
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4547"},
        "CityObjects": {"a": {"type": "Building", "attributes": {"storeysAboveGround": 1}, "geometry": [cube()]}},
        "vertices": CORNERS,
    }
    return {**plain, **told}


def records(document: dict[str, Any]) -> list[Any]:
    """What is read of a document."""
    return list(read(document, header(document)).records)


def turned_round(some: list[CityRecord]) -> dict[str, Any]:
    """The records written as a document, through the text of it."""
    paints, objects, vertices, count = Paints(), {}, [np.zeros((0, 3))], 0
    for one in some:
        written = write(one.id, one.attributes, one.bodies, paints, count)
        objects |= written.objects
        vertices.append(written.vertices)
        count += len(written.vertices)
    xyz = np.concatenate(vertices)
    steps = Steps.near(xyz)
    steps.see(xyz)
    transform = {"scale": steps.chosen().tolist(), "translate": steps.origin.tolist()}
    numbers = whole_numbers(xyz, steps.chosen(), steps.origin)
    told = document(CityObjects=objects, vertices=numbers, transform=transform)
    if paints.member():
        told["appearance"] = paints.member()
    found: dict[str, Any] = orjson.loads(orjson.dumps(told))
    return found


def assert_same(one: Boundary, other: Boundary) -> None:
    """Two bodies are equal in everything, corners to the last bit."""
    assert (one.kind, one.shells, one.above_base) == (other.kind, other.shells, other.above_base)
    assert one.surface.tolist() == other.surface.tolist()
    assert one.notes == other.notes
    assert one.appearance == other.appearance
    assert shapely.equals_identical(one.polygons, other.polygons).all()


_SIXTYFOURTHS = st.integers(0, 64_000).map(lambda n: n / 64)
_MILLIMETRES = st.integers(0, 1_000_000).map(lambda n: n / 1000)
_WORDS = st.text("ab四牌", min_size=1, max_size=3)
_JSON = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), _WORDS, st.lists(st.integers(0, 3), max_size=2))
_UV = st.tuples(st.sampled_from([0.0, 0.25, 1.0]), st.sampled_from([0.0, 0.5])).map(list)


@st.composite
def pieces(draw: st.DrawFn, of: str | None = None, lod: str = "2") -> Piece:
    """Any geometry: rings anywhere, holes, shells of all kinds, semantics with nesting, two themes."""
    kind = draw(st.sampled_from(sorted(DEPTH)))
    number = draw(st.integers(1, 5))
    coordinates = draw(st.sampled_from([_SIXTYFOURTHS, _MILLIMETRES]))
    corner = st.tuples(coordinates, coordinates, coordinates)
    ring = st.lists(corner, min_size=3, max_size=5, unique=True)
    polygons = np.empty(number, dtype=object)
    for place in range(number):
        polygons[place] = shapely.Polygon(draw(ring), draw(st.lists(ring, max_size=1)))
    shells: tuple[tuple[int, ...], ...] = ()
    if DEPTH[kind]:
        cut = draw(st.integers(0, number - 1))
        sizes = tuple(size for size in (number - cut, cut) if size)
        shells = (sizes,) if kind == "Solid" else tuple((size,) for size in sizes)
    surfaces = [{"type": name, **draw(st.dictionaries(_WORDS, _JSON, max_size=2))} for name in [*KINDS, "+Tiled"]]
    values = draw(st.lists(st.sampled_from([None, 0, 1, 2, 3]), min_size=number, max_size=number))
    semantics = draw(st.sampled_from([None, {"surfaces": surfaces, "values": values}]))
    return Piece(kind, polygons, shells, semantics, draw(_looks(polygons)), of, lod)


@st.composite
def _looks(draw: st.DrawFn, polygons: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        found["materials"] = [{"name": "red"}]
        others = st.lists(st.sampled_from([None, 0]), min_size=len(polygons) - 1, max_size=len(polygons) - 1)
        found["material"] = {"day": [0, *draw(others)]}
    if draw(st.booleans()):
        found["textures"] = [{"type": "PNG", "image": "a.png"}]
        found["texture"] = {"day": [[_drawn(draw, ring) for ring in (p.exterior, *p.interiors)] for p in polygons]}
    return found


def _drawn(draw: st.DrawFn, ring: Any) -> list[Any]:
    count = len(ring.coords) - 1
    return [0, draw(st.lists(_UV, min_size=count, max_size=count))]


PART = Part("a-1", "BuildingPart", "a", {"roofType": "flat"}, {"address": [{"Street": "四牌楼"}]})
