/** Greens in the viewer: a tree of the old town is picked where it stands, its card opens, the switch hides it. */
import { frame, lookAt, play, tilesLoaded } from "./browser.mjs";

const [base] = process.argv.slice(2);

await play(async ({ open, note }) => {
  const page = await open(`${base}/?lang=en&globe=0`, { width: 480, height: 320 });
  const { city } = await (await fetch(`${base}/health`)).json();
  const [lon, lat] = city.old_town;
  const box = [lon + 0.0015, lat - 0.0004, lon + 0.004, lat + 0.0004].join();
  const trees = await (await fetch(`${base}/ogc/collections/trees/items?bbox=${box}&limit=50`)).json();
  const tree = trees.features.sort((a, b) => b.properties.crown_m - a.properties.crown_m)[0];
  await hideBuildingsOnTheirWay(page);
  await page.evaluate(() => (window.cim.app.sensors.show(false), window.cim.app.vehicles.show(false), window.cim.app.landmarks(false)));
  await lookAt(page, { at: tree.geometry.coordinates.slice(0, 2), heading: 0, pitch: -89, range: 60 });
  await tilesLoaded(page);
  for (let k = 0; k < 12; k++) await frame(page);
  const pick = () =>
    page.evaluate(() => {
      const found = window.cim.viewer.scene.pick({ x: 240, y: 160 });
      return found?.getProperty ? { id: Number(found.getProperty("id")), layer: String(found.getProperty("layer")), species: String(found.getProperty("species")), synthetic: found.getProperty("is_synthetic") } : null;
    });
  const picked = await pick();
  await page.mouse.click(240, 160);
  await page.waitForSelector("[data-field=id]");
  const card = await page.textContent("body");
  await page.locator("input[data-layer=greens]").evaluate((box) => box.click());
  for (let k = 0; k < 3; k++) await frame(page);
  note({ tree, picked, card: card.includes(tree.properties.species), hidden: await pick() });
});

/** Hides the buildings while some of their tiles are asked for: the engine calls those back, and its count never comes to rest. */
async function hideBuildingsOnTheirWay(page) {
  await page.route("**/tiles3d/city/**", (route) => setTimeout(() => route.continue().catch(() => undefined), 1000));
  await page.evaluate(() => window.cim.viewer.camera.moveForward(1500));
  await page.waitForFunction(() => {
    window.cim.viewer.scene.requestRender();
    return !window.cim.tilesLoaded;
  });
  await page.evaluate(() => window.cim.app.buildings.show(false));
  await page.unroute("**/tiles3d/city/**");
}
