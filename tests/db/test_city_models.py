"""City models into a database and out of it: every building with its body, bodies that were delivered to the last bit."""

import orjson
import pytest

from cim.errors import BadInput
from cim.plugins import Source
from cim.source_entry import Card, NamedSource
from cim.types import silent
from loaders import pipeline
from loaders.delivery.files import recognise
from tests.city_models import assert_same, document
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
