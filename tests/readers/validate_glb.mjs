// Runs Khronos' glTF validator over GLB files: node validate_glb.mjs FILE... ; prints one JSON line per file.
import { readFileSync } from "node:fs";
import validator from "gltf-validator";

for (const file of process.argv.slice(2)) {
  const report = await validator.validateBytes(new Uint8Array(readFileSync(file)), { maxIssues: 0 });
  const { numErrors: errors, numWarnings: warnings, messages } = report.issues;
  const told = messages.filter((m) => m.severity < 2).slice(0, 5);
  console.log(JSON.stringify({ file, errors, warnings, infos: report.issues.numInfos, told }));
}
