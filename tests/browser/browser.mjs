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

/** Until the present view is complete, and one more frame with all of it has been drawn. */
export async function tilesLoaded(page) {
  await page.waitForFunction(() => window.cim.tilesLoaded, undefined, { polling: 250 });
  await frame(page);
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

/** A point of the window where a building is drawn: near the middle, where no panel lies. */
export async function findBuilding(page) {
  const found = await page.evaluate(() => {
    const { scene, canvas } = window.cim.viewer;
    for (let ring = 0; ring < 5; ring++) {
      for (let i = 0; i < 6; i++) {
        const x = Math.round(canvas.clientWidth / 2 + Math.cos(i + ring) * ring * 22);
        const y = Math.round(canvas.clientHeight * 0.62 + Math.sin(i + ring) * ring * 14);
        if (typeof scene.pick({ x, y })?.getProperty === "function") return { x, y };
      }
    }
    return null;
  });
  if (!found) throw new Error("no building in the middle of the view");
  return found;
}
