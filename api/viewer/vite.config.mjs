/** The build: one page, plus the engine's own workers and assets copied beside it, so that nothing is fetched from outside. */
import { cp, readFile } from "node:fs/promises";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const ENGINE = join(dirname(fileURLToPath(import.meta.url)), "node_modules/@cesium/engine");
const AT = "/cesium/";
/** Folder under /cesium/ → folder of the engine package. */
const FOLDERS = { Workers: "Build/Workers", ThirdParty: "Source/ThirdParty", Assets: "Source/Assets" };
const TYPES = { ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm", ".jpg": "image/jpeg", ".png": "image/png" };

/** Source maps, typings and the few assets no part of this viewer can ask for stay out. */
const wanted = (path) => !/(\.d\.ts|\.map|LensFlare|google-earth-dbroot-parser\.js|package\.json)$/.test(path);

/** Serves the engine's static files in development and copies them into dist/cesium on build. */
function engineFiles() {
  return {
    name: "engine-files",
    configureServer(server) {
      server.middlewares.use(AT, async (request, response, next) => {
        const path = normalize((request.url ?? "/").split("?")[0]).replace(/^\/+/, "");
        const [top = "", ...rest] = path.split("/");
        if (!FOLDERS[top] || rest.includes("..")) return next();
        try {
          const body = await readFile(join(ENGINE, FOLDERS[top], ...rest));
          response.setHeader("Content-Type", TYPES[extname(path)] ?? "application/octet-stream");
          response.end(body);
        } catch {
          next();
        }
      });
    },
    /** The engine marks its argument checks so that a release can leave them out; they cost time in every frame. */
    transform(code, id) {
      if (process.env.NODE_ENV !== "production" || !id.includes("@cesium/engine")) return null;
      return { code: code.replace(/\/\/>>includeStart\('debug', pragmas\.debug\);?[\s\S]*?\/\/>>includeEnd\('debug'\);?/g, ""), map: null };
    },
    async writeBundle({ dir }) {
      const copies = Object.entries(FOLDERS).map(([to, from]) => cp(join(ENGINE, from), join(dir, AT, to), { recursive: true, filter: wanted }));
      await Promise.all(copies);
    },
  };
}

const server = process.env.CIM_BASE ?? "http://127.0.0.1:8000";
const doors = ["/health", "/tiles3d", "/terrain", "/imagery", "/ogc", "/sta", "/places", "/sensors", "/incidents", "/live"];

export default defineConfig({
  plugins: [engineFiles()],
  define: { CESIUM_BASE_URL: JSON.stringify(AT) },
  server: { proxy: Object.fromEntries(doors.map((door) => [door, { target: server }])) },
  build: { target: "es2022", chunkSizeWarningLimit: 6000, reportCompressedSize: false, rollupOptions: { output: { manualChunks: { engine: ["@cesium/engine"] } } } },
});
