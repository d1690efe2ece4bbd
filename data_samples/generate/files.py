"""The files of the sample city: which exist, which are committed, and what makes each."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import shapely

from data_samples.generate import (
    addresses,
    assemblies,
    divisions,
    facts,
    frame,
    oldtown,
    orthophoto,
    orthophoto_oldtown,
    rivers,
    roads,
    stations,
    street_furniture,
    terrain,
    towns,
    trees,
    vehicles,
    write,
)
from data_samples.generate.themes.samples import SAMPLES

SEED = 20260302
Make = Callable[[Path, int], int]


def _old_town(path: Path, seed: int) -> int:
    table = addresses.addressed(seed)[0]
    write.footprints_gpkg(path, table, "DT-OT-")
    return len(table)


def _outside(path: Path, seed: int) -> int:
    table = addresses.addressed(seed)[1]
    write.footprints_gpkg(path, table, "DT-B-")
    return len(table)


def _divisions(path: Path, seed: int) -> int:
    features = [
        write.feature(d.shape, {"code": d.code, "name": d.name, "level": "county", "parent": "140200"}, digits=6)
        for d in divisions.divisions(seed)
    ]
    write.geojson(path, features, "divisions")
    return len(features)


def _towns(path: Path, seed: int) -> int:
    features = [
        write.feature(d.shape, {"code": d.code, "name": d.name, "level": "town", "parent": d.code[:6]})
        for d in towns.towns()
    ]
    write.geojson(path, features, "towns")
    return len(features)


def _division_codes(path: Path, seed: int) -> int:
    rows = divisions.codes()
    write.table_csv(path, divisions.CODE_HEADER, rows, "utf-8")
    return len(rows)


def _protected(path: Path, seed: int) -> int:
    """Sourced rows, under ids of the sample's own; whose buildings are invented."""
    header = ["id", "name", "division", "era", "grade", "batch", "listed", "is_synthetic", "source"]
    rows = [
        (f"DT-PB-{k:02d}", name, "140213", era, "national", batch, year, "false", "State Council lists; see facts.py")
        for k, (name, era, batch, year) in enumerate(facts.PROTECTED, start=1)
    ]
    write.table_csv(path, header, rows, "utf-8")
    return len(rows)


def _assembly_parts(path: Path, seed: int) -> int:
    write.table_csv(path, assemblies.HEADER, assemblies.rows(), "utf-8")
    return len(assemblies.rows())


def _addresses(path: Path, seed: int) -> int:
    rows = addresses.addressed(seed)[2]
    lonlat = frame.to_lonlat(np.array([(r.x, r.y) for r in rows]))
    table = [
        (f"DT-A-{k:06d}", r.text, r.name, r.kind, r.code, f"{lon:.7f}", f"{lat:.7f}")
        for k, (r, (lon, lat)) in enumerate(zip(rows, lonlat, strict=True), start=1)
    ]
    write.table_csv(path, addresses.HEADER, table, "gbk")
    return len(rows)


def _roads(path: Path, seed: int) -> int:
    network = roads.roads(seed)
    features = [
        write.feature(r.line, {"id": r.id, "name": r.name, "class": r.kind, "width_m": round(r.width, 1)})
        for r in network
    ]
    write.geojson(path, features, "roads")
    return len(network)


def _water(path: Path, seed: int) -> int:
    bodies = rivers.waters(seed)
    write.geojson(path, [write.feature(w.shape, {"id": w.id, "name": w.name, "kind": w.kind}) for w in bodies], "water")
    return len(bodies)


def _landmarks(path: Path, seed: int) -> int:
    marks = oldtown.landmarks()
    features = [
        write.feature(shapely.Point(x, y), {"id": f"DT-L-{k:04d}", "name": name, "kind": kind, "height_m": height})
        for k, (name, kind, x, y, height) in enumerate(marks, start=1)
    ]
    write.geojson(path, features, "landmarks")
    return len(features)


def _stations(path: Path, seed: int) -> int:
    features = [write.feature(shapely.Point(s.x, s.y), properties) for s, properties in stations.stations(seed)]
    write.geojson(path, features, "stations")
    return len(features)


def _vehicles(path: Path, seed: int) -> int:
    found = vehicles.fixes(seed)
    lonlat = frame.to_lonlat(np.array([(f.x, f.y) for f in found]))
    rows = [
        (
            f.vehicle,
            f.time.isoformat(),
            f"{lon:.7f}",
            f"{lat:.7f}",
            f"{f.speed_kmh:.1f}",
            f"{f.heading_deg:.1f}",
        )
        for f, (lon, lat) in zip(found, lonlat, strict=True)
    ]
    write.table_csv(path, ("vehicle_id", "time", "lon", "lat", "speed_kmh", "heading_deg"), rows, "utf-8")
    return len(rows)


def _trees(path: Path, seed: int) -> int:
    rows = trees.rows(seed)
    write.table_csv(path, trees.HEADER, rows, "gbk")
    return len(rows)


def _street_furniture(path: Path, seed: int) -> int:
    rows = street_furniture.rows(seed)
    write.table_csv(path, street_furniture.HEADER, rows, "gbk")
    return len(rows)


def _dem(path: Path, seed: int) -> int:
    grid = terrain.prefecture_cached(seed)
    write.height_tif(path, grid)
    return int(grid.values.size)


def _dem_core(path: Path, seed: int) -> int:
    grid = terrain.core(seed)
    write.height_tif(path, grid)
    return int(grid.values.size)


def _orthophoto(path: Path, seed: int) -> int:
    picture, west, north = orthophoto.prefecture(seed)
    write.picture_tif(path, picture, west, north, orthophoto.PIXEL)
    return int(picture[0].size)


def _orthophoto_oldtown(path: Path, seed: int) -> int:
    picture, west, north = orthophoto_oldtown.old_town(seed)
    write.picture_tif(path, picture, west, north, orthophoto_oldtown.PIXEL)
    return int(picture[0].size)


COMMITTED: dict[str, Make] = {
    "assembly_parts.csv": _assembly_parts,
    "buildings_oldtown.gpkg": _old_town,
    "divisions.geojson": _divisions,
    "division_codes.csv": _division_codes,
    "protected_buildings.csv": _protected,
    "towns.geojson": _towns,
    "addresses.csv": _addresses,
    "roads.geojson": _roads,
    "water.geojson": _water,
    "landmarks.geojson": _landmarks,
    "stations.geojson": _stations,
    "vehicles.csv": _vehicles,
    "trees.csv": _trees,
    "street_furniture.csv": _street_furniture,
    **{name: sample.write for name, sample in SAMPLES.items()},
}
GENERATED: dict[str, Make] = {
    "buildings.gpkg": _outside,
    "dem.tif": _dem,
    "dem_core.tif": _dem_core,
    "orthophoto.tif": _orthophoto,
    "orthophoto_oldtown.tif": _orthophoto_oldtown,
}
