"""Point clouds as STAC items, pure: a version of the catalogue in, an item out.

What the point cloud extension asks for needs a list of every dimension of a point; the fields here are the project's own.
"""

import base64
from collections.abc import Mapping
from typing import Any

from api import stac
from api.disclosure import base_name
from api.links import link, segment


def points_item(base: str, version: Mapping[str, Any], dataset: Mapping[str, Any]) -> dict[str, Any]:
    """The item of a published version of point clouds.

    version, dataset: rows of the catalogue; version["raster"] holds crs, bounds, height_range_m, count, classes and
    files. Each file is an asset, named and hashed, not served: its address is its hash (RFC 6920).
    """
    cloud, name = version["raster"], str(version["dataset"])
    ring = stac.footprint(tuple(cloud["bounds"]), str(cloud["crs"]))
    when, which = stac.when_of(version)
    properties = {
        "title": dataset.get("title") or name,
        "datetime": when,
        **({} if not dataset.get("owner") else {"providers": [{"name": dataset["owner"], "roles": ["producer"]}]}),
        **stac.projection(str(cloud["crs"])),
        "proj:bbox": list(cloud["bounds"]),
        "cim:datetime_is": which,
        "cim:dataset": name,
        "cim:version": version["id"],
        "cim:accuracy_m": version.get("accuracy_m"),
        "cim:licence": dataset.get("licence"),
        "cim:points": cloud["count"],
        "cim:classes": cloud["classes"],
        "cim:height_range_m": cloud["height_range_m"],
    }
    report = f"{base}catalogue/{segment(name)}/versions/{version['id']}/report"
    links = [link("describedby", report, "its quality report")]
    assets = {f"points-{number}": _file(one) for number, one in enumerate(cloud["files"], start=1)}
    extensions = [stac.PROJECTION, stac.FILE]
    return stac.item(
        base, str(version["layer"]), f"{name}-v{version['id']}", ring, properties, assets, links, extensions
    )


def _file(one: Mapping[str, Any]) -> dict[str, Any]:
    digest = base64.urlsafe_b64encode(bytes.fromhex(one["sha256"])).rstrip(b"=").decode()
    name = base_name(str(one["path"]))
    return {
        "href": f"ni:///sha-256;{digest}",
        "type": "application/vnd.laszip" if name.lower().endswith(".laz") else "application/vnd.las",
        "title": name,
        "description": "交付的原始文件，不在此提供下载。The file as delivered; it is not served here.",
        "roles": ["data"],
        "file:checksum": stac.multihash(one["sha256"]),
        "file:size": one["size"],
        "cim:points": one["count"],
    }
