/** The tree of layers: what it lists, what is drawn when a layer is on, and what a card says. Arguments: address. */
import { frame, lookAt, play } from "./browser.mjs";

const [base] = process.argv.slice(2);

await play(async ({ open, note }) => {
  const page = await open(`${base}/?lang=zh&globe=0&view=oldtown`, { width: 1100, height: 700 });
  const listed = () => page.evaluate(() => Object.fromEntries([...document.querySelectorAll("#themes [data-layer]")].map((box) => [box.dataset.layer, box.closest("li").innerText])));
  const turn = async (layer) => {
    await page.evaluate((name) => document.querySelector(`#themes [data-layer="${name}"]`).click(), layer);
    await page.waitForFunction((name) => window.cim.app.themes.find((one) => one.info.id === name).drawn > 0, layer);
    await frame(page);
  };
  const drawn = (layer) => page.evaluate((name) => {
    const { dataSources, clock } = window.cim.viewer;
    const source = [...Array(dataSources.length).keys()].map((k) => dataSources.get(k)).find((one) => one.name === name);
    return source.entities.values.map((one) => ({ ...one.properties.getValue(clock.currentTime), heights: one.polyline?.positions.getValue(clock.currentTime).length ?? 0 }));
  }, layer);

  await page.evaluate(() => document.querySelectorAll("#themes details").forEach((group) => (group.open = true)));
  note({ groups_zh: await page.locator("#themes summary").allInnerTexts(), listed_zh: await listed() });
  for (const layer of ["pipes", "cameras", "hydrants"]) await turn(layer);
  note({ pipes: await drawn("pipes"), cameras: await drawn("cameras"), legend: await page.evaluate(() => document.querySelector('[data-layer="pipes"]').closest("li").innerText) });

  // the first feature of a layer is looked at from near, and picked where it is drawn
  const pick = async (layer) => {
    const { features } = await (await fetch(`${base}/ogc/collections/${layer}/items?limit=1`)).json();
    await lookAt(page, { at: features[0].geometry.coordinates, heading: 330, pitch: -50, range: 130 });
    await frame(page);
    const at = await page.evaluate(([name, wanted]) => {
      const { dataSources, clock, scene } = window.cim.viewer;
      const source = [...Array(dataSources.length).keys()].map((k) => dataSources.get(k)).find((one) => one.name === name);
      const one = source.entities.values.find((entity) => entity.properties.getValue(clock.currentTime).key === wanted);
      const { x, y } = scene.cartesianToCanvasCoordinates(one.position.getValue(clock.currentTime));
      return { x: Math.round(x), y: Math.round(y) };
    }, [layer, features[0].id]);
    await page.mouse.click(at.x, at.y);
    await page.waitForSelector(`#panel[data-key^="theme-${layer}-"]`);
    return features[0];
  };
  await page.evaluate(() => window.cim.app.sensors.show(false));
  for (const layer of ["disasters", "heritage_zones"]) await turn(layer);
  note({ zones: await drawn("heritage_zones") });
  await pick("disasters");
  note({ card_of_old: await page.innerText("#panel") });
  await page.evaluate(() => ["disasters", "heritage_zones"].forEach((name) => document.querySelector(`#themes [data-layer="${name}"]`).click()));
  note({ picked: await pick("cameras"), card_zh: await page.innerText("#panel") });
  await page.click("#language");
  // long titles leave room for what they are titles of: no value is narrower than a third of its card
  note({ narrowest: await page.evaluate(() => Math.min(...[...document.querySelectorAll("#panel .facts")].map((facts) => facts.querySelector("dd").clientWidth / facts.clientWidth))) });
  note({ card_en: await page.innerText("#panel"), groups_en: await page.locator("#themes summary").allInnerTexts(), still_on: await page.evaluate(() => [...document.querySelectorAll("#themes [data-layer]:checked")].map((box) => box.dataset.layer)) });
});
