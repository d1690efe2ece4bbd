// Which tiles a client draws from one point of view, and what it fetches for it: node far.mjs URL CAMERA
// CAMERA: JSON {position, target, up (metres, earth-centred), fovy (degrees), width, height (pixels), error (pixels)}.
// 3d-tiles-renderer selects, three.js with meshoptimizer's decoder reads every model that comes. Prints one JSON line:
// {fetched: [{url, status, bytes (as sent, gzipped where the server does)}], drawn: [url], failed: [message]}.
import { TilesRenderer } from "3d-tiles-renderer";
import { GLTFExtensionsPlugin } from "3d-tiles-renderer/plugins";
import { PerspectiveCamera } from "three";
import { MeshoptDecoder } from "three/addons/libs/meshopt_decoder.module.js";

const PATIENCE_MS = 120_000;
const QUIET_FRAMES = 5;

const [root, text] = process.argv.slice(2);
const view = JSON.parse(text);

// What the library takes from a browser.
globalThis.self ??= globalThis;
globalThis.window ??= { location: { href: root } };
globalThis.requestAnimationFrame ??= (callback) => setTimeout(callback, 0);
globalThis.cancelAnimationFrame ??= clearTimeout;
console.warn = () => {};

const fetched = [];
const failed = [];
const counting = {
  name: "COUNTING",
  async fetchData(url, options) {
    const entry = { url, status: 0, bytes: 0 };
    fetched.push(entry);
    const answer = await fetch(url, options);
    const body = await answer.arrayBuffer();
    entry.status = answer.status;
    entry.bytes = Number(answer.headers.get("content-length") ?? body.byteLength);
    return new Response(body, { status: answer.status });
  },
};

const camera = new PerspectiveCamera(view.fovy, view.width / view.height, 1, 1e6);
camera.position.set(...view.position);
camera.up.set(...view.up);
camera.lookAt(...view.target);
camera.updateMatrixWorld(true);

const tiles = new TilesRenderer(root);
tiles.registerPlugin(counting);
tiles.registerPlugin(new GLTFExtensionsPlugin({ metadata: true, meshoptDecoder: MeshoptDecoder }));
tiles.errorTarget = view.error;
tiles.setCamera(camera);
tiles.setResolution(camera, view.width, view.height);
const address = new Map();
tiles.addEventListener("load-model", ({ tile, url }) => address.set(tile, url));
tiles.addEventListener("load-error", ({ error, url }) => failed.push(`${url}: ${error.message}`));

const began = Date.now();
for (let quiet = 0; quiet < QUIET_FRAMES; ) {
  if (Date.now() - began > PATIENCE_MS) {
    failed.push(`not at rest after ${PATIENCE_MS / 1000} s`);
    break;
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
  tiles.update();
  const { queued, downloading, parsing } = tiles.stats;
  const busy = !tiles.root || queued || downloading || parsing || fetched.some(({ status }) => status === 0);
  quiet = busy && !failed.length ? 0 : quiet + 1;
}
const drawn = [...tiles.visibleTiles].map((tile) => address.get(tile) ?? null);
process.stdout.write(JSON.stringify({ fetched, drawn: drawn.filter(Boolean), failed }) + "\n", () => process.exit(0));
