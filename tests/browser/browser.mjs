/** One browser for a scenario: Chromium with a software renderer, every request and error of its pages recorded. */
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--disable-background-networking",
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Waits for conditions are generous: a software renderer draws a frame or two a second on a busy machine. */
export const PATIENCE_MS = 240_000;

/** Runs `scenario({ open, note })` and prints what it notes as one JSON object. */
export async function play(scenario) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  const noted = { requests: [], errors: [] };
  const open = async (url, size = { width: 800, height: 450 }) => {
    const context = await browser.newContext({ viewport: size, locale: "zh-CN", reducedMotion: "reduce" });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("request", (request) => noted.requests.push(request.url()));
    page.on("pageerror", (error) => noted.errors.push(String(error)));
    await page.goto(url);
    await page.waitForFunction(() => window.cim !== undefined);
    await page.evaluate(() => window.cim.ready);
    return page;
  };
  try {
    await scenario({ open, note: (facts) => Object.assign(noted, facts) });
    console.log(JSON.stringify(noted));
  } finally {
    await browser.close();
  }
}

/**
 * Until the present view is complete and drawn. Three frames in a row must find it so: right after a jump the engine asks
 * for nothing, and what arrives may name further tiles.
 */
export async function tilesLoaded(page) {
  for (let still = 0; still < 3; ) {
    await page.waitForFunction(() => window.cim.tilesLoaded || void window.cim.viewer.scene.requestRender(), undefined, { polling: 250 });
    await frame(page);
    still = (await page.evaluate(() => window.cim.tilesLoaded)) ? still + 1 : 0;
  }
}

/** Asks for a frame and waits until it has been drawn. */
export async function frame(page) {
  await page.evaluate(
    () =>
      new Promise((drawn) => {
        const { scene } = window.cim.viewer;
        const stop = scene.postRender.addEventListener(() => (stop(), requestAnimationFrame(() => drawn())));
        scene.requestRender();
      }),
  );
}

/** A point of the window where a building (or a block of them) is drawn: near the middle, where no panel lies. */
export async function findBuilding(page, { block = false } = {}) {
  const found = await page.evaluate((wanted) => {
    const { scene, canvas } = window.cim.viewer;
    for (let ring = 0; ring < 7; ring++) {
      for (let i = 0; i < 6; i++) {
        const x = Math.round(canvas.clientWidth / 2 + Math.cos(i + ring) * ring * 22);
        const y = Math.round(canvas.clientHeight * 0.62 + Math.sin(i + ring) * ring * 14);
        const feature = scene.pick({ x, y });
        if (typeof feature?.getProperty !== "function" || feature.hasProperty("shape")) continue; // a tree
        if (feature.hasProperty("count") === wanted) return { x, y };
      }
    }
    return null;
  }, block);
  if (!found) throw new Error(`no ${block ? "block" : "building"} in the middle of the view`);
  return found;
}

/**
 * Places the eye so that it looks at a place of the old town's height: lon/lat, degrees, metres; then the view is complete.
 * The heading is clockwise from north, the pitch above the horizon.
 */
export async function lookAt(page, view) {
  await page.evaluate(look, view);
  await tilesLoaded(page);
}

/** Runs in the page. */
function look({ at: [lon, lat], heading, pitch, range }) {
  const { viewer, app } = window.cim;
  const [h, p] = [heading, pitch].map((degrees) => (degrees * Math.PI) / 180);
  const { ellipsoid } = viewer.scene;
  const place = { longitude: (lon * Math.PI) / 180, latitude: (lat * Math.PI) / 180, height: app.stage.ground };
  const target = ellipsoid.cartographicToCartesian(place);
  const up = ellipsoid.geodeticSurfaceNormalCartographic(place);
  const east = { x: -Math.sin(place.longitude), y: Math.cos(place.longitude), z: 0 };
  const north = { x: up.y * east.z - up.z * east.y, y: up.z * east.x - up.x * east.z, z: up.x * east.y - up.y * east.x };
  const way = (axis) => Math.cos(p) * (Math.sin(h) * east[axis] + Math.cos(h) * north[axis]) + Math.sin(p) * up[axis];
  const direction = { x: way("x"), y: way("y"), z: way("z") };
  const destination = { x: target.x - direction.x * range, y: target.y - direction.y * range, z: target.z - direction.z * range };
  viewer.camera.setView({ destination, orientation: { direction, up } });
  app.stage.render();
}
