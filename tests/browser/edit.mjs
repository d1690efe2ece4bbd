/**
 * A building is edited in the database while two pages look at it. Arguments: address; {id, at, height, edit, undo} as JSON:
 * the building, its lon/lat, its new height as the card writes it, and two commands. Notes what the second page shows, and
 * what of the model it fetched over the network.
 */
import { execFileSync } from "node:child_process";
import { frame, lookAt, play } from "./browser.mjs";

const [base, plan] = process.argv.slice(2);
const { id, at, height, edit, undo } = JSON.parse(plan);
const MIDDLE = { x: 320, y: 180 };

await play(async ({ open, note }) => {
  const watcher = async () => {
    const page = await open(`${base}/?lang=zh&globe=0`, { width: 640, height: 360 });
    await page.waitForSelector('#live[data-status="open"]');
    await lookAt(page, { at, heading: 20, pitch: -50, range: 260 });
    await page.mouse.click(MIDDLE.x, MIDDLE.y);
    await page.waitForSelector(`#panel[data-key="building-${id}"]`);
    return page;
  };
  const first = await watcher();
  const second = await watcher();
  const before = await names();
  await second.evaluate(watchFrames);
  await frame(second);
  const fetched = await listen(second);
  const roots = [await rootOf(second)];
  execFileSync(edit[0], edit.slice(1));
  for (const page of [first, second]) {
    await page.waitForFunction((old) => window.cim.app.buildings.root !== old, roots[0]);
    await page.waitForFunction((text) => document.querySelector("#panel .facts").textContent.includes(text), height);
  }
  await frame(second);
  roots.push(await rootOf(second));
  const after = await names();
  note({ before, after, fetched: [...fetched], seen: await second.evaluate(pick, MIDDLE), panel: await second.innerText("#panel") });
  fetched.clear();
  execFileSync(undo[0], undo.slice(1));
  await second.waitForFunction((old) => window.cim.app.buildings.root !== old, roots[1]);
  await frame(second);
  roots.push(await rootOf(second));
  note({ roots, undone: await second.evaluate(pick, MIDDLE), fetched_again: [...fetched], ...(await second.evaluate(() => window.frames_)) });
});

/** Every name that the present root reaches. */
async function names() {
  const found = [];
  const read = async (tile, from) => {
    if (tile.content) {
      const url = new URL(tile.content.uri, from);
      found.push(url.pathname);
      if (url.pathname.endsWith(".json")) await read((await (await fetch(url)).json()).root, url);
    }
    for (const child of tile.children ?? []) await read(child, from);
  };
  const url = new URL("/tiles3d/city/tileset.json", base);
  await read((await (await fetch(url)).json()).root, url);
  return found;
}

/** The paths of contents that the page has from the network from now on, not from what it holds. */
async function listen(page) {
  const [fetched, urls] = [new Set(), new Map()];
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const path = (url) => new URL(url).pathname;
  session.on("Network.requestWillBeSent", ({ requestId, request }) => urls.set(requestId, request.url));
  session.on("Network.requestServedFromCache", ({ requestId }) => fetched.delete(path(urls.get(requestId))));
  session.on("Network.responseReceived", ({ response }) => {
    const isHeld = response.fromDiskCache || response.fromPrefetchCache;
    if (!isHeld && path(response.url).startsWith("/tiles3d/c/")) fetched.add(path(response.url));
  });
  return fetched;
}

function rootOf(page) {
  return page.evaluate(() => window.cim.app.buildings.root);
}

/** Runs in the page: the building in the middle, and whether it is still lit. */
function pick(middle) {
  const { scene } = window.cim.viewer;
  const feature = scene.pick(middle);
  return { id: String(feature.getProperty("id")), height: feature.getProperty("height"), colour: feature.color.toCssHexString() };
}

/** Runs in the page: counts the frames, and those in which fewer features are drawn than at the first, or more than one tileset. */
function watchFrames() {
  const { scene } = window.cim.viewer;
  const seen = (window.frames_ = { frames: 0, gaps: 0, doubles: 0 });
  let full = 0;
  scene.postRender.addEventListener(() => {
    const tilesets = [];
    for (let i = 0; i < scene.primitives.length; i++) {
      const one = scene.primitives.get(i);
      if ("maximumScreenSpaceError" in one && one.show && !one.resource.url.includes("/greens/")) tilesets.push(one);
    }
    let drawn = 0;
    for (const { statistics } of tilesets) drawn += statistics.numberOfFeaturesSelected;
    full ||= drawn;
    seen.frames++;
    if (drawn < full) seen.gaps++;
    if (tilesets.length > 1) seen.doubles++;
  });
}
