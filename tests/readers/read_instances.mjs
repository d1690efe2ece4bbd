// Reads GLBs of instances with three.js: node read_instances.mjs FILE... ; prints one JSON line per file: how many
// instances each mesh has, and the place of each (z up, as a 3D Tiles client turns it).
import { readFileSync } from "node:fs";
import { Matrix4, Vector3 } from "three";
import { MeshoptDecoder } from "three/addons/libs/meshopt_decoder.module.js";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";

globalThis.self ??= globalThis;
for (const file of process.argv.slice(2)) {
  const bytes = readFileSync(file);
  const { scene } = await new GLTFLoader().setMeshoptDecoder(MeshoptDecoder).parseAsync(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), "");
  scene.updateMatrixWorld(true);
  const [counts, places] = [[], []];
  scene.traverse((node) => {
    if (!node.isInstancedMesh) return;
    counts.push(node.count);
    for (let k = 0; k < node.count; k++) {
      const one = new Matrix4();
      node.getMatrixAt(k, one);
      const { x, y, z } = new Vector3().setFromMatrixPosition(one).applyMatrix4(node.matrixWorld);
      places.push([x, -z, y]);
    }
  });
  console.log(JSON.stringify({ file, counts, places }));
}
