"""Columns that an entry of the city file fills: those that a layer has, and no slip of the pen."""

from dataclasses import replace
from pathlib import Path

import pytest

from api.commands.load import refuse_strange
from cim.errors import BadSettings
from cim.plugins import Source
from cim.settings import Settings
from cim.source_entry import NamedSource

_SETTINGS = Settings(data=Path("var"), city_file=Path("city.toml"))


@pytest.mark.parametrize("told", [{"columns": {"building": "node"}}, {"constants": {"building": 4711, "lod": 3}}])
def test_records_may_name_the_building_that_they_are_and_of_other_layers_they_may_not(told):
    source = Source("a.obj", "buildings", **told)
    refuse_strange(_SETTINGS, NamedSource("a", source))
    with pytest.raises(BadSettings, match="layer roads has no column building"):
        refuse_strange(_SETTINGS, NamedSource("a", replace(source, layer="roads")))
