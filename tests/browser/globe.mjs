/** The whole view, with terrain and imagery: what is asked for, and that it comes to an end. Arguments: address. */
import { frame, play, tilesLoaded } from "./browser.mjs";

const [base] = process.argv.slice(2);

await play(async ({ open, note }) => {
  const page = await open(`${base}/?lang=zh&view=oldtown`);
  const answers = {};
  page.on("response", (response) => {
    const door = new URL(response.url()).pathname.split("/")[1];
    if (response.ok()) answers[door] = (answers[door] ?? 0) + 1;
  });
  await tilesLoaded(page);
  // the switches: each layer can be turned on and off and leaves the scene drawing
  for (const layer of ["hillshade", "divisions", "roads", "water"]) {
    await page.evaluate((name) => document.querySelector(`[data-layer="${name}"]`).click(), layer);
  }
  await tilesLoaded(page);
  await frame(page);
  note({
    answers,
    ground: await page.evaluate(() => window.cim.app.stage.ground),
    has_terrain: await page.evaluate(() => window.cim.app.stage.hasTerrain),
    on: await page.evaluate(() => [...document.querySelectorAll("[data-layer]:checked")].map((box) => box.dataset.layer)),
    toasts: await page.locator(".toast").allInnerTexts(),
  });
});
