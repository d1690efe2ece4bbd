// Walks a tileset on disk, explicit or implicit, with 3d-tiles-tools: node traverse_tileset.mjs FOLDER FILE
// Prints one JSON line per tile: its volume and error as that reader understands them, its contents, what is above it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import tools from "3d-tiles-tools";

const { ResourceResolvers, TilesetTraverser } = tools;
const [folder, file] = process.argv.slice(2);
const tileset = JSON.parse(readFileSync(join(folder, file), "utf8"));
const resolver = ResourceResolvers.createFileResourceResolver(folder);
const traverser = new TilesetTraverser(folder, resolver, { depthFirst: true, traverseExternalTilesets: false });

await traverser.traverseWithSchema(tileset, tileset.schema, async (tile) => {
  const { boundingVolume, geometricError, refine } = tile.asFinalTile();
  const contents = tile.getFinalContents().map(({ uri }) => ({ uri })); // it does not read the metadata of contents
  const parent = tile.getParent();
  const line = { path: tile.path, parent: parent?.path, implicitRoot: tile.isImplicitTilesetRoot() };
  console.log(JSON.stringify({ ...line, boundingVolume, geometricError, refine, contents }));
  return true;
});
