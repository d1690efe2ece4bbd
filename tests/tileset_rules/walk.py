"""The whole tree of a tileset, from its root through nested tilesets, subtrees and models; every rule on the way."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.tileset_rules import implicit, tileset_json
from tests.tileset_rules import schema as schemas
from tests.tileset_rules.contents import inspect
from tests.tileset_rules.report import Report
from tests.tileset_rules.shelf import Shelf
from tests.tileset_rules.tile import Link, Tile

_ADDRESSED = re.compile(r"(?:^|/)c/([^/]*)$")


class Walk:
    """One walk over a tileset: reads the shelf, builds the tree, fills the report."""

    def __init__(self, shelf: Shelf, report: Report) -> None:
        self.shelf, self.report = shelf, report
        self._named: set[str] = set()

    def tileset(self, uri: str, parent: Tile | None, through: tuple[str, ...] = ()) -> Tile | None:
        """The root tile of a tileset JSON and all below it."""
        with self.shaped(uri):
            return self._tileset(uri, parent, through)
        return None

    @contextmanager
    def shaped(self, uri: str) -> Iterator[None]:
        """Turns what a document of another shape than its schema's makes of the rules into a violation."""
        try:
            yield
        except (AttributeError, TypeError, LookupError, ValueError, ArithmeticError) as error:
            self.report.add(uri, "json.shape", f"{type(error).__name__}: {error}")

    def _tileset(self, uri: str, parent: Tile | None, through: tuple[str, ...]) -> Tile | None:
        data = self.fetch(uri, parent.uri if parent else uri)
        document = None if data is None else tileset_json.read_document(data, uri, self.report)
        if document is None:
            return None
        self.report.tilesets += 1
        if "schema" in document:
            schemas.check(document["schema"], uri, self.report)
        for entity in [document[name] for name in ("metadata",) if name in document] + document.get("groups", []):
            schemas.check_entity(entity, document.get("schema"), uri, self.report)
        root = self._tile(document["root"], f"{uri}#/root", parent, (*through, uri), document)
        root.is_root = True
        root.declared = {name: document[name] for name in ("schema", "statistics", "schemaUri") if name in document}
        error = document.get("geometricError")
        if isinstance(error, int | float) and error < root.error:
            self.report.add(uri, "tileset.error", f"{error} is less than its root's {root.error}")
        return root

    def fetch(self, uri: str, asked_by: str) -> bytes | None:
        """The bytes of a file; notes one that is missing, or whose name is not its bytes'."""
        data = self.shelf.read(uri)
        if data is None:
            self.report.add(asked_by, "uri.resolves", f"{uri} is not there")
            return None
        named = _ADDRESSED.search(uri)
        if named and uri not in self._named:
            self._named.add(uri)
            if named[1].split(".")[0] != hashlib.sha256(data).hexdigest()[:32]:
                self.report.add(uri, "name.hash", "is not named by its bytes")
        return data

    def content(self, tile: Tile, link: Link, through: tuple[str, ...]) -> None:
        """What a link leads to: a model, or a further tileset, whose root becomes the tile's child."""
        if link.uri in through:
            self.report.add(tile.uri, "external.cycle", f"leads back to {link.uri}")
            return
        data = self.fetch(link.uri, tile.uri)
        if data is None:
            return
        if data[:4] == b"glTF":
            self.report.contents += 1
            with self.shaped(link.uri):
                inspect(data, tile, link, self.report)
        elif data.lstrip()[:1] == b"{":
            if tile.children:
                self.report.add(tile.uri, "external.children", f"has children and leads to {link.uri}")
            nested = self.tileset(link.uri, tile, through)
            if nested is not None:
                self.compare(nested, tile)
                tile.children.append(nested)
        else:
            self.report.add(link.uri, "content.format", f"starts with {data[:4]!r}")

    def _tile(
        self, raw: dict[str, Any], uri: str, parent: Tile | None, through: tuple[str, ...], document: dict[str, Any]
    ) -> Tile:
        tile = tileset_json.read_tile(raw, uri, through[-1], parent, self.report)
        self.report.tiles += 1
        if "metadata" in raw:
            schemas.check_entity(raw["metadata"], document.get("schema"), uri, self.report)
        if "implicitTiling" in raw:
            implicit.grow(raw, tile, document, self)
            return tile
        for index, child in enumerate(tileset_json.children_of(raw, uri, self.report)):
            below = self._tile(child, f"{uri}/children/{index}", tile, through, document)
            self.compare(below, tile)
            tile.children.append(below)
        for link in tile.links:
            self.content(tile, link, through)
        return tile

    def compare(self, child: Tile, tile: Tile) -> None:
        """A child against its parent: its volume within the parent's, its error no more."""
        if child.volume and tile.volume and not tile.volume.holds(child.volume):
            self.report.add(child.uri, "tree.nested", f"its {child.volume.kind} sticks out of {tile.uri}'s")
        if child.error > tile.error:
            self.report.add(child.uri, "tree.errors", f"{child.error} is more than its parent's {tile.error}")
