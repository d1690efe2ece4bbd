/**
 * What CesiumJS draws of some tilesets for the same cameras, straight down: addresses of the page and of the tilesets,
 * then {lon, lat, heights} as JSON. Notes, for each tileset and height, the models drawn, their features, one picked.
 */
import { play } from "./browser.mjs";

const [page_, urls_, view_] = process.argv.slice(2);
const urls = JSON.parse(urls_), view = JSON.parse(view_);

await play(async ({ open, note }) => {
  const page = await open(page_, { width: 480, height: 270 });
  const seen = [];
  for (const url of urls) seen.push(await page.evaluate(look, { url, ...view }));
  note({ seen });
});

/** Runs in the page. */
async function look({ url, lon, lat, heights }) {
  const { Cesium, cim } = window;
  const { scene, camera } = cim.widget;
  const tileset = await Cesium.Cesium3DTileset.fromUrl(url);
  scene.primitives.add(tileset);
  let drawn = new Map();
  tileset.tileVisible.addEventListener((tile) => drawn.set(tile.content.url, tile.content));
  const failures = [];
  tileset.tileFailed.addEventListener(({ url: failed, message }) => failures.push(`${failed}: ${message}`));
  const frame = () => new Promise((done) => {
    const stop = scene.postRender.addEventListener(() => (stop(), setTimeout(done)));
  });
  const views = [];
  for (const height of heights) {
    const destination = Cesium.Cartesian3.fromDegrees(lon, lat, height);
    camera.setView({ destination, orientation: { heading: 0, pitch: -Cesium.Math.PI_OVER_TWO, roll: 0 } });
    for (let still = 0; still < 3; still = tileset.tilesLoaded ? still + 1 : 0) await frame();
    drawn = new Map();
    await frame();
    const models = [...drawn.values()].filter((content) => content.featuresLength > 0);
    const ids = models.flatMap((content) =>
      Array.from({ length: content.featuresLength }, (_, k) => Number(content.getFeature(k).getProperty("id"))));
    const lods = models.flatMap((content) =>
      Array.from({ length: content.featuresLength }, (_, k) => Number(content.getFeature(k).getProperty("lod"))));
    const middle = new Cesium.Cartesian2(scene.canvas.clientWidth / 2, scene.canvas.clientHeight / 2);
    const picked = scene.drillPick(middle, 1, 41, 41)[0];
    views.push({ height, models: models.length, ids: ids.sort(), finest: Math.max(...lods), picked: Number(picked?.getProperty?.("id")) });
  }
  scene.primitives.remove(tileset);
  return { url, views, failures };
}
