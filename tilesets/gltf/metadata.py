"""Attributes of features in glTF: columns as an EXT_structural_metadata schema, property table and binary values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

Json = dict[str, Any]

_COMPONENTS = {
    "int64": "INT64",
    "uint32": "UINT32",
    "uint16": "UINT16",
    "uint8": "UINT8",
    "float32": "FLOAT32",
    "float64": "FLOAT64",
}


@dataclass(frozen=True, slots=True)
class Property:
    """One attribute: (n,) values and what they mean.

    Numbers keep their dtype; bool arrays become bits; a list of str becomes UTF-8; with `choices` the numbers are codes
    of that enumeration. no_data: the value that stands for unknown.
    """

    name: str
    values: npt.NDArray[Any] | Sequence[str]
    description: str
    choices: type[IntEnum] | None = None
    no_data: float | str | None = None


@dataclass(frozen=True, slots=True)
class PropertyTable:
    """The attributes of the features of one GLB, all of one class. Feature id i is row i."""

    class_name: str
    count: int
    properties: Sequence[Property]
    schema_id: str = field(default="datong_cim")


def schema(*tables: PropertyTable) -> Json:
    """The schema of tables, a class each: of EXT_structural_metadata, and of 3D Tiles metadata, which has the same form."""
    enums = {
        p.choices.__name__: {
            "valueType": "UINT8",
            "values": [{"name": choice.name, "value": int(choice)} for choice in p.choices],
        }
        for table in tables
        for p in table.properties
        if p.choices is not None
    }
    document: Json = {
        "id": tables[0].schema_id,
        "classes": {
            table.class_name: {"properties": {p.name: _declared(p) for p in table.properties}} for table in tables
        },
    }
    if enums:
        document["enums"] = enums
    return document


def _declared(column: Property) -> Json:
    declared: Json = {"description": column.description}
    if column.choices is not None:
        declared |= {"type": "ENUM", "enumType": column.choices.__name__}
    elif not isinstance(column.values, np.ndarray):
        declared |= {"type": "STRING"}
    elif column.values.dtype == np.bool_:
        declared |= {"type": "BOOLEAN"}
    else:
        declared |= {"type": "SCALAR", "componentType": _COMPONENTS[column.values.dtype.name]}
    if column.no_data is None:
        declared["required"] = True
    else:
        declared["noData"] = column.no_data
    return declared


def is_unknown(column: Property) -> bool:
    """Whether a text column says nothing: an empty buffer view is not valid glTF, so the table leaves it out."""
    return not isinstance(column.values, np.ndarray) and column.no_data == "" and not any(column.values)


def extremes(column: Property) -> Json:
    """The least and the greatest known value of a column of numbers, as its table entry states them."""
    if column.choices is not None or not isinstance(column.values, np.ndarray) or column.values.dtype == np.bool_:
        return {}
    known = column.values if column.no_data is None else column.values[column.values != column.no_data]
    return {"min": known.min().item(), "max": known.max().item()} if len(known) else {}


def binary(column: Property) -> Mapping[str, bytes]:
    """The values of a property as the views its table entry names: `values`, and for text `stringOffsets` besides."""
    if isinstance(column.values, np.ndarray):
        if column.values.dtype == np.bool_:
            return {"values": np.packbits(column.values, bitorder="little").tobytes()}
        return {"values": np.ascontiguousarray(column.values).tobytes()}
    encoded = [text.encode() for text in column.values]
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in encoded])])
    return {"values": b"".join(encoded), "stringOffsets": offsets.astype(offset_type(offsets)).tobytes()}


def offset_type(offsets: npt.NDArray[np.int64]) -> type[np.uint16] | type[np.uint32]:
    """The smaller of the two offset types that holds these."""
    return np.uint16 if int(offsets[-1]) < 2**16 else np.uint32


def offset_name(column: Property) -> str:
    """The name of the offset type `binary` used for a text property."""
    total = sum(len(str(text).encode()) for text in column.values)
    return "UINT16" if total < 2**16 else "UINT32"
