"""What people will look for in a batch of records: its places, with their rank among equals. Pure."""

import geopandas as gpd

from cim.pinyin import spell
from cim.plugins import Layer
from cim.store.places import Place

# 0 places and divisions, 1 streets, 2 single numbers: the smaller rank comes first among equal matches.
_RANK = {"divisions": 0, "landmarks": 0, "water": 0, "roads": 1, "buildings": 2, "addresses": 2}
_KIND = {"divisions": "division", "landmarks": "landmark", "water": "water", "roads": "road", "buildings": "building"}
_PLACE_NAME = "地名"


def places(layer: Layer, frame: gpd.GeoDataFrame) -> list[Place]:
    """One Place a named or addressed record; roads once a name (their first record). Others have none."""
    if layer.name not in _RANK:
        return []
    addressed = frame["address"].notna() if "address" in frame and layer.name == "addresses" else False
    frame = frame[frame["name"].notna() | addressed]
    kinds = frame["kind"] if "kind" in frame else [None] * len(frame)
    addresses = frame["address"] if "address" in frame and layer.name == "addresses" else [None] * len(frame)
    divisions = frame["division"] if "division" in frame else [None] * len(frame)
    out: list[Place] = []
    named: set[str] = set()
    for row, key, name, kind, address, division in zip(
        frame.index, frame["source_key"], frame["name"], kinds, addresses, divisions, strict=True
    ):
        if not name and not address:
            continue
        if layer.name == "roads" and name in named:
            continue
        named.add(name)
        rank = 0 if layer.name == "addresses" and kind == _PLACE_NAME else _RANK[layer.name]
        shown = kind or _KIND.get(layer.name, "address")
        out.append(Place(int(row), key, shown, name, address, division, rank, spell(name, address)))
    return out
