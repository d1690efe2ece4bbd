/** The tree of layers over the old town, pipes under its streets and one camera's card, at full quality. Arguments: address, file. */
import { frame, lookAt, play, tilesLoaded } from "./browser.mjs";

const [base, file] = process.argv.slice(2);
const ON = ["pipes", "cameras", "enterprises", "hospitals"];

await play(async ({ open, note }) => {
  const page = await open(`${base}/?lang=zh&view=oldtown&software=0`, { width: 1280, height: 720 });
  page.setDefaultTimeout(900_000);
  const { city } = await (await fetch(`${base}/health`)).json();
  await page.evaluate(() => (window.cim.app.sensors.show(false), window.cim.app.vehicles.show(false)));
  await page.evaluate(() => document.querySelectorAll('#themes [data-group="operation"], #themes [data-group="sensing"]').forEach((group) => (group.open = true)));
  for (const layer of ON) {
    await page.evaluate((name) => document.querySelector(`#themes [data-layer="${name}"]`).click(), layer);
    await page.waitForFunction((name) => window.cim.app.themes.find((one) => one.info.id === name).drawn > 0, layer);
  }
  await page.evaluate(() => document.querySelector("#themes").scrollIntoView());
  await lookAt(page, { at: city.old_town, heading: 330, pitch: -34, range: 420 });
  const { features } = await (await fetch(`${base}/ogc/collections/cameras/items?limit=100`)).json();
  const far = ({ geometry: { coordinates: [lon, lat] } }) => Math.hypot(lon - city.old_town[0], lat - city.old_town[1]);
  const nearest = features.sort((a, b) => far(a) - far(b))[0];
  const at = await page.evaluate((wanted) => {
    const { dataSources, clock, scene } = window.cim.viewer;
    const source = [...Array(dataSources.length).keys()].map((k) => dataSources.get(k)).find((one) => one.name === "cameras");
    const one = source.entities.values.find((entity) => entity.properties.getValue(clock.currentTime).key === wanted);
    const place = scene.globe.ellipsoid.cartesianToCartographic(one.position.getValue(clock.currentTime));
    place.height = scene.globe.getHeight(place) ?? place.height;
    const { x, y } = scene.cartesianToCanvasCoordinates(scene.globe.ellipsoid.cartographicToCartesian(place));
    return { x: Math.round(x), y: Math.round(y) };
  }, nearest.id);
  await page.mouse.click(at.x, at.y);
  await page.waitForTimeout(1500);
  await tilesLoaded(page);
  await page.evaluate(() => document.getElementById("toasts").replaceChildren());
  await frame(page);
  await page.screenshot({ path: file, timeout: 300_000 });
  note({ card: await page.evaluate(() => document.querySelector("#panel")?.dataset.key ?? "") });
});
