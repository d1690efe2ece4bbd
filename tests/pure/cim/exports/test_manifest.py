"""The manifest: what its schema says is what is written, and it reads back as it was; the formats are written about."""

import json

import jsonschema
import pytest

from cim.exports import manifest
from cim.exports.targets import TARGETS
from cim.layers import LAYERS
from cim.store.record_columns import columns
from tests.packages import entry, told


def _schema(checkout):
    return json.loads((checkout / "cim/exports/manifest.schema.json").read_text(encoding="utf-8"))


def test_a_manifest_is_as_its_schema_says_and_reads_back_as_it_was(checkout):
    full = entry(losses={"cut": 2}, losses_file="roads.shp.losses.jsonl", dataset="roads", version=3)
    found = told(full, entry(format="original", columns=(), records=None, crs=None, encoding=None))
    jsonschema.validate(json.loads(manifest.encode(found)), _schema(checkout))
    assert manifest.decode(manifest.encode(found)) == found


def test_the_schema_refuses_what_is_not_written(checkout):
    strange = json.loads(manifest.encode(told(entry()))) | {"colour": "red"}
    with pytest.raises(jsonschema.ValidationError, match="colour"):
        jsonschema.validate(strange, _schema(checkout))


def test_every_format_and_kind_of_column_stands_in_the_schema(checkout):
    parts = _schema(checkout)["$defs"]["entry"]["properties"]
    assert set(parts["format"]["enum"]) == {*TARGETS, "original"}
    kinds = {column.kind for layer in LAYERS.values() for column in columns(layer)}
    assert kinds <= set(parts["columns"]["items"]["properties"]["kind"]["enum"])


def test_every_format_is_written_about(checkout):
    page = (checkout / "docs/exports.md").read_text(encoding="utf-8")
    for target in TARGETS.values():
        assert f"`{target.name}`" in page
        assert target.title in page
