// Walks a tileset over HTTP with independent readers: node read_tileset.mjs URL
// loaders.gl reads the root (its glTF part knows no boolean attributes); glTF-Transform decompresses every model;
// three.js with 3d-tiles-renderer's extensions places the vertices and reads the attribute tables.
// Prints one JSON line for the root and one per model.
import { Logger, NodeIO } from "@gltf-transform/core";
import { EXTMeshoptCompression, EXTTextureWebP, KHRMeshQuantization, KHRTextureTransform } from "@gltf-transform/extensions";
import { load } from "@loaders.gl/core";
import { Tiles3DLoader } from "@loaders.gl/3d-tiles";
import { GLTFMeshFeaturesExtension, GLTFStructuralMetadataExtension } from "3d-tiles-renderer/plugins";
import { Box3, Vector3 } from "three";
import { GLTFLoader as ThreeLoader } from "three/addons/loaders/GLTFLoader.js";
import { MeshoptDecoder } from "three/addons/libs/meshopt_decoder.module.js";

globalThis.self ??= globalThis;
const three = new ThreeLoader().setMeshoptDecoder(MeshoptDecoder);
three.register(() => new GLTFMeshFeaturesExtension());
three.register(() => new GLTFStructuralMetadataExtension());

const io = new NodeIO()
  .setLogger(new Logger(Logger.Verbosity.SILENT))
  .registerExtensions([EXTMeshoptCompression, EXTTextureWebP, KHRMeshQuantization, KHRTextureTransform])
  .registerDependencies({ "meshopt.decoder": MeshoptDecoder });

const plain = (value) => (typeof value === "bigint" ? Number(value) : value);

async function byThree(bytes) {
  const { scene } = await three.parseAsync(bytes, "");
  scene.updateMatrixWorld(true);
  const box = new Box3();
  let triangles = 0;
  let last; // the metadata and the last feature of the last primitive
  scene.traverse((node) => {
    if (!node.isMesh) return;
    const { position, _feature_id_0: id } = node.geometry.attributes;
    const metadata = node.userData.structuralMetadata;
    for (let k = 0; k < position.count; k++) {
      box.expandByPoint(new Vector3().fromBufferAttribute(position, k).applyMatrix4(node.matrixWorld));
    }
    triangles += node.geometry.index.count / 3;
    last = { metadata, row: id.getX(position.count - 1) };
  });
  const features = [0, last.row].map((row) => {
    const values = last.metadata.getPropertyTableData([0], [row])[0];
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plain(value)]));
  });
  // glTF is y up; a 3D Tiles client turns it to z up.
  const { min, max } = box;
  return { min: [min.x, -max.z, min.y], max: [max.x, -min.z, max.y], triangles, features };
}

async function byTransform(bytes) {
  const root = (await io.readBinary(new Uint8Array(bytes))).getRoot();
  const primitives = root.listMeshes()[0].listPrimitives();
  const sum = (count) => primitives.reduce((all, primitive) => all + count(primitive), 0);
  const vertices = sum((primitive) => primitive.getAttribute("POSITION").getCount());
  const triangles = sum((primitive) => primitive.getIndices().getCount() / 3);
  const ids = primitives.at(-1).getAttribute("_FEATURE_ID_0").getArray();
  return { vertices, triangles, lastFeature: ids[ids.length - 1] };
}

async function walk(tile, base, depth) {
  const uri = tile.content?.uri;
  const url = uri && new URL(uri, base).href;
  if (url?.endsWith(".json")) {
    const nested = await (await fetch(url)).json();
    await walk(nested.root, url, depth);
  } else if (url) {
    const bytes = await (await fetch(url)).arrayBuffer();
    const seen = await byThree(bytes.slice(0));
    console.log(JSON.stringify({ uri: url.split("/").pop(), depth, three: seen, transform: await byTransform(bytes) }));
  }
  for (const child of tile.children ?? []) await walk(child, base, depth + 1);
}

const url = process.argv[2];
const tileset = await load(url, Tiles3DLoader, { "3d-tiles": { loadGLTF: false } });
const { asset, root, lodMetricValue } = tileset;
console.log(JSON.stringify({ version: asset.version, children: root.children.length, error: lodMetricValue }));
await walk((await (await fetch(url)).json()).root, url, 0);
