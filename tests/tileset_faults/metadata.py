"""Faults in feature ids, schemas, property tables and statistics."""

from typing import Any

import numpy as np

from tests.tileset_faults.fault import ROOT, Fault, Files, accessor, of_glb, of_root, overwrite

Json = dict[str, Any]
_STRUCTURAL = "EXT_structural_metadata"


def _ids(document: Json) -> Json:
    found: Json = document["meshes"][0]["primitives"][0]["extensions"]["EXT_mesh_features"]["featureIds"][0]
    return found


def _table(document: Json) -> Json:
    found: Json = document["extensions"][_STRUCTURAL]["propertyTables"][0]
    return found


def _class(document: Json) -> Json:
    found: Json = document["extensions"][_STRUCTURAL]["schema"]["classes"]["building"]["properties"]
    return found


def _define(**properties: Json) -> Any:
    return lambda d, c: _class(d).update(properties)


def _number(**codes: int) -> Any:
    """More values of the enumeration of uses."""

    def change(document: Json, _: bytearray) -> None:
        values = document["extensions"][_STRUCTURAL]["schema"]["enums"]["Use"]["values"]
        values += [{"name": name, "value": code} for name, code in codes.items()]

    return change


def _far_id(document: Json, chunk: bytearray) -> None:
    overwrite(document, chunk, accessor(document, "_FEATURE_ID_0")["bufferView"], np.array([60000], np.uint16))


def _view(name: str, view: str = "values", **values: Any) -> Any:
    """Changes the buffer view of a property."""
    return lambda d, c: d["bufferViews"][_table(d)["properties"][name][view]].update(values)


def _values(name: str, values: np.ndarray, view: str = "values", at: int = 0) -> Any:
    return lambda d, c: overwrite(d, c, _table(d)["properties"][name][view], values, at=at)


def _short(document: Json, _: bytearray) -> None:
    document["bufferViews"][_table(document)["properties"]["height"]["values"]]["byteLength"] -= 4


def _shifted(document: Json, _: bytearray) -> None:
    view = document["bufferViews"][_table(document)["properties"]["id"]["values"]]
    view["byteOffset"] -= 4


def _set_spare_bits(document: Json, chunk: bytearray) -> None:
    view = document["bufferViews"][_table(document)["properties"]["is_synthetic"]["values"]]
    assert _table(document)["count"] % 8, "there are no spare bits"
    chunk[view["byteOffset"] + view["byteLength"] - 1] |= 0x80


def _falling(document: Json, chunk: bytearray) -> None:
    overwrite(
        document, chunk, _table(document)["properties"]["source"]["stringOffsets"], np.array([0, 9, 3], np.uint16)
    )


def _declare(name: str, **values: Any) -> Any:
    return lambda d, c: _class(d)[name].update(values)


def _state(name: str, **values: Any) -> Any:
    return lambda d, c: _table(d)["properties"][name].update(values)


def _stated(document: Json) -> Json:
    found: Json = document["statistics"]["classes"]["building"]
    return found


def _statistics(**properties: Any) -> Any:
    """Other statistics of some properties than those of the city."""
    return of_root(lambda d: _stated(d)["properties"].update(properties))


def _entity(**metadata: Any) -> Any:
    return of_root(lambda d: d.update(metadata=metadata))


def _no_class(files: Files) -> None:
    of_root(lambda d: d["root"].update(metadata={"class": "lamp"}))(files)
    assert b"lamp" in files[ROOT]


FAULTS = (
    Fault("ids that are not there", ("features.ids",), of_glb(lambda d, c: _ids(d).update(attribute=3))),
    Fault("no feature count", ("features.count",), of_glb(lambda d, c: _ids(d).pop("featureCount"))),
    Fault("fewer features than ids", ("features.count",), of_glb(lambda d, c: _ids(d).update(featureCount=1))),
    Fault("an id beyond the table", ("features.table", "features.count"), of_glb(_far_id)),
    Fault("more features than rows", ("features.table",), of_glb(lambda d, c: _ids(d).update(featureCount=10**4))),
    Fault("a table that is not there", ("features.table",), of_glb(lambda d, c: _ids(d).update(propertyTable=2))),
    Fault("a type that is none", ("schema.form",), of_glb(_declare("height", type="NUMBER"))),
    Fault("an array of one", ("schema.form",), of_glb(_define(x={"type": "STRING", "array": True, "count": 1}))),
    Fault("a name with a hyphen", ("schema.form",), of_glb(_define(**{"a-b": {"type": "STRING"}}))),
    Fault("an enumeration that is not there", ("schema.enum",), of_glb(_declare("use", enumType="Colour"))),
    Fault("two names for one code", ("schema.enum",), of_glb(_number(x=0))),
    Fault("a code beyond its type", ("schema.enum",), of_glb(_number(x=256))),
    Fault("unknown as a text in a number", ("schema.no_data",), of_glb(_declare("accuracy", noData="none"))),
    Fault("unknown where it is required", ("schema.no_data",), of_glb(_declare("height", noData=-1))),
    Fault("a class that is not there", ("table.class",), of_glb(lambda d, c: _table(d).update({"class": "lamp"}))),
    Fault("a table of no rows", ("table.class",), of_glb(lambda d, c: _table(d).update(count=0))),
    Fault("a required column missing", ("table.properties",), of_glb(lambda d, c: _table(d)["properties"].pop("lod"))),
    Fault("a column of no class", ("table.properties",), of_glb(lambda d, c: _class(d).pop("storeys"))),
    Fault("a column cut short", ("property.length",), of_glb(_short)),
    Fault("a column off its alignment", ("property.alignment", "property.minmax"), of_glb(_shifted)),
    Fault("offsets that fall", ("property.offsets",), of_glb(_falling)),
    Fault("offsets of another type", ("property.offsets",), of_glb(_state("source", stringOffsetType="UINT8"))),
    Fault("text that is no UTF-8", ("property.text",), of_glb(_values("source", np.array([0xFF], np.uint8)))),
    Fault("spare bits that are set", ("property.padding",), of_glb(_set_spare_bits)),
    Fault("a code of no enumeration", ("property.enum",), of_glb(_values("use", np.array([99], np.uint8)))),
    Fault("a value above the class's largest", ("property.minmax",), of_glb(_declare("height", max=5.0))),
    Fault("a smallest value that does not occur", ("property.minmax",), of_glb(_state("height", min=1.0))),
    Fault("ids that are not those of the coarser tile", ("tree.replaced", "property.minmax"),
          of_glb(_values("id", np.array([7], np.int64)))),
    Fault("statistics of no class", ("statistics.declared",),
          of_root(lambda d: d["statistics"]["classes"].update(lamp={"count": 1}))),
    Fault("statistics of no property", ("statistics.declared",), _statistics(width={"min": 1})),
    Fault("more buildings than there are", ("statistics.values",), of_root(lambda d: _stated(d).update(count=10**6))),
    Fault("statistics of another city", ("statistics.values",), _statistics(height={"min": 1.0, "max": 7.0})),
    Fault("occurrences of another city", ("statistics.values",), _statistics(use={"occurrences": {"unknown": 1}})),
    Fault("metadata of no class", ("entity.form",), _no_class),
    Fault("metadata of no property", ("entity.form",), _entity(**{"class": "building", "properties": {"width": 3}})),
)  # fmt: skip
