"""Metadata schemas by the rules: classes, properties, enumerations, and what the values of a property are."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.tileset_rules.json_text import is_number, is_whole
from tests.tileset_rules.report import Report

COMPONENTS = {
    "INT8": np.int8, "UINT8": np.uint8, "INT16": np.int16, "UINT16": np.uint16, "INT32": np.int32,
    "UINT32": np.uint32, "INT64": np.int64, "UINT64": np.uint64, "FLOAT32": np.float32, "FLOAT64": np.float64,
}  # fmt: skip
NUMERIC = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
TYPES = {*NUMERIC, "STRING", "BOOLEAN", "ENUM"}
_IDENTIFIER = re.compile(r"^[a-zA-Z_][a-zA-Z0-9_]*$")
_SEMANTICS = {
    "TILE_BOUNDING_BOX": ("SCALAR", ("FLOAT32", "FLOAT64"), 12),
    "TILE_BOUNDING_REGION": ("SCALAR", ("FLOAT64",), 6),
    "TILE_BOUNDING_SPHERE": ("SCALAR", ("FLOAT32", "FLOAT64"), 4),
    "TILE_MINIMUM_HEIGHT": ("SCALAR", ("FLOAT32", "FLOAT64"), None),
    "TILE_MAXIMUM_HEIGHT": ("SCALAR", ("FLOAT32", "FLOAT64"), None),
    "TILE_GEOMETRIC_ERROR": ("SCALAR", ("FLOAT32", "FLOAT64"), None),
    "TILE_REFINE": ("SCALAR", ("UINT8",), None),
    "CONTENT_BOUNDING_BOX": ("SCALAR", ("FLOAT32", "FLOAT64"), 12),
    "CONTENT_BOUNDING_REGION": ("SCALAR", ("FLOAT64",), 6),
    "CONTENT_BOUNDING_SPHERE": ("SCALAR", ("FLOAT32", "FLOAT64"), 4),
    "CONTENT_MINIMUM_HEIGHT": ("SCALAR", ("FLOAT32", "FLOAT64"), None),
    "CONTENT_MAXIMUM_HEIGHT": ("SCALAR", ("FLOAT32", "FLOAT64"), None),
    "CONTENT_URI": ("STRING", (None,), None),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """What the values of a property are. dtype: None for text and truth values. width: components of an element.

    length: elements of each value, None where the length varies. codes: the values of the enumeration.
    """

    type: str
    dtype: np.dtype | None
    width: int
    length: int | None
    codes: frozenset[int] | None = None


def classes(schema: Any) -> dict[str, dict[str, Any]]:
    """The properties of each class, by name."""
    found = schema.get("classes", {}) if isinstance(schema, dict) else {}
    return {name: entry.get("properties", {}) for name, entry in found.items() if isinstance(entry, dict)}


def kind_of(declared: dict[str, Any], schema: dict[str, Any]) -> Kind | None:
    """What a property's values are, None if its declaration does not say so soundly."""
    type_, component = declared.get("type"), declared.get("componentType")
    length = 1
    if declared.get("array"):
        length = int(declared["count"]) if is_whole(declared.get("count"), 2) else None
    if type_ in ("STRING", "BOOLEAN"):
        return Kind(type_, None, 1, length)
    if type_ == "ENUM":
        enum = schema.get("enums", {}).get(declared.get("enumType"))
        if not isinstance(enum, dict) or enum.get("valueType", "UINT16") not in COMPONENTS:
            return None
        codes = frozenset(entry.get("value") for entry in enum.get("values", []))
        return Kind(type_, np.dtype(COMPONENTS[enum.get("valueType", "UINT16")]), 1, length, codes)
    if type_ in NUMERIC and component in COMPONENTS:
        return Kind(type_, np.dtype(COMPONENTS[component]), NUMERIC[type_], length)
    return None


def check(schema: Any, uri: str, report: Report) -> None:
    """A schema against the rules."""
    if not isinstance(schema, dict):
        report.add(uri, "schema.form", "the schema is not an object")
        return
    names = [schema.get("id"), *schema.get("classes", {}), *schema.get("enums", {})]
    for name in names:
        if not isinstance(name, str) or not _IDENTIFIER.match(name):
            report.add(uri, "schema.form", f"{name!r} is no identifier")
    for name, enum in schema.get("enums", {}).items():
        _enum(name, enum, uri, report)
    for class_name, properties in classes(schema).items():
        for name, declared in properties.items():
            _property(f"{class_name}.{name}", name, declared, schema, (uri, report))


def check_entity(entity: Any, schema: Any, uri: str, report: Report) -> None:
    """A metadata entity in JSON (of a tileset, a tile, a group, a content, a subtree) against the schema."""
    properties = classes(schema).get(entity.get("class"))
    if properties is None:
        report.add(uri, "entity.form", f"there is no class {entity.get('class')!r}")
        return
    stated = entity.get("properties", {})
    for name in sorted(stated.keys() - properties.keys()):
        report.add(uri, "entity.form", f"{name} is not of {entity['class']}")
    for name in [name for name, declared in properties.items() if declared.get("required") and name not in stated]:
        report.add(uri, "entity.form", f"{name} is required and not there")


def _enum(name: str, enum: dict[str, Any], uri: str, report: Report) -> None:
    values = enum.get("values", [])
    codes, names = [entry.get("value") for entry in values], [entry.get("name") for entry in values]
    value_type = enum.get("valueType", "UINT16")
    if value_type not in COMPONENTS or value_type.startswith("FLOAT"):
        report.add(uri, "schema.enum", f"{name}: values of {value_type!r}")
        return
    bounds = np.iinfo(COMPONENTS[value_type])
    if not values or len(set(codes)) < len(codes) or len(set(names)) < len(names):
        report.add(uri, "schema.enum", f"{name}: values {codes}, names {names} are not unique, or none")
    if not all(is_number(code) and code == int(code) and bounds.min <= code <= bounds.max for code in codes):
        report.add(uri, "schema.enum", f"{name}: values {codes} are not of {value_type}")


def _property(title: str, name: str, declared: dict[str, Any], schema: dict[str, Any], to: tuple[str, Report]) -> None:
    uri, report = to
    if not _IDENTIFIER.match(name):
        report.add(uri, "schema.form", f"{title} is no identifier")
    if declared.get("type") == "ENUM" and declared.get("enumType") not in schema.get("enums", {}):
        report.add(uri, "schema.enum", f"{title}: there is no enumeration {declared.get('enumType')!r}")
    elif kind_of(declared, schema) is None:
        report.add(uri, "schema.form", f"{title}: {declared.get('type')!r} of {declared.get('componentType')!r}")
    if "count" in declared and not (declared.get("array") and is_whole(declared["count"], 2)):
        report.add(uri, "schema.form", f"{title}: count {declared['count']!r}")
    no_data = declared.get("noData")
    if no_data is not None and (declared.get("required") or not _may_be(no_data, declared, schema)):
        report.add(uri, "schema.no_data", f"{title}: noData {no_data!r}")
    semantic = _SEMANTICS.get(declared.get("semantic", ""))
    if semantic:
        count = declared.get("count") if declared.get("array") else None
        if (
            declared.get("type") != semantic[0]
            or declared.get("componentType") not in semantic[1]
            or count != semantic[2]
        ):
            report.add(uri, "semantic.type", f"{title}: {declared.get('semantic')} is {declared}")


def _may_be(value: Any, declared: dict[str, Any], schema: dict[str, Any]) -> bool:
    """Whether a JSON value may be one of a property's."""
    if declared.get("array"):
        return isinstance(value, list)
    type_ = declared.get("type")
    if type_ == "STRING":
        return isinstance(value, str)
    if type_ == "ENUM":
        enum = schema.get("enums", {}).get(declared.get("enumType"), {})
        return value in [entry.get("name") for entry in enum.get("values", [])]
    if type_ == "SCALAR" and is_number(value):
        dtype = np.dtype(COMPONENTS.get(declared.get("componentType"), np.float64))
        if dtype.kind == "f":
            return True
        return value == int(value) and np.iinfo(dtype).min <= value <= np.iinfo(dtype).max
    return type_ in NUMERIC and type_ != "SCALAR" and isinstance(value, list) and all(map(is_number, value))
