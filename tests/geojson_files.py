"""GeoJSON files for tests, in the layouts that programs write, and what the reader makes of them."""

import json

from cim.plugins import Source
from loaders.sources import geojson

LAYOUTS = ("lines", "single", "pretty", "sequence", "records")


def feature(i, **more):
    x, y = 113.28 + i % 100 / 1e3, 40.09 + i / 1e6
    ring = [[x, y], [x + 1e-4, y], [x + 1e-4, y + 1e-4], [x, y]]
    return {
        "type": "Feature",
        "properties": {"id": f"k{i}", "name": f"楼“{i}”", "height_m": i * 0.5},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        **more,
    }


def encoded(features, layout):
    indent = 2 if layout == "pretty" else None
    return [json.dumps(f, ensure_ascii=False, indent=indent).encode() for f in features]


def joined(texts, layout):
    if layout == "sequence":
        return b"\n".join(texts) + b"\n"
    if layout == "records":
        return b"".join(b"\x1e" + text + b"\n" for text in texts)
    between = b"," if layout == "single" else b",\n"
    return b'{"type": "FeatureCollection", "features": [\n' + between.join(texts) + b"\n]}\n"


def read(tmp_path, content, after=0, **stated):
    path = tmp_path / "some.geojson"
    path.write_bytes(content)
    stated = {"crs": "EPSG:4326", **stated}
    return list(geojson.GEOJSON.read(Source(str(path), "buildings", **stated), after))


def ids(batches):
    return [v for b in batches if "id" in b.frame for v in b.frame["id"]]


def damaged(batches):
    return [r for b in batches for r in b.damaged]


def codes(batches):
    return [r.codes[0] for r in damaged(batches)] + [i.code for b in batches for i in b.issues]
