"""City models out of a database: every building of the rich city goes out and is read by others and by us."""

import pytest

from cim.errors import BadInput
from cim.plugins import Source
from loaders.delivery.files import recognise
from tests.db.test_exports import full as full  # the rich city, filled once a module
from tests.rich_city import export

pytestmark = pytest.mark.db


@pytest.mark.parametrize("format", ["cityjson", "cityjsonseq"])
def test_every_building_goes_out_with_its_body(full, city, tmp_path, format):
    (entry,) = export(full, city, tmp_path / "out", layers=("buildings",), formats=(format,)).entries
    (batch,) = recognise(path := tmp_path / "out" / entry.files[0].path).read(Source(str(path), "buildings"))
    assert len(batch.frame) + sum(entry.losses.values()) >= entry.records > 0
    assert batch.crs == city.crs
    assert all(len(body) > 4 for body in batch.frame["boundary"])


def test_other_layers_are_refused_with_the_remedy(full, city, tmp_path):
    with pytest.raises(BadInput, match="CityJSON holds buildings alone, not roads"):
        export(full, city, tmp_path / "out", layers=("roads",), formats=("cityjson",))
    assert not (tmp_path / "out").exists()
