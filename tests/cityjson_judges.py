"""What other people say of a CityJSON file: the schemas of its authors, and a reader that takes nothing that is wrong."""

import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from cityjson_lib import CityModel

CHECKOUT = Path(__file__).resolve().parents[1]
_DEFINED = {"material": "materials", "texture": "textures"}


@cache
def _missing() -> str:
    """Why the schemas are not here; empty: they are, fetched where they were not yet."""
    done = subprocess.run([CHECKOUT / "tools/cityjson_schemas.sh"], capture_output=True, text=True, timeout=300)
    return f"CityJSON's schemas could not be fetched: {done.stderr.strip()[-300:]}" if done.returncode else ""


@cache
def _schema(name: str) -> Any:
    """The judge of documents (`cityjson`) or of a sequence's lines (`cityjsonfeature`)."""
    return jsonschema_rs.validator_for(
        orjson.loads((CHECKOUT / f"var/judges/cityjson/{name}.min.schema.json").read_bytes())
    )


def faults(*documents: Mapping[str, Any]) -> list[str]:
    """Where documents, or a header and its features, are not as the schemas have them; skips where these are not here."""
    if missing := _missing():
        pytest.skip(missing)
    found = []
    for one in documents:
        judge = _schema("cityjsonfeature" if one["type"] == "CityJSONFeature" else "cityjson")
        found += [f"{fault.instance_path}: {fault.message[:200]}" for fault in judge.iter_errors(one)]
    return found


def lines(path: Path) -> list[dict[str, Any]]:
    """The document of a file, or the header and the features of a sequence."""
    text = path.read_bytes()
    return [orjson.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else [orjson.loads(text)]


def strictly_read(*documents: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What cityjson-lib makes of a document, or of every feature behind its header. Raises CjlibError for a wrong one."""
    if len(documents) == 1 and documents[0]["CityObjects"]:
        model = CityModel.parse_document_bytes(orjson.dumps(documents[0]))
        return [orjson.loads(model.serialize_document_bytes())]
    head = orjson.dumps(documents[0])
    models = [CityModel.parse_feature_with_base_bytes(orjson.dumps(one), head) for one in documents[1:]]
    return [orjson.loads(model.serialize_feature_bytes()) for model in models]


def judge(path: Path) -> None:
    """The schemas find nothing, and whatever the strict reader writes again is what was written."""
    told = lines(path)
    again = strictly_read(*told)
    for one, other in zip(told[-len(again) :], again, strict=True):
        assert _rounded(in_full(other)) == _rounded(in_full(one))
    if len(told) == 1:
        spelt_out: dict[str, Any] = {"CityObjects": {}, "vertices": [], "appearance": {}}
        assert _rounded(again[0] | spelt_out) == _rounded(told[0] | spelt_out)
    assert _missing() or not faults(*told)  # a test of its own says where the schemas are missing


def _rounded(value: Any) -> Any:
    """Numbers to fourteen digits: the strict reader may be off in the last bit of what it reads."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return float(f"{value:.14g}") if isinstance(value, float) else value


def in_full(document: Mapping[str, Any]) -> dict[str, Any]:
    """City objects with positions, semantic surfaces, materials and textures in place of the numbers that stand for them."""
    looks = document.get("appearance", {})
    objects = {}
    for id, one in document["CityObjects"].items():
        shapes = [_spelt_out(shape, document["vertices"], looks) for shape in one.get("geometry", [])]
        objects[id] = {**one, "geometry": shapes}
    return objects


def _spelt_out(shape: Mapping[str, Any], vertices: Sequence[Any], looks: Mapping[str, Any]) -> dict[str, Any]:
    told = {**shape, "boundaries": _put(shape["boundaries"], vertices)}
    if "semantics" in shape:
        surfaces = shape["semantics"]["surfaces"]
        told["semantics"] = _put(shape["semantics"]["values"], [_related(one, surfaces) for one in surfaces])
    for theme, one in shape.get("material", {}).items():
        told[f"material {theme}"] = _put(one.get("values", one.get("value")), looks["materials"])
    for theme, one in shape.get("texture", {}).items():
        told[f"texture {theme}"] = _drawn(one["values"], looks)
    return {name: value for name, value in told.items() if name not in _DEFINED}


def _put(nested: Any, listed: Sequence[Any]) -> Any:
    if isinstance(nested, list):
        return [_put(one, listed) for one in nested]
    return None if nested is None else listed[nested]


def _related(surface: Mapping[str, Any], surfaces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A semantic surface with the words of its parent and children in place of their numbers."""
    told = dict(surface)
    if "parent" in told:
        told["parent"] = _alone(surfaces[told["parent"]])
    if "children" in told:
        told["children"] = [_alone(surfaces[one]) for one in told["children"]]
    return told


def _alone(surface: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in surface.items() if name not in ("parent", "children")}


def _drawn(nested: Any, looks: Mapping[str, Any]) -> Any:
    """Of every ring null, or its texture and the places of its corners on it."""
    if isinstance(nested, list) and nested and not isinstance(nested[0], list):
        first, *places = nested
        return None if first is None else [looks["textures"][first], *(looks["vertices-texture"][k] for k in places)]
    return [_drawn(one, looks) for one in nested]
