"""City models into a database and out of it: every building with its body, bodies that were delivered to the last bit."""

from dataclasses import replace

import orjson
import pytest

from cim.errors import BadInput
from cim.plugins import Source
from cim.source_entry import Card, NamedSource
from cim.store import quarantine
from cim.types import silent
from loaders import pipeline
from loaders.delivery.files import recognise
from loaders.retry import retry
from tests.city_models import assert_same, cube, document
from tests.cityjson_judges import judge
from tests.db.test_exports import full as full  # the rich city, filled once a module
from tests.rich_city import export

pytestmark = pytest.mark.db


def _read(path):
    (batch,) = recognise(path).read(Source(str(path), "buildings"))
    assert not batch.damaged
    return batch


@pytest.mark.parametrize("format", ["cityjson", "cityjsonseq"])
def test_every_building_goes_out_with_its_body(full, city, tmp_path, format):
    (entry,) = export(full, city, tmp_path / "out", layers=("buildings",), formats=(format,)).entries
    judge(tmp_path / "out" / entry.files[0].path)
    batch = _read(tmp_path / "out" / entry.files[0].path)
    assert len(batch.frame) == entry.records > 0
    assert batch.crs == city.crs
    assert all(len(body) > 4 for body in batch.frame["boundary"])


def test_other_layers_are_refused_with_the_remedy(full, city, tmp_path):
    with pytest.raises(BadInput, match="CityJSON holds buildings alone, not roads"):
        export(full, city, tmp_path / "out", layers=("roads",), formats=("cityjson",))
    assert not (tmp_path / "out").exists()


def _in_datong(shared, tmp_path):
    """Sixteen textured buildings of Rotterdam, put into Datong's frame, where nothing has to be reprojected."""
    told = orjson.loads((shared / "city_models/cjio_rotterdam_subset.json").read_bytes())
    x, y, _ = told["transform"]["translate"]
    told["transform"]["translate"] = [439_000 + x % 1000, 4_439_000 + y % 1000, 1040.0]
    told["metadata"] = document()["metadata"]
    path = tmp_path / "model.city.json"
    path.write_bytes(orjson.dumps(told))
    return path


@pytest.mark.parametrize("format", ["cityjson", "cityjsonseq"])
def test_a_model_comes_out_of_the_database_as_it_was(shared, database, city, tmp_path, format):
    path = _in_datong(shared, tmp_path)
    named = NamedSource("model", Source(str(path), "buildings"), Card())
    report = pipeline.load(database, named, path, city, silent, lambda: 0.0)
    assert (report.accepted, report.rejected) == (16, 0), report.issues
    (entry,) = export(database, city, tmp_path / "out", datasets=("model",), formats=(format,)).entries
    judge(tmp_path / "out" / entry.files[0].path)
    before, after = (_read(p).frame.set_index("id", drop=False) for p in (path, tmp_path / "out" / entry.files[0].path))
    assert set(before.index) == set(after.index)
    for id, row in before.iterrows():
        assert row["lod"] == after.loc[id, "lod"]
        assert row["TerrainHeight"] == after.loc[id, "TerrainHeight"]
        assert row["bron_tex"] == after.loc[id, "bron_tex"]
        assert_same(row["boundary"], after.loc[id, "boundary"])


def test_buildings_that_cannot_be_made_out_stay_out_when_the_quarantine_is_judged_again(database, city, tmp_path):
    sound = {"type": "Building", "geometry": [cube()]}
    wrong = {"type": "Building", "geometry": [cube(boundaries=[[[[0, 3, 99]]]])]}
    path = tmp_path / "model.city.json"
    twice = orjson.dumps(document(CityObjects={"a": sound, "b": wrong}))
    path.write_bytes(twice.replace(b'"CityObjects":{', b'"CityObjects":{"a":%b,' % orjson.dumps(sound)))
    city = replace(city, limits=replace(city.limits, max_rejected_share=0.9))
    named = NamedSource("model", Source(str(path), "buildings"), Card())
    report = pipeline.load(database, named, path, city, silent, lambda: 0.0)
    assert (report.accepted, report.rejected) == (1, 2)
    (again,) = retry(database, named, city, silent, lambda: 0.0)
    assert (again.read, again.accepted) == (2, 0)
    with database.begin() as connection:
        held = [one.record for page in quarantine.open_of(connection, "model") for one in page]
    assert [(one.codes, list(one.content["raw"])) for one in held] == [
        (("vertex_unknown",), ["b"]), (("duplicate_key",), ["CityObject"])
    ]  # fmt: skip
