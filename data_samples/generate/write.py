"""Files of the sample city: encoding of GeoPackage, GeoJSON, CSV and GeoTIFF, the same bytes for the
same seed."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import rasterio
import shapely
from rasterio.transform import from_origin

from data_samples.generate import facts, frame
from data_samples.generate.footprints import Footprints
from data_samples.generate.terrain import HeightGrid

MARKS: dict[str, Any] = {"is_synthetic": True, "source": facts.SOURCE, "accuracy_m": None}
FIXED_DATE = "2026-01-01T00:00:00.000Z"
NODATA = -9999.0


def _nullable(column: np.ndarray) -> np.ndarray:
    return np.array([None if v is None else str(v) for v in column], dtype=object)


def footprints_gpkg(path: Path, table: Footprints, prefix: str) -> None:
    """Layer `buildings`, EPSG:4547; ids are prefix + row number, GDAL's own dates are fixed."""
    n = len(table)
    nothing_real, nothing_text = np.full(n, np.nan), np.full(n, None, dtype=object)
    year = np.nan_to_num(table.year, nan=0.0).astype(np.int32)
    columns: dict[str, np.ndarray] = {
        "id": np.array([f"{prefix}{k:06d}" for k in range(1, n + 1)], dtype=object),
        "name": _nullable(table.name),
        "use": _nullable(table.use),
        "storeys": table.storeys,
        "height_m": table.height_m,
        "eaves_m": table.eaves_m,
        "roof_form": _nullable(table.roof_form),
        "year": year,
        "address": _nullable(table.address),
        "assembly": _nullable(table.assembly),
        "is_synthetic": np.ones(n, dtype=np.int32),
        "source": np.full(n, facts.SOURCE, dtype=object),
        "accuracy_m": nothing_real,
        "survey_date": nothing_text,
    }
    masks = [year == 0 if name == "year" else None for name in columns]
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    path.unlink(missing_ok=True)
    pyogrio.raw.write(
        str(path),
        geometry=shapely.to_wkb(table.shape),
        field_data=list(columns.values()),
        fields=np.array(list(columns), dtype=object),
        field_mask=masks,
        layer="buildings",
        driver="GPKG",
        geometry_type="Polygon",
        crs=f"EPSG:{facts.EPSG_CITY}",
        nan_as_null=True,
    )
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def lines_gpkg(path: Path, shapes: Sequence[shapely.Geometry], rows: Sequence[dict[str, Any]], layer: str) -> None:
    """3-D lines in EPSG:4547 with their heights; columns as the rows have them, GDAL's own dates are fixed."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    values = {name: np.array([row.get(name) for row in rows], dtype=object) for name in names}
    numbers = {n for n, v in values.items() if all(isinstance(x, int | float) for x in v)} - {"is_synthetic"}
    columns = [v.astype(np.float64) if n in numbers else v for n, v in values.items()]
    columns = [
        np.ones(len(rows), dtype=np.int32) if n == "is_synthetic" else c for n, c in zip(names, columns, strict=True)
    ]
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    path.unlink(missing_ok=True)
    pyogrio.raw.write(
        str(path),
        geometry=shapely.to_wkb(np.array(shapes, dtype=object)),
        field_data=columns,
        fields=np.array(names, dtype=object),
        layer=layer,
        driver="GPKG",
        geometry_type="LineString Z",
        crs=f"EPSG:{facts.EPSG_CITY}",
    )
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def feature(geometry: shapely.Geometry, properties: dict[str, Any], digits: int = 7) -> dict[str, Any]:
    """A GeoJSON Feature in lon/lat from a geometry in EPSG:4547; `id` is the property of that name or
    `code`."""
    lonlat = shapely.transform(geometry, lambda xy: np.round(frame.to_lonlat(xy), digits))
    shape = json.loads(shapely.to_geojson(shapely.orient_polygons(lonlat)))
    return {
        "type": "Feature",
        "id": properties.get("id", properties.get("code")),
        "properties": {**properties, **MARKS},
        "geometry": shape,
    }


def geojson(path: Path, features: Sequence[dict[str, Any]], name: str) -> None:
    """RFC 7946, one feature a line."""
    lines = ",\n".join(json.dumps(f, ensure_ascii=False, separators=(",", ":")) for f in features)
    path.write_text(f'{{"type":"FeatureCollection","name":"{name}","features":[\n{lines}\n]}}\n', encoding="utf-8")


def table_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]], encoding: str) -> None:
    """A comma-separated file with CRLF line ends in the given encoding."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def height_tif(path: Path, grid: HeightGrid) -> None:
    """float32 GeoTIFF, EPSG:4547 with the height system in a tag, nodata -9999."""
    rows, columns = grid.values.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=columns,
        height=rows,
        count=1,
        dtype="float32",
        crs=f"EPSG:{facts.EPSG_CITY}",
        transform=from_origin(grid.west, grid.north, grid.pixel, grid.pixel),
        nodata=NODATA,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        compress="deflate",
        predictor=3,
        zlevel=1,
    ) as target:
        target.write(np.round(grid.values, 2), 1)
        target.update_tags(VERTICAL_CRS=facts.HEIGHT_SYSTEM, is_synthetic="true", source=facts.SOURCE)
        target.update_tags(1, UNIT="metre")


def picture_tif(path: Path, picture: np.ndarray, west: float, north: float, pixel: float) -> None:
    """uint8 RGB (3, rows, columns) GeoTIFF, tiled JPEG in YCbCr."""
    _, rows, columns = picture.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=columns,
        height=rows,
        count=3,
        dtype="uint8",
        crs=f"EPSG:{facts.EPSG_CITY}",
        transform=from_origin(west, north, pixel, pixel),
        tiled=True,
        blockxsize=512,
        blockysize=512,
        compress="jpeg",
        photometric="ycbcr",
        jpeg_quality=88,
    ) as target:
        target.write(picture)
        target.update_tags(is_synthetic="true", source=facts.SOURCE)
