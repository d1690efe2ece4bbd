"""The city file: what it says is what the value holds, and what is wrong is named."""

import re

import pytest

from cim import city as cities
from cim.errors import BadSettings

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
