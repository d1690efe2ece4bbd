"""The JSON of a tileset against its schema: assets, tiles, errors, refinement, contents, transforms."""

from typing import Any

import numpy as np

from tests.tileset_rules import volumes
from tests.tileset_rules.json_text import are_numbers, is_number, parse
from tests.tileset_rules.report import Report
from tests.tileset_rules.shelf import resolved
from tests.tileset_rules.tile import Link, Tile

VERSIONS = ("1.0", "1.1")
UNDERSTOOD: frozenset[str] = frozenset()
"""Tileset extensions that may be required: every client should be able to read ours."""


def read_document(data: bytes, uri: str, report: Report) -> dict[str, Any] | None:
    """A tileset JSON whose top is sound enough to go on; notes what is wrong with it."""
    document, problem = parse(data)
    if document is None:
        report.add(uri, "json.encoding", problem)
        return None
    missing = [name for name in ("asset", "geometricError", "root") if name not in document]
    if missing:
        report.add(uri, "tileset.required", f"has no {', '.join(missing)}")
    asset = document.get("asset")
    if "asset" in document and (not isinstance(asset, dict) or asset.get("version") not in VERSIONS):
        report.add(uri, "asset.version", f"asset is {asset!r}")
    error = document.get("geometricError")
    if "geometricError" in document and not (is_number(error) and error >= 0):
        report.add(uri, "tile.error", f"geometricError of the tileset is {error!r}")
    used, required = (document.get(name, []) for name in ("extensionsUsed", "extensionsRequired"))
    if not set(required) <= set(used):
        report.add(uri, "tileset.extensions", f"requires {required}, uses {used}")
    for name in sorted(set(required) - UNDERSTOOD):
        report.add(uri, "tileset.extensions", f"{name} is required")
    return document if isinstance(document.get("root"), dict) else None


def read_tile(raw: dict[str, Any], uri: str, base: str, parent: Tile | None, report: Report) -> Tile:
    """One tile from its JSON, without its children; notes what is wrong with it."""
    for name in ("boundingVolume", "geometricError"):
        if name not in raw:
            report.add(uri, "tile.required", f"has no {name}")
    above = parent.pose if parent else np.eye(4)
    pose = above @ _transform(raw, uri, report)
    volume = volumes.read(raw["boundingVolume"], pose, uri, report) if "boundingVolume" in raw else None
    tile = Tile(uri, base, volume, _error(raw, uri, report), "", pose, parent)
    tile.refine = _refine(raw, tile, report)
    tile.links = _links(raw, tile, report)
    return tile


def children_of(raw: dict[str, Any], uri: str, report: Report) -> list[dict[str, Any]]:
    """The JSON of the children."""
    if "children" not in raw:
        return []
    children = raw["children"]
    if not isinstance(children, list) or not all(isinstance(child, dict) for child in children) or not children:
        report.add(uri, "tile.children", "children is not an array of one or more tiles")
        return []
    return children


def _error(raw: dict[str, Any], uri: str, report: Report) -> float:
    error = raw.get("geometricError", 0.0)
    if not is_number(error) or error < 0:
        report.add(uri, "tile.error", f"geometricError is {error!r}")
        return 0.0
    return float(error)


def _refine(raw: dict[str, Any], tile: Tile, report: Report) -> str:
    inherited = tile.parent.refine if tile.parent else "REPLACE"
    refine = raw.get("refine")
    if refine is None:
        if tile.uri.endswith("#/root"):
            report.add(tile.uri, "tile.refine", "the root does not say how it refines")
        return inherited
    if refine not in ("ADD", "REPLACE"):
        report.add(tile.uri, "tile.refine", f"refine is {refine!r}")
        return inherited
    return str(refine)


def _transform(raw: dict[str, Any], uri: str, report: Report) -> np.ndarray:
    transform = raw.get("transform")
    if transform is None:
        return np.eye(4)
    if not are_numbers(transform, 16):
        report.add(uri, "tile.transform", "transform is not 16 numbers")
        return np.eye(4)
    matrix = np.array(transform, dtype=np.float64).reshape(4, 4).T
    if matrix[3].tolist() != [0.0, 0.0, 0.0, 1.0] or abs(np.linalg.det(matrix)) < 1e-30:
        report.add(uri, "tile.transform", "transform is not affine, or flattens")
        return np.eye(4)
    return matrix


def _links(raw: dict[str, Any], tile: Tile, report: Report) -> list[Link]:
    if "content" in raw and "contents" in raw:
        report.add(tile.uri, "tile.content", "has both content and contents")
    listed = raw.get("contents", [raw["content"]] if "content" in raw else [])
    if not isinstance(listed, list) or ("contents" in raw and not listed):
        report.add(tile.uri, "tile.content", "contents is not an array of one or more contents")
        return []
    links = []
    for content in listed:
        if not isinstance(content, dict) or not isinstance(content.get("uri"), str):
            report.add(tile.uri, "tile.content", "a content has no uri")
            continue
        own = content.get("boundingVolume")
        volume = None if own is None else volumes.read(own, tile.pose, tile.uri, report)
        target = resolved(content["uri"], tile.base)
        if target is None:
            report.add(tile.uri, "uri.resolves", f"{content['uri']!r} leads nowhere")
        else:
            links.append(Link(target, volume))
    return links
