/**
 * The sample city from 30 km, 3 km, 300 m and from the street, at full quality: only the scene and the notice that its
 * data is made up. Arguments: address, folder, names of the pictures wanted (none: all).
 */
import { join } from "node:path";
import { frame, lookAt, play, tilesLoaded } from "./browser.mjs";

const [base, folder, ...wanted] = process.argv.slice(2);
const SIZE = { width: 1280, height: 720 };
const BARE = "body > *:not(#scene) { visibility: hidden } .synthetic-notice { visibility: visible }";
const EYE_M = 1.65;

/** Degrees and metres from what is looked at: the old town's middle, or what lies so many degrees off it. */
const VIEWS = {
  "from-30km": { heading: 345, pitch: -38, range: 30_000 },
  "from-3km": { heading: 330, pitch: -24, range: 3000 },
  "from-300m": { heading: 318, pitch: -28, range: 300 },
  gate: { heading: 24, pitch: -16, range: 260, off: [0, -0.0084] },
};

await play(async ({ open, note }) => {
  const page = await open(`${base}/?lang=zh&view=oldtown&software=0`, SIZE);
  page.setDefaultTimeout(900_000);
  await page.addStyleTag({ content: BARE });
  const { city } = await (await fetch(`${base}/health`)).json();
  const keep = async (name) => {
    await page.evaluate(() => document.getElementById("toasts").replaceChildren());
    await frame(page);
    await page.screenshot({ path: join(folder, `${name}.png`), timeout: 300_000 });
  };
  // symbols speak of the moment, and shine through walls: the city alone is wanted here
  await page.evaluate(() => (window.cim.app.sensors.show(false), window.cim.app.vehicles.show(false), window.cim.app.incidents.show(false)));
  const seen = [];
  for (const [name, view] of Object.entries(VIEWS)) {
    if (wanted.length && !wanted.includes(name)) continue;
    const { off = [0, 0], ...from } = view;
    await lookAt(page, { at: city.old_town.map((degrees, axis) => degrees + off[axis]), ...from });
    await keep(name);
    seen.push(name);
  }
  if (!wanted.length || wanted.includes("street")) {
    await page.evaluate(() => window.cim.app.landmarks(false));
    const { at, heading } = await lane(city.old_town);
    await lookAt(page, { at, heading, pitch: -30, range: 60 });
    await page.evaluate(stand, { at, heading, eye: EYE_M });
    await tilesLoaded(page);
    await keep("street");
    seen.push("street");
  }
  note({ seen });
});

/** Where to stand in a long lane of the old town, and which way it leads: lon/lat, degrees. */
async function lane([lon, lat]) {
  const box = [lon - 0.004, lat - 0.003, lon + 0.004, lat + 0.003].join();
  const found = await (await fetch(`${base}/ogc/collections/roads/items?bbox=${box}&limit=500`)).json();
  const lanes = found.features.filter(({ properties }) => properties.class === "lane" && properties.width_m < 6);
  const lines = lanes.map(({ geometry }) => (geometry.type === "LineString" ? geometry.coordinates : geometry.coordinates[0]));
  // the third longest, half way along: timber fronts on either side, trees, a bend of roofs ahead
  const line = lines.sort((a, b) => b.length - a.length)[Math.min(2, lines.length - 1)];
  const from = Math.floor(line.length * 0.5);
  const [[x0, y0], [x1, y1]] = [line[from], line[Math.min(from + 4, line.length - 1)]];
  const heading = (Math.atan2((x1 - x0) * Math.cos((y0 * Math.PI) / 180), y1 - y0) * 180) / Math.PI;
  return { at: [x0, y0], heading };
}

/** Runs in the page: stands on the ground of a place and looks along it, a little upwards. */
function stand({ at: [lon, lat], heading, eye }) {
  const { viewer, app } = window.cim;
  const { globe } = viewer.scene;
  const place = { longitude: (lon * Math.PI) / 180, latitude: (lat * Math.PI) / 180, height: 0 };
  const height = (globe.getHeight(place) ?? app.stage.ground) + eye;
  const destination = globe.ellipsoid.cartographicToCartesian({ ...place, height });
  viewer.camera.setView({ destination, orientation: { heading: (heading * Math.PI) / 180, pitch: 0.03, roll: 0 } });
  app.stage.render();
}
