"""What goes out as CityJSON is as its authors' schemas have it, and a strict reader of others finds all of it there."""

import json
from pathlib import Path

import orjson
import pytest
import shapely
from cityjson_lib._ffi import CjlibError

from cim.exports import solids
from cim.exports.targets import MODELS
from cim.plugins import Source
from cim.store.records import BODY
from cim.types import RoofForm
from loaders.delivery.files import recognise
from tests.city_models import cube, document, records
from tests.cityjson_judges import faults, in_full, judge, lines, strictly_read
from tests.pure.cim.exports.test_models import _LARGE, _page, _written

FILES = {
    "citygml4j_lod2_buildings_v3.gml": "EPSG:3068",
    "cjio_dummy.json": "EPSG:28992",
    "cjio_multi_lod.json": "EPSG:28992",
    "cjio_rotterdam_subset.json": "EPSG:28992",
}


def _geometry(told):
    return told["CityObjects"]["a"]["geometry"][0]


BROKEN = {
    "an unknown version": lambda d: d.update(version="3.0"),
    "no vertices": lambda d: d.pop("vertices"),
    "a scale of two numbers": lambda d: d["transform"].update(scale=[1, 1]),
    "a frame that is no address": lambda d: d["metadata"].update(referenceSystem="EPSG:4547"),
    "no level of detail": lambda d: _geometry(d).pop("lod"),
    "a level of detail that there is not": lambda d: _geometry(d).update(lod="4"),
    "surfaces in place of shells": lambda d: _geometry(d).update(boundaries=_geometry(d)["boundaries"][0]),
    "a vertex that is not there": lambda d: _geometry(d)["boundaries"][0][0][0].__setitem__(0, 99),
    "values that are not nested": lambda d: _geometry(d)["semantics"].update(values=[0, 1, 2, 2, 2, 2]),
    "an unknown kind of surface": lambda d: _geometry(d)["semantics"]["surfaces"][0].update(type="Facade"),
    "an unknown kind of object": lambda d: d["CityObjects"]["a"].update(type="House"),
    "a child that is not there": lambda d: d["CityObjects"]["a"].update(children=["b"]),
    "a part of nothing": lambda d: d["CityObjects"]["a"].update(type="BuildingPart"),
    "a building of a MultiSolid": lambda d: _geometry(d).update(
        type="MultiSolid", boundaries=[_geometry(d)["boundaries"]], semantics={"surfaces": [], "values": None}
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("fault", BROKEN)
def test_the_judges_do_not_say_yes_to_everything(fault):
    told = orjson.loads(orjson.dumps(document()))
    assert not faults(told)
    assert in_full(*strictly_read(told)) == in_full(told)
    BROKEN[fault](told)
    try:
        strictly_read(told)
        is_refused = False
    except CjlibError:
        is_refused = True
    assert is_refused or faults(told)


def _delivered(rows) -> dict[str, list]:
    """A page of rows (id, level of detail, body, attributes)."""
    names = list(dict.fromkeys(id for id, *_ in rows))
    page = _page([shapely.box(0, 0, 9, 5)] * len(rows))
    page |= {"id": [id for id, *_ in rows], "cim_key": [id for id, *_ in rows], "lod": [lod for _, lod, *_ in rows]}
    page |= {"cim_id": [names.index(id) for id, *_ in rows], "base_m": [0.0] * len(rows)}
    page["extra"] = [json.dumps(told, default=str, ensure_ascii=False) for *_, told in rows]
    told = [solids.stored(body) for _, _, body, _ in rows]
    return page | dict(zip(BODY, map(list, zip(*told, strict=True)), strict=True))


@pytest.mark.long
@pytest.mark.parametrize("format", MODELS)
@pytest.mark.parametrize("name", FILES)
def test_files_of_others_go_out_as_others_want_them(shared: Path, tmp_path, name, format):
    path = shared / "city_models" / name
    (batch,) = recognise(path).read(Source(str(path), "buildings", crs=FILES[name]))
    own = ("id", "lod", "boundary", "geometry")
    rows = [
        (str(one["id"]), one["lod"], one["boundary"], {k: v for k, v in one.items() if k not in own and v == v})
        for one in batch.frame.to_dict("records")
    ]
    _written(tmp_path, format, _delivered(rows))
    judge(tmp_path / f"out{MODELS[format].suffix}")


NESTED = {
    "surfaces": [
        {"type": "RoofSurface", "slope": 30.5, "children": [3]},
        {"type": "WallSurface"},
        {"type": "GroundSurface"},
        {"type": "Window", "parent": 0},
        {"type": "Door", "material": "木"},
    ],
    "values": [[[2, 0, 1, 1, 1, None]], [[None, 3, 1, 1, 1, 1]]],
}
"""Of two solids: a roof and its window in one each, a door in none."""


HOME = {"Street": "四牌楼", "location": {"type": "MultiPoint", "lod": "1", "boundaries": [7]}}
"""CityJSON 1.0 has one address, later versions a list; the vertices of its location are the file's own."""


def _hard():
    """Buildings that have what the format stumbles over."""
    twice = cube(type="MultiSolid", boundaries=[cube()["boundaries"]] * 2, semantics=NESTED)
    painted = cube(
        material={"day": {"values": [[0, None, 1, 1, 1, 1]]}, "night": {"value": 1}},
        texture={"day": {"values": [[[[0, 0, 1, 2, 3]], *[[[None]]] * 5]]}},
    )
    interior = cube(lod="4", semantics={"surfaces": [{"type": "FloorSurface"}], "values": [[0] * 6]})
    part = {"type": "BuildingPart", "parents": ["twice"], "geometry": [twice], "attributes": {"roofType": "flat"}}
    objects = {
        "twice": {"type": "Building", "children": ["part"], "geometry": [twice, cube(lod="1.2"), interior]},
        "part": part,
        "四牌楼 1号": {"type": "Building", "geometry": [painted], "address": [HOME]},
        "bare": {
            "type": "Building",
            "address": HOME,
            "geometry": [{k: v for k, v in cube().items() if k != "semantics"}],
        },
    }
    looks = {
        "materials": [{"name": "砖", "diffuseColor": [0.5, 0.4, 0.4], "transparency": 0.0}, {"name": "瓦"}],
        "textures": [{"type": "PNG", "image": "a.png", "wrapMode": "wrap"}],
        "vertices-texture": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]],
        "default-theme-material": "day",
    }
    return records(document(CityObjects=objects, appearance=looks))


@pytest.mark.long
@pytest.mark.parametrize("format", MODELS)
def test_what_the_format_stumbles_over_goes_out_as_others_want_it(tmp_path, format):
    rows = [(one.id, lod, body, one.attributes) for one in _hard() for lod, body in reversed(one.bodies)]
    frame, _ = _written(tmp_path, format, _delivered(rows))
    path = tmp_path / f"out{MODELS[format].suffix}"
    judge(path)
    objects = {id: one for told in lines(path) for id, one in told["CityObjects"].items()}
    assert [(g["type"], g["lod"]) for g in objects["part"]["geometry"]] == [("Solid", "2.0")] * 2
    assert [g["lod"] for g in objects["twice"]["geometry"]] == ["3.3", "2.0", "2.0", "1.2"]
    kinds = [[one["type"] for one in g["semantics"]["surfaces"]] for g in objects["part"]["geometry"]]
    assert kinds == [
        ["RoofSurface", "WallSurface", "GroundSurface", "Window", "Door"],
        ["RoofSurface", "WallSurface", "Window"],
    ]
    assert len(frame) == 5
    assert [objects[id]["address"] for id in ("四牌楼 1号", "bare")] == [[{"Street": "四牌楼"}]] * 2
    told = [note for one in _hard() for note in one.notes]
    assert told == [("surface_missing", "the location of an address, which has no surfaces", "left out")] * 2


@pytest.mark.long
@pytest.mark.parametrize("format", MODELS)
def test_every_roof_form_goes_out_as_others_want_it_with_a_level_of_detail(tmp_path, format):
    forms = [form.name for form in RoofForm for _ in _LARGE]
    page = _page(_LARGE * len(RoofForm), roof_form=forms, lod=[None] * len(forms))
    _written(tmp_path, format, page)
    path = tmp_path / f"out{MODELS[format].suffix}"
    judge(path)
    told = [one for line in lines(path) for one in line["CityObjects"].values()]
    levels = {
        form: {g["lod"] for one in told for g in one["geometry"] if one["attributes"]["roof_form"] == form}
        for form in forms
    }
    assert (levels["flat"], levels["gable"]) == ({"1"}, {"2"})
    assert {len(one["geometry"]) for one in told if one["attributes"]["roof_form"] == "flat"} == {1, 2}
