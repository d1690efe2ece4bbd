"""The city file: what it says is what the value holds, and what is wrong is named."""

import re

import pytest

from cim import city as cities
from cim.errors import BadSettings
from cim.plugins import Anchor

LEAST = """
[city]
name = "某市"
crs = "EPSG:4547"
extent = [114.0, 30.0, 115.0, 31.0]
"""


def test_the_least_city_has_sensible_limits_and_no_old_town():
    city = cities.parse(LEAST)
    assert (city.name_en, city.srid, city.old_town, city.sources) == ("某市", 4547, None, ())
    assert city.limits.max_rejected_share == 0.2
    assert city.limits == cities.Limits()


def test_the_frame_box_holds_every_corner_of_the_extent(city):
    box = city.frame_box()
    assert box.west < 378_000 < 548_000 < box.east
    assert box.south < 4_325_000 < 4_512_000 < box.north


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LEAST.replace('crs = "EPSG:4547"', ""), "'crs' is missing"),
        (LEAST.replace("crs", "srs"), "unknown keys ['srs']"),
        (LEAST + "[limits]\nmax_rejected_share = 20", "expected a share"),
        (LEAST + "[limit]\nmax_rejected_share = 0.1", "unknown tables ['limit']"),
        (LEAST.replace("EPSG:4547", "EPSG:4490"), "projected"),
        (LEAST.replace("EPSG:4547", "GCJ-02"), "projected"),
        (LEAST.replace("EPSG:4547", "EPSG:2383"), "Xian 80"),
        (LEAST.replace("[114.0, 30.0, 115.0, 31.0]", "[114.0, 30.0]"), "4 numbers"),
        (LEAST.replace("[114.0, 30.0, 115.0, 31.0]", "[115.0, 30.0, 114.0, 31.0]"), "inside out"),
        (LEAST + '[[source]]\nname = "a"\nlayer = "b"\nlocation = "c"\nsize = 1', "unknown keys"),
        (
            LEAST.replace("[114.0, 30.0, 115.0, 31.0]", "[40.0, 113.2, 40.2, 113.4]"),
            "expected west, south, east, north",
        ),
        ("[city", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_named(text, says):
    with pytest.raises(BadSettings, match=r"here\.toml.*" + re.escape(says)):
        cities.parse(text, "here.toml")


def test_two_sources_may_not_share_a_name():
    source = '[[source]]\nname = "a"\nlayer = "roads"\nlocation = "x"\n'
    with pytest.raises(BadSettings, match="share a name"):
        cities.parse(LEAST + source + source)


MODEL = LEAST + '[[source]]\nname = "m"\nlayer = "buildings"\nlocation = "m.obj"\n'


def test_where_a_mesh_model_stands_is_read_from_its_anchor():
    lonlat = cities.parse(MODEL + 'up = "z"\nanchor = { lon = 114.5, lat = 30.5, turn_deg = 12 }').sources[0].source
    assert (lonlat.up, lonlat.anchor) == ("z", Anchor(114.5, 30.5, None, 12.0, is_lonlat=True))
    grid = cities.parse(MODEL + "anchor = { x = 1, y = 2.5, z = 3 }").sources[0].source
    assert (grid.up, grid.anchor) == (None, Anchor(1.0, 2.5, 3.0))


@pytest.mark.parametrize(
    "stated", ["[1, 2]", "{ x = 1 }", "{ lon = 1, y = 2 }", "{ x = 1, y = nan }", "{ x = 1, y = 2, roll = 3 }"]
)
def test_an_anchor_that_is_none_is_named(stated):
    with pytest.raises(BadSettings, match="anchor must be"):
        cities.parse(MODEL + f"anchor = {stated}")
