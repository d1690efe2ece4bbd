"""Faults in the JSON of tilesets and in the tree."""

from typing import Any

from tests.tileset_faults.fault import ROOT, Fault, Files, model_of, of_nested, of_root

Json = dict[str, Any]


def _first(tile: Json) -> Json:
    child: Json = tile["children"][0]
    return child


def _leaf(document: Json) -> Json:
    """The first tile without children that draws a model."""
    waiting = [document["root"]]
    while waiting:
        tile = waiting.pop(0)
        waiting += tile.get("children", [])
        if "children" not in tile and tile.get("content", {}).get("uri", "").endswith(".glb"):
            return tile
    raise LookupError("no leaf")


def _region(tile: Json) -> list[float]:
    region: list[float] = tile["boundingVolume"]["region"]
    return region


def _set(tile: Json, **values: Any) -> None:
    tile.update(values)


def _link_to(document: Json) -> Json:
    """The tile that leads to the first nested tileset."""
    return _first(_first(document["root"]))


def _cycle(files: Files) -> None:
    of_nested(lambda d: _set(_leaf(d), content={"uri": f"../{ROOT}"}))(files)


def _raise_error(document: Json) -> None:
    below = _first(document["root"])
    below["geometricError"] = document["root"]["geometricError"] + 1.0


def _lower_ceiling(tile: Json) -> None:
    region = _region(tile)
    region[5] = (region[4] + region[5]) / 2.0


def _nested_wider(document: Json) -> None:
    _region(document["root"])[0] -= 1e-5


def _missing(files: Files) -> None:
    del files[model_of(files, "block")]


def _text(old: bytes, new: bytes) -> Any:
    def plant(files: Files) -> None:
        assert old in files[ROOT]
        files[ROOT] = files[ROOT].replace(old, new, 1)

    return plant


def _not_a_model(files: Files) -> None:
    files[model_of(files, "block")] = b"b3dm" + bytes(24)


def _drop(part: str) -> Any:
    return lambda document: document.pop(part)


def _unlike_parent(document: Json) -> None:
    """A sibling's content twice: its features appear twice, others vanish."""
    for tile in _with_children(document["root"]):
        models = [c for c in tile["children"] if c.get("content", {}).get("uri", "").endswith(".glb")]
        if len(models) > 1:
            models[0]["content"] = models[1]["content"]
            models[0]["boundingVolume"] = models[1]["boundingVolume"]
            models[0]["geometricError"] = 0.0
            models[0].pop("children", None)
            return


def _with_children(tile: Json) -> list[Json]:
    found = [tile] if tile.get("children") else []
    return [*found, *(deep for child in tile.get("children", []) for deep in _with_children(child))]


FAULTS = (
    Fault("a byte order mark", ("json.encoding",), lambda f: f.update({ROOT: b"\xef\xbb\xbf" + f[ROOT]})),
    Fault("a key twice", ("json.encoding",), _text(b'{"asset"', b'{"geometricError":1,"asset"')),
    Fault("NaN for a number", ("json.encoding",), _text(b'"geometricError":', b'"geometricError":NaN,"x":')),
    Fault("a root that is a list", ("json.encoding",), lambda f: f.update({ROOT: b"[]"})),
    Fault("contents that is a number", ("json.shape",), of_root(lambda d: _set(d, groups=5))),
    Fault("no version", ("asset.version",), of_root(lambda d: d["asset"].pop("version"))),
    Fault("version 2", ("asset.version",), of_root(lambda d: _set(d["asset"], version="2.0"))),
    Fault("no asset", ("tileset.required",), of_root(_drop("asset"))),
    Fault("no root", ("tileset.required",), of_root(_drop("root"))),
    Fault("a tileset error below its root's", ("tileset.error",), of_root(lambda d: _set(d, geometricError=1.0))),
    Fault(
        "an unknown extension required",
        ("tileset.extensions",),
        of_root(lambda d: _set(d, extensionsUsed=["X_y"], extensionsRequired=["X_y"])),
    ),
    Fault(
        "an extension required and not used", ("tileset.extensions",), of_root(lambda d: _set(d, extensionsRequired=["X"]))
    ),
    Fault("no volume", ("tile.required",), of_nested(lambda d: _leaf(d).pop("boundingVolume"))),
    Fault("no error", ("tile.required",), of_nested(lambda d: _leaf(d).pop("geometricError"))),
    Fault("a negative error", ("tile.error",), of_nested(lambda d: _set(_leaf(d), geometricError=-1.0))),
    Fault("an error that is text", ("tile.error",), of_nested(lambda d: _set(_leaf(d), geometricError="1"))),
    Fault("refinement by a third way", ("tile.refine",), of_nested(lambda d: _set(_leaf(d), refine="BLEND"))),
    Fault("a root that does not say how it refines", ("tile.refine",), of_root(lambda d: d["root"].pop("refine"))),
    Fault("a region of five", ("tile.volume",), of_nested(lambda d: _region(_leaf(d)).pop())),
    Fault("two volumes", ("tile.volume",), of_nested(lambda d: _set(_leaf(d)["boundingVolume"], sphere=[0, 0, 0, 1]))),
    Fault("degrees", ("tile.region",), of_nested(lambda d: _set(_leaf(d)["boundingVolume"], region=[113, 40] * 3))),
    Fault("south above north", ("tile.region",), of_nested(lambda d: _region(_leaf(d)).__setitem__(1, 1.5))),
    Fault("a transform of three", ("tile.transform",), of_nested(lambda d: _set(_leaf(d), transform=[1, 0, 0]))),
    Fault("a transform that flattens", ("tile.transform",), of_nested(lambda d: _set(_leaf(d), transform=[0] * 15 + [1]))),
    Fault(
        "content and contents",
        ("tile.content",),
        of_nested(lambda d: _set(_leaf(d), contents=[_leaf(d)["content"]])),
    ),
    Fault("a content without a uri", ("tile.content",), of_nested(lambda d: _leaf(d)["content"].pop("uri"))),
    Fault("children that are none", ("tile.children",), of_nested(lambda d: _set(_leaf(d), children=[]))),
    Fault(
        "children beside a nested tileset",
        ("external.children",),
        of_root(lambda d: _set(_link_to(d), children=[dict(_link_to(d))])),
    ),
    Fault("a tileset within itself", ("external.cycle",), _cycle),
    Fault("a content that is gone", ("uri.resolves",), _missing),
    Fault(
        "a content outside the folder",
        ("uri.resolves",),
        of_nested(lambda d: _set(_leaf(d), content={"uri": "../../x.glb"})),
    ),
    Fault("a content of an unknown format", ("content.format",), _not_a_model),
    Fault("a ceiling that cuts the buildings", ("tree.content",), of_nested(lambda d: _lower_ceiling(_leaf(d)))),
    Fault(
        "a content volume that cuts the content",
        ("tree.content_volume",),
        of_nested(lambda d: _set(_leaf(d)["content"], boundingVolume={"sphere": [0, 0, 0, 1]})),
    ),
    Fault("a nested root that sticks out", ("tree.nested",), of_nested(_nested_wider)),
    Fault("a child's error above its parent's", ("tree.errors",), of_root(_raise_error)),
    Fault(
        "a nested root's error above its parent's",
        ("tree.errors", "tileset.error"),
        of_nested(lambda d: _set(d["root"], geometricError=1e9)),
    ),
    Fault("a branch that draws nothing", ("tree.hole",), of_nested(lambda d: _leaf(d).pop("content"))),
    Fault("features drawn twice", ("tree.replaced",), of_nested(_unlike_parent)),
    Fault("a missing branch", ("tree.replaced",), of_nested(lambda d: _with_children(d["root"])[0]["children"].pop())),
)  # fmt: skip
