/** From afar a block is picked, from near a building: their cards, and their colours by use and by height. Arguments: address. */
import { findBuilding, frame, lookAt, play } from "./browser.mjs";

const [base] = process.argv.slice(2);
const VIEWS = { block: 6500, building: 300 };

await play(async ({ open, note }) => {
  const page = await open(`${base}/?lang=zh&globe=0`, { width: 640, height: 360 });
  const { city } = await (await fetch(`${base}/health`)).json();
  for (const [what, range] of Object.entries(VIEWS)) {
    await lookAt(page, { at: city.old_town, heading: 320, pitch: -40, range });
    const at = await findBuilding(page, { block: what === "block" });
    const seen = {};
    for (const by of ["use", "height"]) {
      await page.evaluate((choice) => window.cim.app.buildings.colourBy(choice), by);
      await frame(page);
      seen[by] = await page.evaluate((point) => {
        const feature = window.cim.viewer.scene.pick(point);
        return { use: feature.getProperty("use"), height: feature.getProperty("height"), colour: feature.color.toCssHexString() };
      }, at);
    }
    await page.mouse.click(at.x, at.y);
    await page.waitForSelector(`#panel[data-key^="${what}-"]`);
    await frame(page);
    seen.picked = await page.evaluate((point) => {
      const feature = window.cim.viewer.scene.pick(point);
      const count = feature.hasProperty("count") ? feature.getProperty("count") : 1;
      return { id: String(feature.getProperty("id")), count, colour: feature.color.toCssHexString() };
    }, at);
    seen.key = await page.getAttribute("#panel", "data-key");
    seen.panel_zh = await page.innerText("#panel");
    await page.evaluate(() => document.getElementById("language").click());
    seen.panel_en = await page.innerText("#panel");
    await page.evaluate(() => document.getElementById("language").click());
    await page.evaluate(() => document.querySelector("#panel .panel-close").click());
    note({ [what]: seen });
  }
});
