// What 3d-tiles-renderer selects for a camera: node select_tiles.mjs URL, then one view a line on standard input:
// {"lon": degrees, "lat": degrees, "height": metres, "down": degrees below the horizon, looking north}.
// Prints one JSON line per view: the models drawn when nothing more is to be loaded, and the ids of their features.
import { createInterface } from "node:readline";
import { ImplicitTilingPlugin, GLTFMeshFeaturesExtension, GLTFStructuralMetadataExtension } from "3d-tiles-renderer/plugins";
import { TilesRenderer, WGS84_ELLIPSOID } from "3d-tiles-renderer/three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";
import { MeshoptDecoder } from "three/addons/libs/meshopt_decoder.module.js";
import { PerspectiveCamera, Vector3 } from "three";

globalThis.self ??= globalThis;
globalThis.window ??= globalThis;
globalThis.location ??= new URL(process.argv[2]);
globalThis.requestAnimationFrame ??= (call) => setTimeout(call, 0);
globalThis.cancelAnimationFrame ??= clearTimeout;
const WIDTH = 800, HEIGHT = 450;

const camera = new PerspectiveCamera(60, WIDTH / HEIGHT, 1, 1e7);
const tiles = new TilesRenderer(process.argv[2]);
tiles.registerPlugin(new ImplicitTilingPlugin());
const loader = new GLTFLoader(tiles.manager).setMeshoptDecoder(MeshoptDecoder);
loader.register(() => new GLTFMeshFeaturesExtension());
loader.register(() => new GLTFStructuralMetadataExtension());
tiles.manager.addHandler(/\.glb$/, loader);
tiles.setCamera(camera);
tiles.setResolution(camera, WIDTH, HEIGHT);
tiles.errorTarget = 16;
const failures = [];
tiles.addEventListener("load-error", ({ url, error }) => failures.push(`${url}: ${error}`));

function look({ lon, lat, height, down }) {
  const [phi, lambda] = [(lat * Math.PI) / 180, (lon * Math.PI) / 180];
  const [east, north, up] = [new Vector3(), new Vector3(), new Vector3()];
  WGS84_ELLIPSOID.getEastNorthUpAxes(phi, lambda, east, north, up);
  WGS84_ELLIPSOID.getCartographicToPosition(phi, lambda, height, camera.position);
  const angle = (down * Math.PI) / 180;
  const ahead = north.clone().multiplyScalar(Math.cos(angle)).addScaledVector(up, -Math.sin(angle));
  camera.up.copy(down > 80 ? north : up);
  camera.lookAt(camera.position.clone().add(ahead));
  camera.updateMatrixWorld(true);
}

/** Frames until nothing is loading any more and two frames in a row draw the same. */
async function settle() {
  let before = "";
  for (let frame = 0, still = 0; frame < 2000 && still < 4; frame++) {
    tiles.update();
    await new Promise((go) => setTimeout(go, 5));
    const { downloading, parsing, queued = 0 } = tiles.stats;
    const drawn = [...tiles.visibleTiles].map((tile) => tile.content.uri).sort().join();
    still = tiles.root && downloading + parsing + queued === 0 && drawn === before ? still + 1 : 0;
    before = drawn;
  }
}

function seen() {
  const uris = [], features = [];
  for (const tile of tiles.visibleTiles) {
    uris.push(tile.content.uri.split("?")[0]);
    let isTold = false; // a model has a mesh for each material, and one table
    tile.engineData.scene.traverse((node) => {
      if (!node.isMesh || isTold) return;
      isTold = true;
      const metadata = node.userData.structuralMetadata;
      const [table] = metadata.getPropertyTableInfo();
      const count = node.userData.meshFeatures.getFeatureInfo()[0].featureCount;
      for (let row = 0; row < count; row++) {
        features.push([table.className, Number(metadata.getPropertyTableData([0], [row])[0].id)]);
      }
    });
  }
  return { uris: uris.sort(), features, failures };
}

for await (const line of createInterface({ input: process.stdin })) {
  look(JSON.parse(line));
  await settle();
  console.log(JSON.stringify(seen()));
}
process.stdout.write("", () => process.exit(0)); // not before everything is written
